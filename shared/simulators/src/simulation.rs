//! A running world: one listener for each service and one for control.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::task::JoinHandle;

use crate::clock::{self, Clock};
use crate::control;
use crate::credentials::Secrets;
use crate::delivery::{Delivery, DeliveryError};
use crate::description::{UnexpectedRequest, Violations};
use crate::error::SimulationError;
use crate::fault::{Fault, FaultError, Faults};
use crate::listener::{Front, listen, load_descriptions, serve};
use crate::log::{LogEntry, ServiceLog};
use crate::service::Opening;
use crate::services;
use crate::shared::Shared;
use crate::webhook::{Outgoing, Receipt};
use crate::world::World;

pub use crate::shared::Urls;

/// How a simulation is run.
#[derive(Default)]
pub struct Options {
    /// A folder with the services' official OpenAPI descriptions, under the file names that each service gives, and with the JSON
    /// Schema of Atlassian's documents, `adf.json`. Each request is checked against the available ones of its service.
    pub descriptions: Option<PathBuf>,
    /// The port of the control address on 127.0.0.1; 0 takes any free one. The services always take free ones.
    pub control_port: u16,
    /// The folder that the control address may export repositories to. Empty for the current one.
    pub exports: PathBuf,
    /// The time to use; when absent, the world's `now` or the machine's clock.
    pub clock: Option<Clock>,
}

/// A running world. It ends when dropped.
pub struct Simulation {
    shared: Arc<Shared>,
    control_url: String,
    listeners: Vec<JoinHandle<()>>,
}

impl Simulation {
    /// Starts every service of the world on 127.0.0.1.
    ///
    /// # Errors
    /// [`SimulationError`], naming the key of the world, the file or the port at fault.
    pub async fn start(world: World, options: Options) -> Result<Self, SimulationError> {
        let clock = options.clock.or_else(|| world.now.map(clock::starting_at)).unwrap_or_else(clock::system);
        let descriptions = options.descriptions.as_deref();
        let log = ServiceLog::redacting(world.secrets.values());
        let violations = Violations::default();
        let faults = Faults::default();
        for fault in &world.faults {
            faults.push(fault.clone())?;
        }
        let front = Front {
            log: log.clone(),
            violations: violations.clone(),
            faults: faults.clone(),
            clock: clock.clone(),
        };
        let mut urls = Urls::default();
        let mut opened = BTreeMap::new();
        let mut listeners = Vec::new();
        for spec in services::ALL {
            let Some(section) = world.sections.get(spec.name) else { continue };
            let (listener, address) = listen(0).await?;
            let opening = Opening {
                secrets: &world.secrets,
                signing: &world.signing,
                folder: &world.folder,
                descriptions,
                address: address.clone(),
                clock: clock.clone(),
                log: log.clone(),
                violations: violations.clone(),
            };
            let service = (spec.open)(section, opening)?;
            let checked = load_descriptions(descriptions, spec.descriptions, spec.overlays)?;
            let router = front.before(spec, service.router(), checked);
            let router = router.merge(front.before_pages(spec, service.pages()));
            listeners.push(serve(listener, router));
            urls.0.insert(spec.name, address);
            opened.insert(spec.name, service);
        }
        let (control, control_url) = listen(options.control_port).await?;
        let shared = Arc::new(Shared {
            client: reqwest::Client::builder().no_proxy().connect_timeout(Duration::from_secs(5)).build()?,
            services: opened,
            exports: options.exports,
            world,
            urls,
            log,
            violations,
            faults,
        });
        listeners.push(serve(control, control::router(shared.clone())));
        Ok(Self { shared, control_url, listeners })
    }

    /// Addresses of the services.
    #[must_use]
    pub fn urls(&self) -> &Urls {
        &self.shared.urls
    }

    /// Address of one service, by its name; empty when the world does not have it.
    #[must_use]
    pub fn url(&self, service: &str) -> &str {
        self.shared.urls.get(service).unwrap_or_default()
    }

    /// Address of the control server, whose routes are below `/_world/`.
    #[must_use]
    pub fn control_url(&self) -> &str {
        &self.control_url
    }

    /// Every request that was answered so far.
    #[must_use]
    pub fn log(&self) -> Vec<LogEntry> {
        self.shared.log.entries()
    }

    /// Every request that the real service would not know, or the script of the model does not expect.
    #[must_use]
    pub fn violations(&self) -> Vec<UnexpectedRequest> {
        self.shared.violations.all()
    }

    /// Queues a fault for the next request that matches it.
    ///
    /// # Errors
    /// [`FaultError`] when it could never be given.
    pub fn add_fault(&self, fault: Fault) -> Result<(), FaultError> {
        self.shared.faults.push(fault)
    }

    /// Tickets, messages, pages, repositories and the rest of the model's script, as JSON.
    #[must_use]
    pub fn state(&self) -> Value {
        self.shared.state()
    }

    /// The text of a `ticketsmith.yaml` that points at the simulated services.
    #[must_use]
    pub fn configuration(&self) -> String {
        self.shared.configuration()
    }

    /// The secrets that a program needs, and that the configuration names.
    #[must_use]
    pub fn secrets(&self) -> &Secrets {
        &self.shared.world.secrets
    }

    /// Performs the world's delivery of this name, and returns its webhook, not yet posted.
    ///
    /// # Errors
    /// [`DeliveryError::Unknown`] or [`DeliveryError::Refused`].
    pub fn prepare(&self, trigger: &str) -> Result<Outgoing, DeliveryError> {
        self.shared.act(self.shared.named(trigger)?)
    }

    /// Performs an action in the world, and returns its webhook, not yet posted.
    ///
    /// # Errors
    /// [`DeliveryError::Refused`] when it cannot be done.
    pub fn act(&self, delivery: &Delivery) -> Result<Outgoing, DeliveryError> {
        self.shared.act(delivery)
    }

    /// Does what the world's delivery of this name says, and posts the webhook to a receiver; `to` is its address
    /// without a path.
    ///
    /// # Errors
    /// [`DeliveryError`]. An answer of any status is a receipt.
    pub async fn deliver(&self, trigger: &str, to: &str) -> Result<Receipt, DeliveryError> {
        self.shared.deliver(self.shared.named(trigger)?, to).await
    }

    /// Writes a repository, given as `owner/name`, as a git clone to `folder`; without one, each to `folder/owner/name`.
    /// A folder written to must not exist yet or be empty. Runs git.
    ///
    /// # Errors
    /// The refusal of git or the file system, in words.
    pub fn export(&self, folder: &Path, repository: Option<&str>) -> Result<(), String> {
        self.shared.export(folder, repository)
    }
}

impl Drop for Simulation {
    fn drop(&mut self) {
        self.listeners.iter().for_each(JoinHandle::abort);
    }
}
