//! `ticketsmith workflow list|view|start`: the workflows that an installation has.

use crate::api_client::{Call, ClientArguments, Column};
use crate::commands::execution::WaitArgument;
use crate::exit::Outcome;
use crate::typed_input::{typed_by, written_input};
use serde_json::json;

const COLUMNS: &[Column] = &[("workflow", "name"), ("title", "title"), ("triggers", "triggers")];

/// `ticketsmith workflow list`
#[derive(Debug, clap::Args)]
pub(crate) struct List {
    #[command(flatten)]
    client: ClientArguments,
}

/// `ticketsmith workflow view`
#[derive(Debug, clap::Args)]
pub(crate) struct View {
    /// Its name.
    name: String,
    #[command(flatten)]
    client: ClientArguments,
}

/// `ticketsmith workflow start`
#[derive(Debug, clap::Args)]
pub(crate) struct Start {
    /// Its name.
    name: String,
    /// An input: NAME=VALUE, read by its type: text is taken literally, anything else is JSON. `@FILE` reads it from a file. May be repeated.
    #[arg(long = "input", value_name = "NAME=VALUE", value_parser = written_input)]
    inputs: Vec<(String, String)>,
    /// The project's key, if the ticket does not identify it.
    #[arg(long, value_name = "KEY")]
    project: Option<String>,
    #[command(flatten)]
    wait: WaitArgument,
    #[command(flatten)]
    client: ClientArguments,
}

/// The operations of the API that these commands use.
#[cfg(test)]
pub(crate) const OPERATIONS: &[(&str, &str)] = &[
    ("list_workflows", "workflow list"),
    ("get_workflow", "workflow view"),
    ("execute_workflow", "workflow start"),
];

/// Lists them.
///
/// # Errors
/// The API's refusal; unreachable when nothing answers.
pub(crate) async fn list(arguments: List) -> Outcome {
    arguments.client.show(&Call::get("/workflows", &[]), COLUMNS).await
}

/// Shows one with its inputs.
///
/// # Errors
/// As [`list`].
pub(crate) async fn view(arguments: View) -> Outcome {
    arguments.client.show(&Call::get("/workflows/{}", &[&arguments.name]), COLUMNS).await
}

/// Starts one.
///
/// # Errors
/// As [`list`].
pub(crate) async fn start(arguments: Start) -> Outcome {
    let inputs = typed_by(&arguments.client.client()?, &arguments.name, &arguments.inputs).await?;
    let mut body = json!({ "workflow": arguments.name, "inputs": inputs });
    if let Some(project) = arguments.project {
        body["project"] = project.into();
    }
    let call = Call::post("/workflows/execute", &[]).body(body);
    arguments.wait.show(&arguments.client, &call, COLUMNS).await
}
