//! Slack as a provider.

use crate::limits::LIMITS;
use crate::settings::Settings;
use crate::setup::SETUP;
use crate::slack::{Credentials, Slack};
use domain::configuration::{Project, Rate};
use domain::{ActionError, Bundle, PluginType};
use provider::{AccountForm, Connected, Connector, ProbeFuture, ProviderSpec, SettingsForm, same_site};
use std::sync::Arc;

/// Slack.
pub static SPEC: ProviderSpec = ProviderSpec {
    id: "slack",
    name: "Slack",
    serves: &[PluginType::Communication],
    unsupported: &[],
    settings: SettingsForm::of::<Settings>(),
    secret: &[&["bot_token"], &["bot_token", "app_token"]],
    key_variable: None,
    bundle: Some(Bundle::Work),
    rate: Rate::per_second(1),
    setup: SETUP,
    limits: LIMITS,
    account: Some(AccountForm {
        name: "Slack member ID",
        example: "U012AB3CD",
        bot_example: "U0LAN0Z89",
        // It begins with `U` or `W`; a display name does not qualify.
        pattern: "[UW][A-Z0-9]+",
    }),
    site: same_site,
    references: &[],
    repository_pages: None,
    connect,
    probed: |_, project| Some(format!("channel {}", project.channel.as_deref().unwrap_or("of each step"))),
    probe,
};

fn slack(connector: &Connector<'_>) -> Result<Slack, ActionError> {
    let credentials: Credentials = connector.credentials()?;
    Slack::new(&connector.settings()?, credentials, &connector.options)
}

fn connect(connector: &Connector<'_>) -> Result<Connected, ActionError> {
    let slack = Arc::new(slack(connector)?);
    Ok(Connected { chat: Some(slack.clone()), pull: Some(slack), ..Connected::default() })
}

fn probe<'a>(connector: &'a Connector<'a>, project: &'a Project) -> ProbeFuture<'a> {
    Box::pin(async move {
        let own_key = format!("webhooks.own_accounts.{}", connector.instance.name);
        let channel = project.channel.as_deref();
        slack(connector)?.permission_problems(channel, &own_key, &connector.claims).await
    })
}
