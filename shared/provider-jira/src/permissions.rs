//! The account's permissions in a project.

use crate::jira::Jira;
use domain::built_in_actions::{LINK_PLANNED_TASK, WITHDRAW_TASK};
use domain::{ActionError, PermissionProblem};
use http_client::Optional;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The permissions that are needed, and what fails without each:
/// <https://support.atlassian.com/jira-cloud-administration/docs/permissions-for-company-managed-projects/>.
const NEEDED: &[(&str, &str)] = &[
    ("BROWSE_PROJECTS", "tickets cannot be read"),
    ("CREATE_ISSUES", "`create_task` and `create_epic` fail"),
    ("EDIT_ISSUES", "labels are not taken off, and new tickets cannot be marked as ours"),
    ("TRANSITION_ISSUES", "`update_task_status` fails"),
    ("ADD_COMMENTS", "tickets show no progress, and `add_comment` fails"),
    ("EDIT_OWN_COMMENTS", "the progress comment stays as it was first written"),
];

/// What only one action needs, which, and what is left undone without it.
const FOR_SOME: &[(&str, &str, &str)] = &[
    (
        "LINK_ISSUES",
        LINK_PLANNED_TASK,
        "the tickets of a plan are not linked with those that they wait for, which their descriptions name all the same",
    ),
    ("DELETE_ISSUES", WITHDRAW_TASK, "an undo leaves the tickets of a plan, and says so"),
];

/// What is never needed, and what it allows.
const EXCESSIVE: &[(&str, &str)] = &[
    ("ADMINISTER", "anyone with the token can change the whole site"),
    ("ADMINISTER_PROJECTS", "anyone with the token can change the project's settings and permissions"),
];

#[derive(Debug, Deserialize)]
struct Permissions {
    permissions: BTreeMap<String, Permission>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Permission {
    #[serde(default)]
    have_permission: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Myself {
    account_id: String,
}

impl Jira {
    /// The id of the token's account: [myself](https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-myself/).
    pub(crate) async fn ask_account_id(&self) -> Result<String, ActionError> {
        let answer = self.client.get("/rest/api/3/myself", &[]).send().await?;
        let Myself { account_id } = answer.json()?;
        Ok(account_id)
    }

    /// The same, asked for once in a client's life.
    pub(crate) async fn account_id(&self) -> Result<&str, ActionError> {
        if let Some(known) = self.own_account.get() {
            return Ok(known);
        }
        let asked = self.ask_account_id().await?;
        Ok(self.own_account.get_or_init(|| asked))
    }

    /// Asks what the account may do in the project with this key and compares it with what feedback does there, and what these actions do that
    /// not every installation uses:
    /// [my permissions](https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-permissions/#api-rest-api-3-mypermissions-get).
    ///
    /// # Errors
    /// `Rejected` when the token is not accepted; those of the connection.
    pub async fn permission_problems(
        &self,
        project: &str,
        actions: &[String],
    ) -> Result<Vec<PermissionProblem>, ActionError> {
        let is_used = |name: &str| actions.iter().any(|action| action == name);
        let for_some: Vec<_> = FOR_SOME.iter().filter(|(_, action, _)| is_used(action)).collect();
        let names = NEEDED.iter().chain(EXCESSIVE).map(|(name, _)| *name);
        let names: Vec<_> = names.chain(for_some.iter().map(|(name, ..)| *name)).collect();
        let request = self
            .client
            .get("/rest/api/3/mypermissions", &[])
            .query("projectKey", project)
            .query("permissions", names.join(","));
        let scheme = format!("in the project settings of {project} under Permissions");
        let Some(answer) = request.send().await.optional()? else {
            return Ok(vec![PermissionProblem::missing(
                "BROWSE_PROJECTS",
                format!("Jira has no project {project} that the token's account can see"),
                format!("check the project's key, or grant it to the account {scheme}"),
            )]);
        };
        let Permissions { permissions } = answer.json()?;
        let has = |name: &str| permissions.get(name).is_some_and(|permission| permission.have_permission);
        let missing = NEEDED.iter().filter(|(name, _)| !has(name)).map(|(name, consequence)| {
            let remedy = format!("grant it to the token's account {scheme}");
            PermissionProblem::missing(*name, *consequence, remedy)
        });
        let limiting = for_some.iter().filter(|(name, ..)| !has(name)).map(|(name, _, consequence)| {
            let remedy = format!("grant it to the token's account {scheme}");
            PermissionProblem::limiting(*name, *consequence, remedy)
        });
        let excessive = EXCESSIVE.iter().filter(|(name, _)| has(name)).map(|(name, consequence)| {
            let remedy = "use a separate account for Ticketsmith, without that role";
            PermissionProblem::excessive(*name, *consequence, remedy)
        });
        Ok(missing.chain(limiting).chain(excessive).collect())
    }
}
