//! `ticketsmith budget`: what may be spent.

use crate::api_client::{Call, ClientArguments};
use crate::exit::Outcome;
use clap::Subcommand;

/// `ticketsmith budget …`
#[derive(Debug, Subcommand)]
pub(crate) enum Arguments {
    /// Show the limits, and what is left of one's own month.
    View {
        #[command(flatten)]
        client: ClientArguments,
    },
}

/// The operations of the API that these commands use.
#[cfg(test)]
pub(crate) const OPERATIONS: &[(&str, &str)] = &[("get_budgets", "budget view")];

/// Runs the command.
///
/// # Errors
/// The API's refusal; unreachable when nothing answers.
pub(crate) async fn run(arguments: Arguments) -> Outcome {
    let Arguments::View { client } = arguments;
    client.show(&Call::get("/budgets", &[]), &[]).await
}
