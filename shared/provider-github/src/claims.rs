//! The configuration's claims about the code host.

use crate::github::Github;
use domain::{ActionError, BranchName, PermissionProblem, RepositoryName};
use http_client::Optional;
use provider::Claims;

impl Github {
    /// Verifies the configuration's claims: the base branch of a repository, the account of the bot at `own_key`, and people's logins.
    ///
    /// # Errors
    /// Those of the connection.
    pub async fn unmet_claims(
        &self,
        repository: &RepositoryName,
        base_branch: &BranchName,
        own_key: &str,
        claims: &Claims,
    ) -> Result<Vec<PermissionProblem>, ActionError> {
        let mut problems = Vec::new();
        if self.branch_head(repository, base_branch).await?.is_none() {
            problems.push(PermissionProblem::missing(
                format!("the branch {base_branch} of {repository}"),
                "work starts from it, and pull requests go to it",
                "correct projects.base_branch, or push the branch",
            ));
        }
        if claims.own_account.is_some() || claims.sends_webhooks {
            let own = self.ask_own_login().await?;
            // An App's account is learned; actions of a person's own token count as that person's.
            let is_a_persons = claims.people.iter().any(|(_, login)| login.eq_ignore_ascii_case(&own));
            let needs_none = self.installation.is_some() || is_a_persons;
            problems.extend(claims.own_account_problem(own_key, &own, needs_none));
        }
        for (person, login) in &claims.people {
            let request = self.client.get("/users/{login}", &[login.as_str()]);
            if self.send(repository, request).await.optional()?.is_none() {
                problems.push(Claims::unknown_account("GitHub", person, login));
            }
        }
        Ok(problems)
    }
}
