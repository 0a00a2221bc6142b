//! The words that people type after `/ticketsmith` or a mention of the bot.

use crate::account_request::{LinkRequest, NotifyRequest};
use crate::thanks::is_praise;
use crate::typed_ticket::{end_of_ticket, split_ticket};
use domain::command::{COMMANDS, CommandWord, meant};
use domain::routes::{InvalidInputs, Start};
use domain::typed::{self, bare_word, begins_with_question, is_invisible, is_question_mark};
use domain::{folded, same_name};

/// A command that does not start a workflow.
#[derive(Debug, PartialEq)]
pub(crate) enum Command {
    /// Show executions: of one ticket, or the newest of all.
    Status { task_id: Option<String> },
    /// Show costs: of one ticket, or of the person who asks in this month.
    Costs { task_id: Option<String> },
    /// Steer an execution.
    Steer(Steering),
    /// Join accounts.
    Link(LinkRequest),
    /// Choose which direct messages to get.
    Notify(NotifyRequest),
    /// List the commands, or explain one.
    Help { about: Option<CommandWord> },
    /// A known word that does not start any workflow here.
    NotServed { word: CommandWord },
    /// An unknown word.
    Unknown { word: String },
}

/// A person's command about an existing execution.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Steering {
    pub(crate) word: SteeringWord,
    /// The ticket, if one was typed.
    pub(crate) task_id: Option<String>,
    /// The rest of the text.
    pub(crate) comment: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SteeringWord {
    Approve,
    Deny,
    Stop,
    Undo,
    Redrive,
    Budget,
}

impl SteeringWord {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Approve => CommandWord::Approve,
            Self::Deny => CommandWord::Deny,
            Self::Stop => CommandWord::Stop,
            Self::Undo => CommandWord::Undo,
            Self::Redrive => CommandWord::Redrive,
            Self::Budget => CommandWord::Budget,
        }
        .as_str()
    }

    fn of(word: CommandWord) -> Option<Self> {
        Some(match word {
            CommandWord::Approve => Self::Approve,
            CommandWord::Deny => Self::Deny,
            CommandWord::Stop => Self::Stop,
            CommandWord::Undo => Self::Undo,
            CommandWord::Redrive => Self::Redrive,
            CommandWord::Budget => Self::Budget,
            _ => return None,
        })
    }

    /// Whether it takes the name of any execution in place of a ticket.
    pub(crate) fn names_executions(self) -> bool {
        matches!(self, Self::Undo | Self::Redrive)
    }
}

/// People write no more words behind a command without its ticket.
const MOST_WORDS_OF_A_COMMAND: usize = 3;

impl Command {
    /// Reads the words that were said to the bot. Where no ticket is meant by the place, it comes second: `approve SHOP-1 looks good`. On
    /// a ticket it may be left out: `approve looks good`.
    pub(crate) fn read(text: &str, on_ticket: Option<&str>) -> Self {
        let (word, rest) = first_word(text.trim());
        let behind = rest;
        let word = if word.is_empty() { CommandWord::Help.as_str().to_owned() } else { folded(word) };
        let (task_id, rest) = match (on_ticket, split_ticket(rest)) {
            (Some(here), (typed, after)) if same_name(here, typed) => (Some(here.to_owned()), after),
            (Some(here), _) => (Some(here.to_owned()), rest),
            (None, (typed, after)) => (Some(typed.to_owned()).filter(|typed| !typed.is_empty()), after),
        };
        // `approve?`, `approve ?` and `approve, or not?` are questions, not answers. A question behind a no may be its reason.
        let marks = behind.trim();
        let only_marks = !marks.is_empty() && marks.chars().all(is_question_mark);
        let is_yes = CommandWord::read(&word) == Some(CommandWord::Approve);
        let asks = only_marks || (is_yes && begins_with_question(text));
        let word = if asks { word + "?" } else { word };
        if let Some(word) = CommandWord::read(&word).and_then(SteeringWord::of) {
            let rest = rest.split_whitespace().collect::<Vec<_>>().join(" ");
            let comment = Some(rest).filter(|rest| !rest.is_empty());
            return Self::Steer(Steering { word, task_id, comment });
        }
        // `status?` asks for the status.
        let known = CommandWord::read(word.trim_end_matches('?'));
        match known.filter(|known| SteeringWord::of(*known).is_none()) {
            Some(CommandWord::Status) => Self::Status { task_id },
            Some(CommandWord::Costs) => Self::Costs { task_id },
            Some(CommandWord::Help) => Self::help(behind),
            // Other words behind these make a sentence: `Link the page to the cart`.
            Some(CommandWord::Link) => LinkRequest::read(behind).map_or(Self::Unknown { word }, Self::Link),
            Some(CommandWord::Notify) => {
                NotifyRequest::read(behind).map_or(Self::Unknown { word }, Self::Notify)
            }
            Some(known) => Self::NotServed { word: known },
            None => Self::Unknown { word },
        }
    }
}

