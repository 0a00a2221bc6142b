//! GitHub as a provider.

use crate::credentials::Credentials;
use crate::github::Github;
use crate::limits::LIMITS;
use crate::settings::{Settings, site};
use crate::setup::SETUP;
use domain::configuration::{Project, Rate};
use domain::{ActionError, Bundle, PermissionProblem, PluginType};
use provider::{
    AccountForm, Connected, Connector, ProbeFuture, ProviderSpec, PullRequestWords, RepositoryPages,
    SettingsForm,
};
use std::sync::Arc;

/// GitHub, as code host and as tracker.
pub static SPEC: ProviderSpec = ProviderSpec {
    id: "github",
    name: "GitHub",
    serves: &[PluginType::VersionControl, PluginType::TaskManagement],
    unsupported: &[],
    settings: SettingsForm::of::<Settings>(),
    secret: &[&["token"], &["app_id", "installation_id", "private_key"]],
    key_variable: None,
    bundle: Some(Bundle::Repository),
    // The rate limits of tokens and installations: https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
    rate: Rate::per_hour(5_000),
    setup: SETUP,
    limits: LIMITS,
    account: Some(AccountForm {
        name: "GitHub login",
        example: "ada-lovelace",
        bot_example: "ticketsmith[bot]",
        // Letters, digits and `-`, with `_` for managed users and `[bot]` at the end for Apps.
        pattern: r"[A-Za-z0-9_-]+(\[bot\])?",
    }),
    site,
    references: &[
        "{owner}/{name}#{number}",
        "{site}/{owner}/{name}/issues/{number}",
        "{site}/{owner}/{name}/pull/{number}",
    ],
    repository_pages: Some(RepositoryPages {
        repository: "{site}/{repository}",
        branch: "{site}/{repository}/tree/{branch}",
        is_flat: true,
        pull_requests: PullRequestWords { term: "Pull request", sign: "#" },
    }),
    connect,
    probed: |_, project| Some(format!("repository {}", project.repository)),
    probe,
};

fn github(connector: &Connector<'_>) -> Result<Github, ActionError> {
    let credentials: Credentials = connector.credentials()?;
    Github::new(&connector.settings()?, credentials, connector.access, &connector.options)
}

fn connect(connector: &Connector<'_>) -> Result<Connected, ActionError> {
    let github = Arc::new(github(connector)?);
    Ok(Connected {
        tracker: Some(github.clone()),
        code_host: Some(github.clone()),
        pull: Some(github),
        ..Connected::default()
    })
}

fn probe<'a>(connector: &'a Connector<'a>, project: &'a Project) -> ProbeFuture<'a> {
    Box::pin(async move {
        let (github, repository) = (github(connector)?, &project.repository);
        let mut problems = github.permission_problems(repository).await?;
        // Without the permission to read it, nothing else is known about the repository.
        if !problems.iter().any(PermissionProblem::is_missing) {
            let own_key = format!("webhooks.own_accounts.{}", connector.instance.name);
            let (branch, claims) = (&project.base_branch, &connector.claims);
            problems.extend(github.unmet_claims(repository, branch, &own_key, claims).await?);
        }
        Ok(problems)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_open_the_host_of_the_api() {
        assert_eq!(site("https://api.github.com"), "https://github.com");
        assert_eq!(site("https://git.acme.example/api/v3/"), "https://git.acme.example");
        assert_eq!(site("http://127.0.0.1:9"), "http://127.0.0.1:9");
    }
}
