//! Bedrock as a provider.

use crate::bedrock::Bedrock;
use crate::settings::Settings;
use crate::setup::SETUP;
use domain::configuration::{Project, Rate};
use domain::{ActionError, PluginType};
use provider::{Connected, Connector, Model, ProbeFuture, ProviderSpec, SettingsForm, TextLimits, same_site};
use std::sync::Arc;

/// Bedrock.
pub static SPEC: ProviderSpec = ProviderSpec {
    id: "bedrock",
    name: "Bedrock",
    serves: &[PluginType::AiProvider],
    unsupported: &[],
    settings: SettingsForm::of::<Settings>(),
    secret: &[],
    key_variable: None,
    bundle: None,
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

fn bedrock(connector: &Connector<'_>) -> Result<(Bedrock, Settings), ActionError> {
    let settings: Settings = connector.settings()?;
    let section = format!("plugins.{}", connector.instance.name);
    let bedrock = Bedrock::new(&section, &settings, &connector.options)?;
    Ok((bedrock, settings))
}

fn connect(connector: &Connector<'_>) -> Result<Connected, ActionError> {
    let (bedrock, settings) = bedrock(connector)?;
    let model = Model {
        provider: Arc::new(bedrock),
        instance: connector.instance.name.clone(),
        name: settings.model,
        max_output_tokens: settings.max_output_tokens,
        context_window: settings.context_window,
    };
    Ok(Connected { model: Some(model), ..Connected::default() })
}

fn probe<'a>(connector: &'a Connector<'a>, _project: &'a Project) -> ProbeFuture<'a> {
    Box::pin(async move {
        let (bedrock, settings) = bedrock(connector)?;
        bedrock.permission_problems(&settings.model).await
    })
}
