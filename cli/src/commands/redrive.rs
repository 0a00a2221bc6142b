//! `ticketsmith redrive`: continues a run that failed or was stopped with the workflow as it is now, and follows it.

use super::run::report;
use crate::connection::Connection;
use crate::exit::{Exit, Outcome};
use crate::following::FollowArguments;
use crate::place::PlaceArgument;
use crate::steering::{
    PersonArgument, delivery, no_execution, say_who, ticket_instead_of_execution, with_installation,
};
use control::{Caller, Control, Directory, RedriveError, RedriveResult};
use records::Table;
use serde_json::json;

/// `ticketsmith redrive`
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The name of an execution, as `status` shows it; or a ticket, whose newest execution is continued.
    #[arg(value_name = "EXECUTION|TICKET")]
    named: String,
    #[command(flatten)]
    person: PersonArgument,
    #[command(flatten)]
    follow: FollowArguments,
    #[command(flatten)]
    place: PlaceArgument,
}

const EXAMPLES: &str = "\
A new execution runs the currently deployed workflow. Steps that succeeded under the same names return their earlier results, and
paid model replies are not requested again. A run that was rolled back starts over.

Examples:
  ticketsmith redrive SHOP-1
  ticketsmith redrive jira-SHOP-1-9f86d081884c7d659a2feaa0c55ad015

Exit codes: 0 it succeeded (with --detach: it was recorded, and is started now or by the sweeper) · 1 it failed, or there is nothing to continue · 2 the workflow no longer accepts its inputs · 3 neither `serve` nor the stage is reachable";

/// Runs the command.
///
/// # Errors
/// A negative answer if there is no such execution or ticket, if it cannot be continued, or if it does not succeed; unreachable if
/// nothing answers.
pub(crate) async fn run(arguments: Arguments) -> Outcome {
    let connection = Connection::open(&arguments.place).await?;
    let control = connection.control();
    let directory = control.directory().await.map_err(Exit::unreachable)?;
    let actor = arguments.person.actor(&directory);
    let delivery = delivery();
    let caller = with_installation(&directory, &actor, &delivery);
    let result = request(&control, &connection.table, &directory, &caller, &arguments.named).await?;
    let (name, continues, anew) = match result {
        RedriveResult::Accepted { execution, continues, anew } => (execution, continues, anew),
        RedriveResult::Refused(refusal) => return Err(Exit::negative(refusal)),
        RedriveResult::Denied(reason) => {
            return Err(Exit::negative(format!("{reason}{}", say_who(&directory, &actor))));
        }
        RedriveResult::Unknown => {
            return Err(Exit::negative(no_execution(&arguments.named)));
        }
    };
    match anew {
        true => eprintln!("{name} starts {continues} over"),
        false => eprintln!("{name} continues {continues}"),
    }
    let started = json!({ "execution": name, "continues": continues });
    let Some(view) = arguments.follow.follow(&connection.table, &name, &started).await? else {
        return Ok(());
    };
    report(&view, arguments.follow.json, "")
}

/// Continues the execution of this name, or else the newest of this ticket.
async fn request(
    control: &Control,
    table: &Table,
    directory: &Directory,
    caller: &Caller<'_>,
    named: &str,
) -> Outcome<RedriveResult> {
    let failed = |error: RedriveError| match error {
        RedriveError::Inputs(invalid) => Exit::usage(invalid),
        RedriveError::Records(error) => Exit::unreachable(error),
    };
    match control.redrive_execution(caller, named).await.map_err(failed)? {
        RedriveResult::Unknown => {}
        result => return Ok(result),
    }
    let ticket = ticket_instead_of_execution(table, directory, named).await?;
    control.redrive(caller, &ticket).await.map_err(failed)
}
