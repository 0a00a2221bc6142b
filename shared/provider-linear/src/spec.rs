//! Linear as a provider.

use crate::limits::LIMITS;
use crate::linear::{Credentials, Linear};
use crate::settings::Settings;
use crate::setup::SETUP;
use domain::configuration::{Project, Rate};
use domain::{ActionError, Bundle, PluginType};
use provider::{AccountForm, Connected, Connector, ProbeFuture, ProviderSpec, SettingsForm, same_site};
use std::sync::Arc;

/// Linear.
pub static SPEC: ProviderSpec = ProviderSpec {
    id: "linear",
    name: "Linear",
    serves: &[PluginType::TaskManagement],
    unsupported: &[],
    settings: SettingsForm::of::<Settings>(),
    secret: &[&["api_key"]],
    key_variable: None,
    bundle: Some(Bundle::Work),
    // https://linear.app/developers/rate-limiting: less than the requests of an API key, so that people's own tools find some left.
    rate: Rate::per_hour(2_000),
    setup: SETUP,
    limits: LIMITS,
    account: Some(AccountForm {
        name: "Linear user ID",
        example: "9cfb482a-81e3-4154-b5b9-2c805e70a02d",
        bot_example: "1d2f3a4b-5c6d-4e7f-8a9b-0c1d2e3f4a5b",
        // A UUID; a name or an e-mail address does not qualify.
        pattern: "[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}",
    }),
    site,
    references: &["{PROJECT}-{number}", "{site}/{any}/issue/{PROJECT}-{number}"],
    repository_pages: None,
    connect,
    probed: |_, project| Some(format!("team {}", project.key)),
    probe,
};

/// People open Linear at another address than its API.
fn site(base_url: &str) -> String {
    same_site(base_url).replace("://api.linear.app", "://linear.app")
}

fn linear(connector: &Connector<'_>) -> Result<Linear, ActionError> {
    let credentials: Credentials = connector.credentials()?;
    Linear::new(&connector.settings()?, credentials, &connector.options)
}

fn connect(connector: &Connector<'_>) -> Result<Connected, ActionError> {
    Ok(Connected { tracker: Some(Arc::new(linear(connector)?)), ..Connected::default() })
}

fn probe<'a>(connector: &'a Connector<'a>, project: &'a Project) -> ProbeFuture<'a> {
    Box::pin(async move {
        let own_key = format!("webhooks.own_accounts.{}", connector.instance.name);
        linear(connector)?.permission_problems(&project.key, &own_key, &connector.claims).await
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_open_linear_beside_its_api() {
        assert_eq!(site("https://api.linear.app/"), "https://linear.app");
        assert_eq!(site("http://127.0.0.1:1"), "http://127.0.0.1:1");
    }
}
