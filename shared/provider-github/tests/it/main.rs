//! GitHub over HTTP, against the simulator and the official description.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail by panicking; the lint knows only test functions"
)]

mod apps;
mod checks;
mod code;
mod tickets;

use domain::plugins::RepositoryAccess;
use domain::{BranchName, RepositoryName};
use http_client::read_credentials;
use provider_github::{Github, SPEC};
use provider_testing::{Service, options, secret};
use serde_json::json;
use simulators::Simulation;

pub(crate) const GITHUB: Service = Service { name: "github", descriptions: &["api.github.com.json"] };

/// A client with the token of the world.
fn github(simulation: &Simulation) -> Github {
    connect(simulation, &secret(simulation, "ticketsmith/github"), RepositoryAccess::WriteContents)
}

fn connect(simulation: &Simulation, secret: &secrecy::SecretString, access: RepositoryAccess) -> Github {
    let settings = serde_json::from_value(json!({"base_url": simulation.url("github")})).unwrap();
    let credentials = read_credentials("ticketsmith/github", secret, &SPEC.secret_forms()).unwrap();
    Github::new(&settings, credentials, access, &options()).unwrap()
}

fn shop() -> RepositoryName {
    "acme/shop".parse().unwrap()
}

fn branch(name: &str) -> BranchName {
    name.parse().unwrap()
}
