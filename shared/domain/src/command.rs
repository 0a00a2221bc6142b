//! The commands that people give in chats, in comments and at the command line. One table: every entrance reads its words from here, and `help` and
//! `docs/commands.md` are written from it.

/// A command's first word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CommandWord {
    /// Answers yes.
    Approve,
    /// Changes the limits of a ticket.
    Budget,
    /// Shows costs.
    Costs,
    /// Answers no.
    Deny,
    /// Explains the commands.
    Help,
    /// Joins a person's accounts.
    Link,
    /// Chooses a person's direct messages.
    Notify,
    /// Plans requirements.
    Plan,
    /// Continues a run.
    Redrive,
    /// Reviews a pull request.
    Review,
    /// Asks for changes to a pull request.
    Revise,
    /// Starts work on a ticket.
    Run,
    /// Shows executions.
    Status,
    /// Stops work.
    Stop,
    /// Says something to the agent at work.
    Tell,
    /// Takes back the effects of an execution.
    Undo,
}

/// Whether a ticket follows the word. In comments on a ticket, it may be left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TicketArgument {
    /// Never.
    No,
    /// It may.
    Optional,
    /// It must.
    Needed,
}

/// One way to write a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommandForm {
    /// Whether a ticket comes first.
    pub ticket: TicketArgument,
    /// The words that follow, with a space before each part: ` what to change`, ` [comment]`.
    pub behind: &'static str,
    /// Its meaning, as a phrase that continues the command: `stops the work on it`.
    pub purpose: &'static str,
}

/// A command: its word and all ways to write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommandSpec {
    /// Which one.
    pub word: CommandWord,
    /// The typed word, in lower case.
    pub name: &'static str,
    /// Whether it exists only if a workflow has a trigger for it.
    pub starts_workflows: bool,
    /// Whether a word with a letter wrong is most likely this one, whatever follows it: other words are too near to most commands, as
    /// `preview` is to `review`.
    pub is_unlike_other_words: bool,
    /// The ways to write it; at least one.
    pub forms: &'static [CommandForm],
    /// Notes for people, in whole sentences; may be empty.
    pub note: &'static str,
}