impl Command {
    /// `help` with what comes behind it: a command, or one that is misspelled; other words are not about one.
    fn help(behind: &str) -> Self {
        let (word, rest) = first_word(behind);
        let word = folded(word);
        match CommandWord::read(&word) {
            None if rest.is_empty() && meant(&word).is_some() => Self::Unknown { word },
            about => Self::Help { about },
        }
    }

    /// Whether words that begin with a command are more than it takes, and so perhaps a sentence: `status must be shown in the list`. What was
    /// meant is then not known, so it starts nothing, and whoever said it is told how to ask for changes.
    pub(crate) fn may_be_sentence(&self, words: &str) -> bool {
        let takes_words = match self {
            Self::Status { .. } | Self::Costs { .. } | Self::Help { .. } => false,
            Self::NotServed { word } => !word.spec().starts_workflows,
            _ => true,
        };
        !takes_words && words.split_whitespace().count() > MOST_WORDS_OF_A_COMMAND
    }

    /// What is to be changed, if the words that this command was read from ask for a change: `revise` with what follows, or a sentence that is
    /// no command and does not look like a misspelled one.
    pub(crate) fn request<'w>(&self, words: &'w str, on_ticket: Option<&str>) -> Option<&'w str> {
        let words = words.trim();
        let (_, rest) = first_word(words);
        let asked = match self {
            Self::NotServed { word: CommandWord::Revise | CommandWord::Tell } => {
                match (on_ticket, split_ticket(rest)) {
                    (Some(here), (typed, after)) if same_name(here, typed) => after.trim(),
                    _ => rest,
                }
            }
            Self::Unknown { word }
                if words.contains(char::is_whitespace)
                    && !is_misspelled(word, words)
                    && !is_praise(words) =>
            {
                words
            }
            _ => return None,
        };
        Some(asked).filter(|asked| !asked.is_empty())
    }
}

impl Command {
    /// The ticket after `revise` or `tell`, and the words for it.
    pub(crate) fn request_about<'w>(&self, words: &'w str) -> Option<(&'w str, &'w str)> {
        match self {
            Self::NotServed { word: CommandWord::Revise | CommandWord::Tell } => {
                let (_, rest) = first_word(words.trim());
                let (ticket, text) = split_ticket(rest);
                let text = text.trim();
                (!ticket.is_empty() && !text.is_empty()).then_some((ticket, text))
            }
            _ => None,
        }
    }

    /// Whether we carry it out or answer it even if a workflow starts on everything that people say. Not if `words`, from which it was read, may be a
    /// sentence that only begins like a command.
    pub(crate) fn is_built_in(&self, words: &str) -> bool {
        let is_ours = match self {
            Self::Status { .. } | Self::Costs { .. } | Self::Help { .. } => true,
            Self::Steer(_) | Self::Link(_) | Self::Notify(_) => true,
            Self::NotServed { .. } | Self::Unknown { .. } => false,
        };
        is_ours && !self.may_be_sentence(words)
    }

    /// Whether it is only for an agent at work.
    pub(crate) fn is_told(&self) -> bool {
        matches!(self, Self::NotServed { word: CommandWord::Tell })
    }
}

