//! The permissions of the token in a project: its [scopes](https://docs.gitlab.com/user/profile/personal_access_tokens/#personal-access-token-scopes)
//! and its account's [role](https://docs.gitlab.com/user/permissions/).

use crate::gitlab::Gitlab;
use crate::projects::{DEVELOPER, MAINTAINER};
use domain::{ActionError, PermissionProblem, RepositoryName};
use http_client::Optional;
use serde::Deserialize;

/// The only scope that may write to everything that actions write to.
const NEEDED: &str = "api";

/// Scopes that allow more than actions do.
const EXCESSIVE: &[&str] =
    &["admin_mode", "create_runner", "manage_runner", "sudo", "write_registry", "write_virtual_registry"];

#[derive(Debug, Deserialize)]
struct Token {
    #[serde(default)]
    scopes: Vec<String>,
}

impl Gitlab {
    /// Asks what the token may do in a project and compares that with what actions and feedback do there.
    ///
    /// # Errors
    /// `Rejected` when the token is not accepted; errors of the connection.
    pub async fn permission_problems(
        &self,
        project: &RepositoryName,
    ) -> Result<Vec<PermissionProblem>, ActionError> {
        let mut problems = Vec::new();
        // Not every kind of token can be looked up; one without an answer is judged by its role alone.
        let asked = self.client.get("/personal_access_tokens/self", &[]).send().await.optional();
        if let Some(answer) = asked? {
            problems.extend(of_scopes(&answer.json::<Token>()?.scopes));
        }
        let request = self.client.get("/projects/{id}", &[project.as_str()]);
        if self.send(project, request).await.optional()?.is_none() {
            problems.push(PermissionProblem::missing(
                format!("access to {project}"),
                "nothing can be read or done there",
                "check the project's path, with all of its groups, or make the token's account a member",
            ));
            return Ok(problems);
        }
        let own = self.own_user().await?.id;
        let members = "under Manage > Members of the project";
        match self.access_level(project, own).await? {
            Some(level) if level > MAINTAINER => problems.push(PermissionProblem::excessive(
                format!("Owner of {project}"),
                "anyone with the token can delete the project",
                format!("give the token's account the role Developer {members}"),
            )),
            Some(level) if level >= DEVELOPER => {}
            _ => problems.push(PermissionProblem::missing(
                format!("Developer of {project}"),
                "`create_branch`, `commit_changes` and `create_pull_request` fail",
                format!("give the token's account the role Developer {members}"),
            )),
        }
        Ok(problems)
    }
}

fn of_scopes(scopes: &[String]) -> Vec<PermissionProblem> {
    let make = "make another token, and store it in the secret";
    let missing = (!scopes.iter().any(|scope| scope == NEEDED)).then(|| {
        PermissionProblem::missing(
            format!("the scope {NEEDED}"),
            "branches, commits, merge requests and notes fail",
            format!("{make}, with the scope {NEEDED}"),
        )
    });
    let excessive = scopes.iter().filter(|scope| EXCESSIVE.contains(&scope.as_str())).map(|scope| {
        PermissionProblem::excessive(
            format!("the scope {scope}"),
            "anyone with the token can do that",
            format!("{make}, without it"),
        )
    });
    missing.into_iter().chain(excessive).collect()
}