/// Every command, in the order of `help`.
pub const COMMANDS: &[CommandSpec] = &[
    CommandSpec {
        word: CommandWord::Run,
        name: "run",
        starts_workflows: true,
        is_unlike_other_words: false,
        forms: &[form(TicketArgument::Needed, "", "starts work on it")],
        note: "",
    },
    CommandSpec {
        word: CommandWord::Plan,
        name: "plan",
        starts_workflows: true,
        is_unlike_other_words: false,
        forms: &[form(TicketArgument::No, " requirements", "plans requirements as tickets")],
        note: "",
    },
    CommandSpec {
        word: CommandWord::Revise,
        name: "revise",
        starts_workflows: false,
        is_unlike_other_words: false,
        forms: &[form(TicketArgument::Needed, " what to change", "asks for changes to its pull request")],
        note: "While an agent is at work on the ticket, it takes the words in; otherwise a revision begins.",
    },
    CommandSpec {
        word: CommandWord::Review,
        name: "review",
        starts_workflows: true,
        is_unlike_other_words: false,
        forms: &[form(TicketArgument::No, " pull request", "reviews a pull request")],
        note: "",
    },
    CommandSpec {
        word: CommandWord::Status,
        name: "status",
        starts_workflows: false,
        is_unlike_other_words: false,
        forms: &[form(TicketArgument::Optional, "", "shows executions")],
        note: "",
    },
    CommandSpec {
        word: CommandWord::Costs,
        name: "costs",
        starts_workflows: false,
        is_unlike_other_words: false,
        forms: &[form(TicketArgument::Optional, "", "shows costs")],
        note: "Without a ticket, it shows what you spent this month.",
    },
    CommandSpec {
        word: CommandWord::Approve,
        name: "approve",
        starts_workflows: false,
        is_unlike_other_words: true,
        forms: &[form(TicketArgument::Needed, " [comment]", "answers yes to its question")],
        note: "",
    },
    CommandSpec {
        word: CommandWord::Deny,
        name: "deny",
        starts_workflows: false,
        is_unlike_other_words: false,
        forms: &[form(TicketArgument::Needed, " [comment]", "answers no to its question")],
        note: "",
    },
    CommandSpec {
        word: CommandWord::Stop,
        name: "stop",
        starts_workflows: false,
        is_unlike_other_words: false,
        forms: &[form(TicketArgument::Needed, "", "stops the work on it")],
        note: "Its effects stay; `undo` takes them back.",
    },
    CommandSpec {
        word: CommandWord::Undo,
        name: "undo",
        starts_workflows: false,
        is_unlike_other_words: false,
        forms: &[
            form(TicketArgument::Needed, "", "shows what its newest execution did that can be taken back"),
            form(TicketArgument::No, " execution", "shows the same of an execution that `status` lists"),
            form(TicketArgument::Needed, " confirm code", "takes back exactly what was shown with the code"),
        ],
        note: "Nothing is taken back until you confirm what was shown.",
    },
    CommandSpec {
        word: CommandWord::Redrive,
        name: "redrive",
        starts_workflows: false,
        is_unlike_other_words: true,
        forms: &[
            form(TicketArgument::Needed, "", "continues its newest execution, if that failed or was stopped"),
            form(TicketArgument::No, " execution", "continues an execution that `status` lists"),
        ],
        note: "Steps that were done and paid for are not repeated.",
    },
    CommandSpec {
        word: CommandWord::Budget,
        name: "budget",
        starts_workflows: false,
        is_unlike_other_words: true,
        forms: &[
            form(TicketArgument::Needed, " +dollars", "adds dollars to the limit that stopped the work"),
            form(TicketArgument::Needed, " draft", "finishes with a draft of what is done"),
            form(TicketArgument::Needed, " rollback", "takes back what it did"),
        ],
        note: "",
    },
    CommandSpec {
        word: CommandWord::Tell,
        name: "tell",
        starts_workflows: false,
        is_unlike_other_words: false,
        forms: &[form(TicketArgument::Needed, " words", "tells the agent at work on it")],
        note: "",
    },
    CommandSpec {
        word: CommandWord::Link,
        name: "link",
        starts_workflows: false,
        is_unlike_other_words: false,
        forms: &[
            form(
                TicketArgument::No,
                "",
                "gives you a code to join two of your accounts, and lists joined accounts",
            ),
            form(TicketArgument::No, " code", "shows which accounts the code would join"),
            form(TicketArgument::No, " confirm code", "confirms it; both accounts must"),
            form(TicketArgument::No, " remove service account", "separates an account again"),
        ],
        note: "An account that is joined to yours acts as you, with your roles.",
    },
    CommandSpec {
        word: CommandWord::Notify,
        name: "notify",
        starts_workflows: false,
        is_unlike_other_words: false,
        forms: &[
            form(TicketArgument::No, "", "shows which direct messages you get"),
            form(TicketArgument::No, " approval limit failed done", "chooses it; name what you want"),
            form(TicketArgument::No, " off", "turns direct messages off"),
            form(TicketArgument::No, " default", "uses the configuration's choice"),
        ],
        note: "",
    },
    CommandSpec {
        word: CommandWord::Help,
        name: "help",
        starts_workflows: false,
        is_unlike_other_words: false,
        forms: &[form(TicketArgument::No, " [command]", "lists the commands, or explains one")],
        note: "",
    },
];

const fn form(ticket: TicketArgument, behind: &'static str, purpose: &'static str) -> CommandForm {
    CommandForm { ticket, behind, purpose }
}

impl CommandWord {
    /// Reads a word that somebody typed, already in lower case.
    pub fn read(word: &str) -> Option<Self> {
        COMMANDS.iter().find(|command| command.name == word).map(|command| command.word)
    }

