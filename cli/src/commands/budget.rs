//! `ticketsmith budget`: limits, and decisions about work that a limit stopped.

use crate::api_client::{Call, ClientArguments};
use crate::connection::Connection;
use crate::exit::{Exit, Outcome};
use crate::place::PlaceArgument;
use crate::steering::{PersonArgument, Request};
use clap::Subcommand;
use control::{LimitDecision, MoneyResult};

/// `ticketsmith budget …`
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true, after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    said: Said,
}

/// What people say to the bot about work that a limit stopped.
#[derive(Debug, clap::Args)]
struct Said {
    /// The execution's name, as `ticketsmith status` shows it, or the ticket that it is at work on.
    #[arg(value_name = "EXECUTION|TICKET", required = true)]
    named: Option<String>,
    /// What to do with it: `+5` adds five dollars, as `add` does.
    #[arg(value_name = "+DOLLARS|draft|rollback", required = true, allow_negative_numbers = true)]
    wanted: Option<String>,
    #[command(flatten)]
    person: PersonArgument,
    #[command(flatten)]
    place: PlaceArgument,
}

const EXAMPLES: &str = "\
Examples:
  ticketsmith budget view
  ticketsmith budget SHOP-1 +5 --as ada
  ticketsmith budget add SHOP-1 5 --as ada";

#[derive(Debug, Subcommand)]
enum Command {
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
        #[arg(value_name = "DOLLARS", allow_negative_numbers = true)]
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
/// The API's refusal; negative if no limit stops the execution, the amount is too little, somebody else chose, or the person may not; unreachable when nothing answers.
pub(crate) async fn run(arguments: Arguments) -> Outcome {
    let Some(command) = arguments.command else { return choose_as_said(arguments.said).await };
    match command {
        Command::View { client } => client.show(&Call::get("/budgets", &[]), &[]).await,
        Command::Add { stopped, amount } => {
            let added = LimitDecision::read_amount(amount.strip_prefix('+').unwrap_or(&amount));
            let accepted = |wrong: &str| {
                Exit::usage(format!(
                    "`{amount}` {wrong}; accepted: dollars such as 5 or 2.50, with at most six decimals, up to 1000"
                ))
            };
            choose(stopped, LimitDecision::Add(added.map_err(accepted)?)).await
        }
        Command::Draft { stopped } => choose(stopped, LimitDecision::Draft).await,
        Command::Rollback { stopped } => choose(stopped, LimitDecision::RollBack).await,
    }
}

async fn choose_as_said(said: Said) -> Outcome {
    let Said { named, wanted, person, place } = said;
    let (named, words) = (named.unwrap_or_default(), wanted.unwrap_or_default());
    let wanted = LimitDecision::read(&words).map_err(|wrong| Exit::usage(format!("`{words}`: {wrong}")))?;
    choose(Stopped { named, person, place }, wanted).await
}

async fn choose(stopped: Stopped, wanted: LimitDecision) -> Outcome {
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
        MoneyResult::TooLittle { step, least } => Err(Exit::negative(MoneyResult::too_little(step, least))),
        MoneyResult::NothingAsked => Err(Exit::negative(format!("no limit stops {name} now"))),
        MoneyResult::Denied(reason) => Err(request.denied(&reason)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct All {
        #[command(subcommand)]
        command: Only,
    }

    #[derive(Debug, Subcommand)]
    enum Only {
        Budget(Arguments),
    }

    fn read(line: &str) -> Arguments {
        let words = ["ticketsmith", "budget"].into_iter().chain(line.split(' '));
        let Only::Budget(arguments) =
            All::try_parse_from(words).unwrap_or_else(|error| panic!("{line}: {error}")).command;
        arguments
    }

    #[tokio::test]
    async fn what_is_said_to_the_bot_is_understood_beside_the_commands() {
        for (line, words) in [("SHOP-1 +5 --as ada", "+5"), ("SHOP-1 draft", "draft"), ("SHOP-1 -5", "-5")] {
            let Arguments { command, said } = read(line);
            assert!(command.is_none(), "{line}");
            assert_eq!((said.named.as_deref(), said.wanted.as_deref()), (Some("SHOP-1"), Some(words)));
        }
        assert!(matches!(read("add SHOP-1 5").command, Some(Command::Add { .. })));
        assert!(matches!(read("view").command, Some(Command::View { .. })));
        // Amounts are refused before anything is asked.
        for line in ["SHOP-1 -5", "SHOP-1 5", "SHOP-1 +5,00", "add SHOP-1 -5"] {
            let refused = run(read(line)).await.unwrap_err().to_string();
            assert!(refused.contains("accepted: "), "{line}: {refused}");
        }
    }
}
