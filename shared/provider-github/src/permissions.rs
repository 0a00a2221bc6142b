//! The permissions of the token or App in a repository.

use crate::github::Github;
use domain::{ActionError, PermissionProblem, RepositoryName};
use http_client::{Answer, Optional};
use serde::Deserialize;
use std::collections::BTreeMap;

/// The permissions that an App needs to write, and what fails without each:
/// <https://docs.github.com/en/rest/authentication/permissions-required-for-github-apps>.
pub(crate) const NEEDED: &[(&str, &str)] = &[
    ("contents", "`create_branch` and `commit_changes` fail"),
    ("pull_requests", "`create_pull_request` fails"),
    ("issues", "issues and pull requests show no progress, and tickets in GitHub cannot be changed"),
];

/// The permissions that an App also needs to read, and what fails without each.
pub(crate) const READ: &[(&str, &str)] = &[
    ("actions", "agents do not see the logs of failed GitHub Actions jobs"),
    ("checks", "`github.checks_completed` never happens"),
    ("statuses", "`github.checks_completed` never happens"),
];

/// The events that an App subscribes to, by GitHub's names and as its settings name them, and what fails without them:
/// <https://docs.github.com/en/webhooks/webhook-events-and-payloads>. The webhook of a repository that a token is used with subscribes
/// to the same.
pub(crate) const SUBSCRIBED: &[(&str, &str, &str)] = &[
    ("check_suite", "Check suites", "`github.checks_completed` comes late or never"),
    ("issue_comment", "Issue comments", "comments neither start nor answer anything"),
    ("issues", "Issues", "labels start nothing"),
    ("pull_request", "Pull requests", "closed pull requests are missing from figures"),
    ("pull_request_review", "Pull request reviews", "reviews start nothing"),
    (
        "pull_request_review_comment",
        "Pull request review comments",
        "comments on lines neither start nor answer anything",
    ),
    ("status", "Statuses", "`github.checks_completed` comes late where commit statuses end last"),
];

#[derive(Debug, Deserialize)]
struct Repository {
    #[serde(default)]
    permissions: Role,
}

#[derive(Debug, Default, Deserialize)]
struct Role {
    #[serde(default)]
    admin: bool,
    #[serde(default)]
    push: bool,
}

#[derive(Debug, Deserialize)]
struct Granted {
    #[serde(default)]
    permissions: BTreeMap<String, String>,
    /// Absent if the answer does not say.
    events: Option<Vec<String>>,
}

impl Github {
    /// Asks what the credentials may do in a repository and compares that with what actions and feedback do there. An App has
    /// the permissions granted to its installation. A token has its account's role and, if it is classic, its scopes; GitHub does not
    /// reveal the limits of a fine-grained token.
    ///
    /// # Errors
    /// `Rejected` when the credentials are not accepted; errors of the connection.
    pub async fn permission_problems(
        &self,
        repository: &RepositoryName,
    ) -> Result<Vec<PermissionProblem>, ActionError> {
        let names = [repository.owner(), repository.name()];
        match &self.installation {
            Some(installation) => {
                let proof = installation.proof(self.client.clock().now())?;
                let request = self.client.get("/repos/{owner}/{name}/installation", &names);
                match request.bearer(proof).send().await.optional()? {
                    Some(answer) => of_app(&answer),
                    None => Ok(vec![PermissionProblem::missing(
                        format!("the App's installation on {repository}"),
                        "nothing can be read or done there",
                        "choose the repository in the settings of the App's installation",
                    )]),
                }
            }
            None => {
                let request = self.client.get("/repos/{owner}/{name}", &names);
                match request.send().await.optional()? {
                    Some(answer) => of_token(&answer, repository),
                    None => Ok(vec![PermissionProblem::missing(
                        format!("access to {repository}"),
                        "nothing can be read or done there",
                        "check the repository's name, or let the token see it",
                    )]),
                }
            }
        }
    }
}

fn of_app(answer: &Answer) -> Result<Vec<PermissionProblem>, ActionError> {
    let Granted { permissions, events } = answer.json()?;
    let settings =
        "in the App's settings under Permissions & events, and accept the change in the installation";
    let writes = |name: &str| permissions.get(name).is_some_and(|level| level != "read");
    let missing = NEEDED.iter().filter(|(name, _)| !writes(name)).map(|(name, consequence)| {
        PermissionProblem::missing(format!("{name}: write"), *consequence, format!("grant it {settings}"))
    });
    let unreadable = READ.iter().filter(|(name, _)| !permissions.contains_key(*name));
    let unreadable = unreadable.map(|(name, consequence)| {
        PermissionProblem::missing(format!("{name}: read"), *consequence, format!("grant it {settings}"))
    });
    let unheard = SUBSCRIBED.iter().filter(|(event, ..)| {
        events.as_ref().is_some_and(|events| !events.iter().any(|known| known == event))
    });
    let unheard = unheard.map(|(event, title, consequence)| {
        PermissionProblem::missing(
            format!("the event {event}"),
            *consequence,
            format!("subscribe to \u{201c}{title}\u{201d} in the App's settings under Permissions & events"),
        )
    });
    let is_needed = |name: &str| NEEDED.iter().any(|(needed, _)| *needed == name);
    let excessive = permissions.iter().filter(|(name, level)| *level != "read" && !is_needed(name));
    let excessive = excessive.map(|(name, level)| {
        let consequence = "anyone with the App's key can do that";
        PermissionProblem::excessive(format!("{name}: {level}"), consequence, format!("remove it {settings}"))
    });
    Ok(missing.chain(unreadable).chain(unheard).chain(excessive).collect())
}

fn of_token(answer: &Answer, repository: &RepositoryName) -> Result<Vec<PermissionProblem>, ActionError> {
    let Repository { permissions: role } = answer.json()?;
    let access = "in the repository's settings under Collaborators and teams";
    let mut problems = Vec::new();
    if !role.push {
        problems.push(PermissionProblem::missing(
            format!("push to {repository}"),
            "`create_branch`, `commit_changes` and `create_pull_request` fail",
            format!("give the token's account the role Write {access}"),
        ));
    }
    if role.admin {
        problems.push(PermissionProblem::excessive(
            format!("admin of {repository}"),
            "anyone with the token can delete the repository and lift its protection",
            format!("use a separate account for Ticketsmith, with the role Write {access}; or a GitHub App"),
        ));
    }
    // Only classic tokens have scopes: https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/scopes-for-oauth-apps
    let Some(scopes) = answer.header("x-oauth-scopes").filter(|scopes| !scopes.is_empty()) else {
        return Ok(problems);
    };
    let scopes: Vec<&str> = scopes.split(',').map(str::trim).collect();
    let tokens = "in the token's settings at https://github.com/settings/tokens";
    if !scopes.iter().any(|scope| matches!(*scope, "repo" | "public_repo")) {
        problems.push(PermissionProblem::missing(
            "repo",
            "branches, commits, pull requests and comments fail",
            format!("grant the scope {tokens}"),
        ));
    }
    let excessive = |scope: &&&str| {
        scope.starts_with("admin:")
            || scope.starts_with("write:")
            || matches!(**scope, "delete_repo" | "workflow")
    };
    problems.extend(scopes.iter().filter(excessive).map(|scope| {
        let consequence = "anyone with the token can do that, in every repository of its account";
        PermissionProblem::excessive(*scope, consequence, format!("remove the scope {tokens}"))
    }));
    Ok(problems)
}
