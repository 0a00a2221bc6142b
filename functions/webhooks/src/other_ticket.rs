//! Commands that mean something else than they would do: those that name another ticket than the one that they are said on, and sentences that
//! begin with `run`. To carry them out would steer, or pay for, what nobody meant.

use crate::act::Acting;
use crate::command::Command;
use domain::command::CommandWord;
use domain::event::SAID_ON;
use domain::{Event, same_name};
use serde_json::Value;

impl Acting<'_> {
    /// The command that somebody wrote. What only shows something shows it of the ticket that is named; what nobody said to the bot is no command.
    ///
    /// # Errors
    /// Why it is not carried out, for them.
    pub(crate) fn command_of(&self, event: &Event, words: &str, is_to_bot: bool) -> Result<Command, String> {
        let command = Command::read(words, event.task_id.as_deref());
        if is_to_bot && command == (Command::NotServed { word: CommandWord::Run }) && is_more_than_run(words)
        {
            return Err(
                "nothing was started, because only a ticket comes behind `run`; to ask for changes to a pull request, begin with `revise`"
                    .to_owned(),
            );
        }
        match (&event.task_id, self.other_named(event, words)) {
            (Some(here), Some(other)) if is_to_bot => command.about(here, other),
            _ => Ok(command),
        }
    }

    /// The ticket behind a command's word, if it is neither the one that the event is about nor the pull request of that one.
    fn other_named(&self, event: &Event, words: &str) -> Option<String> {
        let named = self.directory.ticket(words.split_whitespace().nth(1)?).ok()?;
        let said_on = event.fields.get(SAID_ON).and_then(Value::as_str);
        let is_here = |here: &str| same_name(&self.directory.canonical(here), named.task_id());
        let is_other = !event.task_id.as_deref().into_iter().chain(said_on).any(is_here);
        is_other.then(|| named.task_id().to_owned())
    }
}

/// Whether words behind `run` are more than a ticket, as in `run the tests first`.
fn is_more_than_run(words: &str) -> bool {
    words.split_whitespace().count() > 2
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
}
