//! `serve`: a laptop-sized AWS in one process, with our functions in it.
//!
//! Two listeners. The public one takes webhooks and nothing else. The private one, on loopback and with a token for each function,
//! stands for DynamoDB, Step Functions and Secrets Manager; functions reach them only through the AWS SDK, as in an account. A
//! third one, where it is asked for, shows figures to Prometheus.

pub(crate) mod caller;
pub(crate) mod data_folder;
mod dynamodb;
pub(crate) mod functions;
mod lambda;
mod leading_keys;
pub(crate) mod log_file;
mod metrics;
mod private;
mod schedules;
pub(crate) mod sdk;
pub(crate) mod secret_file;
mod secrets_manager;
mod stream;
pub(crate) mod workflows;

use crate::configuration_file::ConfigurationFile;
use crate::exit::{Exit, Outcome};
use actions::Dispatcher;
use backon::{ExponentialBuilder, Retryable};
use caller::{Caller, Grant, Grants};
use data_folder::{DataFolder, Running};
use domain::configuration::{Configuration, secret_id};
use domain::{ActionError, ActionName, Clock, PluginType, SystemClock};
use dynamodb::Written;
use dynoxide::Database;
use engine::Engine;
use events::{EventInput, Events};
use functions::Functions;
use private::Private;
use records::Table;
use sdk::{STATE_MACHINE_ARN_PREFIX, TABLE, sdk_config};
use secrecy::ExposeSecret;
use secret_file::{KEY_VARIABLE, SecretFile};
use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, RwLock};
use std::time::Duration;
use stream::StreamReader;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use webhooks::Webhooks;
use workflows::Workflows;

/// How long functions at work may take to answer when `serve` stops; what is unfinished then is called again at the next start.
const GRACE: Duration = Duration::from_secs(5);

/// How often the sweeper looks for executions that need attention.
const SWEEP_INTERVAL: Duration = Duration::from_secs(60);

/// What a server is started with.
pub(crate) struct Options {
    /// The configuration.
    pub(crate) file: ConfigurationFile,
    /// The data folder.
    pub(crate) data: PathBuf,
    /// Where webhooks are taken.
    pub(crate) listen: SocketAddr,
    /// Where figures are shown to Prometheus, if at all.
    pub(crate) metrics: Option<SocketAddr>,
}

/// A running server.
pub(crate) struct Server {
    /// Where it listens.
    pub(crate) running: Running,
    /// The workflows in force.
    pub(crate) workflows: Workflows,
    table: Table,
    engine: Engine,
    folder: DataFolder,
    tasks: JoinSet<()>,
    _lock: File,
}

