//! Steers executions from the command line: who asks, and about which execution.

use crate::connection::Connection;
use crate::environment;
use crate::exit::{Exit, Outcome};
use clap::builder::NonEmptyStringValueParser;
use control::{Authority, Caller, Control, Directory, DirectoryError, Ticket};
use domain::configuration::User;
use domain::event::{Actor, EventName, SourceName};
use domain::instead_of;
use records::{ExecutionRecord, Table};

/// The requester.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct PersonArgument {
    /// The person who asks, as named under `users:` in the configuration; by default `$USER`.
    #[arg(long = "as", value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    person: Option<String>,
}

/// The person who was named, by default the one of the variable `USER`.
pub(crate) fn person_or_user(named: Option<&str>) -> Option<String> {
    named.map(str::to_owned).or_else(|| environment::value("USER"))
}

impl PersonArgument {
    /// The person, as the configuration identifies them. Without a name, the records say `command-line`.
    pub(crate) fn actor(&self, directory: &Directory) -> Actor {
        let id = person_or_user(self.person.as_deref()).unwrap_or_else(|| "command-line".to_owned());
        let actor = Actor { source: SourceName::API, id, display_name: None, person: None };
        directory.configuration().identify(actor)
    }
}

/// A new delivery ID, for one request at the command line.
pub(crate) fn delivery() -> String {
    format!("command-line {}", uuid::Uuid::new_v4())
}

/// The event of every request at the command line.
static RUN: EventName = EventName::API_RUN;

/// Somebody at the command line, who has the installation's own credentials.
pub(crate) fn with_installation<'a>(
    directory: &'a Directory,
    actor: &'a Actor,
    delivery: &'a str,
) -> Caller<'a> {
    Caller { directory, actor, authority: &Authority::Installation, trigger: &RUN, delivery, at: None }
}

/// One request of a person at the command line.
pub(crate) struct Request {
    /// The operations.
    pub(crate) control: Control,
    /// The selected execution.
    pub(crate) execution: ExecutionRecord,
    directory: Directory,
    actor: Actor,
    delivery: String,
}

impl Request {
    /// Finds the execution with this name, or the one at work on the ticket with this name.
    ///
    /// # Errors
    /// Negative when there is none; unreachable when nothing answers.
    pub(crate) async fn about(
        connection: &Connection,
        named: &str,
        person: &PersonArgument,
    ) -> Outcome<Self> {
        Self::find(connection, named, person, false).await
    }

    /// The same for an answer: if nothing is at work on the ticket, it refers to the newest execution, which says how its question was
    /// decided.
    ///
    /// # Errors
    /// As [`Request::about`].
    pub(crate) async fn about_question(
        connection: &Connection,
        named: &str,
        person: &PersonArgument,
    ) -> Outcome<Self> {
        Self::find(connection, named, person, true).await
    }

    async fn find(
        connection: &Connection,
        named: &str,
        person: &PersonArgument,
        or_newest: bool,
    ) -> Outcome<Self> {
        let control = connection.control();
        let directory = control.directory().await.map_err(Exit::unreachable)?;
        let execution = match connection.table.execution(named).await.map_err(Exit::unreachable)? {
            Some(execution) => execution,
            None => {
                let ticket = ticket_instead_of_execution(&connection.table, &directory, named).await?;
                let open = control.open_execution(ticket.task_id()).await.map_err(Exit::unreachable)?;
                let open = match open {
                    None if or_newest => {
                        let newest = control.asking_on(ticket.task_id()).await.map_err(Exit::unreachable)?;
                        let newest = newest.unwrap_or_default();
                        connection.table.execution(&newest).await.map_err(Exit::unreachable)?
                    }
                    open => open,
                };
                open.ok_or_else(|| Exit::negative(format!("nothing is at work on {}", ticket.task_id())))?
            }
        };
        let actor = person.actor(&directory);
        Ok(Self { control, execution, directory, actor, delivery: delivery() })
    }

    /// The requester, for the operations.
    pub(crate) fn caller(&self) -> Caller<'_> {
        Caller {
            directory: &self.directory,
            actor: &self.actor,
            authority: &Authority::Roles,
            trigger: &RUN,
            delivery: &self.delivery,
            at: None,
        }
    }

    /// The error that they may not do it.
    pub(crate) fn denied(&self, reason: &str) -> Exit {
        Exit::negative(format!("{reason}{}", say_who(&self.directory, &self.actor)))
    }
}

/// The ticket that somebody named, by its own name or by the pull request that we opened for it.
///
/// # Errors
/// Negative if it is no ticket of a project; unreachable when nothing answers.
pub(crate) async fn ticket_named<'a>(
    table: &Table,
    directory: &'a Directory,
    typed: &str,
) -> Outcome<Ticket<'a>> {
    find_ticket(table, directory, typed).await?.map_err(Exit::negative)
}

/// The same for what could be the name of an execution, and is not.
///
/// # Errors
/// As [`ticket_named`], saying that there is no such execution either.
pub(crate) async fn ticket_instead_of_execution<'a>(
    table: &Table,
    directory: &'a Directory,
    typed: &str,
) -> Outcome<Ticket<'a>> {
    let ticket = find_ticket(table, directory, typed).await?;
    ticket.map_err(|error| Exit::negative(format!("{}, and {error}", no_execution(typed))))
}

async fn find_ticket<'a>(
    table: &Table,
    directory: &'a Directory,
    typed: &str,
) -> Outcome<Result<Ticket<'a>, DirectoryError>> {
    Ok(directory.ticket(&with_ticket(table, directory, typed).await?))
}

/// What was typed, with the ticket in place of a pull request that we opened for it.
///
/// # Errors
/// Unreachable when nothing answers.
pub(crate) async fn with_ticket(table: &Table, directory: &Directory, typed: &str) -> Outcome<String> {
    let ticket = directory.ticket_of_pull_request(table, typed).await.map_err(Exit::unreachable)?;
    Ok(ticket.unwrap_or_else(|| typed.to_owned()))
}

/// The message that no execution has this name.
pub(crate) fn no_execution(name: &str) -> String {
    format!("no execution is named `{name}`")
}

/// The advice to say who asks, if `users` does not have the actor; otherwise empty.
pub(crate) fn say_who(directory: &Directory, actor: &Actor) -> String {
    match actor.person {
        Some(_) => String::new(),
        None => unknown_person(&directory.configuration().users, &actor.id, "pass --as with one of"),
    }
}

/// What to add to an answer about a person who is not among the users: the nearest name, and all names after `label`. Empty without users.
pub(crate) fn unknown_person(users: &[User], name: &str, label: &str) -> String {
    if users.is_empty() {
        return String::new();
    }
    let instead = instead_of(name, label, users.iter().map(|user| user.name.as_str()));
    format!("; `{name}` is not under `users:`; {instead}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_person_whom_nobody_knows_is_told_with_the_nearest() {
        let users: Vec<User> = serde_json::from_value(json!([{"name": "ada"}, {"name": "grace"}])).unwrap();
        assert_eq!(
            unknown_person(&users, "adda", "known"),
            "; `adda` is not under `users:`; did you mean `ada`? known: ada, grace"
        );
        assert_eq!(
            unknown_person(&users, "eve", "pass --as with one of"),
            "; `eve` is not under `users:`; pass --as with one of: ada, grace"
        );
        assert_eq!(unknown_person(&[], "adda", "known"), "");
    }
}
