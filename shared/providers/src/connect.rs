//! Which provider serves a project, connected when it is first needed and with the secret that the configuration names.

use crate::choose::{model_among, other_models, tracker_of};
use crate::list::find;
use domain::configuration::{Configuration, Instance, InstanceName, Project, Section};
use domain::plugins::{
    Communication, Documentation, Monitoring, RepositoryAccess, TaskManagement, VersionControl,
};
use domain::{ActionError, Clock, PluginType};
use http_client::Options;
use pace::{Pace, Patience};
use provider::{Connected, Model};
use records::Table;
use runtime::Secrets;
use secrecy::{ExposeSecret, SecretString};
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;

/// Why no provider serves.
#[derive(Debug)]
pub enum Absent {
    /// The project leaves the plugin type unset: the step is skipped for this reason.
    Unset(String),
    /// It cannot be connected.
    Failed(ActionError),
}

impl From<ActionError> for Absent {
    fn from(error: ActionError) -> Self {
        Self::Failed(error)
    }
}

impl From<Absent> for ActionError {
    fn from(absent: Absent) -> Self {
        match absent {
            Absent::Unset(reason) => Self::rejected(reason),
            Absent::Failed(error) => error,
        }
    }
}

/// The place for which a provider is wanted: a project, and perhaps one of its tickets.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The configuration in force.
    pub configuration: &'a Configuration,
    /// The project.
    pub project: &'a Project,
    /// The ticket.
    pub task_id: Option<&'a str>,
}

/// How long providers are waited for.
#[derive(Debug, Clone, Copy)]
pub struct Waiting {
    /// How long one request waits for its turn before it is given back as `Throttled`, unless [`pace::with_patience`] says otherwise.
    pub patience: Patience,
    /// How long one request may take; `None` for the provider's own time.
    pub request_timeout: Option<Duration>,
}

/// Connects providers. A connection is kept, with its tokens, as long as its section and its secret stay the same;
/// secrets are read again every five minutes.
pub struct Providers {
    table: Table,
    secrets: Secrets,
    clock: Arc<dyn Clock>,
    options: Options,
    patience: Patience,
    connections: Mutex<HashMap<(InstanceName, RepositoryAccess), Connection>>,
}

struct Connection {
    section: Section,
    secret: SecretString,
    connected: Connected,
}

impl fmt::Debug for Providers {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Providers").field("options", &self.options).finish_non_exhaustive()
    }
}

impl Providers {
    /// Does not connect yet.
    ///
    /// # Errors
    /// `Internal` when TLS cannot be set up.
    pub fn new(
        table: Table,
        secrets: Secrets,
        clock: Arc<dyn Clock>,
        waiting: Waiting,
    ) -> Result<Self, ActionError> {
        let options = Options::new()?.clock(Arc::clone(&clock));
        let options = match waiting.request_timeout {
            Some(timeout) => options.request_timeout(timeout),
            None => options,
        };
        let patience = waiting.patience;
        Ok(Self { table, secrets, clock, options, patience, connections: Mutex::default() })
    }

