//! `ticketsmith plan`, `review` and `revise`: the commands that people give the bot in a chat, at the command line.

use super::agent::told;
use super::run::{begun, report};
use crate::connection::Connection;
use crate::exit::{Exit, Outcome};
use crate::following::FollowArguments;
use crate::place::PlaceArgument;
use crate::steering::{PersonArgument, delivery, say_who, ticket_named};
use control::{Authority, Caller, Control, Directory, StartDecision, TellResult, Words, decide};
use domain::command::CommandWord;
use domain::event::common::CHAT_COMMAND;
use domain::{Actor, Event, EventName};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// `ticketsmith plan`, `review` and `revise`
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// What you would type after the command in a chat.
    #[arg(required = true)]
    words: Vec<String>,
    /// The project's key, if the words name no ticket and there are several projects.
    #[arg(long, value_name = "KEY")]
    project: Option<String>,
    #[command(flatten)]
    person: PersonArgument,
    #[command(flatten)]
    follow: FollowArguments,
    #[command(flatten)]
    place: PlaceArgument,
}

const EXAMPLES: &str = "\
It does what the slash command does: it starts a workflow with a matching trigger, for the person who asks.

Examples:
  ticketsmith plan 'A cart that several people share' --as ada
  ticketsmith review https://github.com/acme/shop/pull/7 --as ada
  ticketsmith revise SHOP-1 'Keep the old names as aliases' --as ada

Exit codes: 0 it succeeded (with --detach: it was recorded) · 1 it failed, nothing starts on these words, or you may not · 3 neither `serve` nor the stage is reachable";

/// Runs the command.
///
/// # Errors
/// A negative answer if nothing starts, the person may not, or it does not succeed; unreachable if nothing answers.
pub(crate) async fn run(arguments: Arguments, word: CommandWord) -> Outcome {
    let said = arguments.words.join(" ");
    if said.trim().is_empty() {
        return Err(Exit::usage(format!("there is nothing after `{}`; add what you mean", word.as_str())));
    }
    let connection = Connection::open(&arguments.place).await?;
    let control = connection.control();
    let directory = control.directory().await.map_err(Exit::unreachable)?;
    let actor = arguments.person.actor(&directory);
    let event = match word {
        CommandWord::Revise => match revision(&connection, &control, &directory, &actor, &said).await? {
            Some(event) => event,
            None => return Ok(()),
        },
        _ => {
            let text = format!("{} {said}", word.as_str());
            let made = event(CHAT_COMMAND, &actor, None, json!({ "text": text, "actor": actor.id }));
            Event { project: arguments.project.clone(), ..made }
        }
    };
    let routes = connection.table.routes(Timestamp::now()).await.map_err(Exit::unreachable)?;
    let request = match decide(&directory, &routes, event) {
        StartDecision::Start(request) => *request,
        StartDecision::Refuse(reason) => {
            return Err(Exit::negative(format!("{reason}{}", say_who(&directory, &actor))));
        }
        StartDecision::Ignore(_) => {
            return Err(Exit::negative(format!("no workflow starts on `{} {said}`", word.as_str())));
        }
    };
    let name = begun(&control, request).await?;
    let started = json!({ "execution": name });
    let Some(view) = arguments.follow.follow(&connection.table, &name, &started).await? else {
        return Ok(());
    };
    report(&view, arguments.follow.json, "")
}

/// The request for a revision of a ticket's pull request; `None` if an agent at work took in the words.
async fn revision(
    connection: &Connection,
    control: &Control,
    directory: &Directory,
    actor: &Actor,
    said: &str,
) -> Outcome<Option<Event>> {
    let (named, words) = said.split_once(char::is_whitespace).unwrap_or((said, ""));
    let words = words.trim();
    if words.is_empty() {
        return Err(Exit::usage("say what to change after the ticket"));
    }
    let ticket = ticket_named(&connection.table, directory, named).await?;
    let (trigger, delivery) = (EventName::REVISION_REQUESTED, delivery());
    let authority = &Authority::Roles;
    let caller = Caller { directory, actor, authority, trigger: &trigger, delivery: &delivery, at: None };
    let inbox = Words { text: words.to_owned(), place: None, review: None };
    match control.tell(&caller, ticket.task_id(), ticket.project(), inbox).await.map_err(Exit::unreachable)? {
        TellResult::Told { execution, workflow, waits_for } => {
            println!("{}", told(ticket.task_id(), &workflow, &execution, waits_for.as_deref()));
            return Ok(None);
        }
        TellResult::Denied(reason) => {
            return Err(Exit::negative(format!("{reason}{}", say_who(directory, actor))));
        }
        TellResult::Began { .. } | TellResult::NothingAtWork | TellResult::AskProvider => {}
    }
    let repository = &ticket.project().repository;
    let opened = connection.table.pull_request_of_task(repository, ticket.task_id()).await;
    let opened = opened.map_err(Exit::unreachable)?;
    let none = || {
        let called = providers::pull_request_words(directory.configuration(), ticket.project()).name();
        Exit::negative(format!("no {called} was opened for {}", ticket.task_id()))
    };
    let opened = opened.ok_or_else(none)?;
    let fields = json!({
        "task_id": ticket.task_id(),
        "repository": opened.repository,
        "number": opened.number,
        "branch": opened.branch,
        "comments": words,
        "actor": actor.id,
    });
    let made = event(trigger, actor, Some(ticket.task_id().to_owned()), fields);
    Ok(Some(Event { project: Some(opened.project), ..made }))
}

fn event(kind: EventName, actor: &Actor, task_id: Option<String>, fields: Value) -> Event {
    let fields = if let Value::Object(fields) = fields { fields } else { Map::new() };
    let (delivery, actor) = (delivery(), Some(actor.clone()));
    Event { kind, delivery, actor, project: None, task_id, fields }
}