/// Whether a few words begin with a command that has a letter wrong. To take `aprove it` for a request would cost money. `Improve the error`
/// is nearer to `approve` than to nothing, so only one letter counts, and a whole sentence is a command only where its first word can hardly be
/// another one.
fn is_misspelled(word: &str, words: &str) -> bool {
    let is_short = words.split_whitespace().count() <= MOST_WORDS_OF_A_COMMAND;
    let mut commands = COMMANDS.iter().map(|command| command.word);
    commands.any(|command| {
        command.has_one_letter_wrong(word) && (is_short || command.spec().is_unlike_other_words)
    })
}

/// The first word, without punctuation after it and emphasis around it, and the rest: `Stop, please` and `**Stop**` both say `Stop`.
fn first_word(text: &str) -> (&str, &str) {
    let text = text.trim_start_matches(is_unseen);
    let (word, rest) = typed::first_word(text);
    (bare_word(word), rest.trim_start_matches(is_unseen))
}

fn is_unseen(c: char) -> bool {
    c.is_whitespace() || is_invisible(c)
}

/// Whether words that begin with a command mean a workflow: `start`, the workflow that they start, names more of them than the command.
pub(crate) fn means_workflow(start: &Result<Option<Start>, InvalidInputs>) -> bool {
    matches!(start, Ok(Some(start)) if start.words > 1)
}

/// The ticket that words may name after a command, as it was typed but without punctuation and emphasis; `None` if nothing follows.
pub(crate) fn typed_ticket(words: &str) -> Option<&str> {
    let (_, rest) = first_word(words);
    Some(split_ticket(rest).0).filter(|typed| !typed.is_empty())
}

