//! Which plugin serves a project: made when an action needs it, with that action's credentials only. Connections are shared by all; of
//! GitHub the tokens are kept, too.

use crate::agent::Model;
use crate::done::NoOutput;
use crate::scope::Scope;
use domain::configuration::{GithubSettings, Plugins, Provider, Rate};
use domain::plugins::{Communication, Documentation, TaskManagement, VersionControl};
use domain::{ActionError, Clock, PluginType};
use http_client::Options;
use pace::Pace;
use provider_claude::Claude;
use provider_confluence::Confluence;
use provider_github::Github;
use provider_jira::Jira;
use provider_slack::Slack;
use records::Table;
use runtime::Secrets;
use secrecy::{ExposeSecret, SecretString};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;

pub(crate) use provider_github::Access;

/// How long one request waits for its turn before the step is given back to the state machine, which waits at no cost.
const LONGEST_WAIT: Duration = Duration::from_secs(3);

/// Makes plugins.
#[derive(Debug)]
pub(crate) struct Providers {
    table: Table,
    secrets: Secrets,
    clock: Arc<dyn Clock>,
    options: Options,
    github: Mutex<HashMap<Access, Connected>>,
}

/// GitHub with the tokens that its App's installation gave, which last an hour: a new connection would ask for new ones.
#[derive(Debug)]
struct Connected {
    settings: GithubSettings,
    secret: SecretString,
    github: Github,
}

impl Providers {
    /// Connects nothing yet.
    ///
    /// # Errors
    /// `Internal` when TLS cannot be set up.
    pub(crate) fn new(table: Table, secrets: Secrets, clock: Arc<dyn Clock>) -> Result<Self, ActionError> {
        let options = Options::new()?.clock(Arc::clone(&clock));
        Ok(Self { table, secrets, clock, options, github: Mutex::default() })
    }

    /// The project's tracker; for a ticket `owner/name#12`, GitHub, where else it could not be.
    ///
    /// # Errors
    /// [`NoOutput`].
    pub(crate) async fn tracker(&self, scope: &Scope) -> Result<Arc<dyn TaskManagement>, NoOutput> {
        let configured = provider(scope, PluginType::TaskManagement)?;
        let is_github_issue = scope.task_id.as_deref().is_some_and(|task_id| task_id.contains('#'));
        let chosen = if is_github_issue { Provider::Github } else { configured };
        match chosen {
            Provider::Jira => {
                let settings = section(&scope.configuration.plugins.jira, Provider::Jira)?;
                let secret = self.secrets.get(&settings.secret).await?;
                let credentials = provider_jira::Credentials::read(&settings.secret, &secret)?;
                let options = self.options(Provider::Jira, settings.rate_limit);
                Ok(Arc::new(Jira::new(settings, credentials, &options)?))
            }
            Provider::Github => {
                Ok(Arc::new(self.github(&scope.configuration.plugins, Access::WriteIssues).await?))
            }
            other => Err(unable(other, PluginType::TaskManagement)),
        }
    }

    /// The project's code host, with no more than the access wanted.
    ///
    /// # Errors
    /// [`NoOutput`].
    pub(crate) async fn code_host(
        &self,
        scope: &Scope,
        access: Access,
    ) -> Result<Arc<dyn VersionControl>, NoOutput> {
        match provider(scope, PluginType::VersionControl)? {
            Provider::Github => Ok(Arc::new(self.github(&scope.configuration.plugins, access).await?)),
            other => Err(unable(other, PluginType::VersionControl)),
        }
    }

    /// The project's chat.
    ///
    /// # Errors
    /// [`NoOutput`].
    pub(crate) async fn chat(&self, scope: &Scope) -> Result<Arc<dyn Communication>, NoOutput> {
        match provider(scope, PluginType::Communication)? {
            Provider::Slack => {
                let settings = section(&scope.configuration.plugins.slack, Provider::Slack)?;
                let secret = self.secrets.get(&settings.secret).await?;
                let credentials = provider_slack::Credentials::read(&settings.secret, &secret)?;
                let options = self.options(Provider::Slack, settings.rate_limit);
                Ok(Arc::new(Slack::new(settings, credentials, &options)?))
            }
            other => Err(unable(other, PluginType::Communication)),
        }
    }

    /// The project's wiki.
    ///
    /// # Errors
    /// [`NoOutput`].
    pub(crate) async fn wiki(&self, scope: &Scope) -> Result<Arc<dyn Documentation>, NoOutput> {
        match provider(scope, PluginType::Documentation)? {
            Provider::Confluence => {
                let settings = section(&scope.configuration.plugins.confluence, Provider::Confluence)?;
                let secret = self.secrets.get(&settings.secret).await?;
                let credentials = provider_confluence::Credentials::read(&settings.secret, &secret)?;
                let options = self.options(Provider::Confluence, settings.rate_limit);
                Ok(Arc::new(Confluence::new(settings, credentials, &options)?))
            }
            other => Err(unable(other, PluginType::Documentation)),
        }
    }

    /// The project's model.
    ///
    /// # Errors
    /// [`NoOutput`].
    pub(crate) async fn model(&self, scope: &Scope) -> Result<Model, NoOutput> {
        match provider(scope, PluginType::AiProvider)? {
            Provider::Claude => {
                let settings = section(&scope.configuration.plugins.claude, Provider::Claude)?;
                let secret = self.secrets.get(&settings.secret).await?;
                let credentials = provider_claude::Credentials::read(&settings.secret, &secret)?;
                let options = self.options(Provider::Claude, settings.rate_limit);
                Ok(Model {
                    provider: Arc::new(Claude::new(settings, credentials, &options)?),
                    name: settings.model.clone(),
                    max_output_tokens: settings.max_output_tokens,
                })
            }
            other => Err(unable(other, PluginType::AiProvider)),
        }
    }

    async fn github(&self, plugins: &Plugins, access: Access) -> Result<Github, ActionError> {
        let settings = section(&plugins.github, Provider::Github)?;
        let secret = self.secrets.get(&settings.secret).await?;
        let mut connected = self.github.lock().await;
        if let Some(known) = connected.get(&access)
            && known.settings == *settings
            && known.secret.expose_secret() == secret.expose_secret()
        {
            return Ok(known.github.clone());
        }
        let credentials = provider_github::Credentials::read(&settings.secret, &secret)?;
        let options = self.options(Provider::Github, settings.rate_limit);
        let github = Github::new(settings, credentials, access, &options)?;
        connected.insert(access, Connected { settings: settings.clone(), secret, github: github.clone() });
        Ok(github)
    }

    fn options(&self, provider: Provider, rate: Rate) -> Options {
        let pace = Pace::new(self.table.clone(), provider, rate, Arc::clone(&self.clock), LONGEST_WAIT);
        self.options.clone().gate(Arc::new(pace))
    }
}

fn provider(scope: &Scope, plugin: PluginType) -> Result<Provider, NoOutput> {
    scope.project.providers.get(&plugin).copied().ok_or_else(|| {
        NoOutput::Skipped(format!("the project {} has no provider for {plugin}", scope.project.key))
    })
}

fn section<T>(section: &Option<T>, provider: Provider) -> Result<&T, ActionError> {
    section.as_ref().ok_or_else(|| {
        let name = provider.as_str();
        ActionError::rejected(format!(
            "the configuration has no section plugins.{name}; add it, or choose another provider"
        ))
    })
}

fn unable(provider: Provider, plugin: PluginType) -> NoOutput {
    NoOutput::Failed(ActionError::rejected(format!("`{}` cannot serve {plugin}", provider.as_str())))
}
