//! `ticketsmith execution watch`: follows an execution.

use crate::api_client::{ApiClient, Call, ClientArguments};
use crate::exit::{Exit, Outcome};
use crate::print::clear_screen;
use crate::stop_signal::stop_signal;
use domain::execution::Outcome as ExecutionOutcome;
use http_client::WebSocket;
use serde::Deserialize;
use serde_json::Value;
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

/// How often to poll the API if nothing is pushed.
const INTERVAL: Duration = Duration::from_secs(1);

/// How often to poll it while events are pushed, because some changes, such as costs, are not.
const PUSHED_INTERVAL: Duration = Duration::from_secs(10);

/// How long to wait before a closed socket is reopened; an account's gateway closes each of them sooner or later.
const OPENED_AGAIN_AFTER: Duration = Duration::from_secs(60);

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
    let screen = std::io::stdout().is_terminal() && arguments.client.is_for_people();
    let show = |body: &Value| {
        if screen {
            clear_screen();
            arguments.client.print(body.clone(), &[])?;
        } else {
            arguments.client.print_line(body)?;
        }
        std::io::stdout().flush().map_err(Exit::unreachable)
    };
    tokio::select! {
        outcome = until_outcome(&client, &arguments.name, arguments.until_waiting, show) => {
            Exit::of_outcome(outcome?)
        }
        () = stop_signal() => Ok(()),
    }
}

/// Follows an execution until it ends or, if requested, waits for a person; `show` receives its state and every change.
///
/// # Errors
/// Those of `show`; the API's refusal; unreachable when nothing answers.
pub(crate) async fn until_outcome(
    client: &ApiClient,
    name: &str,
    until_waiting: bool,
    show: impl Fn(&Value) -> Outcome,
) -> Outcome<ExecutionOutcome> {
    let call = Call::get("/executions/{}", &[name]);
    let mut last = Value::Null;
    // Opened before the first look, so that nothing that happens after it goes unnoticed.
    let mut pushed = client.socket_of(name).await?;
    let (pushes, mut opened_at) = (pushed.is_some(), Instant::now());
    loop {
        if pushes && pushed.is_none() && opened_at.elapsed() >= OPENED_AGAIN_AFTER {
            (pushed, opened_at) = (client.socket_of(name).await?, Instant::now());
        }
        let body = client.send(&call).await?;
        if body != last {
            show(&body)?;
        }
        // A later version may have outcomes that this one does not know; they do not count as an end.
        let outcome = body.get("outcome").and_then(|outcome| ExecutionOutcome::deserialize(outcome).ok());
        match outcome {
            Some(outcome) if outcome.is_final() => return Ok(outcome),
            Some(ExecutionOutcome::Waiting) if until_waiting => return Ok(ExecutionOutcome::Waiting),
            _ => last = body,
        }
        pushed = changed(pushed).await;
    }
}

/// Waits until something happened, or may have. Gives the socket, unless it has ended: then the API is asked again and again.
async fn changed(pushed: Option<WebSocket>) -> Option<WebSocket> {
    let Some(mut socket) = pushed else {
        tokio::time::sleep(INTERVAL).await;
        return None;
    };
    match tokio::time::timeout(PUSHED_INTERVAL, socket.next(PUSHED_INTERVAL * 2)).await {
        Ok(Ok(Some(_))) | Err(_) => Some(socket),
        Ok(Ok(None) | Err(_)) => None,
    }
}
