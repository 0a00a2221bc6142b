//! `ticketsmith execution`: performances of workflows.

mod watch;

use crate::api_client::{Call, ClientArguments, Column, PageArguments};
use crate::exit::Outcome;
use clap::Subcommand;

const COLUMNS: &[Column] = &[
    ("outcome", "outcome"),
    ("task", "task_id"),
    ("workflow", "workflow"),
    ("by", "started_by"),
    ("begun", "begun_at"),
    ("execution", "name"),
];

/// `ticketsmith execution …`
#[derive(Debug, Subcommand)]
pub(crate) enum Arguments {
    /// List executions, the newest first.
    List {
        /// Only those of this ticket.
        #[arg(long, value_name = "TICKET")]
        task: Option<String>,
        /// Only those of this project.
        #[arg(long, value_name = "KEY", conflicts_with = "task")]
        project: Option<String>,
        /// Only those that have not ended.
        #[arg(long, conflicts_with_all = ["task", "project"])]
        open: bool,
        #[command(flatten)]
        page: PageArguments,
        #[command(flatten)]
        client: ClientArguments,
    },
    /// Show an execution with its steps and costs.
    View {
        /// Its name.
        name: String,
        #[command(flatten)]
        client: ClientArguments,
    },
    /// Follow an execution until it ends. Not on a terminal, each change is a line of JSON. Ends with the outcome's code.
    Watch(watch::Arguments),
}

/// The operations of the API that these commands use.
#[cfg(test)]
pub(crate) const OPERATIONS: &[(&str, &str)] =
    &[("list_executions", "execution list"), ("get_execution", "execution view")];

/// Runs the command.
///
/// # Errors
/// The API's refusal; unreachable when nothing answers.
pub(crate) async fn run(arguments: Arguments) -> Outcome {
    match arguments {
        Arguments::List { task, project, open, page, client } => {
            let call = Call::get("/executions", &[])
                .query("task", task.as_deref().map(crate::api_client::task_id))
                .query("project", project)
                .query("state", open.then_some("open"));
            client.list(&call, &page, COLUMNS).await
        }
        Arguments::View { name, client } => {
            client.show(&Call::get("/executions/{}", &[&name]), COLUMNS).await
        }
        Arguments::Watch(arguments) => watch::run(arguments).await,
    }
}
