//! The events that GitHub's deliveries can mean.

use domain::EventName;
use domain::event::common::{self, checks_completed, label, merged};
use domain::event::{Condition, EventSpec, Matching};
use domain::routes::InputType::{Any, Boolean, Integer, String as Text};

pub(super) const LABELLED: EventName = EventName::from_static("github.labelled");
pub(super) const TRANSITIONED: EventName = EventName::from_static("github.transitioned");
pub(super) const CREATED: EventName = EventName::from_static("github.created");
pub(super) const EDITED: EventName = EventName::from_static("github.edited");
pub(super) const COMMENTED: EventName = EventName::from_static("github.commented");
pub(super) const REVIEW_REQUESTED_CHANGES: EventName =
    EventName::from_static("github.review_requested_changes");
pub(super) const PULL_REQUEST_LABELLED: EventName = EventName::from_static("github.pull_request_labelled");
pub(super) const REVIEW_REQUESTED: EventName = EventName::from_static("github.review_requested");
pub(super) const CLOSED: EventName = EventName::from_static("github.closed");
pub(super) const CHECKS_COMPLETED: EventName = EventName::from_static("github.checks_completed");

pub(super) fn events() -> Vec<EventSpec> {
    vec![
        EventSpec::new(LABELLED, "A GitHub issue was labeled.")
            .fields([("task_id", Text), ("repository", Text), ("actor", Any), ("label", Text)])
            .condition(label())
            .matched_by(["task_id"])
            .also(common::TICKET_LABELLED),
        EventSpec::new(
            TRANSITIONED,
            "A GitHub issue was closed or opened again, or got another status label.",
        )
        .fields([("task_id", Text), ("repository", Text), ("actor", Any), ("from", Text), ("to", Text)])
        .condition(Condition::new("to", "The status that the issue moved to.").required())
        .condition(Condition::new("from", "The status that the issue came from."))
        .matched_by(["task_id"])
        .also(common::TICKET_TRANSITIONED),
        EventSpec::new(CREATED, "A GitHub issue was opened.")
            .fields([("task_id", Text), ("repository", Text), ("actor", Any)])
            .matched_by(["task_id"])
            .also(common::TICKET_CREATED),
        EventSpec::new(EDITED, "A GitHub issue's title or description changed.")
            .fields([("task_id", Text), ("repository", Text), ("actor", Any)])
            .matched_by(["task_id"])
            .also(common::TICKET_EDITED),
        EventSpec::new(COMMENTED, "A GitHub comment starts with a command or mentions the bot.")
            .fields([
                ("task_id", Text),
                ("repository", Text),
                ("number", Integer),
                ("pull_request", Text),
                ("is_pull_request", Boolean),
                ("text", Text),
                ("actor", Any),
            ])
            .condition(
                Condition::new("command", "The words that the comment starts with.")
                    .compared(Matching::StartsWith, "text"),
            )
            .matched_by(["repository", "number"])
            .also_if("is_pull_request", false, common::TICKET_COMMENTED)
            .also_if("is_pull_request", true, common::PULL_REQUEST_COMMENTED),
        EventSpec::new(REVIEW_REQUESTED_CHANGES, "A GitHub review asks for changes.")
            .fields([("repository", Text), ("number", Integer), ("comments", Any), ("actor", Any)])
            .matched_by(["repository", "number"])
            .also(common::PULL_REQUEST_REVIEW),
        EventSpec::new(PULL_REQUEST_LABELLED, "A GitHub pull request was labeled.")
            .fields([
                ("repository", Text),
                ("number", Integer),
                ("pull_request", Text),
                ("actor", Any),
                ("label", Text),
            ])
            .condition(label())
            .matched_by(["repository", "number"])
            .also(common::PULL_REQUEST_LABELLED),
        EventSpec::new(REVIEW_REQUESTED, "Somebody asks the bot's account to review a GitHub pull request.")
            .fields([("repository", Text), ("number", Integer), ("pull_request", Text), ("actor", Any)])
            .matched_by(["repository", "number"])
            .also(common::PULL_REQUEST_REVIEW_REQUESTED),
        EventSpec::new(CLOSED, "A GitHub pull request was merged or closed.")
            .fields([
                ("repository", Text),
                ("number", Integer),
                ("pull_request", Text),
                ("actor", Any),
                ("branch", Text),
                ("merged", Boolean),
            ])
            .condition(merged())
            .matched_by(["repository", "number"])
            .also(common::PULL_REQUEST_CLOSED),
        checks_completed(CHECKS_COMPLETED, "Every check run and status of a commit is done.")
            .also(common::CHECKS_COMPLETED),
    ]
}
