//! `ticketsmith agent`: what people say to agents. One file per command.

mod tell;

use crate::exit::Outcome;
use clap::Subcommand;

/// `ticketsmith agent …`
#[derive(Debug, Subcommand)]
pub(crate) enum Arguments {
    /// Say something to the agent at work on a ticket. It is in the next request to its model.
    #[command(after_help = tell::EXAMPLES)]
    Tell(tell::Arguments),
}

/// Runs the command.
///
/// # Errors
/// As the command says.
pub(crate) async fn run(arguments: Arguments) -> Outcome {
    match arguments {
        Arguments::Tell(arguments) => tell::run(arguments).await,
    }
}