    /// The tracker that holds the ticket, by [`tracker_of`]; without a ticket, the project's tracker.
    ///
    /// # Errors
    /// [`Absent`].
    pub async fn tracker<'a>(&self, place: impl Into<Place<'a>>) -> Result<Arc<dyn TaskManagement>, Absent> {
        let place = place.into();
        let own = serving(&place, PluginType::TaskManagement)?;
        let name = tracker_of(place.configuration, Some(place.project), place.task_id);
        let name = name.unwrap_or_else(|| own.clone());
        let connected = self.connect(place.configuration, &name, RepositoryAccess::WriteIssues).await?;
        Ok(capable(connected.tracker, &name, PluginType::TaskManagement)?)
    }

    /// The project's code host, with only the wanted access.
    ///
    /// # Errors
    /// [`Absent`].
    pub async fn code_host<'a>(
        &self,
        place: impl Into<Place<'a>>,
        access: RepositoryAccess,
    ) -> Result<Arc<dyn VersionControl>, Absent> {
        let place = place.into();
        let name = serving(&place, PluginType::VersionControl)?;
        let connected = self.connect(place.configuration, name, access).await?;
        Ok(capable(connected.code_host, name, PluginType::VersionControl)?)
    }

    /// The project's wiki.
    ///
    /// # Errors
    /// [`Absent`].
    pub async fn wiki<'a>(&self, place: impl Into<Place<'a>>) -> Result<Arc<dyn Documentation>, Absent> {
        let place = place.into();
        let name = serving(&place, PluginType::Documentation)?;
        let connected = self.connect(place.configuration, name, RepositoryAccess::WriteIssues).await?;
        Ok(capable(connected.wiki, name, PluginType::Documentation)?)
    }

    /// The project's chat.
    ///
    /// # Errors
    /// [`Absent`].
    pub async fn chat<'a>(&self, place: impl Into<Place<'a>>) -> Result<Arc<dyn Communication>, Absent> {
        let place = place.into();
        let name = serving(&place, PluginType::Communication)?;
        Ok(self.chat_named(place.configuration, name).await?)
    }

    /// The chat of this name in the configuration.
    ///
    /// # Errors
    /// As [`Providers::connect`]; `Rejected` when it is not a chat.
    pub async fn chat_named(
        &self,
        configuration: &Configuration,
        name: &InstanceName,
    ) -> Result<Arc<dyn Communication>, ActionError> {
        let connected = self.connect(configuration, name, RepositoryAccess::WriteIssues).await?;
        capable(connected.chat, name, PluginType::Communication)
    }

    /// The project's monitoring.
    ///
    /// # Errors
    /// [`Absent`].
    pub async fn monitoring<'a>(&self, place: impl Into<Place<'a>>) -> Result<Arc<dyn Monitoring>, Absent> {
        let place = place.into();
        let name = serving(&place, PluginType::Monitoring)?;
        let instance = place.configuration.instance(name.as_str());
        // A provider without required settings does not need a section.
        let unset = Section::default();
        let instance = instance.unwrap_or(Instance { name, section: &unset });
        let connected = self.connect_instance(instance, RepositoryAccess::WriteIssues).await?;
        Ok(capable(connected.monitoring, name, PluginType::Monitoring)?)
    }

    /// The project's model.
    ///
    /// # Errors
    /// [`Absent`].
    pub async fn model<'a>(&self, place: impl Into<Place<'a>>) -> Result<Model, Absent> {
        let place = place.into();
        let name = serving(&place, PluginType::AiProvider)?;
        let connected = self.connect(place.configuration, name, RepositoryAccess::WriteIssues).await?;
        Ok(capable(connected.model, name, PluginType::AiProvider)?)
    }

    /// The model with this name, by [`model_among`].
    ///
    /// # Errors
    /// [`Absent`].
    pub async fn model_named<'a>(&self, place: impl Into<Place<'a>>, name: &str) -> Result<Model, Absent> {
        let place = place.into();
        let own = self.model(place).await?;
        let mut others = Vec::new();
        // Nobody else is connected for what the project's own provider serves.
        if !own.provider.names(name) {
            for instance in other_models(place.configuration, &own.instance) {
                let connected = self.connect_instance(instance, RepositoryAccess::WriteIssues).await;
                others.push(
                    connected.and_then(|connected| {
                        capable(connected.model, instance.name, PluginType::AiProvider)
                    }),
                );
            }
        }
        Ok(model_among(name, own, others)?)
    }

    /// The secrets of the providers that were connected.
    pub(crate) async fn connected_secrets(&self) -> Vec<SecretString> {
        self.connections.lock().await.values().map(|connection| connection.secret.clone()).collect()
    }

    /// The clients of the provider with this name in the configuration, with only the wanted access.
    ///
    /// # Errors
    /// `Rejected` if there is no such provider, or its section or its secret is invalid; `Unavailable` if Secrets Manager does not
    /// answer.
    pub async fn connect(
        &self,
        configuration: &Configuration,
        name: &InstanceName,
        access: RepositoryAccess,
    ) -> Result<Connected, ActionError> {
        let instance = configuration.instance(name.as_str()).ok_or_else(|| {
            ActionError::rejected(format!(
                "the configuration has no section plugins.{name}; add it, or choose another provider"
            ))
        })?;
        self.connect_instance(instance, access).await
    }

    async fn connect_instance(
        &self,
        instance: Instance<'_>,
        access: RepositoryAccess,
    ) -> Result<Connected, ActionError> {
        let name = instance.name;
        let spec = find(instance.provider())
            .map_err(|unknown| ActionError::rejected(format!("plugins.{name}: {unknown}")))?;
        let secret = match spec.secret {
            [] => SecretString::default(),
            _ => self.secrets.get(&instance.secret()).await?,
        };
        let mut connections = self.connections.lock().await;
        let key = (name.clone(), access);
        if let Some(known) = connections.get(&key)
            && known.section == *instance.section
            && known.secret.expose_secret() == secret.expose_secret()
        {
            return Ok(known.connected.clone());
        }
        let rate = instance.section.rate_limit.unwrap_or(spec.rate);
        let pace = Pace::new(self.table.clone(), name.clone(), rate, Arc::clone(&self.clock), self.patience);
        let options = self.options.clone().gate(Arc::new(pace));
        let connector = spec.connector(instance, options, secret.clone(), access);
        let connected = (spec.connect)(&connector)?;
        let section = instance.section.clone();
        connections.insert(key, Connection { section, secret, connected: connected.clone() });
        Ok(connected)
    }
}

/// The provider that serves a plugin type in a project, by its name in the configuration.
///
/// # Errors
/// [`Absent::Unset`] when the project has none.
pub fn serving<'a>(place: &Place<'a>, plugin: PluginType) -> Result<&'a InstanceName, Absent> {
    place.project.providers.get(&plugin).ok_or_else(|| {
        Absent::Unset(format!("the project {} has no provider for {plugin}", place.project.key))
    })
}

fn capable<T>(client: Option<T>, name: &InstanceName, plugin: PluginType) -> Result<T, ActionError> {
    client.ok_or_else(|| ActionError::rejected(format!("`{name}` cannot serve {plugin}")))
}
