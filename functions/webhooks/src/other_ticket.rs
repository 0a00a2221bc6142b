//! Commands that mean something else than they would do: those that name another ticket than the one that they are said on, and sentences that
//! begin with `run`. To carry them out would steer, or pay for, what nobody meant.

use crate::act::Acting;
use crate::command::{Command, typed_ticket, with_typed};
use domain::command::CommandWord;
use domain::event::SAID_ON;
use domain::{Event, same_name};
use serde_json::Value;

impl Acting<'_> {
    /// The command that somebody wrote, and their words with the name of the ticket that they are said on instead of a link to it. A command that only
    /// shows something shows it for the ticket that it names; words that were not said to the bot are not a command.
    ///
    /// # Errors
    /// Why it is not carried out, for them.
    pub(crate) fn command_of(
        &self,
        event: &Event,
        words: String,
        is_to_bot: bool,
    ) -> Result<(String, Command), String> {
        let Some(here) = event.task_id.as_deref() else {
            let command = Command::read(&words, None);
            return Ok((words, command));
        };
        let places = places(event);
        let named = self.named_in(&words, &places);
        let is_here =
            |named: &String| places.iter().any(|place| same_name(&self.directory.canonical(place), named));
        let command = Command::read(&words, Some(here));
        let (words, command, other) = match named {
            // Other words keep their links.
            Some(named) if is_here(&named) && !matches!(command, Command::Unknown { .. }) => {
                let words = with_typed(&words, here);
                let command = Command::read(&words, Some(here));
                (words, command, None)
            }
            named => (words, command, named.filter(|named| !is_here(named))),
        };
        match other.filter(|_| is_to_bot) {
            Some(other) => Ok((words, command.about(here, other)?)),
            None => Ok((words, command)),
        }
    }

    /// The canonical name of the ticket that follows a command's word. A number alone, as in `#2`, belongs to the repository of one of `places`.
    pub(crate) fn named_in(&self, words: &str, places: &[&str]) -> Option<String> {
        let typed = typed_ticket(words)?;
        let known = |typed: &str| Some(self.directory.ticket(typed).ok()?.task_id().to_owned());
        let nearby = || places.iter().find_map(|place| known(&beside(place, typed)?));
        // A link always means a ticket, even if it belongs to no project.
        let elsewhere =
            || Some(self.directory.canonical(typed)).filter(|named| typed.contains("://") && named != typed);
        known(typed).or_else(nearby).or_else(elsewhere)
    }

    /// Why words that begin with `run` start nothing, if they are a sentence and name no ticket, as in `run the tests first`.
    pub(crate) fn not_run(&self, event: &Event, words: &str, command: &Command) -> Option<String> {
        let is_run = *command == Command::NotServed { word: CommandWord::Run };
        let is_sentence =
            words.split_whitespace().count() > 2 && self.named_in(words, &places(event)).is_none();
        (is_run && is_sentence).then(|| {
            let called = self.directory.pull_request_name_at(self.place.as_str());
            format!(
                "nothing was started, because `run` takes only a ticket; to ask for changes to a {called}, begin with `revise`"
            )
        })
    }
}

/// What an event is about, and what it happened on.
fn places(event: &Event) -> Vec<&str> {
    let said_on = event.fields.get(SAID_ON).and_then(Value::as_str);
    event.task_id.as_deref().into_iter().chain(said_on).collect()
}

/// The full name of a number alone that is said on `place`: `#2` is `acme/shop#2` on `acme/shop#1`.
fn beside(place: &str, typed: &str) -> Option<String> {
    let number = typed.strip_prefix(['#', '!'])?;
    let (repository, _) = place.rsplit_once(['#', '!'])?;
    let is_number = !number.is_empty() && number.chars().all(|c| c.is_ascii_digit());
    is_number.then(|| format!("{repository}{typed}"))
}

impl Command {
    /// The command where it is said `here` and names another ticket.
    fn about(self, here: &str, other: String) -> Result<Self, String> {
        let word = match &self {
            Self::Status { .. } => return Ok(Self::Status { task_id: Some(other) }),
            Self::Costs { .. } => return Ok(Self::Costs { task_id: Some(other) }),
            Self::Steer(steering) => steering.word.as_str(),
            Self::NotServed { word } => word.as_str(),
            Self::Link(_) | Self::Notify(_) | Self::Help { .. } | Self::Unknown { .. } => return Ok(self),
        };
        Err(format!(
            "nothing was done, because `{word}` names {other}, and this is about {here}; say it on {other}, or name no ticket to mean {here}"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_something_is_refused_and_what_shows_something_is_shown_of_the_named_ticket() {
        let about = |words: &str| Command::read(words, Some("SHOP-1")).about("SHOP-1", "SHOP-2".to_owned());
        for words in ["approve SHOP-2", "stop SHOP-2", "budget SHOP-2 +5", "run SHOP-2", "revise SHOP-2 it"] {
            let word = words.split(' ').next().unwrap();
            let reason = about(words).unwrap_err();
            assert!(reason.contains(&format!("`{word}` names SHOP-2")), "{words}: {reason}");
        }
        assert_eq!(about("status SHOP-2"), Ok(Command::Status { task_id: Some("SHOP-2".into()) }));
        assert_eq!(about("costs SHOP-2"), Ok(Command::Costs { task_id: Some("SHOP-2".into()) }));
        assert_eq!(about("like SHOP-2"), Ok(Command::Unknown { word: "like".into() }));
        assert_eq!(about("help undo"), Ok(Command::Help { about: Some(CommandWord::Undo) }));
    }

    #[test]
    fn a_number_alone_is_one_of_the_same_repository() {
        assert_eq!(beside("acme/shop#1", "#2").as_deref(), Some("acme/shop#2"));
        assert_eq!(beside("acme/web/shop!1", "#2").as_deref(), Some("acme/web/shop#2"));
        for (place, typed) in
            [("SHOP-1", "#2"), ("acme/shop#1", "#"), ("acme/shop#1", "#2a"), ("acme/shop#1", "2")]
        {
            assert_eq!(beside(place, typed), None, "{typed} on {place}");
        }
    }
}
