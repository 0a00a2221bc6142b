//! Several commands in one comment: the first is carried out, and its author is told about the second, which is not.

use crate::command::Command;
use crate::command_answer::{Part, code, plain};
use crate::mention::words_for_bot;
use crate::spoken::Markup;
use domain::command::CommandWord;
use domain::configuration::Webhooks;
use domain::folded;

/// The first word of a second command on a later line of `words`, which follow the first command. A command that asks for a change, or
/// starts work, includes everything after it, so that nothing is lost.
pub(crate) fn second_command(
    words: &str,
    on_ticket: Option<&str>,
    settings: &Webhooks,
) -> Option<CommandWord> {
    let first = Command::read(words, on_ticket);
    let takes_all = matches!(first, Command::NotServed { .. } | Command::Unknown { .. });
    let (_, rest) = words.split_once('\n').filter(|_| !takes_all)?;
    let said = words_for_bot(rest, &settings.mention, &settings.command, Markup::Markdown)?;
    let word = said.words.split_whitespace().next().filter(|_| said.is_addressed)?;
    CommandWord::read(&folded(word.trim_matches(|c: char| !c.is_alphanumeric())))
}

/// The reply to the author.
pub(crate) fn not_carried_out(word: CommandWord) -> [Part; 3] {
    [
        plain("Only the first command of a comment is carried out; write "),
        code(word.as_str()),
        plain(" in a separate comment."),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_command_is_noticed_and_words_that_belong_to_the_first_are_none() {
        let second = |words| second_command(words, Some("SHOP-1"), &Webhooks::default());
        assert_eq!(second("status\n@ticketsmith stop"), Some(CommandWord::Stop));
        assert_eq!(second("approve\n\nThanks! @ticketsmith **Costs**, please"), Some(CommandWord::Costs));
        for words in [
            "status",
            "approve\nlooks good",
            "approve\n> @ticketsmith stop",
            "approve\nas @ticketsmith status says",
            "revise name it\n@ticketsmith stop",
            "name it well\n@ticketsmith stop",
        ] {
            assert_eq!(second(words), None, "{words}");
        }
    }
}
