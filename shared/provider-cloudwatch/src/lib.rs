//! Amazon CloudWatch as a project's monitoring. A project can name it, but no action uses it yet: it has no client and needs
//! neither a section nor credentials.

use domain::PluginType;
use domain::configuration::{Project, Rate};
use provider::{
    Connected, Connector, ProbeFuture, ProviderSpec, SettingsForm, Setup, SigningSecret, TextLimits,
    same_site,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// CloudWatch has no settings of its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {}

/// Amazon CloudWatch.
pub static SPEC: ProviderSpec = ProviderSpec {
    id: "cloudwatch",
    name: "CloudWatch",
    serves: &[PluginType::Monitoring],
    settings: SettingsForm::of::<Settings>(),
    secret: &[],
    key_variable: None,
    bundle: None,
    rate: Rate::per_second(1),
    setup: Setup { steps: |_| Vec::new(), signing: SigningSecret::None, register_webhook: None },
    limits: TextLimits::NONE,
    account: None,
    site: same_site,
    references: &[],
    repository_pages: None,
    connect: |_: &Connector<'_>| Ok(Connected::default()),
    probed: |_, _| None,
    probe,
};

fn probe<'a>(_connector: &'a Connector<'a>, _project: &'a Project) -> ProbeFuture<'a> {
    Box::pin(async { Ok(Vec::new()) })
}
