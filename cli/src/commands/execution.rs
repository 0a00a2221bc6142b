//! `ticketsmith execution`: performances of workflows.

mod wait;
mod watch;

use crate::api_client::{Call, ClientArguments, Column, PageArguments};
use crate::exit::Outcome;
use clap::Subcommand;
use reqwest::Method;
pub(crate) use wait::WaitArgument;

const COLUMNS: &[Column] = &[
    ("outcome", "outcome"),
    ("task", "task_id"),
    ("workflow", "workflow"),
    ("by", "started_by"),
    ("begun", "begun_at"),
    ("execution", "name"),
];

const EVENT_COLUMNS: &[Column] =
    &[("number", "sequence"), ("at", "at"), ("event", "event"), ("what", "data")];

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
    /// Stop an execution. Its effects stay.
    Stop(Named),
    /// Take back what an execution did.
    Undo {
        /// Only show what would be taken back.
        #[arg(long)]
        preview: bool,
        /// Take back only what a preview with this code showed.
        #[arg(long, value_name = "CODE", conflicts_with = "preview")]
        code: Option<String>,
        #[command(flatten)]
        named: Named,
        #[command(flatten)]
        wait: WaitArgument,
    },
    /// Continue an execution that failed or was stopped.
    Redrive {
        #[command(flatten)]
        named: Named,
        #[command(flatten)]
        wait: WaitArgument,
    },
    /// Show the events of an execution, from the first one on.
    Events {
        /// Only what came after the event with this number.
        #[arg(long, value_name = "NUMBER", default_value_t = 0)]
        after: u64,
        #[command(flatten)]
        named: Named,
    },
    /// Follow an execution until it ends. Not on a terminal, each change is a line of JSON. Ends with the outcome's code.
    Watch(watch::Arguments),
}

/// An execution.
#[derive(Debug, clap::Args)]
pub(crate) struct Named {
    /// Its name.
    name: String,
    #[command(flatten)]
    client: ClientArguments,
}

impl Named {
    async fn show(&self, call: Call, columns: &[Column]) -> Outcome {
        self.client.show(&call, columns).await
    }
}

/// The operations of the API that these commands use.
#[cfg(test)]
pub(crate) const OPERATIONS: &[(&str, &str)] = &[
    ("list_executions", "execution list"),
    ("get_execution", "execution view"),
    ("stop_execution", "execution stop"),
    ("undo_execution", "execution undo"),
    ("preview_undo", "execution undo"),
    ("redrive_execution", "execution redrive"),
    ("list_events", "execution events"),
    ("create_event_ticket", "execution watch"),
];

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
        Arguments::Stop(named) => {
            named.show(Call::post("/executions/{}/stop", &[&named.name]), COLUMNS).await
        }
        Arguments::Undo { preview, code, named, wait } => {
            let method = if preview { Method::GET } else { Method::POST };
            let call = Call::new(method, "/executions/{}/undo", &[&named.name]).query("code", code);
            wait.show(&named.client, &call, COLUMNS).await
        }
        Arguments::Redrive { named, wait } => {
            let call = Call::post("/executions/{}/redrive", &[&named.name]);
            wait.show(&named.client, &call, COLUMNS).await
        }
        Arguments::Events { after, named } => {
            let call = Call::get("/executions/{}/events", &[&named.name]).query("after", Some(after));
            named.show(call, EVENT_COLUMNS).await
        }
        Arguments::Watch(arguments) => watch::run(arguments).await,
    }
}
