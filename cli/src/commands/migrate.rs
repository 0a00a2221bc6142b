//! `ticketsmith migrate`: puts what earlier versions recorded into lists and sums that did not exist then.

use crate::connection::Connection;
use crate::exit::{Exit, Outcome};
use crate::place::PlaceArgument;
use jiff::Timestamp;

/// `ticketsmith migrate`
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    place: PlaceArgument,
}

const EXAMPLES: &str = "\
Examples:
  ticketsmith migrate
  ticketsmith migrate --stage prod

Run it once after an update, when every function is new. It can run while everything is at work, be ended at any moment, and be run again:
nothing is counted twice.

Exit codes: 0 everything is listed · 3 neither `serve` nor the stage is reachable";

/// Runs the command.
///
/// # Errors
/// Unreachable if nothing answers.
pub(crate) async fn run(arguments: Arguments) -> Outcome {
    let connection = Connection::open(&arguments.place).await?;
    let done = connection.table.backfill(Timestamp::now()).await.map_err(Exit::unreachable)?;
    println!("tickets    {} listed by their state", done.tasks);
    println!("questions  {} listed", done.questions);
    println!("costs      {} added to the sums by day", done.costs);
    println!("merged     {} pull requests listed by month", done.pull_requests);
    Ok(())
}
