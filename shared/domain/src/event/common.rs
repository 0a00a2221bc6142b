//! The events that senders of one kind have in common: something happened to a ticket, a pull request or a commit, whichever service reported it.
//!
//! A sender declares its own, narrower events and says which of these each one also is: [`EventSpec::also`]. A workflow that names a common
//! event runs with every tracker and code host.

use super::{Condition, Confirmation, EventName, EventSpec, Matching};
use crate::input_type::InputType::{Any, Boolean, Integer, String as Text};

/// A label was newly added to a ticket.
pub const TICKET_LABELLED: EventName = EventName::from_static("ticket.labelled");
/// A ticket moved to a status.
pub const TICKET_TRANSITIONED: EventName = EventName::from_static("ticket.transitioned");
/// A ticket's title or description changed.
pub const TICKET_EDITED: EventName = EventName::from_static("ticket.edited");
/// Somebody spoke to the bot on a ticket.
pub const TICKET_COMMENTED: EventName = EventName::from_static("ticket.commented");
/// A ticket was created.
pub const TICKET_CREATED: EventName = EventName::from_static("ticket.created");
/// Somebody spoke to the bot on a pull request.
pub const PULL_REQUEST_COMMENTED: EventName = EventName::from_static("pull_request.commented");
/// A review asks for changes.
pub const PULL_REQUEST_REVIEW: EventName = EventName::from_static("pull_request.review");
/// A label was added to a pull request.
pub const PULL_REQUEST_LABELLED: EventName = EventName::from_static("pull_request.labelled");
/// Somebody asks the bot's account to review a pull request.
pub const PULL_REQUEST_REVIEW_REQUESTED: EventName = EventName::from_static("pull_request.review_requested");
/// A pull request was merged or closed.
pub const PULL_REQUEST_CLOSED: EventName = EventName::from_static("pull_request.closed");
/// Every check of a commit is done.
pub const CHECKS_COMPLETED: EventName = EventName::from_static("checks.completed");
/// Words of people wait for the agent of a ticket.
pub const WORDS_WAITING: EventName = EventName::from_static("words.waiting");
/// Somebody used the slash command in a chat.
pub const CHAT_COMMAND: EventName = EventName::from_static("chat.command");
/// Somebody named the bot in a chat.
pub const CHAT_MENTIONED: EventName = EventName::from_static("chat.mentioned");

/// Every common event.
pub(super) fn events() -> Vec<EventSpec> {
    let event = |name: EventName, summary: &str| EventSpec::new(name, summary);
    let command = Condition::new("command", "The words that the comment starts with.")
        .compared(Matching::StartsWith, "text");
    vec![
        event(TICKET_LABELLED, "A label was newly added to a ticket, in any tracker.")
            .fields([("task_id", Text), ("actor", Any), ("label", Text)])
            .condition(label())
            .matched_by(["task_id"]),
        event(TICKET_TRANSITIONED, "A ticket's status changed, in any tracker.")
            .fields([("task_id", Text), ("actor", Any), ("from", Text), ("to", Text)])
            .condition(Condition::new("to", "The status that the ticket moved to.").required())
            .condition(Condition::new("from", "The status that the ticket came from."))
            .matched_by(["task_id"]),
        event(TICKET_EDITED, "A ticket's title or description changed, in any tracker.")
            .fields([("task_id", Text), ("actor", Any)])
            .matched_by(["task_id"]),
        event(TICKET_COMMENTED, "A comment on a ticket mentions the bot, in any tracker.")
            .fields([("task_id", Text), ("actor", Any), ("text", Text)])
            .condition(
                Condition::new("mention", "Words that the comment contains in addition to the mention.")
                    .compared(Matching::Contains, "text"),
            )
            .condition(command.clone())
            .matched_by(["task_id"]),
        event(TICKET_CREATED, "A ticket was created, in any tracker.")
            .fields([("task_id", Text), ("actor", Any)])
            .matched_by(["task_id"]),
        event(PULL_REQUEST_COMMENTED, "A comment on a pull request mentions the bot, at any code host.")
            .fields([
                ("repository", Text),
                ("number", Integer),
                ("pull_request", Text),
                ("text", Text),
                ("actor", Any),
            ])
            .condition(command)
            .matched_by(["repository", "number"]),
        event(PULL_REQUEST_REVIEW, "A review asks for changes, at any code host.")
            .fields([("repository", Text), ("number", Integer), ("comments", Any), ("actor", Any)])
            .matched_by(["repository", "number"]),
        event(PULL_REQUEST_LABELLED, "A label was newly added to a pull request, at any code host.")
            .fields([
                ("repository", Text),
                ("number", Integer),
                ("pull_request", Text),
                ("actor", Any),
                ("label", Text),
            ])
            .condition(label())
            .matched_by(["repository", "number"]),
        event(
            PULL_REQUEST_REVIEW_REQUESTED,
            "Somebody asks the bot's account to review a pull request, at any code host.",
        )
        .fields([("repository", Text), ("number", Integer), ("pull_request", Text), ("actor", Any)])
        .matched_by(["repository", "number"]),
        event(PULL_REQUEST_CLOSED, "A pull request was merged or closed, at any code host.")
            .fields([
                ("repository", Text),
                ("number", Integer),
                ("pull_request", Text),
                ("actor", Any),
                ("branch", Text),
                ("merged", Boolean),
            ])
            .condition(merged())
            .matched_by(["repository", "number"]),
        checks_completed(CHECKS_COMPLETED, "Every check of a commit is done, at any code host."),
        event(
            WORDS_WAITING,
            "People said something to a ticket's agent that it has not taken in. Only `wait` steps use it.",
        )
        .fields([("task_id", Text)])
        .matched_by(["task_id"])
        .confirmed_by(Confirmation::Inbox),
        event(CHAT_COMMAND, "Somebody used the slash command, in any chat.")
            .fields([("actor", Any), ("channel", Text), ("response_url", Text)])
            .condition(command_text()),
        event(CHAT_MENTIONED, "The bot was named in a channel or thread, in any chat.")
            .fields([("text", Text), ("thread", Text), ("channel", Text), ("actor", Any)])
            .matched_by(["channel", "thread"]),
    ]
}

/// The condition that every event of the end of a pull request has.
pub fn merged() -> Condition {
    Condition::new(
        "merged",
        "`true` for merged pull requests, `false` for those closed without merging; both by default.",
    )
}

/// The condition that every event of a slash command has.
pub fn command_text() -> Condition {
    Condition::new("text", "The words of the command; `{name}` captures one.")
        .required()
        .compared(Matching::Captures, "text")
}

/// The condition that every event of a label has.
pub fn label() -> Condition {
    Condition::new("label", "The label that was newly added.").required()
}

/// An event of this name that says that every check of a commit is done, as the code host confirms.
pub fn checks_completed(name: EventName, summary: &str) -> EventSpec {
    EventSpec::new(name, summary)
        .fields([("repository", Text), ("sha", Text), ("branch", Any), ("conclusion", Text), ("head", Text)])
        .condition(
            Condition::new(
                "conclusion",
                "How the checks ended: `success`, `failure`, `cancelled`, `action_required`, or `none` if there are none.",
            )
            .required()
            .one_of(["success", "failure", "cancelled", "action_required", "none"]),
        )
        .condition(
            Condition::new(
                "head",
                "Whose commits count: `ours` (the default), `repository` for those at the head of any branch, `fork` for all.",
            )
            .up_to(["ours", "repository", "fork"]),
        )
        .matched_by(["repository", "sha"])
        .confirmed_by(Confirmation::Checks)
}