impl Server {
    /// Starts everything and continues the executions that were running when the folder was last used.
    ///
    /// # Errors
    /// Usage errors for the configuration, the workflows and the data folder; unreachable when an address cannot be had.
    pub(crate) async fn start(options: Options) -> Outcome<Self> {
        let Options { file, data, listen, metrics } = options;
        let folder =
            DataFolder::open(&data).map_err(|error| Exit::usage(format!("{}: {error}", data.display())))?;
        let lock = folder.lock().map_err(Exit::usage)?;
        let key = std::env::var(KEY_VARIABLE).ok();
        let secrets = SecretFile::open(&folder.secrets(), &folder.secrets_key(), key.as_deref())
            .map_err(Exit::usage)?;
        let workflows = Workflows::load(&file.folder)?;
        let database = Database::new(&folder.table().to_string_lossy()).map_err(Exit::usage)?;

        let public = bind(listen).await?;
        let private = bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
        let private_url = url_of(&private)?;
        let public_url = url_of(&public)?;

        let functions = Arc::new(Functions::default());
        let invoke: Arc<dyn engine::Invoke> = functions.clone();
        let engine = Engine::open(
            &folder.engine(),
            Arc::new(engine::SystemClock),
            Arc::clone(&invoke),
            engine::Settings::default(),
        )
        .map_err(Exit::usage)?;

        let mut grants = Grants::default();
        let server = grants.admit(Grant::new(Caller::Server, []));
        let command_line = grants.admit(Grant::new(Caller::CommandLine, []));
        let webhooks_grant =
            grants.admit(Grant::new(Caller::Webhooks, [file.configuration.webhooks.secret.clone()]));
        let events_grant = grants.admit(Grant::new(Caller::Events, secrets_of_events(&file.configuration)));
        let action_grants: Vec<_> = ActionName::ALL
            .iter()
            .map(|action| {
                let secrets = secrets_of(&file.configuration, *action);
                (*action, grants.admit(Grant::new(Caller::Action(*action), secrets)))
            })
            .collect();

        let written = Arc::new(Written::default());
        let private_router = Private {
            grants: Arc::new(grants),
            database: database.clone(),
            written: Arc::clone(&written),
            engine: engine.router(),
            functions: invoke,
            secrets: Arc::new(RwLock::new(secrets)),
        }
        .router();
        let mut tasks = JoinSet::new();
        serve(&mut tasks, private, private_router);
        let metrics_url = match metrics {
            Some(address) => {
                let listener = bind(address).await?;
                let url = url_of(&listener)?;
                let router = metrics::router(&mut tasks)?;
                serve(&mut tasks, listener, router);
                Some(url)
            }
            None => None,
        };

        let config = |grant: &Grant| sdk_config(&private_url, &grant.caller.name(), grant.token());
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let table = Table::new(aws_sdk_dynamodb::Client::new(&config(&server)), TABLE);
        table.create_table().await.map_err(Exit::unreachable)?;
        table.put_configuration(&file.configuration).await.map_err(Exit::usage)?;
        workflows.put(&engine, &table).await?;

        let mut dispatchers = Vec::new();
        for (action, grant) in action_grants {
            let config = config(&grant);
            let dispatcher = Dispatcher::new(
                Table::new(aws_sdk_dynamodb::Client::new(&config), TABLE),
                aws_sdk_secretsmanager::Client::new(&config),
                Arc::clone(&clock),
            );
            dispatchers.push((action, dispatcher.map_err(Exit::usage)?));
        }
        functions.set(dispatchers);

        let events_config = config(&events_grant);
        let events = Events::new(
            Table::new(aws_sdk_dynamodb::Client::new(&events_config), TABLE),
            aws_sdk_sfn::Client::new(&events_config),
            aws_sdk_secretsmanager::Client::new(&events_config),
            STATE_MACHINE_ARN_PREFIX,
            Arc::clone(&clock),
        );
        let events = Arc::new(events.map_err(Exit::usage)?);
        let reader = StreamReader::from_oldest(database, TABLE).map_err(Exit::usage)?;
        tasks.spawn(follow_stream(reader, written, Arc::clone(&events)));
        tasks.spawn(follow_status(engine.subscribe(), Arc::clone(&events)));
        tasks.spawn(schedules::keep(Arc::clone(&events), table.clone(), Arc::clone(&clock)));
        tasks.spawn(sweep(events));

        let webhooks_config = config(&webhooks_grant);
        let webhooks = Webhooks::new(
            Table::new(aws_sdk_dynamodb::Client::new(&webhooks_config), TABLE),
            aws_sdk_sfn::Client::new(&webhooks_config),
            aws_sdk_secretsmanager::Client::new(&webhooks_config),
            STATE_MACHINE_ARN_PREFIX,
            clock,
        );
        webhooks.warm_up().await;
        let continued = engine.resume().await.map_err(Exit::usage)?;
        if continued > 0 {
            tracing::info!(executions = continued, "continuing what was running");
        }
        serve(&mut tasks, public, webhooks.router());

        let running = Running {
            private_url,
            public_url,
            metrics_url,
            token: command_line.token().expose_secret().to_owned(),
            process: std::process::id(),
        };
        folder.announce(&running).map_err(Exit::usage)?;
        Ok(Self { running, workflows, table, engine, folder, tasks, _lock: lock })
    }

    /// Puts changed workflows and prompts in force; executions at work keep the definition they started with.
    ///
    /// # Errors
    /// When the table or the engine does not take them.
    pub(crate) async fn replace_workflows(&mut self, workflows: Workflows) -> Outcome {
        workflows.put(&self.engine, &self.table).await?;
        self.workflows = workflows;
        Ok(())
    }

    /// Stops: no more calls are begun, those at work get a few seconds.
    pub(crate) async fn stop(mut self) {
        self.folder.forget_running();
        self.engine.shutdown(GRACE).await;
        self.tasks.shutdown().await;
    }
}

