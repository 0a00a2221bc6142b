//! `ticketsmith notify`: which direct messages a person gets in the chat.

use crate::connection::Connection;
use crate::exit::{Exit, Outcome};
use crate::place::PlaceArgument;
use crate::steering::{PersonArgument, delivery, say_who, with_installation};
use control::NotifyResult;
use domain::configuration::Notice;
use serde_json::json;
use std::collections::BTreeSet;

/// `ticketsmith notify`
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// What to get direct messages about: `approval`, `limit`, `failed` and `done`, or `off`, or `default` for the configuration's choice. Without them,
    /// it shows the current choice.
    #[arg(value_parser = ["approval", "limit", "failed", "done", "off", "default"])]
    notices: Vec<String>,
    /// Print one JSON document.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    person: PersonArgument,
    #[command(flatten)]
    place: PlaceArgument,
}

const EXAMPLES: &str = "\
Examples:
  ticketsmith notify --as ada
  ticketsmith notify approval failed --as ada
  ticketsmith notify off --as ada

Exit codes: 0 done · 1 the person is not known · 2 `off` and `default` cannot be combined with others · 3 neither `serve` nor the stage is reachable";

/// Runs the command.
///
/// # Errors
/// Usage for contradictory notices; a negative answer if the person is not known; unreachable if nothing answers.
pub(crate) async fn run(arguments: Arguments) -> Outcome {
    let words: Vec<&str> = arguments.notices.iter().map(String::as_str).collect();
    let choice = match words.as_slice() {
        [] => None,
        ["off"] => Some(Some(BTreeSet::new())),
        ["default"] => Some(None),
        names => match names.iter().map(|name| Notice::read(name)).collect::<Option<BTreeSet<_>>>() {
            Some(notices) => Some(Some(notices)),
            None => return Err(Exit::usage("`off` and `default` cannot be combined with others")),
        },
    };
    let connection = Connection::open(&arguments.place).await?;
    let control = connection.control();
    let directory = control.directory().await.map_err(Exit::unreachable)?;
    let actor = arguments.person.actor(&directory);
    let delivery = delivery();
    let caller = &with_installation(&directory, &actor, &delivery);
    let result = match choice {
        None => control.notices(caller).await,
        Some(notices) => control.choose_notices(caller, notices).await,
    };
    match result.map_err(Exit::unreachable)? {
        NotifyResult::Notices { notices, is_chosen } => {
            let names: Vec<&str> = notices.iter().map(|notice| notice.as_str()).collect();
            if arguments.json {
                println!("{}", json!({ "notices": names, "is_chosen": is_chosen }));
            } else if names.is_empty() {
                println!("nothing");
            } else {
                println!("{}", names.join(" "));
            }
            Ok(())
        }
        NotifyResult::Denied(reason) => {
            Err(Exit::negative(format!("{reason}{}", say_who(&directory, &actor))))
        }
    }
}
