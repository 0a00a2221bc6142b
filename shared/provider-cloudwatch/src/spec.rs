//! CloudWatch as a provider.

use crate::client::CloudWatch;
use crate::settings::Settings;
use crate::setup::SETUP;
use domain::configuration::{Project, Rate};
use domain::{ActionError, PluginType};
use provider::{Connected, Connector, ProbeFuture, ProviderSpec, SettingsForm, TextLimits, same_site};
use std::sync::Arc;

/// CloudWatch.
pub static SPEC: ProviderSpec = ProviderSpec {
    id: "cloudwatch",
    name: "CloudWatch",
    serves: &[PluginType::Monitoring],
    unsupported: &[],
    settings: SettingsForm::of::<Settings>(),
    secret: &[],
    key_variable: None,
    bundle: None,
    rate: Rate::per_second(10),
    setup: SETUP,
    limits: TextLimits::NONE,
    account: None,
    site: same_site,
    references: &[],
    repository_pages: None,
    connect,
    probed: |connector, _| Some(format!("namespace {}", connector.settings::<Settings>().ok()?.namespace)),
    probe,
};

fn cloudwatch(connector: &Connector<'_>) -> Result<CloudWatch, ActionError> {
    let section = format!("plugins.{}", connector.instance.name);
    CloudWatch::new(&section, connector.settings()?, &connector.options)
}

fn connect(connector: &Connector<'_>) -> Result<Connected, ActionError> {
    let monitoring = Arc::new(cloudwatch(connector)?);
    Ok(Connected { monitoring: Some(monitoring), ..Connected::default() })
}

fn probe<'a>(connector: &'a Connector<'a>, _project: &'a Project) -> ProbeFuture<'a> {
    Box::pin(async move { cloudwatch(connector)?.permission_problems().await })
}