/// Returns when the process is asked to stop.
pub(crate) async fn stop_signal() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = tokio::signal::ctrl_c() => {}
                }
                return;
            }
            Err(error) => tracing::warn!(%error, "SIGTERM cannot be watched"),
        }
    }
    if let Err(error) = tokio::signal::ctrl_c().await {
        tracing::warn!(%error, "Ctrl-C cannot be watched");
    }
}

async fn bind(address: SocketAddr) -> Outcome<TcpListener> {
    TcpListener::bind(address)
        .await
        .map_err(|error| Exit::unreachable(format!("cannot listen on {address}: {error}")))
}

fn url_of(listener: &TcpListener) -> Outcome<String> {
    let address = listener.local_addr().map_err(Exit::unreachable)?;
    Ok(format!("http://{address}"))
}

fn serve(tasks: &mut JoinSet<()>, listener: TcpListener, router: axum::Router) {
    tasks.spawn(async move {
        if let Err(error) = axum::serve(listener, router).await {
            tracing::error!(%error, "a listener failed");
        }
    });
}

async fn follow_stream(mut reader: StreamReader, written: Arc<Written>, events: Arc<Events>) {
    loop {
        match reader.next(&written).await {
            Ok(records) => {
                let batch = serde_json::json!({ "Records": records });
                // A batch is handed over again until it is taken, as Lambda does, but not for ever: what is lost then, the sweeper finds.
                let handed =
                    (|| hand_over(&events, batch.clone())).retry(ExponentialBuilder::default().with_jitter());
                if let Err(error) = handed.await {
                    tracing::warn!(%error, "changes of records were not acted upon; the sweeper tries again");
                }
            }
            Err(error) => {
                tracing::error!(%error, "the table's stream cannot be read; feedback stops");
                return;
            }
        }
    }
}

/// Hands a document to the function in the form in which AWS would.
async fn hand_over(events: &Events, document: serde_json::Value) -> Result<(), ActionError> {
    let event = EventInput::from_json(document).map_err(|error| ActionError::internal(error.to_string()))?;
    events.handle(event).await
}

/// Lambda sends an asynchronous event three times in all before it gives it up:
/// <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html>.
async fn retried(events: &Events, document: serde_json::Value) {
    for pause in [Some(Duration::from_secs(60)), Some(Duration::from_secs(120)), None] {
        let Err(error) = hand_over(events, document.clone()).await else { return };
        tracing::warn!(%error, "an event was not acted upon");
        if let Some(pause) = pause {
            tokio::time::sleep(pause).await;
        }
    }
}

async fn follow_status(
    mut changes: tokio::sync::broadcast::Receiver<engine::StatusChange>,
    events: Arc<Events>,
) {
    use tokio::sync::broadcast::error::RecvError;
    let mut handled = JoinSet::new();
    loop {
        match changes.recv().await {
            Ok(change) => {
                let events = Arc::clone(&events);
                // Each for itself, as Lambda would: one slow service must not hold up what others are told.
                handled.spawn(async move { retried(&events, change.document).await });
                while handled.try_join_next().is_some() {}
            }
            Err(RecvError::Lagged(missed)) => {
                tracing::warn!(missed, "status changes were missed; the sweeper finds them")
            }
            Err(RecvError::Closed) => return,
        }
    }
}

async fn sweep(events: Arc<Events>) {
    let mut tick = tokio::time::interval(SWEEP_INTERVAL);
    loop {
        tick.tick().await;
        if let Err(error) = events.handle(EventInput::Sweep).await {
            tracing::warn!(%error, "the sweeper failed; it tries again in a minute");
        }
    }
}

/// The secrets an action may read: those of the providers that serve, in some project, a plugin type whose credentials it uses.
fn secrets_of(configuration: &Configuration, action: ActionName) -> Vec<String> {
    secrets_of_types(configuration, actions::catalog::credentials(action))
}

fn secrets_of_events(configuration: &Configuration) -> Vec<String> {
    secrets_of_types(configuration, events::CREDENTIALS)
}

fn secrets_of_types(configuration: &Configuration, types: &[PluginType]) -> Vec<String> {
    let plugins = &configuration.plugins;
    let providers = configuration
        .projects
        .iter()
        .flat_map(|project| &project.providers)
        .filter(|(plugin, _)| types.contains(plugin))
        .map(|(_, provider)| provider);
    providers
        .filter_map(|provider| plugins.secret(*provider))
        .map(|name| secret_id(name).to_owned())
        .collect()
}
