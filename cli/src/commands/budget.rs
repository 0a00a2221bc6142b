//! `ticketsmith budget`: limits, and decisions about work that a limit stopped.

use crate::api_client::{Call, ClientArguments};
use crate::connection::Connection;
use crate::exit::{Exit, Outcome};
use crate::place::PlaceArgument;
use crate::steering::{PersonArgument, Request};
use clap::Subcommand;
use control::{MoneyResult, Wanted};

/// `ticketsmith budget …`
#[derive(Debug, Subcommand)]
pub(crate) enum Arguments {
    /// Show the limits, and what is left of your own month.
    View {
        #[command(flatten)]
        client: ClientArguments,
    },
    /// Add dollars to the limit that stopped an execution, so that it continues.
    Add {
        #[command(flatten)]
        stopped: Stopped,
        /// How many dollars, at most 1000: `5`, `2.50`.
        #[arg(value_name = "DOLLARS")]
        amount: String,
    },
    /// Have an execution that a limit stopped finish with a draft of what is done.
    Draft {
        #[command(flatten)]
        stopped: Stopped,
    },
    /// Stop an execution that a limit stopped, and take back its effects.
    Rollback {
        #[command(flatten)]
        stopped: Stopped,
    },
}

/// Which execution, and who asks.
#[derive(Debug, clap::Args)]
pub(crate) struct Stopped {
    /// The execution's name, as `ticketsmith status` shows it, or the ticket that it is at work on.
    #[arg(value_name = "EXECUTION|TICKET")]
    named: String,
    #[command(flatten)]
    person: PersonArgument,
    #[command(flatten)]
    place: PlaceArgument,
}

/// The operations of the API that these commands use.
#[cfg(test)]
pub(crate) const OPERATIONS: &[(&str, &str)] = &[("get_budgets", "budget view")];

/// Runs the command.
///
/// # Errors
/// The API's refusal; negative if no limit stops the execution, somebody else chose, or the person may not; unreachable when nothing answers.
pub(crate) async fn run(arguments: Arguments) -> Outcome {
    match arguments {
        Arguments::View { client } => client.show(&Call::get("/budgets", &[]), &[]).await,
        Arguments::Add { stopped, amount } => {
            let added = Wanted::read_amount(amount.strip_prefix('+').unwrap_or(&amount));
            let accepted = |wrong: &str| {
                Exit::usage(format!(
                    "`{amount}` {wrong}; accepted: dollars such as 5 or 2.50, with at most six decimals, up to 1000"
                ))
            };
            choose(stopped, Wanted::Add(added.map_err(accepted)?)).await
        }
        Arguments::Draft { stopped } => choose(stopped, Wanted::Draft).await,
        Arguments::Rollback { stopped } => choose(stopped, Wanted::RollBack).await,
    }
}

async fn choose(stopped: Stopped, wanted: Wanted) -> Outcome {
    let connection = Connection::open(&stopped.place).await?;
    let request = Request::about(&connection, &stopped.named, &stopped.person).await?;
    let result = request.control.choose_for_execution(&request.caller(), &request.execution, wanted).await;
    let name = &request.execution.name;
    match result.map_err(Exit::unreachable)? {
        MoneyResult::Recorded(choice) => {
            println!("{name}: you {choice}");
            Ok(())
        }
        MoneyResult::AlreadyChosen { by, choice } => Err(Exit::negative(format!("{by} already {choice}"))),
        MoneyResult::NothingAsked => Err(Exit::negative(format!("no limit stops {name} now"))),
        MoneyResult::Denied(reason) => Err(request.denied(&reason)),
    }
}
