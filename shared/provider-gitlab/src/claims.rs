//! The configuration's claims about the server.

use crate::gitlab::Gitlab;
use domain::{ActionError, BranchName, PermissionProblem, RepositoryName};
use provider::Claims;

impl Gitlab {
    /// Verifies the configuration's claims: the base branch of a project, the account of the bot at `own_key`, and people's names.
    ///
    /// # Errors
    /// Those of the connection.
    pub async fn unmet_claims(
        &self,
        project: &RepositoryName,
        base_branch: &BranchName,
        own_key: &str,
        claims: &Claims,
    ) -> Result<Vec<PermissionProblem>, ActionError> {
        let mut problems = Vec::new();
        if self.branch_head(project, base_branch).await?.is_none() {
            problems.push(PermissionProblem::missing(
                format!("the branch {base_branch} of {project}"),
                "work starts from it, and merge requests go to it",
                "correct projects.base_branch, or push the branch",
            ));
        }
        if claims.own_account.is_some() || claims.sends_webhooks {
            let own = self.own_user().await?;
            // A bot's account is learned; actions of a person's own token count as that person's.
            let is_a_persons = claims.people.iter().any(|(_, name)| name.eq_ignore_ascii_case(&own.username));
            problems.extend(claims.own_account_problem(own_key, &own.username, own.bot || is_a_persons));
        }
        for (person, name) in &claims.people {
            if self.user_named(name).await?.is_none() {
                problems.push(Claims::unknown_account("GitLab", person, name));
            }
        }
        Ok(problems)
    }
}
