//! Discord as a provider.

use crate::discord::{Credentials, Discord};
use crate::limits::LIMITS;
use crate::settings::Settings;
use crate::setup::SETUP;
use domain::configuration::{Project, Rate};
use domain::{ActionError, Bundle, PluginType};
use provider::{AccountForm, Connected, Connector, ProbeFuture, ProviderSpec, SettingsForm, same_site};
use std::sync::Arc;

/// Discord.
pub static SPEC: ProviderSpec = ProviderSpec {
    id: "discord",
    name: "Discord",
    serves: &[PluginType::Communication],
    unsupported: &[],
    settings: SettingsForm::of::<Settings>(),
    secret: &[&["bot_token"]],
    key_variable: None,
    bundle: Some(Bundle::Work),
    // Of one channel, Discord takes five messages in five seconds.
    rate: Rate::per_second(1),
    setup: SETUP,
    limits: LIMITS,
    account: Some(AccountForm {
        name: "Discord user ID",
        example: "175928847299117063",
        bot_example: "1283052984719360041",
        pattern: "[0-9]{17,20}",
    }),
    site: same_site,
    references: &[],
    repository_pages: None,
    connect,
    probed: |_, project| Some(format!("channel {}", project.channel.as_deref().unwrap_or("of each step"))),
    probe,
};

fn discord(connector: &Connector<'_>) -> Result<Discord, ActionError> {
    let credentials: Credentials = connector.credentials()?;
    Discord::new(&connector.settings()?, credentials, &connector.options)
}

fn connect(connector: &Connector<'_>) -> Result<Connected, ActionError> {
    let discord = Arc::new(discord(connector)?);
    Ok(Connected { chat: Some(discord.clone()), pull: Some(discord), ..Connected::default() })
}

fn probe<'a>(connector: &'a Connector<'a>, project: &'a Project) -> ProbeFuture<'a> {
    Box::pin(async move {
        let own_key = format!("webhooks.own_accounts.{}", connector.instance.name);
        let channel = project.channel.as_deref();
        discord(connector)?.permission_problems(channel, &own_key, &connector.claims).await
    })
}
