//! A simulated GitHub of the built-in world, and a client of it.

use domain::plugins::Mark;
use http_client::Options;
use secrecy::SecretString;
use simulators::clock::Clock;
use simulators::fault::Fault;
use simulators::{Simulation, World};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The services' official descriptions, where they are installed.
fn descriptions() -> Option<PathBuf> {
    test_inputs::descriptions("requests to GitHub", &["api.github.com.json"])
}

/// Starts the built-in world and holds what is sent against the description, which takes a second to load.
pub(crate) async fn described_simulation() -> Simulation {
    start(built_in(), descriptions(), None).await
}

/// Starts the built-in world.
pub(crate) async fn simulation() -> Simulation {
    start(built_in(), None, None).await
}

fn built_in() -> World {
    World::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../simulators/worlds/shop.yaml")).unwrap()
}

/// Starts a world.
pub(crate) async fn start(world: World, descriptions: Option<PathBuf>, clock: Option<Clock>) -> Simulation {
    let options = simulators::Options { descriptions, clock, ..simulators::Options::default() };
    Simulation::start(world, options).await.unwrap()
}

/// A secret of the world as JSON.
pub(crate) fn secret(simulation: &Simulation, name: &str) -> SecretString {
    use secrecy::ExposeSecret;
    let fields = simulation.secrets().by_name()[name].iter();
    let fields: serde_json::Map<_, _> =
        fields.map(|(field, value)| (field.clone(), value.expose_secret().into())).collect();
    serde_json::Value::from(fields).to_string().into()
}

/// Options with time to answer on a busy machine.
pub(crate) fn options() -> Options {
    Options::new().unwrap().request_timeout(Duration::from_secs(60))
}

/// An effect's mark that is made now.
pub(crate) fn mark(key: &str) -> Mark {
    Mark { key: key.to_owned(), at: jiff::Timestamp::now() }
}

/// One failure of the service for the next request to a path.
pub(crate) fn fault(simulation: &Simulation, path: &str, fault: Fault) {
    let fault = Fault { service: Some("github".into()), path: path.into(), times: 1, ..fault };
    simulation.add_fault(fault).unwrap();
}

/// Nothing was sent that the service's description does not allow.
pub(crate) fn assert_described(simulation: &Simulation) {
    let violations: Vec<_> = simulation.violations().iter().map(ToString::to_string).collect();
    assert!(violations.is_empty(), "{}", violations.join("\n"));
}
