//! `serve`: a laptop-sized AWS in one process, with our functions in it.
//!
//! Three listeners. The public one serves only webhooks. The API's is on loopback, and answers only to its own host names. The
//! private one, on loopback and with a token for each function, takes the place of DynamoDB, Step Functions, Secrets Manager and Lambda; functions
//! reach them only through the AWS SDK, as in an account. An optional fourth one serves metrics to Prometheus, and says whether it is healthy.

mod agents;
mod asynchronous;
mod aws_error;
pub(crate) mod backup;
mod call_shape;
mod caller;
pub(crate) mod checks;
mod connections;
pub(crate) mod data_folder;
mod descriptors;
mod direct;
mod disk;
mod dynamodb;
pub(crate) mod evidence_key;
pub(crate) mod functions;
mod health;
mod housekeeping;
mod in_process;
mod key_condition;
mod key_management;
mod lambda;
mod leading_keys;
pub(crate) mod listeners;
pub(crate) mod log_file;
mod metrics;
mod news;
pub(crate) mod opt_in;
pub(crate) mod private;
pub(crate) mod private_files;
mod pull;
mod repeated_transactions;
mod schedules;
pub(crate) mod sdk;
pub(crate) mod secret_file;
mod secret_names;
mod secrets_manager;
pub(crate) mod source_file;
mod sources;
mod stream;
mod stream_pages;
mod stream_records;
mod table_file;
pub(crate) mod workflows;
#[cfg(test)]
#[path = "server/tests/year.rs"]
mod year;

use crate::configuration_file::ConfigurationFile;
use crate::exit::{Exit, Outcome};
use crate::in_force;
use axum::Router;
use backup::EngineCopy;
use caller::{Grant, Grants};
use data_folder::{DataFolder, Running};
use direct::Direct;
use domain::{ActionError, Clock, SystemClock};
use engine::Engine;
use functions::{Connected, StepTargets};
use housekeeping::House;
use in_process::InProcess;
use key_management::EVIDENCE_KEY;
use listeners::{bind, hosts_of, serve, serve_strangers, url_of};
use metrics::Figures;
use private::Private;
use pull::Puller;
use records::{LocalTurns, Table};
use runtime::{FunctionSpec, Services, Source};
use sdk::{STATE_MACHINE_ARN_PREFIX, TABLE, sdk_config};
use secrecy::ExposeSecret;
use secret_file::SecretFile;
use secret_names::{SecretNames, secrets_of};
use sources::{Sources, stream_readers};
use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use stream_records::StreamRecords;
use table_file::TableFile;
use tokio::task::JoinSet;
use workflows::Workflows;

/// How long running functions may take to finish when `serve` stops; unfinished ones are called again at the next start.
const GRACE: Duration = Duration::from_secs(5);

/// How often the file of the secrets is looked at.
const LOOK_AT_SECRETS: Duration = Duration::from_secs(1);

/// The options of a server.
pub(crate) struct Options {
    /// The configuration.
    pub(crate) file: ConfigurationFile,
    /// The data folder.
    pub(crate) data: PathBuf,
    /// Where the functions' routes are served.
    pub(crate) listen: SocketAddr,
    /// The port of the API on loopback; 0 picks a free one.
    pub(crate) api_port: u16,
    /// The public name of the API behind TLS, with a port if it has one: `tickets.acme.example`.
    pub(crate) expose: Option<String>,
    /// Whether to fetch events that cannot be delivered.
    pub(crate) pull: bool,
    /// Where figures are shown to Prometheus, if at all.
    pub(crate) metrics: Option<SocketAddr>,
}

/// A running server.
pub(crate) struct Server {
    /// Where it listens.
    pub(crate) running: Running,
    /// The workflows in force.
    pub(crate) workflows: Workflows,
    /// What is fetched, and what would need a public address, one line per service.
    pub(crate) pulled: Vec<String>,
    table: Table,
    file: TableFile,
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
        let Options { file, data, listen, api_port, expose, pull, metrics } = options;
        let folder =
            DataFolder::open(&data).map_err(|error| Exit::usage(format!("{}: {error}", data.display())))?;
        let lock = folder.lock().map_err(Exit::usage)?;
        folder.make_private().map_err(Exit::usage)?;
        let mut secrets = SecretFile::open(&folder).map_err(Exit::usage)?;
        crate::session_keys::ensure(&mut secrets)?;
        let evidence_key = evidence_key::open(&folder.evidence_key()).map_err(Exit::usage)?;
        let workflows = Workflows::load(&file.folder)?;
        let check_runner = checks::runner(&folder, &file.configuration).await?;
        let table_file = TableFile::open(&folder.table()).map_err(Exit::usage)?;

