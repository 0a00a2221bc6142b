//! Confluence as a provider.

use crate::confluence::{Confluence, Credentials};
use crate::limits::LIMITS;
use crate::settings::Settings;
use crate::setup::SETUP;
use domain::configuration::{Project, Rate};
use domain::{ActionError, Bundle, PluginType};
use provider::{Connected, Connector, ProbeFuture, ProviderSpec, SettingsForm, same_site};
use std::sync::Arc;

/// Confluence Cloud.
pub static SPEC: ProviderSpec = ProviderSpec {
    id: "confluence",
    name: "Confluence",
    serves: &[PluginType::Documentation],
    unsupported: &[],
    settings: SettingsForm::of::<Settings>(),
    secret: &[&["email", "api_token"]],
    key_variable: None,
    bundle: Some(Bundle::Work),
    rate: Rate::per_second(2),
    setup: SETUP,
    limits: LIMITS,
    account: None,
    site: same_site,
    references: &[],
    repository_pages: None,
    connect,
    probed: |_, project| project.space.as_ref().map(|space| format!("space {space}")),
    probe,
};

fn confluence(connector: &Connector<'_>) -> Result<Confluence, ActionError> {
    let credentials: Credentials = connector.credentials()?;
    Confluence::new(&connector.settings()?, credentials, &connector.options)
}

fn connect(connector: &Connector<'_>) -> Result<Connected, ActionError> {
    Ok(Connected { wiki: Some(Arc::new(confluence(connector)?)), ..Connected::default() })
}

fn probe<'a>(connector: &'a Connector<'a>, project: &'a Project) -> ProbeFuture<'a> {
    let space = project.space.as_deref().unwrap_or_default();
    Box::pin(async move { confluence(connector)?.permission_problems(space).await })
}
