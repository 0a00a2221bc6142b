//! OpenAI over HTTP, against the simulator and the official description.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail by panicking; the lint knows only test functions"
)]

mod contract;
mod requests;

use http_client::read_credentials;
use provider_openai::{OpenAi, SPEC};
use provider_testing::{Service, contract_replies, options, secret, world_with};
use serde_json::{Value, json};
use simulators::Simulation;
use simulators::fault::Fault;
use std::time::Duration;

const OPENAI: Service = Service { name: "openai", descriptions: &["openai.json"] };
const MODEL: &str = "gpt-5.6-terra";
const IN_HOUSE: &str = "qwen-coder";
const LONG: Duration = Duration::from_secs(60);

/// A simulation of the service, or of a compatible server.
async fn simulation(compatible: bool) -> Simulation {
    let section = format!(
        "openai: {{ secret: ticketsmith/openai, models: [{MODEL}, gpt-5.5, {IN_HOUSE}], compatible: {compatible}, replies: [] }}"
    );
    let mut world = world_with("ticketsmith/openai: { api_key: simulated-openai-key }", &section);
    world.section_mut::<simulators::openai::World>("openai").unwrap().replies = contract_replies();
    OPENAI.described_simulation_of(world).await
}

fn with_secret(simulation: &Simulation, api: &str, secret: &secrecy::SecretString) -> OpenAi {
    let free = json!({"input": 0, "output": 0});
    let settings = json!({
        "base_url": format!("{}/v1", simulation.url("openai")), "api": api, "model": MODEL,
        "prices": {MODEL: {"input": 2, "output": 12, "cache_read": 0.2, "cache_write": 2.5}, IN_HOUSE: free},
    });
    let credentials = read_credentials("ticketsmith/openai", secret, &SPEC.secret_forms()).unwrap();
    OpenAi::new(&serde_json::from_value(settings).unwrap(), credentials, &options()).unwrap()
}

fn openai(simulation: &Simulation, api: &str) -> OpenAi {
    with_secret(simulation, api, &secret(simulation, "ticketsmith/openai"))
}

/// An error as the service says it.
fn says(status: u16, words: &str) -> Fault {
    coded(status, "a_code", words)
}

fn coded(status: u16, code: &str, words: &str) -> Fault {
    let error = json!({"message": words, "type": "a_type", "param": null, "code": code});
    Fault { status: Some(status), body: Some(json!({"error": error})), ..Fault::default() }
}

/// The body of the last request to a path.
fn last_request(simulation: &Simulation, path: &str) -> Value {
    let log = simulation.log().into_iter().rev();
    log.filter(|entry| entry.path == path).map(|entry| entry.request).next().unwrap()
}
