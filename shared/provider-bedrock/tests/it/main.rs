//! Bedrock over HTTP, against the simulator and the official description.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail by panicking; the lint knows only test functions"
)]

mod contract;
mod requests;

use provider_bedrock::Bedrock;
use provider_testing::{Service, contract_replies, options, world_with};
use serde_json::{Value, json};
use simulators::Simulation;
use simulators::fault::Fault;
use std::time::Duration;

const BEDROCK: Service = Service { name: "bedrock", descriptions: &["bedrock-runtime.json"] };
const CLAUDE: &str = "eu.anthropic.claude-sonnet-5-5";
const NOVA: &str = "amazon.nova-pro-v1:0";
const OTHER: &str = "openai.gpt-oss-120b-1:0";
const LONG: Duration = Duration::from_secs(60);

async fn simulation() -> Simulation {
    let section = format!("bedrock: {{ models: [{CLAUDE}, \"{NOVA}\", \"{OTHER}\"], replies: [] }}");
    let mut world = world_with("unused: { field: nothing-in-particular }", &section);
    world.section_mut::<simulators::bedrock::World>("bedrock").unwrap().replies = contract_replies();
    BEDROCK.described_simulation_of(world).await
}

fn bedrock(simulation: &Simulation) -> Bedrock {
    let settings = json!({"base_url": simulation.url("bedrock"), "region": "eu-central-1", "model": CLAUDE});
    let settings = serde_json::from_value(settings).unwrap();
    Bedrock::new("plugins.bedrock", &settings, &options()).unwrap()
}

/// An error as the service says it.
fn says(status: u16, words: &str) -> Fault {
    Fault { status: Some(status), body: Some(json!({"message": words})), ..Fault::default() }
}

/// The body of the last request to a path.
fn last_request(simulation: &Simulation, path: &str) -> Value {
    let log = simulation.log().into_iter().rev();
    log.filter(|entry| entry.path.ends_with(path)).map(|entry| entry.request).next().unwrap()
}
