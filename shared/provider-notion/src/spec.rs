//! Notion as a provider.

use crate::limits::LIMITS;
use crate::notion::{Credentials, Notion};
use crate::settings::Settings;
use crate::setup::SETUP;
use domain::configuration::{Project, Rate};
use domain::{ActionError, Bundle, PluginType};
use provider::{Connected, Connector, ProbeFuture, ProviderSpec, SettingsForm, same_site};
use std::sync::Arc;

/// Notion.
pub static SPEC: ProviderSpec = ProviderSpec {
    id: "notion",
    name: "Notion",
    serves: &[PluginType::Documentation],
    unsupported: &[],
    settings: SettingsForm::of::<Settings>(),
    secret: &[&["token"]],
    key_variable: None,
    bundle: Some(Bundle::Work),
    // Three a second on average: https://developers.notion.com/reference/request-limits.
    rate: Rate::per_second(2),
    setup: SETUP,
    limits: LIMITS,
    account: None,
    site: same_site,
    references: &[],
    repository_pages: None,
    connect,
    probed: |_, project| project.space.as_ref().map(|space| format!("page {space}")),
    probe,
};

fn notion(connector: &Connector<'_>) -> Result<Notion, ActionError> {
    let credentials: Credentials = connector.credentials()?;
    Notion::new(&connector.settings()?, credentials, &connector.options)
}

fn connect(connector: &Connector<'_>) -> Result<Connected, ActionError> {
    Ok(Connected { wiki: Some(Arc::new(notion(connector)?)), ..Connected::default() })
}

fn probe<'a>(connector: &'a Connector<'a>, project: &'a Project) -> ProbeFuture<'a> {
    let space = project.space.as_deref().unwrap_or_default();
    Box::pin(async move { notion(connector)?.permission_problems(space).await })
}
