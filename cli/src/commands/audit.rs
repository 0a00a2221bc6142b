//! `ticketsmith audit`: who changed what through the API.

use crate::api_client::{Call, ClientArguments, Column, PageArguments};
use crate::exit::Outcome;
use clap::Subcommand;
use jiff::civil::Date;

const COLUMNS: &[Column] = &[
    ("at", "at"),
    ("who", "who"),
    ("by", "by"),
    ("what", "what"),
    ("from", "whence"),
    ("status", "status"),
    ("request", "id"),
];

/// `ticketsmith audit …`
#[derive(Debug, Subcommand)]
pub(crate) enum Arguments {
    /// List the changes of a day, newest first.
    List {
        /// The day, in UTC. Default: today.
        #[arg(long, value_name = "YYYY-MM-DD")]
        day: Option<Date>,
        #[command(flatten)]
        page: PageArguments,
        #[command(flatten)]
        client: ClientArguments,
    },
}

/// The operations of the API that these commands use.
#[cfg(test)]
pub(crate) const OPERATIONS: &[(&str, &str)] = &[("list_audit", "audit list")];

/// Runs the command.
///
/// # Errors
/// The API's refusal; unreachable when nothing answers.
pub(crate) async fn run(arguments: Arguments) -> Outcome {
    let Arguments::List { day, page, client } = arguments;
    client.list(&Call::get("/audit", &[]).query("day", day), &page, COLUMNS).await
}
