//! OpenAI as a provider.

use crate::openai::{Credentials, OpenAi};
use crate::settings::Settings;
use crate::setup::SETUP;
use domain::configuration::{Project, Rate};
use domain::{ActionError, Bundle, PluginType};
use provider::{Connected, Connector, Model, ProbeFuture, ProviderSpec, SettingsForm, TextLimits, same_site};
use std::sync::Arc;

/// OpenAI.
pub static SPEC: ProviderSpec = ProviderSpec {
    id: "openai",
    name: "OpenAI",
    serves: &[PluginType::AiProvider],
    unsupported: &[],
    settings: SettingsForm::of::<Settings>(),
    secret: &[&["api_key"]],
    key_variable: Some("OPENAI_API_KEY"),
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

fn openai(connector: &Connector<'_>) -> Result<(OpenAi, Settings), ActionError> {
    let (settings, credentials): (Settings, Credentials) = (connector.settings()?, connector.credentials()?);
    let openai = OpenAi::new(&settings, credentials, &connector.options)?;
    Ok((openai, settings))
}

fn connect(connector: &Connector<'_>) -> Result<Connected, ActionError> {
    let (openai, settings) = openai(connector)?;
    let model = Model {
        provider: Arc::new(openai),
        instance: connector.instance.name.clone(),
        name: settings.model,
        max_output_tokens: settings.max_output_tokens,
        context_window: settings.context_window,
    };
    Ok(Connected { model: Some(model), ..Connected::default() })
}

fn probe<'a>(connector: &'a Connector<'a>, _project: &'a Project) -> ProbeFuture<'a> {
    Box::pin(async move {
        let (openai, settings) = openai(connector)?;
        openai.permission_problems(&settings.model).await
    })
}
