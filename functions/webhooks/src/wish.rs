//! A request about a ticket, in words or by a review.

use crate::command::Command;
use domain::Event;
use domain::event::{REVIEW, UPLOADS};
use serde_json::Value;

/// What was uploaded with an event, as a sentence of links.
pub(crate) fn uploads_of(event: &Event) -> Option<&str> {
    event.fields.get(UPLOADS)?.as_str()
}

/// A request about a ticket, and how the bot was addressed.
#[derive(Debug, Clone)]
pub(crate) struct Wish {
    /// The ticket, as it was typed or by its canonical name.
    pub(crate) ticket: String,
    /// The words; empty for a review that has only line comments.
    pub(crate) text: String,
    /// Whether it is only for an agent at work, and starts nothing.
    pub(crate) is_told: bool,
}

impl Wish {
    /// An event's request: `command` was parsed from its words, if somebody addressed the bot.
    pub(crate) fn of(event: &Event, said: (Option<&str>, Option<&Command>)) -> Option<Self> {
        let on_ticket = event.task_id.as_deref();
        match said {
            (Some(words), Some(command)) => Self::said(command, words, on_ticket),
            // A review's own text; it may have only line comments.
            _ if event.fields.contains_key(REVIEW) => Some(Self {
                ticket: on_ticket?.to_owned(),
                text: event.fields.get("comments").and_then(Value::as_str).unwrap_or_default().to_owned(),
                is_told: false,
            }),
            _ => None,
        }
    }

    /// The same with what was uploaded with the words: an agent is shown the files that they link.
    pub(crate) fn with_uploads(mut self, event: &Event) -> Self {
        if let Some(uploads) = uploads_of(event) {
            self.text = [self.text.as_str(), uploads].join("\n\n");
        }
        self
    }

    /// What words ask for. Where they are not said on a ticket, its key comes first.
    pub(crate) fn said(command: &Command, words: &str, on_ticket: Option<&str>) -> Option<Self> {
        let is_told = command.is_told();
        match on_ticket {
            Some(ticket) => {
                let text = command.request(words, on_ticket)?.to_owned();
                Some(Self { ticket: ticket.to_owned(), text, is_told })
            }
            None => {
                let (ticket, text) = command.request_about(words)?;
                Some(Self { ticket: ticket.to_owned(), text: text.to_owned(), is_told })
            }
        }
    }
}