        let descriptors = descriptors::raise();
        let public = bind(listen).await?;
        let api = bind(SocketAddr::from((Ipv4Addr::LOCALHOST, api_port))).await?;
        let private = bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
        let private_url = url_of(&private)?;
        let public_url = url_of(&public)?;
        let api_url = url_of(&api)?;

        let targets = Arc::new(StepTargets::new(functions_at_work(descriptors)));
        let invoke: Arc<dyn engine::Invoke> = targets.clone();
        let engine = Engine::open(
            &folder.engine(),
            Arc::new(engine::SystemClock),
            Arc::clone(&invoke),
            engine::Settings::default(),
        )
        .map_err(|error| Exit::usage(format!("{}: {error}", folder.engine().display())))?;

        let mut grants = Grants::default();
        let server = grants.admit(Grant::of_server());
        let command_line = grants.admit(Grant::of_command_line());
        let admitted: Vec<_> = crate::functions::all()
            .into_iter()
            .map(|spec| {
                let secrets = secrets_of(&file.configuration, &spec);
                let grant = grants.admit(Grant::of_function(&spec, secrets));
                (spec, grant)
            })
            .collect();

        let (secrets, secret_names) = (Arc::new(RwLock::new(secrets)), SecretNames::default());
        let private_router = Private {
            grants: Arc::new(grants),
            table: table_file.clone(),
            engine: engine.router(),
            engine_copy: EngineCopy { engine: engine.clone(), folder: folder.clone() },
            functions: invoke,
            secrets: Arc::clone(&secrets),
            secret_names: secret_names.clone(),
            evidence_key: Arc::new(evidence_key),
        }
        .router();
        let mut tasks = JoinSet::new();
        tasks.spawn(take_up_secrets(secrets));
        let in_process = InProcess(private_router.clone());
        serve(&mut tasks, private, private_router);
        let figures = match metrics {
            Some(address) => Some((bind(address).await?, Figures::record(&mut tasks, &file.configuration)?)),
            None => None,
        };

        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        // The folder is locked, so no earlier process makes calls anymore.
        let turns = Arc::new(LocalTurns::new(clock.now()));
        let services = |grant: &Arc<Grant>| {
            let config = sdk_config(&private_url, grant.caller.name(), grant.token())
                .into_builder()
                .http_client(in_process.clone())
                .build();
            Services::new(config, TABLE, Some(STATE_MACHINE_ARN_PREFIX.to_owned()), Arc::clone(&clock))
                .with_store(Arc::new(Direct { table: table_file.clone(), grant: Arc::clone(grant) }))
                .with_local_turns(Arc::clone(&turns))
        };
        let table = services(&server).table();
        table.create_table().await.map_err(Exit::unreachable)?;
        secret_names.read_from(&table);
        stream::leave_out_images(table_file.writer(), table.name()).map_err(Exit::unreachable)?;
        let put = async {
            in_force::put_file(&table, "serve", &file.configuration).await?;
            workflows.put(&engine, &table).await
        };
        in_force::audited(&table, "serve", put).await?;

        let news = news::news();
        let connected: Vec<Connected> = admitted
            .into_iter()
            .map(|(spec, grant)| {
                let services = |grant: &Arc<Grant>| {
                    let services = services(grant);
                    let services = match spec.signs_evidence() {
                        true => services.with_evidence_key(EVIDENCE_KEY),
                        false => services,
                    };
                    match spec.serves_api() {
                        true => services.with_news(news.clone()),
                        false => services,
                    }
                };
                let services = match check_runner.clone().filter(|_| spec.is_invoked_by(Source::Steps)) {
                    Some(runner) => services(&grant).with_check_runner(runner),
                    None => services(&grant),
                };
                Ok(Connected { function: spec.connect(&services)?, spec })
            })
            .collect::<Result<_, ActionError>>()
            .map_err(Exit::usage)?;
        targets.set(&connected);
        let records = StreamRecords::open(&folder.table(), table.name(), stream_readers(&connected));
        let records = Arc::new(records.map_err(Exit::usage)?.beside(table_file.clone()));
        let sources = Sources {
            file: &table_file,
            records: &records,
            engine: &engine,
            table: &table,
            clock: &clock,
            news: &news,
        };
        sources.start(&mut tasks, &connected);
        for function in &connected {
            function.function.warm_up().await;
        }
        let continued = engine.resume().await.map_err(Exit::usage)?;
        if continued > 0 {
            tracing::info!(executions = continued, "continuing executions that were running");
        }
        let mut pulled = Vec::new();
        if pull {
            let webhooks = connected.iter().find(|function| function.spec.serves_http());
            let webhooks = webhooks.ok_or_else(|| Exit::usage("no function takes deliveries"))?;
            let function = Arc::clone(&webhooks.function);
            let puller = Puller::new(&file.configuration, &services(&server), function);
            pulled = puller.map_err(Exit::usage)?.start(&mut tasks);
        }
        let metrics_url = match figures {
            Some((listener, figures)) => {
                let url = url_of(&listener)?;
                let router = figures.router(engine.clone()).merge(health::router(table.clone()));
                serve(&mut tasks, listener, router);
                Some(url)
            }
            None => None,
        };
        let house = House {
            file: table_file.clone(),
            records: Arc::clone(&records),
            table: table.clone(),
            engine: engine.clone(),
            kept: housekeeping::KEPT,
        };
        tasks.spawn(house.keep());
        table
            .put_installation_token(command_line.token().expose_secret())
            .await
            .map_err(Exit::unreachable)?;
        let exposed_url = expose.as_ref().map(|name| format!("https://{name}/api/v1"));
        let mut api_hosts = hosts_of(&api)?.to_vec();
        api_hosts.extend(expose);
        let api_routes = api::only_for(api_hosts.into(), routes(&connected, FunctionSpec::serves_api));
        serve_strangers(&mut tasks, api, api_routes, descriptors);
        serve_strangers(&mut tasks, public, routes(&connected, FunctionSpec::serves_http), descriptors);

