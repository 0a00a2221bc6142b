//! GitHub over HTTP, against the simulator and the official description.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail by panicking; the lint knows only test functions"
)]

mod apps;
mod attachments;
mod checks;
mod code;
mod pull;
mod refusals;
mod tickets;

use domain::plugins::RepositoryAccess;
use domain::{BranchName, RepositoryName};
use http_client::read_credentials;
use provider_github::{Github, SPEC};
use provider_testing::{Service, options, secret, start};
use serde_json::json;
use simulators::{Simulation, World};
use std::path::Path;

pub(crate) const GITHUB: Service = Service { name: "github", descriptions: &["api.github.com.json"] };

/// A client with the token of the world.
fn github(simulation: &Simulation) -> Github {
    connect(simulation, &secret(simulation, "ticketsmith/github"), RepositoryAccess::WriteContents)
}

/// The built-in world with something in the place of a line of GitHub's section.
async fn changed(line: &str, with: &str) -> Simulation {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../simulators/worlds");
    let world = std::fs::read_to_string(folder.join("shop.yaml")).unwrap();
    // Other stacks have lines of the same words further down.
    assert!(world.contains(line), "{line}");
    start(World::parse(&world.replacen(line, with, 1), folder).unwrap(), None, None).await
}

fn connect(simulation: &Simulation, secret: &secrecy::SecretString, access: RepositoryAccess) -> Github {
    connect_at(simulation.url("github"), secret, access)
}

fn connect_at(address: &str, secret: &secrecy::SecretString, access: RepositoryAccess) -> Github {
    let settings = serde_json::from_value(json!({"base_url": address})).unwrap();
    let credentials = read_credentials("ticketsmith/github", secret, &SPEC.secret_forms()).unwrap();
    Github::new(&settings, credentials, access, &options()).unwrap()
}

fn shop() -> RepositoryName {
    "acme/shop".parse().unwrap()
}

fn branch(name: &str) -> BranchName {
    name.parse().unwrap()
}
