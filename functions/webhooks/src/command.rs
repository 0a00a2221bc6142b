//! The words people know behind `/ticketsmith`.

/// What was asked for, where it is more than starting a workflow.
#[derive(Debug, PartialEq)]
pub(crate) enum Command {
    /// How executions stand: of one ticket, or the newest of all.
    Status { task_id: Option<String> },
    /// What was spent: on one ticket, or this month by the person who asks.
    Costs { task_id: Option<String> },
    /// What can be asked.
    Help,
    /// A word we know that no workflow here is started by.
    NotServed { word: String },
    /// A word we do not know.
    Unknown { word: String },
}

/// Words that start or steer work. They are served when a workflow has a `slack.command` trigger for them.
const WORDS: [&str; 8] = ["run", "plan", "revise", "review", "approve", "deny", "stop", "undo"];

impl Command {
    /// Reads the words behind the command.
    pub(crate) fn read(text: &str) -> Self {
        let mut words = text.split_whitespace();
        let word = words.next().unwrap_or("help").to_lowercase();
        let task_id = words.next().map(str::to_owned);
        match word.as_str() {
            "status" => Self::Status { task_id },
            "costs" => Self::Costs { task_id },
            "help" => Self::Help,
            known if WORDS.contains(&known) => Self::NotServed { word },
            _ => Self::Unknown { word },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_ignoring_case() {
        assert_eq!(Command::read(""), Command::Help);
        assert_eq!(Command::read("STATUS shop-1"), Command::Status { task_id: Some("shop-1".into()) });
        assert_eq!(Command::read("costs"), Command::Costs { task_id: None });
        assert_eq!(Command::read("undo SHOP-1"), Command::NotServed { word: "undo".into() });
        assert_eq!(Command::read("dance"), Command::Unknown { word: "dance".into() });
    }
}
