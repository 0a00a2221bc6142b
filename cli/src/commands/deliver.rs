//! `ticketsmith deliver`: makes a running simulation do something and send the signed delivery that reports it.

use crate::exit::{Exit, Outcome};
use serde_json::{Value, json};
use std::time::Duration;

/// `ticketsmith deliver`
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The name of a delivery in the world file: jira-label, jira-transition, github-label, slack-command, …
    trigger: String,
    /// The simulation's control address.
    #[arg(long, value_name = "URL")]
    world: String,
    /// Where the delivery goes: the public address of `serve`.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    to: String,
}

const EXAMPLES: &str = "\
Example:
  ticketsmith deliver jira-label --world http://127.0.0.1:4400 --to http://127.0.0.1:8080

Exit codes: 0 accepted · 1 refused · 2 an address is invalid · 3 the simulation or the receiver is not reachable";

/// Runs the command.
///
/// # Errors
/// A negative answer if the receiver refuses the delivery; unreachable if nothing answers.
pub(crate) async fn run(arguments: Arguments) -> Outcome {
    for (option, address) in [("--world", &arguments.world), ("--to", &arguments.to)] {
        if reqwest::Url::parse(address).is_err() {
            let message =
                format!("{option}: `{address}` is not an address; accepted: one as http://127.0.0.1:8080");
            return Err(Exit::usage(message));
        }
    }
    let receipt = deliver(&arguments.world, &json!(arguments.trigger), &arguments.to).await?;
    println!("{receipt}");
    let status = receipt["status"].as_u64().unwrap_or_default();
    if (200..300).contains(&status) {
        Ok(())
    } else {
        Err(Exit::negative(format!("the receiver answered {status}")))
    }
}

/// Makes the simulation at `world` send a delivery, by its name or whole, to `to` and returns the receiver's `{"status", "body"}`.
///
/// # Errors
/// Unreachable when the simulation or the receiver does not answer; negative when the simulation does not know the delivery.
pub(crate) async fn deliver(world: &str, trigger: &Value, to: &str) -> Outcome<Value> {
    let client = control_client()?;
    let response = client
        .post(format!("{world}/_world/deliver"))
        .json(&json!({ "trigger": trigger, "to": to }))
        .send()
        .await
        .map_err(|error| Exit::unreachable(format!("the simulation at {world} does not answer: {error}")))?;
    let accepted = response.status().is_success();
    let body: Value = response.json().await.map_err(Exit::unreachable)?;
    if accepted {
        return Ok(body);
    }
    Err(Exit::negative(body["error"].as_str().unwrap_or("the simulation refused")))
}

/// An HTTP client for control addresses, which are on this machine.
///
/// # Errors
/// Unreachable when the client cannot be created.
pub(crate) fn control_client() -> Outcome<reqwest::Client> {
    reqwest::Client::builder()
        .no_proxy()
        .connect_timeout(Duration::from_secs(2))
        .timeout(Duration::from_secs(30))
        .build()
        .map_err(Exit::unreachable)
}
