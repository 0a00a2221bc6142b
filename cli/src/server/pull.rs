//! `serve --pull`: fetches events from services that cannot deliver them, and hands them to the function that handles deliveries.

use super::functions;
use async_trait::async_trait;
use domain::configuration::{Configuration, Instance, InstanceName};
use domain::plugins::RepositoryAccess;
use domain::{ActionError, Clock, RepositoryName};
use providers::{Patience, Providers, Pull, PulledDelivery, Receiver, Waiting};
use records::{PulledPlace, Table};
use runtime::{Function, Services};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use webhooks::SenderSpec;

/// How long to wait after a first failure; each further one doubles it.
const FIRST_PAUSE: Duration = Duration::from_secs(5);

/// How long until it is checked again whether some project uses a service, and whether services were added.
const UNUSED_PAUSE: Duration = Duration::from_secs(30);

/// The longest wait.
const LONGEST_PAUSE: Duration = Duration::from_secs(5 * 60);

/// What fetching takes.
#[derive(Clone)]
pub(crate) struct Puller {
    configuration: Arc<Configuration>,
    providers: Arc<Providers>,
    table: Table,
    clock: Arc<dyn Clock>,
    webhooks: Arc<dyn Function>,
}

impl Puller {
    /// Fetches with `serve`'s own services, and hands over to `webhooks`.
    ///
    /// # Errors
    /// `Internal` when TLS cannot be set up.
    pub(crate) fn new(
        configuration: &Configuration,
        services: &Services,
        webhooks: Arc<dyn Function>,
    ) -> Result<Self, ActionError> {
        let (table, clock) = (services.table(), services.clock());
        // Work goes first.
        let waiting = Waiting { patience: Patience::GivesWay, request_timeout: None };
        let providers = Providers::new(table.clone(), services.secrets(), Arc::clone(&clock), waiting)?;
        let configuration = Arc::new(configuration.clone());
        Ok(Self { configuration, providers: Arc::new(providers), table, clock, webhooks })
    }

    /// Fetches from each service in a separate task, so that one that does not answer does not hold up the others. Returns a line for each that a project of
    /// the file uses, also for those that need a public address.
    pub(crate) fn start(&self, tasks: &mut JoinSet<()>) -> Vec<String> {
        let (mut lines, mut fetched_from) = (Vec::new(), BTreeSet::new());
        for instance in self.configuration.instances() {
            let Some(sender) = sender_of(instance) else { continue };
            let (name, is_used) =
                (instance.name, !repositories(&self.configuration, instance.name).is_empty());
            let line = match sender.fetched() {
                Some(fetched) => {
                    tasks.spawn(self.clone().keep(name.clone()));
                    fetched_from.insert(name.clone());
                    format!("{name}: {fetched}")
                }
                None => format!("nothing of {name}: {} needs a public address", sender.title()),
            };
            lines.extend(Some(line).filter(|_| is_used));
        }
        tasks.spawn(self.clone().keep_up(fetched_from));
        lines
    }

    /// Also fetches from instances that the API adds. They are looked for now and then, as projects are in [`Self::pull`]: the table does not
    /// announce changes of the configuration, and a new service can wait that long.
    async fn keep_up(self, mut known: BTreeSet<InstanceName>) {
        let mut added = JoinSet::new();
        loop {
            match self.table.configuration(self.clock.now()).await {
                Ok(configuration) => {
                    for instance in configuration.instances() {
                        let is_fetched = sender_of(instance).is_some_and(|sender| sender.fetched().is_some());
                        if is_fetched && known.insert(instance.name.clone()) {
                            tracing::info!(instance = %instance.name, "events are fetched from an added service");
                            added.spawn(self.clone().keep(instance.name.clone()));
                        }
                    }
                }
                Err(error) => tracing::warn!(%error, "cannot see whether services were added"),
            }
            tokio::time::sleep(UNUSED_PAUSE).await;
        }
    }

