//! GitLab as a provider.

use crate::gitlab::{Credentials, Gitlab, site};
use crate::limits::LIMITS;
use crate::settings::Settings;
use crate::setup::SETUP;
use domain::configuration::{Project, Rate};
use domain::{ActionError, Bundle, PermissionProblem, PluginType};
use provider::{
    AccountForm, Connected, Connector, ProbeFuture, ProviderSpec, PullRequestWords, RepositoryPages,
    SettingsForm,
};
use std::sync::Arc;

/// GitLab, as code host and as tracker.
pub static SPEC: ProviderSpec = ProviderSpec {
    id: "gitlab",
    name: "GitLab",
    serves: &[PluginType::VersionControl, PluginType::TaskManagement],
    unsupported: &[],
    settings: SettingsForm::of::<Settings>(),
    setup: SETUP,
    secret: &[&["token"]],
    key_variable: None,
    bundle: Some(Bundle::Repository),
    // The strictest limit of GitLab.com that applies, on notes, is 60 a minute; all requests have 2,000:
    // https://docs.gitlab.com/user/gitlab_com/#rate-limits-on-gitlabcom
    rate: Rate::per_second(15),
    limits: LIMITS,
    account: Some(AccountForm {
        name: "GitLab username",
        example: "ada.lovelace",
        bot_example: "project_42_bot_0123456789abcdef",
        // Letters, digits, `-`, `_` and `.`, which does not begin or end it.
        pattern: "[A-Za-z0-9_]([A-Za-z0-9_.-]{0,253}[A-Za-z0-9_-])?",
    }),
    site,
    references: &[
        "{path}#{number}",
        "{path}!{pull}",
        "{site}/{path}/-/issues/{number}",
        "{site}/{path}/-/work_items/{number}",
        "{site}/{path}/-/merge_requests/{pull}",
    ],
    repository_pages: Some(RepositoryPages {
        repository: "{site}/{repository}",
        branch: "{site}/{repository}/-/tree/{branch}",
        is_flat: false,
        pull_requests: PullRequestWords { term: "Merge request", sign: "!" },
    }),
    connect,
    probed: |_, project| Some(format!("project {}", project.repository)),
    probe,
};

fn gitlab(connector: &Connector<'_>) -> Result<Gitlab, ActionError> {
    let credentials: Credentials = connector.credentials()?;
    Gitlab::new(&connector.settings()?, credentials, &connector.options)
}

fn connect(connector: &Connector<'_>) -> Result<Connected, ActionError> {
    let gitlab = Arc::new(gitlab(connector)?);
    Ok(Connected { tracker: Some(gitlab.clone()), code_host: Some(gitlab), ..Connected::default() })
}

fn probe<'a>(connector: &'a Connector<'a>, project: &'a Project) -> ProbeFuture<'a> {
    Box::pin(async move {
        let (gitlab, repository) = (gitlab(connector)?, &project.repository);
        let mut problems = gitlab.permission_problems(repository).await?;
        // Without the permission to read it, nothing else is known about the project.
        if !problems.iter().any(PermissionProblem::is_missing) {
            let own_key = format!("webhooks.own_accounts.{}", connector.instance.name);
            let (branch, claims) = (&project.base_branch, &connector.claims);
            problems.extend(gitlab.unmet_claims(repository, branch, &own_key, claims).await?);
        }
        Ok(problems)
    })
}