    /// The typed word.
    pub fn as_str(self) -> &'static str {
        self.spec().name
    }

    /// Whether a word is this one with a single letter wrong. Words of three letters are too near to others.
    pub fn has_one_letter_wrong(self, word: &str) -> bool {
        self.as_str().len() > 3 && strsim::osa_distance(bare(word), self.as_str()) <= 1
    }

    /// Whether the word alone always means this command, even if a workflow has a trigger for it. `revise` starts a workflow if there is no pull
    /// request to revise.
    pub fn is_reserved(self) -> bool {
        !self.spec().starts_workflows && self != Self::Revise
    }

    /// Its line in the table.
    pub fn spec(self) -> &'static CommandSpec {
        let found = COMMANDS.iter().find(|command| command.word == self);
        // A test finds every word in the table.
        found.unwrap_or(&COMMANDS[COMMANDS.len() - 1])
    }
}

impl CommandForm {
    /// How it is written after the command's word, depending on whether the place identifies the ticket: ` ticket [comment]`.
    pub fn usage(&self, on_ticket: bool) -> String {
        let ticket = match self.ticket {
            _ if on_ticket => "",
            TicketArgument::No => "",
            TicketArgument::Optional => " [ticket]",
            TicketArgument::Needed => " ticket",
        };
        format!("{ticket}{}", self.behind)
    }
}

/// A word without what people put around it: quotes, the backticks of code, a slash.
fn bare(word: &str) -> &str {
    word.trim_matches(|c: char| !c.is_alphanumeric())
}

/// The command that somebody meant by a word that is not a command, in lower case: the nearest one, if no more letters are wrong than people get wrong.
pub fn meant(word: &str) -> Option<CommandWord> {
    let word = bare(word);
    let distance = |command: &&CommandSpec| strsim::osa_distance(word, command.name);
    let nearest = COMMANDS.iter().min_by_key(distance)?;
    let wrong = strsim::osa_distance(word, nearest.name);
    let most = if nearest.name.len() > 4 { 2 } else { 1 };
    (wrong <= most).then_some(nearest.word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_word_is_in_the_table_once() {
        let words: BTreeSet<_> = COMMANDS.iter().map(|command| command.word).collect();
        assert_eq!(words.len(), COMMANDS.len());
        for command in COMMANDS {
            assert_eq!(CommandWord::read(command.name), Some(command.word));
            assert_eq!(command.word.as_str(), command.name);
            assert!(!command.forms.is_empty() && command.name == command.name.to_lowercase());
            for form in command.forms {
                assert!(form.behind.is_empty() || form.behind.starts_with(' '), "{}", form.behind);
            }
        }
        assert_eq!(words.len(), 16, "a word that is not in the table is never read");
        assert_eq!(CommandWord::read("dance"), None);
    }

    #[test]
    fn a_ticket_is_named_where_it_is_not_known() {
        let approve = CommandWord::Approve.spec().forms[0];
        assert_eq!([approve.usage(false), approve.usage(true)], [" ticket [comment]", " [comment]"]);
        assert_eq!(CommandWord::Help.spec().forms[0].usage(false), " [command]");
    }

    #[test]
    fn a_near_miss_means_a_command() {
        for (typed, word) in [
            ("aprove", CommandWord::Approve),
            ("stauts", CommandWord::Status),
            ("udno", CommandWord::Undo),
            ("redirve", CommandWord::Redrive),
            ("notfy", CommandWord::Notify),
            ("hlep", CommandWord::Help),
            ("cost", CommandWord::Costs),
            ("`deny`", CommandWord::Deny),
            ("\u{201c}stpo\u{201d}", CommandWord::Stop),
            ("/plan", CommandWord::Plan),
        ] {
            assert_eq!(meant(typed), Some(word), "{typed}");
        }
        for typed in ["dance", "improvement", "x", ""] {
            assert_eq!(meant(typed), None, "{typed}");
        }
    }
}
