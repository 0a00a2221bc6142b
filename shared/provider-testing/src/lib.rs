//! What the tests of every provider need: a simulated service of the built-in world, its secrets, its faults, and a check of
//! its requests against the official description. Only tests depend on this crate.
//!
//! ```no_run
//! use provider_testing::{Service, assert_described, mark, options, secret};
//!
//! const JIRA: Service = Service { name: "jira", descriptions: &["jira-v3.json", "adf.json"] };
//!
//! # async fn test() {
//! let simulation = JIRA.described_simulation().await;
//! let secret = secret(&simulation, "ticketsmith/jira");
//! assert_described(&simulation);
//! # }
//! ```

#![expect(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "helpers of tests fail by panicking; the lint knows only test functions"
)]

mod contract;
mod hostile;
mod model_contract;
mod monitoring_contract;

pub use contract::assert_contract;
pub use hostile::{HOSTILE, assert_in_proportion};
pub use model_contract::{ModelContract, contract_replies, world_with};
pub use monitoring_contract::MonitoringContract;

use async_trait::async_trait;
use domain::plugins::Mark;
use http_client::{Options, Pause};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};
use simulators::clock::Clock;
use simulators::fault::Fault;
use simulators::{Simulation, World};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A simulated service.
#[derive(Debug, Clone, Copy)]
pub struct Service {
    /// Its name in worlds: `jira`.
    pub name: &'static str,
    /// The official descriptions that its requests are held against; the first one is needed, the others add to it. Empty where
    /// there is none.
    pub descriptions: &'static [&'static str],
}

impl Service {
    /// Starts the built-in world without descriptions, which take a second to load.
    pub async fn simulation(&self) -> Simulation {
        start(built_in(), None, None).await
    }

    /// Starts the built-in world and checks requests against the descriptions, if they are installed.
    pub async fn described_simulation(&self) -> Simulation {
        self.described_simulation_of(built_in()).await
    }

    /// Starts a world and checks requests against the descriptions, if they are installed.
    pub async fn described_simulation_of(&self, world: World) -> Simulation {
        start(world, self.descriptions(), None).await
    }

    /// The same with another clock.
    pub async fn described_simulation_at(&self, clock: Clock) -> Simulation {
        start(built_in(), self.descriptions(), Some(clock)).await
    }

    /// A failure for the next request to a path, or for the number it gives.
    pub fn fault(&self, simulation: &Simulation, path: &str, fault: Fault) {
        let fault =
            Fault { service: Some(self.name.into()), path: path.into(), times: fault.times.max(1), ..fault };
        simulation.add_fault(fault).unwrap();
    }

    /// The folder with the official descriptions; preferably the one with all of them.
    fn descriptions(&self) -> Option<PathBuf> {
        let (all, needed) = (self.descriptions, self.descriptions.get(..1)?);
        let what = format!("requests to {}", self.name);
        let found = test_inputs::descriptions(&format!("all of the {what}"), all);
        found.or_else(|| if all.len() > 1 { test_inputs::descriptions(&what, needed) } else { None })
    }
}

/// The built-in world.
pub fn built_in() -> World {
    World::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../simulators/worlds/shop.yaml")).unwrap()
}

/// Starts a world, optionally with descriptions from a folder and another clock.
pub async fn start(world: World, descriptions: Option<PathBuf>, clock: Option<Clock>) -> Simulation {
    let options = simulators::Options { descriptions, clock, ..simulators::Options::default() };
    Simulation::start(world, options).await.unwrap()
}

/// A secret of the world as JSON.
pub fn secret(simulation: &Simulation, name: &str) -> SecretString {
    let fields = simulation.secrets().by_name()[name].iter();
    let fields: Map<String, Value> =
        fields.map(|(field, value)| (field.clone(), value.expose_secret().into())).collect();
    Value::from(fields).to_string().into()
}

/// Options with time to answer on a busy machine, and no pauses before a request is sent again.
pub fn options() -> Options {
    Options::new().unwrap().request_timeout(Duration::from_secs(60)).pause(Arc::new(Pauses::default()))
}

/// Remembers the pauses that a client would have made, and makes none.
#[derive(Debug, Default)]
pub struct Pauses(Mutex<Vec<Duration>>);

impl Pauses {
    /// All of them so far, in order.
    pub fn made(&self) -> Vec<Duration> {
        self.0.lock().unwrap().clone()
    }
}

#[async_trait]
impl Pause for Pauses {
    async fn pause(&self, duration: Duration) {
        self.0.lock().unwrap().push(duration);
    }
}

/// The mark of an effect that happens now.
pub fn mark(key: &str) -> Mark {
    Mark { key: key.to_owned(), at: jiff::Timestamp::now() }
}

/// Nothing was sent that the services' descriptions do not allow, and nothing to a path that they do not have.
pub fn assert_described(simulation: &Simulation) {
    let violations: Vec<_> = simulation.violations().iter().map(ToString::to_string).collect();
    assert!(violations.is_empty(), "{}", violations.join("\n"));
}
