//! `ticketsmith stop`: stops an execution. Its effects stay.

use crate::connection::Connection;
use crate::exit::{Exit, Outcome};
use crate::place::PlaceArgument;
use crate::steering::{PersonArgument, Request};
use control::StopResult;

/// `ticketsmith stop`
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The execution's name, as `ticketsmith status` shows it, or the ticket that it is at work on.
    #[arg(value_name = "EXECUTION|TICKET")]
    named: String,
    #[command(flatten)]
    person: PersonArgument,
    #[command(flatten)]
    place: PlaceArgument,
}

const EXAMPLES: &str = "\
Examples:
  ticketsmith stop SHOP-1
  ticketsmith stop jira-SHOP-1-9f86d081884c7d659a2feaa0c55ad015 --as ada

What it did stays; `ticketsmith undo` takes it back. Who may stop it in Slack or on the ticket may do so here.

Exit codes: 0 it is being stopped · 1 nothing is at work, or you may not · 3 neither `serve` nor the stage is reachable";

/// Runs the command.
///
/// # Errors
/// A negative answer if nothing is at work or the person may not; unreachable if nothing answers.
pub(crate) async fn run(arguments: Arguments) -> Outcome {
    let connection = Connection::open(&arguments.place).await?;
    let request = Request::about(&connection, &arguments.named, &arguments.person).await?;
    let execution = request.execution.clone();
    let name = execution.name.clone();
    if execution.outcome.is_final() {
        return Err(Exit::negative(format!("{name} has already ended: {}", execution.outcome)));
    }
    match request.control.stop_execution(&request.caller(), execution).await.map_err(Exit::unreachable)? {
        StopResult::Requested { .. } => {
            println!("{name} is being stopped; its effects stay");
            Ok(())
        }
        StopResult::Ended { .. } | StopResult::NothingAtWork => {
            Err(Exit::negative(format!("{name} has already ended")))
        }
        StopResult::Denied(reason) => Err(request.denied(&reason)),
    }
}
