//! `ticketsmith agent`: agents at work, and messages to them.

mod tell;

use crate::api_client::{Call, ClientArguments, Column, PageArguments};
use crate::exit::Outcome;
use clap::Subcommand;

pub(super) use tell::{Arguments as TellArguments, EXAMPLES as TELL_EXAMPLES, run as tell, told};

const COLUMNS: &[Column] = &[
    ("agent", "agent"),
    ("status", "status"),
    ("task", "task_id"),
    ("progress", "progress"),
    ("turns", "turns"),
    ("spent", "spent_micro_usd"),
    ("id", "id"),
];

const MESSAGE_COLUMNS: &[Column] = &[("number", "sequence"), ("speaker", "speaker"), ("text", "text")];

/// `ticketsmith agent …`
#[derive(Debug, Subcommand)]
pub(crate) enum Arguments {
    /// List the agents at work, or those of an execution.
    List {
        /// Only those of this execution, at work or not.
        #[arg(long, value_name = "NAME")]
        execution: Option<String>,
        #[command(flatten)]
        page: PageArguments,
        #[command(flatten)]
        client: ClientArguments,
    },
    /// Show how far an agent is.
    View {
        /// Its id.
        id: String,
        #[command(flatten)]
        client: ClientArguments,
    },
    /// Show the conversation of an agent's session.
    Messages {
        /// Its id.
        id: String,
        #[command(flatten)]
        page: PageArguments,
        #[command(flatten)]
        client: ClientArguments,
    },
    /// Say something to the agent at work on a ticket. It is in the next request to its model.
    #[command(after_help = tell::EXAMPLES)]
    Tell(tell::Arguments),
    /// Stop an agent, and with it its execution.
    Stop {
        /// Its id.
        id: String,
        #[command(flatten)]
        client: ClientArguments,
    },
}

/// The operations of the API that these commands use.
#[cfg(test)]
pub(crate) const OPERATIONS: &[(&str, &str)] = &[
    ("list_agents", "agent list"),
    ("get_agent_status", "agent view"),
    ("list_messages", "agent messages"),
    ("stop_agent", "agent stop"),
];

/// Runs the command.
///
/// # Errors
/// The API's refusal; unreachable when nothing answers.
pub(crate) async fn run(arguments: Arguments) -> Outcome {
    match arguments {
        Arguments::List { execution, page, client } => {
            client.list(&Call::get("/agents", &[]).query("execution", execution), &page, COLUMNS).await
        }
        Arguments::Messages { id, page, client } => {
            client.list(&Call::get("/agents/{}/messages", &[&id]), &page, MESSAGE_COLUMNS).await
        }
        Arguments::View { id, client } => client.show(&Call::get("/agents/{}/status", &[&id]), COLUMNS).await,
        Arguments::Tell(arguments) => tell::run(arguments).await,
        Arguments::Stop { id, client } => client.show(&Call::post("/agents/{}/stop", &[&id]), COLUMNS).await,
    }
}
