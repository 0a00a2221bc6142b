//! Jira as a provider.

use crate::jira::{Credentials, Jira};
use crate::limits::LIMITS;
use crate::settings::Settings;
use crate::setup::SETUP;
use domain::configuration::{Project, Rate};
use domain::{ActionError, Bundle, PluginType};
use provider::{AccountForm, Connected, Connector, ProbeFuture, ProviderSpec, SettingsForm, same_site};
use std::sync::Arc;

/// Jira Cloud.
pub static SPEC: ProviderSpec = ProviderSpec {
    id: "jira",
    name: "Jira",
    serves: &[PluginType::TaskManagement],
    unsupported: &[],
    settings: SettingsForm::of::<Settings>(),
    secret: &[&["email", "api_token"]],
    key_variable: None,
    bundle: Some(Bundle::Work),
    rate: Rate::per_second(2),
    setup: SETUP,
    limits: LIMITS,
    account: Some(AccountForm {
        name: "Jira account ID",
        example: "712020:a1b2c3",
        bot_example: "712020:d4e5f6",
        // An account ID, or a name in Jira Data Center: an e-mail address or a full name is neither.
        pattern: "[A-Za-z0-9_:.-]{1,128}",
    }),
    site: same_site,
    references: &[
        "{PROJECT}-{number}",
        "{site}/browse/{PROJECT}-{number}",
        "{site}/{any}?{any}selectedIssue={PROJECT}-{number}",
        "{site}/{any}/issues/{PROJECT}-{number}",
    ],
    repository_pages: None,
    connect,
    probed: |_, project| Some(format!("project {}", project.key)),
    probe,
};

fn jira(connector: &Connector<'_>) -> Result<Jira, ActionError> {
    let credentials: Credentials = connector.credentials()?;
    Jira::new(&connector.settings()?, credentials, &connector.options)
}

fn connect(connector: &Connector<'_>) -> Result<Connected, ActionError> {
    Ok(Connected { tracker: Some(Arc::new(jira(connector)?)), ..Connected::default() })
}

fn probe<'a>(connector: &'a Connector<'a>, project: &'a Project) -> ProbeFuture<'a> {
    Box::pin(async move {
        let (jira, key) = (jira(connector)?, &project.key);
        let mut problems = jira.permission_problems(key, &connector.claims.tracker_actions).await?;
        // Of a project that cannot be seen, nothing else can be said.
        if !problems.iter().any(|problem| problem.permission == "BROWSE_PROJECTS") {
            let own_key = format!("webhooks.own_accounts.{}", connector.instance.name);
            problems.extend(jira.unmet_claims(key, &own_key, &connector.claims).await?);
        }
        Ok(problems)
    })
}