        let running = Running {
            private_url,
            public_url,
            metrics_url,
            api_url: Some(format!("{api_url}/api/v1")),
            exposed_url,
            token: command_line.token().expose_secret().to_owned(),
            process: std::process::id(),
        };
        folder.announce(&running).map_err(Exit::usage)?;
        Ok(Self { running, workflows, pulled, table, file: table_file, engine, folder, tasks, _lock: lock })
    }

    /// A link that signs in once to the API, as the operator: at its public name if it has one.
    ///
    /// # Errors
    /// Unreachable when the table does not answer.
    pub(crate) async fn sign_in_link(&self) -> Outcome<Option<String>> {
        match self.running.exposed_url.as_ref().or(self.running.api_url.as_ref()) {
            Some(url) => crate::session_keys::new_link(&self.table, url, None).await.map(Some),
            None => Ok(None),
        }
    }

    /// Puts changed workflows, prompts and agents in force; executions at work keep the definition they started with.
    ///
    /// # Errors
    /// When the table or the engine does not take them.
    pub(crate) async fn replace_workflows(&mut self, workflows: Workflows) -> Outcome {
        in_force::audited(&self.table, "serve", workflows.put(&self.engine, &self.table)).await?;
        self.workflows = workflows;
        Ok(())
    }

    /// Waits until the disk fails, after which nothing can be done but to start again when it works.
    pub(crate) async fn failed(&self) -> Exit {
        tokio::select! {
            failed = self.file.failed() => Exit::unreachable(failed),
            failed = self.engine.failed() => Exit::unreachable(failed),
        }
    }

    /// Stops: no more calls begin, and running ones get a few seconds.
    pub(crate) async fn stop(mut self) {
        self.folder.forget_running();
        self.engine.shutdown(GRACE).await;
        self.tasks.shutdown().await;
    }
}

/// Has the functions use what `ticketsmith secrets set` writes, as soon as it is written.
async fn take_up_secrets(secrets: Arc<RwLock<SecretFile>>) {
    let mut look = tokio::time::interval(LOOK_AT_SECRETS);
    let mut failed = false;
    loop {
        look.tick().await;
        let mut secrets = secrets.write().unwrap_or_else(PoisonError::into_inner);
        match secrets.read_again() {
            Ok(false) => failed = false,
            Ok(true) => {
                runtime::secrets_changed();
                failed = false;
                tracing::info!("the secrets have changed and are read again");
            }
            Err(error) => {
                // Once is enough: nothing changes until somebody writes the file.
                if !failed {
                    tracing::error!(%error, "the secrets cannot be read again; those read before stay in use");
                }
                failed = true;
            }
        }
    }
}

/// How many functions of steps may run at once: each has connections to the table, both ends of which are ours, and to providers.
fn functions_at_work(descriptors: usize) -> usize {
    (descriptors / 16).clamp(16, 256)
}

/// What some of the functions serve over HTTP.
fn routes(functions: &[Connected], serves: fn(&FunctionSpec) -> bool) -> Router {
    functions
        .iter()
        .filter(|function| serves(&function.spec))
        .filter_map(|function| Arc::clone(&function.function).routes())
        .fold(Router::new(), Router::merge)
}