    /// Fetches again and again, as long as `serve` runs: [`Self::keep_up`] begins it once for each name.
    async fn keep(self, instance: InstanceName) {
        let mut failed_pause = None;
        loop {
            let pause = match self.pull(&instance).await {
                Ok(pause) => {
                    if failed_pause.take().is_some() {
                        tracing::info!(%instance, "events are fetched again");
                    }
                    pause
                }
                Err(error) => {
                    let pause = failed_pause.map_or(FIRST_PAUSE, |pause: Duration| pause * 2);
                    let pause = pause.min(LONGEST_PAUSE);
                    tracing::warn!(%instance, %error, again_in_seconds = pause.as_secs(), "events are not fetched");
                    failed_pause = Some(pause);
                    pause
                }
            };
            tokio::time::sleep(pause).await;
        }
    }

    /// Fetches once, for the current projects; gives how long to wait then. If nothing can be fetched, that can change: a service may be removed, and
    /// another one added under its name.
    async fn pull(&self, instance: &InstanceName) -> Result<Duration, ActionError> {
        let configuration = self.table.configuration(self.clock.now()).await?;
        let repositories = repositories(&configuration, instance);
        if repositories.is_empty() {
            return Ok(UNUSED_PAUSE);
        }
        let access = RepositoryAccess::ReadConversations;
        let connected = self.providers.connect(&configuration, instance, access).await?;
        let Some(pull) = connected.pull else { return Ok(UNUSED_PAUSE) };
        let pull: &dyn Pull = &*pull;
        pull.pull(&repositories, &Hand { puller: self, instance }).await
    }
}

/// What reads the deliveries of an instance.
fn sender_of(instance: Instance<'_>) -> Option<&'static SenderSpec> {
    webhooks::SENDERS.iter().copied().find(|sender| sender.name() == instance.provider())
}

/// The repositories of the projects that use an instance.
fn repositories(configuration: &Configuration, instance: &InstanceName) -> Vec<RepositoryName> {
    let using = configuration
        .projects
        .iter()
        .filter(|project| project.providers.values().any(|used| used == instance));
    let repositories: BTreeSet<_> = using.map(|project| project.repository.to_string()).collect();
    repositories.iter().filter_map(|name| name.parse().ok()).collect()
}

/// Hands over the events of one instance.
struct Hand<'a> {
    puller: &'a Puller,
    instance: &'a InstanceName,
}

#[async_trait]
impl Receiver for Hand<'_> {
    async fn receive(&self, delivery: PulledDelivery) -> Result<Value, ActionError> {
        let headers: Map<String, Value> =
            delivery.headers.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
        let place = self.instance.as_str();
        let document = json!({ "place": place, "headers": headers, "body": delivery.body });
        functions::invoke(&*self.puller.webhooks, document).await
    }

    async fn place(&self, of: &str) -> Result<Option<Value>, ActionError> {
        let kept = self.puller.table.pulled(self.instance.as_str(), of).await?;
        Ok(kept.map(|kept| kept.place))
    }

    async fn keep_place(&self, of: &str, place: Value) -> Result<(), ActionError> {
        let kept = PulledPlace { place, at: self.puller.clock.now() };
        Ok(self.puller.table.put_pulled(self.instance.as_str(), of, &kept).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::sdk::{TABLE, sdk_config};
    use domain::SystemClock;

    /// Takes no deliveries.
    struct Nothing;

    impl Function for Nothing {}

    /// What keeps a name must not end with what has it now: nobody would fetch from a service that is added under that name later.
    #[tokio::test]
    async fn a_name_whose_service_has_nothing_to_fetch_is_looked_at_again() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(dynoxide::server::serve_on(listener, dynoxide::Database::memory().unwrap()));
        let aws = sdk_config(&url, "test", &"token".to_owned().into());
        let services = Services::new(aws, TABLE, None, Arc::new(SystemClock));
        let configuration: Configuration = serde_json::from_value(json!({
            "projects": [{"key": "SHOP", "repository": "acme/shop", "providers": {"monitoring": "desk"}}],
            "plugins": {"desk": {"provider": "prometheus", "base_url": "https://prometheus.acme.example"}},
        }))
        .unwrap();
        let table = services.table();
        table.create_table().await.unwrap();
        table.put_configuration(&configuration).await.unwrap();
        let puller = Puller::new(&configuration, &services, Arc::new(Nothing)).unwrap();
        assert_eq!(puller.pull(&"desk".parse().unwrap()).await.unwrap(), UNUSED_PAUSE);
    }
}
