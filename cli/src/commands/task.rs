//! `ticketsmith task`: tickets that are or were worked on.

use crate::api_client::{Call, ClientArguments, Column, PageArguments, task_id};
use crate::commands::execution::WaitArgument;
use crate::commands::run::parse_input;
use crate::exit::Outcome;
use clap::Subcommand;
use serde_json::{Map, Value, json};

const COLUMNS: &[Column] = &[
    ("task", "task_id"),
    ("project", "project"),
    ("state", "state"),
    ("at work", "open_execution"),
    ("latest", "latest_execution"),
    ("changed", "updated_at"),
];

/// `ticketsmith task …`
#[derive(Debug, Subcommand)]
pub(crate) enum Arguments {
    /// List the tickets of a project in a state, the latest change first.
    List {
        /// The project's key. Default: the only project.
        #[arg(long, value_name = "KEY")]
        project: Option<String>,
        /// The state.
        #[arg(long, value_name = "STATE", default_value = "at_work", value_parser = ["at_work", "succeeded", "failed", "rolled_back", "stopped"])]
        state: String,
        #[command(flatten)]
        page: PageArguments,
        #[command(flatten)]
        client: ClientArguments,
    },
    /// Show a ticket with its spending.
    View {
        /// The ticket's name in its tracker.
        ticket: String,
        #[command(flatten)]
        client: ClientArguments,
    },
    /// Have an agent work on a ticket.
    Assign {
        /// The ticket's name in its tracker.
        ticket: String,
        /// The workflow. Default: the one for development.
        #[arg(long, value_name = "NAME")]
        workflow: Option<String>,
        /// An input of the workflow besides the ticket: NAME=VALUE; may be repeated. A value that is JSON is sent as such.
        #[arg(long = "input", value_name = "NAME=VALUE", value_parser = parse_input)]
        inputs: Vec<(String, Value)>,
        #[command(flatten)]
        wait: WaitArgument,
        #[command(flatten)]
        client: ClientArguments,
    },
}

/// The operations of the API that these commands use.
#[cfg(test)]
pub(crate) const OPERATIONS: &[(&str, &str)] =
    &[("list_tasks", "task list"), ("show_task", "task view"), ("assign_task_to_agent", "task assign")];

/// Runs the command.
///
/// # Errors
/// The API's refusal; unreachable when nothing answers.
pub(crate) async fn run(arguments: Arguments) -> Outcome {
    match arguments {
        Arguments::List { project, state, page, client } => {
            let call = Call::get("/tasks", &[]).query("project", project).query("state", Some(state));
            client.list(&call, &page, COLUMNS).await
        }
        Arguments::View { ticket, client } => {
            client.show(&Call::get("/tasks/{}", &[&task_id(&ticket)]), COLUMNS).await
        }
        Arguments::Assign { ticket, workflow, inputs, wait, client } => {
            let mut body = json!({ "inputs": inputs.into_iter().collect::<Map<_, _>>() });
            if let Some(workflow) = workflow {
                body["workflow"] = workflow.into();
            }
            let call = Call::post("/tasks/{}/assign-to-agent", &[&task_id(&ticket)]).body(body);
            wait.show(&client, &call, COLUMNS).await
        }
    }
}
