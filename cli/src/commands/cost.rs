//! `ticketsmith cost`: spending by day.

use crate::api_client::{Call, ClientArguments, Column, PageArguments};
use crate::exit::Outcome;
use clap::Subcommand;

const COLUMNS: &[Column] = &[
    ("day", "day"),
    ("name", "name"),
    ("spent", "cost.known_micro_usd"),
    ("at worst more", "cost.unknown_micro_usd"),
    ("calls", "calls"),
];

/// `ticketsmith cost …`
#[derive(Debug, Subcommand)]
pub(crate) enum Arguments {
    /// List what was spent in a month, by day.
    List {
        /// What to sum by.
        #[arg(long, value_name = "WHAT", default_value = "project", value_parser = ["model", "person", "project", "pull_request", "step", "workflow"])]
        by: String,
        /// The month, in UTC. Default: the current one.
        #[arg(long, value_name = "YYYY-MM")]
        month: Option<String>,
        #[command(flatten)]
        page: PageArguments,
        #[command(flatten)]
        client: ClientArguments,
    },
}

/// The operations of the API that these commands use.
#[cfg(test)]
pub(crate) const OPERATIONS: &[(&str, &str)] = &[("list_costs", "cost list")];

/// Runs the command.
///
/// # Errors
/// The API's refusal; unreachable when nothing answers.
pub(crate) async fn run(arguments: Arguments) -> Outcome {
    let Arguments::List { by, month, page, client } = arguments;
    client.list(&Call::get("/costs", &[]).query("by", Some(by)).query("month", month), &page, COLUMNS).await
}
