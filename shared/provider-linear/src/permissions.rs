//! The permissions of the key's account, and the configuration's claims about the workspace.

use crate::linear::Linear;
use domain::configuration::same_status;
use domain::{ActionError, PermissionProblem};
use provider::Claims;
use serde::Deserialize;
use serde_json::json;

const VIEWER: &str = "query Viewer { viewer { id admin } }";

const USER: &str = "query User($id: String!) { user(id: $id) { id admin } }";

/// The account of a key.
#[derive(Debug, Deserialize)]
pub(crate) struct User {
    pub(crate) id: String,
    admin: bool,
}

#[derive(Debug, Deserialize)]
struct Asked {
    #[serde(alias = "viewer", alias = "user")]
    account: User,
}

impl Linear {
    /// Whose key it is.
    pub(crate) async fn viewer(&self) -> Result<User, ActionError> {
        let (Asked { account }, _) = self.ask("reading the key's account", VIEWER, json!({})).await?;
        Ok(account)
    }

    /// Asks whose key it is, whether the account sees the team with the key `project` and its statuses, and whether what the configuration
    /// says about accounts is true; it adds the bot's own at `own_key`. Linear does not reveal the limits of a restricted key.
    ///
    /// # Errors
    /// `Rejected` when the key is not accepted; errors of the connection.
    pub async fn permission_problems(
        &self,
        project: &str,
        own_key: &str,
        claims: &Claims,
    ) -> Result<Vec<PermissionProblem>, ActionError> {
        let viewer = self.viewer().await?;
        let mut problems = Vec::new();
        if viewer.admin {
            problems.push(PermissionProblem::excessive(
                "admin of the workspace",
                "anyone with the key can change the whole workspace",
                "create the key as a member that is not an admin, such as a separate account for Ticketsmith",
            ));
        }
        problems.extend(claims.own_account_problem(own_key, &viewer.id, true));
        match self.find_team(project).await? {
            Some(team) => {
                let names: Vec<_> = team.states.nodes.iter().map(|state| state.name.as_str()).collect();
                let unknown = claims
                    .statuses
                    .iter()
                    .filter(|status| !names.iter().any(|name| same_status(name, status)));
                problems.extend(unknown.map(|status| {
                    PermissionProblem::missing(
                        format!("the status {status}"),
                        format!(
                            "team {project} has no status with this name; accepted: {}",
                            names.join(", ")
                        ),
                        "correct it in the workflow, or map its name there under projects.statuses",
                    )
                }));
            }
            None => problems.push(PermissionProblem::missing(
                format!("the team {project}"),
                format!("Linear has no team with the key {project} that the key's account can see"),
                "check the project's key, or add the account to the team and allow the key to use it",
            )),
        }
        for (person, account) in &claims.people {
            match self.ask::<Asked>("reading an account", USER, json!({"id": account})).await {
                Ok(_) => {}
                Err(refusal) if refusal.is_unknown() => {
                    problems.push(Claims::unknown_account("Linear", person, account));
                }
                Err(refusal) => return Err(refusal.into()),
            }
        }
        Ok(problems)
    }
}