/// The same words with this ticket in place of the one that [`typed_ticket`] finds.
pub(crate) fn with_typed(words: &str, ticket: &str) -> String {
    let (_, rest) = first_word(words);
    let (before, behind) = (&words[..words.len() - rest.len()], &rest[end_of_ticket(rest)..]);
    format!("{before}{ticket}{behind}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steering(word: SteeringWord, comment: Option<&str>) -> Command {
        Command::Steer(Steering { word, task_id: Some("SHOP-1".into()), comment: comment.map(str::to_owned) })
    }

    #[test]
    fn words_are_read_ignoring_case() {
        let read = |text: &str| Command::read(text, None);
        assert_eq!(read(""), Command::Help { about: None });
        assert_eq!(read("help undo"), Command::Help { about: Some(CommandWord::Undo) });
        assert_eq!(read("help me"), Command::Help { about: None });
        assert_eq!(read("help aprove"), Command::Unknown { word: "aprove".into() });
        assert_eq!(read("help undoing what went wrong"), Command::Help { about: None });
        assert_eq!(read("STATUS shop-1"), Command::Status { task_id: Some("shop-1".into()) });
        assert_eq!(read("costs"), Command::Costs { task_id: None });
        assert_eq!(read("plan SHOP-1"), Command::NotServed { word: CommandWord::Plan });
        assert_eq!(read("undo SHOP-1"), steering(SteeringWord::Undo, None));
        assert_eq!(read("Redrive SHOP-1"), steering(SteeringWord::Redrive, None));
        assert_eq!(read("Approve SHOP-1  looks good"), steering(SteeringWord::Approve, Some("looks good")));
        let Command::Steer(pasted) = read("deny <https://acme.example/1|Limit carts> not now") else {
            panic!("steers nothing")
        };
        assert_eq!(pasted.task_id.as_deref(), Some("https://acme.example/1"));
        assert_eq!(pasted.comment.as_deref(), Some("not now"));
        assert_eq!(read("dance"), Command::Unknown { word: "dance".into() });
    }

    #[test]
    fn punctuation_is_not_meant() {
        for text in ["stop SHOP-1", "Stop, SHOP-1.", "STOP: SHOP-1!", "stop; SHOP-1"] {
            assert_eq!(Command::read(text, None), steering(SteeringWord::Stop, None), "{text}");
        }
        for text in [
            "**stop** SHOP-1",
            "_Stop_, SHOP-1",
            "*stop!* SHOP-1",
            "\u{200f}stop\u{200f} \u{200f}SHOP-1\u{200b}",
            "stop\u{ff0c}SHOP-1",
            "stop\u{2014}SHOP-1",
        ] {
            assert_eq!(Command::read(text, None), steering(SteeringWord::Stop, None), "{text}");
        }
        assert_eq!(Command::read("Status?", None), Command::Status { task_id: None });
        assert_eq!(Command::read("approve?", Some("SHOP-1")), Command::Unknown { word: "approve?".into() });
        let questions =
            ["approve ?", "approve\u{2026}?", "Approve ??", "approve, or not?", "approve it? No!"];
        for question in questions {
            let expected = Command::Unknown { word: "approve?".into() };
            assert_eq!(Command::read(question, Some("SHOP-1")), expected, "{question}");
            assert_eq!(expected.request(question, Some("SHOP-1")), None, "it asks for no change: {question}");
        }
        let reason = "deny why does it need a table?";
        let denied = steering(SteeringWord::Deny, Some("why does it need a table?"));
        assert_eq!(Command::read(reason, Some("SHOP-1")), denied);
        let remark = steering(SteeringWord::Approve, Some("Why so late?"));
        assert_eq!(Command::read("approve. Why so late?", Some("SHOP-1")), remark);
    }

    #[test]
    fn a_sentence_asks_for_a_change_and_a_command_does_not() {
        let request = |text: &'static str| Command::read(text, Some("SHOP-1")).request(text, Some("SHOP-1"));
        for text in [
            "Rename the cart, please.",
            "please name it well",
            "why not a map?",
            "Improve naming",
            "Raise it",
            "State the unit in the label",
            "Shop names must be longer",
            "Make it nice",
            "Preview must be shown as well",
        ] {
            assert_eq!(request(text), Some(text));
        }
        assert_eq!(request("revise name it well"), Some("name it well"));
        assert_eq!(request("tell SHOP-1 name it well"), Some("name it well"));
        assert_eq!(request("Revise: SHOP-1 name it well"), Some("name it well"));
        for text in [
            "thanks",
            "Thanks a lot!",
            "thank you",
            "\u{200f}approve\u{200f} thanks",
            "**approve** looks good",
            "approve\u{ff0c}looks good to me",
            "LGTM, merging",
            "nice work!",
            "This looks really good to me.",
            "stop",
            "status",
            "aprove it",
            "aprove this, it is good enough for me now",
            "Approved by me, so please merge it",
            "`approve` it please",
            "`approve` is misspelled in the README",
            "stpo now",
            "vielen Dank",
            "¡muchas gracias!",
            "ありがとう ございます",
            "revise",
            "run",
            "help me",
            "",
        ] {
            assert_eq!(request(text), None, "{text}");
        }
    }

    #[test]
    fn a_sentence_may_begin_with_a_command() {
        let may = |text: &str| Command::read(text, Some("SHOP-1")).may_be_sentence(text);
        for text in [
            "Status must be shown in the list",
            "costs are rounded up to cents",
            "run the tests before you commit",
            "help users to find it",
        ] {
            assert!(may(text), "{text}");
        }
        for text in [
            "status",
            "status please?",
            "costs so far",
            "help undo",
            "run",
            "stop, this is all wrong",
            "name it well, please",
        ] {
            assert!(!may(text), "{text}");
        }
    }

    #[test]
    fn a_ticket_is_not_named_on_itself() {
        let on_ticket = |text| Command::read(text, Some("SHOP-1"));
        for text in ["Approve! looks good", "approve SHOP-1 looks good", "approve shop-1: looks good"] {
            assert_eq!(on_ticket(text), steering(SteeringWord::Approve, Some("looks good")), "{text}");
        }
        assert_eq!(on_ticket("Stop,"), steering(SteeringWord::Stop, None));
        assert_eq!(on_ticket("status?"), Command::Status { task_id: Some("SHOP-1".into()) });
        assert_eq!(on_ticket("costs so far"), Command::Costs { task_id: Some("SHOP-1".into()) });
        assert_eq!(on_ticket("we approve of this"), Command::Unknown { word: "we".into() });
    }
}
