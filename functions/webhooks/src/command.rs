//! The words that people type after `/ticketsmith` or a mention of the bot.

/// A command that does not start a workflow.
#[derive(Debug, PartialEq)]
pub(crate) enum Command {
    /// Show executions: of one ticket, or the newest of all.
    Status { task_id: Option<String> },
    /// Show costs: of one ticket, or of the person who asks in this month.
    Costs { task_id: Option<String> },
    /// Steer an execution.
    Steer(Steering),
    /// List the commands.
    Help,
    /// A known word that does not start any workflow here.
    NotServed { word: String },
    /// An unknown word.
    Unknown { word: String },
}

/// A person's command about an existing execution.
#[derive(Debug, PartialEq)]
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
}

impl SteeringWord {
    fn read(word: &str) -> Option<Self> {
        match word {
            "approve" => Some(Self::Approve),
            "deny" => Some(Self::Deny),
            "stop" => Some(Self::Stop),
            "undo" => Some(Self::Undo),
            _ => None,
        }
    }
}

/// Words that start work, if a workflow has a trigger for them.
const WORDS: [&str; 4] = ["run", "plan", "revise", "review"];

impl Command {
    /// Reads the words after the command; the ticket is second: `approve SHOP-1 looks good`.
    pub(crate) fn read(text: &str) -> Self {
        let text = text.trim();
        let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let word = if word.is_empty() { "help" } else { word }.to_lowercase();
        let (ticket, rest) = split_ticket(rest.trim_start());
        let task_id = Some(ticket.to_owned()).filter(|ticket| !ticket.is_empty());
        if let Some(word) = SteeringWord::read(&word) {
            let rest = rest.split_whitespace().collect::<Vec<_>>().join(" ");
            let comment = Some(rest).filter(|rest| !rest.is_empty());
            return Self::Steer(Steering { word, task_id, comment });
        }
        match word.as_str() {
            "status" => Self::Status { task_id },
            "costs" => Self::Costs { task_id },
            "help" => Self::Help,
            known if WORDS.contains(&known) => Self::NotServed { word },
            _ => Self::Unknown { word },
        }
    }
}

/// The first word and the rest. The text in a pasted link, as in `<https://…|Limit carts>`, belongs to the word.
fn split_ticket(text: &str) -> (&str, &str) {
    let link = text.strip_prefix('<').and_then(|rest| rest.find('>')).map(|end| end + 2);
    let end = link.or_else(|| text.find(char::is_whitespace)).unwrap_or(text.len());
    text.split_at(end)
}

impl Steering {
    /// Reads a comment on a ticket, which need not name the ticket: `approve looks good`. `None` if it is not a command.
    pub(crate) fn read_on_ticket(text: &str, task_id: &str) -> Option<Self> {
        let text = text.trim();
        let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let word = SteeringWord::read(&word.trim_end_matches(['.', '!', ',', ':']).to_lowercase())?;
        let comment = Some(rest.trim().to_owned()).filter(|rest| !rest.is_empty());
        Some(Self { word, task_id: Some(task_id.to_owned()), comment })
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
        assert_eq!(Command::read("plan SHOP-1"), Command::NotServed { word: "plan".into() });
        let steering = |word, comment: Option<&str>| Steering {
            word,
            task_id: Some("SHOP-1".into()),
            comment: comment.map(str::to_owned),
        };
        let undo = Command::Steer(steering(SteeringWord::Undo, None));
        assert_eq!(Command::read("undo SHOP-1"), undo);
        let approved = steering(SteeringWord::Approve, Some("looks good"));
        assert_eq!(Command::read("Approve SHOP-1  looks good"), Command::Steer(approved));
        let on_ticket = |text| Steering::read_on_ticket(text, "SHOP-1");
        assert_eq!(
            on_ticket("Approve! looks good"),
            Some(steering(SteeringWord::Approve, Some("looks good")))
        );
        assert_eq!(on_ticket("deny"), Some(steering(SteeringWord::Deny, None)));
        assert_eq!(on_ticket("we approve of this"), None);
        let Command::Steer(pasted) = Command::read("deny <https://acme.example/1|Limit carts> not now")
        else {
            panic!("steers nothing")
        };
        assert_eq!(pasted.task_id.as_deref(), Some("<https://acme.example/1|Limit carts>"));
        assert_eq!(pasted.comment.as_deref(), Some("not now"));
        assert_eq!(Command::read("dance"), Command::Unknown { word: "dance".into() });
    }
}
