//! `ticketsmith execution watch`: follows an execution.

use crate::api_client::{ApiClient, Call, ClientArguments};
use crate::exit::{Exit, Outcome};
use crate::print::clear_screen;
use crate::stop_signal::stop_signal;
use domain::execution::Outcome as ExecutionOutcome;
use serde::Deserialize;
use serde_json::Value;
use std::io::{IsTerminal, Write};
use std::time::Duration;

/// How often the API is asked.
const INTERVAL: Duration = Duration::from_secs(1);

/// `ticketsmith execution watch`
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The execution's name.
    name: String,
    /// End also when it waits for a person.
    #[arg(long)]
    until_waiting: bool,
    #[command(flatten)]
    client: ClientArguments,
}

/// Runs the command.
///
/// # Errors
/// The outcome's code, without a message; the API's refusal; unreachable when nothing answers.
pub(crate) async fn run(arguments: Arguments) -> Outcome {
    let client = arguments.client.client()?;
    tokio::select! {
        outcome = follow(&arguments, &client) => Exit::of_outcome(outcome?),
        () = stop_signal() => Ok(()),
    }
}

async fn follow(arguments: &Arguments, client: &ApiClient) -> Outcome<ExecutionOutcome> {
    let call = Call::get("/executions/{}", &[&arguments.name]);
    let screen = std::io::stdout().is_terminal() && arguments.client.is_for_people();
    let mut tick = tokio::time::interval(INTERVAL);
    let mut last = Value::Null;
    loop {
        tick.tick().await;
        let body = client.send(&call).await?;
        if body != last {
            if screen {
                clear_screen();
                arguments.client.print(body.clone(), &[])?;
            } else {
                println!("{body}");
            }
            std::io::stdout().flush().map_err(Exit::unreachable)?;
        }
        // A later version may have outcomes that this one does not know; none of them counts as an end.
        let outcome = body.get("outcome").and_then(|outcome| ExecutionOutcome::deserialize(outcome).ok());
        match outcome {
            Some(outcome) if outcome.is_final() => return Ok(outcome),
            Some(ExecutionOutcome::Waiting) if arguments.until_waiting => {
                return Ok(ExecutionOutcome::Waiting);
            }
            _ => last = body,
        }
    }
}
