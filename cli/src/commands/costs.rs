//! `ticketsmith costs`: what was spent on a ticket, or by a person this month.

use crate::connection::Connection;
use crate::exit::{Exit, Outcome};
use crate::place::PlaceArgument;
use crate::steering::{PersonArgument, delivery, say_who, with_installation, with_ticket};
use control::{Costs, CostsResult};
use serde_json::json;

/// `ticketsmith costs`
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// A ticket. Default: what the person spent this month.
    ticket: Option<String>,
    /// Print one JSON document.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    person: PersonArgument,
    #[command(flatten)]
    place: PlaceArgument,
}

/// Runs the command.
///
/// # Errors
/// A negative answer if the person may not see it; unreachable if nothing answers.
pub(crate) async fn run(arguments: Arguments) -> Outcome {
    let connection = Connection::open(&arguments.place).await?;
    let control = connection.control();
    let directory = control.directory().await.map_err(Exit::unreachable)?;
    let actor = arguments.person.actor(&directory);
    let delivery = delivery();
    let caller = with_installation(&directory, &actor, &delivery);
    let (of, costs) = match &arguments.ticket {
        Some(typed) => {
            let typed = &with_ticket(&connection.table, &directory, typed).await?;
            let task_id = directory.canonical(typed);
            match control.costs_of_ticket(&caller, &task_id).await.map_err(Exit::unreachable)? {
                CostsResult::Costs(costs) => {
                    // "Nothing was spent" would be misleading for something that is not a ticket.
                    if let Err(error) = directory.ticket(typed)
                        && is_nothing(&costs)
                    {
                        let message =
                            format!("{error}; `--as NAME` without a ticket shows what a person spent");
                        return Err(Exit::negative(message));
                    }
                    (task_id, costs)
                }
                CostsResult::Denied(reason) => return Err(Exit::negative(reason)),
            }
        }
        None => {
            let configuration = directory.configuration();
            let costs = control.costs_of_person(configuration, &actor).await.map_err(Exit::unreachable)?;
            // "Nothing was spent" would be misleading for somebody whom nobody knows.
            let unknown = say_who(&directory, &actor);
            if is_nothing(&costs) && !unknown.is_empty() {
                return Err(Exit::negative(format!("nothing is known of what this person spent{unknown}")));
            }
            (format!("{} this month", actor.account()), costs)
        }
    };
    let reserved = costs.spending.committed.saturating_sub(costs.spending.spent);
    if arguments.json {
        println!(
            "{}",
            json!({
                "of": of,
                "spent_micro_usd": costs.spending.spent.0,
                "reserved_micro_usd": reserved.0,
                "limit_micro_usd": costs.limit.0,
                "unknown_calls": costs.spending.unknown_calls,
            })
        );
    } else {
        println!("{of}: {} spent of {}, {reserved} reserved", costs.spending.spent, costs.limit);
    }
    Ok(())
}

fn is_nothing(costs: &Costs) -> bool {
    let spending = &costs.spending;
    spending.spent.0 == 0 && spending.committed.0 == 0 && spending.unknown_calls == 0
}
