//! Claude as a provider.

use crate::claude::{Claude, Credentials};
use crate::settings::Settings;
use crate::setup::SETUP;
use domain::configuration::{Project, Rate};
use domain::{ActionError, Bundle, PluginType};
use provider::{Connected, Connector, Model, ProbeFuture, ProviderSpec, SettingsForm, TextLimits, same_site};
use std::sync::Arc;

/// Claude.
pub static SPEC: ProviderSpec = ProviderSpec {
    id: "claude",
    name: "Claude",
    serves: &[PluginType::AiProvider],
    unsupported: &[],
    settings: SettingsForm::of::<Settings>(),
    secret: &[&["api_key"]],
    key_variable: Some("ANTHROPIC_API_KEY"),
    bundle: Some(Bundle::Models),
    rate: Rate::per_second(1),
    setup: SETUP,
    limits: TextLimits::NONE,
    account: None,
    site: same_site,
    references: &[],
    repository_pages: None,
    connect,
    probed: |connector, _| Some(format!("model {}", connector.settings::<Settings>().ok()?.model)),
    probe,
};

fn claude(connector: &Connector<'_>) -> Result<(Claude, Settings), ActionError> {
    let (settings, credentials): (Settings, Credentials) = (connector.settings()?, connector.credentials()?);
    let claude = Claude::new(&settings, credentials, &connector.options)?;
    Ok((claude, settings))
}

fn connect(connector: &Connector<'_>) -> Result<Connected, ActionError> {
    let (claude, settings) = claude(connector)?;
    let model = Model {
        provider: Arc::new(claude),
        instance: connector.instance.name.clone(),
        name: settings.model,
        max_output_tokens: settings.max_output_tokens,
        context_window: None,
    };
    Ok(Connected { model: Some(model), ..Connected::default() })
}

fn probe<'a>(connector: &'a Connector<'a>, _project: &'a Project) -> ProbeFuture<'a> {
    Box::pin(async move {
        let (claude, settings) = claude(connector)?;
        claude.permission_problems(&settings.model).await
    })
}
