//! Prometheus as a provider.

use crate::prometheus::{NO_EVENTS, Prometheus};
use crate::settings::Settings;
use crate::setup::SETUP;
use domain::configuration::{Project, Rate};
use domain::{ActionError, PluginType};
use provider::{Connected, Connector, ProbeFuture, ProviderSpec, SettingsForm, TextLimits, same_site};
use std::sync::Arc;

/// Prometheus.
pub static SPEC: ProviderSpec = ProviderSpec {
    id: "prometheus",
    name: "Prometheus",
    serves: &[PluginType::Monitoring],
    unsupported: &[("emit_event", NO_EVENTS)],
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
    probed: |_, _| Some("queries".to_owned()),
    probe,
};

fn prometheus(connector: &Connector<'_>) -> Result<Prometheus, ActionError> {
    Prometheus::new(connector.settings()?, &connector.options)
}

fn connect(connector: &Connector<'_>) -> Result<Connected, ActionError> {
    let monitoring = Arc::new(prometheus(connector)?);
    Ok(Connected { monitoring: Some(monitoring), ..Connected::default() })
}

fn probe<'a>(connector: &'a Connector<'a>, _project: &'a Project) -> ProbeFuture<'a> {
    Box::pin(async move {
        prometheus(connector)?.answers().await?;
        Ok(Vec::new())
    })
}
