//! Jira as a provider.

use crate::jira::{Credentials, Jira};
use crate::limits::LIMITS;
use crate::settings::Settings;
use domain::configuration::{Project, Rate};
use domain::{ActionError, Bundle, PluginType};
use provider::{Connected, Connector, ProbeFuture, ProviderSpec, SettingsForm, same_site};
use std::sync::Arc;

/// Jira Cloud.
pub static SPEC: ProviderSpec = ProviderSpec {
    id: "jira",
    name: "Jira",
    serves: &[PluginType::TaskManagement],
    settings: SettingsForm::of::<Settings>(),
    secret: &[&["email", "api_token"]],
    key_variable: None,
    bundle: Some(Bundle::Work),
    rate: Rate::per_second(2),
    limits: LIMITS,
    account: Some("Jira account id"),
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
    Box::pin(async move { jira(connector)?.permission_problems(&project.key).await })
}
