//! The services that feedback goes to, connected with the secrets that the configuration names.

use aws_sdk_secretsmanager::Client;
use domain::configuration::{Configuration, Provider, Rate};
use domain::plugins::{Communication, TaskManagement};
use domain::{ActionError, Clock};
use http_client::Options;
use jiff::{SignedDuration, Timestamp};
use pace::Pace;
use provider_github::{Access, Github};
use provider_jira::Jira;
use provider_slack::Slack;
use records::Table;
use runtime::Secrets;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;

/// How long a connection is used before its settings and secret are read again.
const FRESH: SignedDuration = SignedDuration::from_mins(5);

/// How long one request to a service may take.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(15);

/// The services, connected when first needed.
pub(crate) struct Providers {
    secrets: Secrets,
    table: Table,
    clock: Arc<dyn Clock>,
    options: Options,
    connected: Mutex<HashMap<Provider, (Timestamp, Plugin)>>,
}

#[derive(Clone)]
enum Plugin {
    Jira(Arc<Jira>),
    Github(Arc<Github>),
    Slack(Arc<Slack>),
}

impl Providers {
    pub(crate) fn new(
        secrets_manager: Client,
        table: Table,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, ActionError> {
        let options = Options::new()?.clock(clock.clone()).request_timeout(REQUEST_TIMEOUT);
        let secrets = Secrets::new(secrets_manager, clock.clone());
        Ok(Self { secrets, table, clock, options, connected: Mutex::default() })
    }

    /// The tracker of a provider: for comments and labels.
    pub(crate) async fn tracker(
        &self,
        configuration: &Configuration,
        provider: Provider,
    ) -> Result<Arc<dyn TaskManagement>, ActionError> {
        match self.plugin(configuration, provider).await? {
            Plugin::Jira(jira) => Ok(jira),
            Plugin::Github(github) => Ok(github),
            Plugin::Slack(_) => Err(ActionError::internal("Slack is no tracker")),
        }
    }

    /// The chat: for messages and reactions.
    pub(crate) async fn chat(
        &self,
        configuration: &Configuration,
    ) -> Result<Arc<dyn Communication>, ActionError> {
        match self.plugin(configuration, Provider::Slack).await? {
            Plugin::Slack(slack) => Ok(slack),
            Plugin::Jira(_) | Plugin::Github(_) => Err(ActionError::internal("Slack is another plugin")),
        }
    }

    async fn plugin(&self, configuration: &Configuration, provider: Provider) -> Result<Plugin, ActionError> {
        let now = self.clock.now();
        let mut connected = self.connected.lock().await;
        if let Some((since, plugin)) = connected.get(&provider)
            && now.duration_since(*since) < FRESH
        {
            return Ok(plugin.clone());
        }
        let plugin = self.connect(configuration, provider).await?;
        connected.insert(provider, (now, plugin.clone()));
        Ok(plugin)
    }

    async fn connect(
        &self,
        configuration: &Configuration,
        provider: Provider,
    ) -> Result<Plugin, ActionError> {
        let plugins = &configuration.plugins;
        let unset = || {
            let name = provider.as_str();
            ActionError::rejected(format!("the configuration has no section plugins.{name}"))
        };
        match provider {
            Provider::Jira => {
                let settings = plugins.jira.as_ref().ok_or_else(unset)?;
                let secret = self.secrets.get(&settings.secret).await?;
                let credentials = provider_jira::Credentials::read(&settings.secret, &secret)?;
                let options = self.gated(provider, settings.rate_limit);
                Ok(Plugin::Jira(Arc::new(Jira::new(settings, credentials, &options)?)))
            }
            Provider::Github => {
                let settings = plugins.github.as_ref().ok_or_else(unset)?;
                let secret = self.secrets.get(&settings.secret).await?;
                let credentials = provider_github::Credentials::read(&settings.secret, &secret)?;
                let options = self.gated(provider, settings.rate_limit);
                Ok(Plugin::Github(Arc::new(Github::new(
                    settings,
                    credentials,
                    Access::WriteIssues,
                    &options,
                )?)))
            }
            Provider::Slack => {
                let settings = plugins.slack.as_ref().ok_or_else(unset)?;
                let secret = self.secrets.get(&settings.secret).await?;
                let credentials = provider_slack::Credentials::read(&settings.secret, &secret)?;
                let options = self.gated(provider, settings.rate_limit);
                Ok(Plugin::Slack(Arc::new(Slack::new(settings, credentials, &options)?)))
            }
            Provider::Confluence | Provider::Claude | Provider::Cloudwatch => {
                let name = provider.as_str();
                Err(ActionError::rejected(format!("nobody is told anything through {name}")))
            }
        }
    }

    fn gated(&self, provider: Provider, rate: Rate) -> Options {
        // Whoever is put off is told with the next change, or by the next sweep: nothing waits here.
        let pace = Pace::new(self.table.clone(), provider, rate, self.clock.clone(), Duration::ZERO);
        self.options.clone().gate(Arc::new(pace))
    }
}
