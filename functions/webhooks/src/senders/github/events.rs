//! The events that GitHub's deliveries can mean.

use domain::EventName;
use domain::event::{Condition, Confirmation, EventSpec, Matching};
use domain::routes::InputType::{Any, Boolean, Integer, String as Text};

pub(super) const LABELLED: EventName = EventName::from_static("github.labelled");
pub(super) const COMMENTED: EventName = EventName::from_static("github.commented");
pub(super) const REVIEW_REQUESTED_CHANGES: EventName =
    EventName::from_static("github.review_requested_changes");
pub(super) const CHECKS_COMPLETED: EventName = EventName::from_static("github.checks_completed");

pub(super) fn events() -> Vec<EventSpec> {
    vec![
        EventSpec::new(LABELLED, "A GitHub issue was labelled.")
            .fields([("task_id", Text), ("repository", Text), ("actor", Any), ("label", Text)])
            .condition(Condition::new("label", "The label that was newly added.").required())
            .matched_by(["task_id"]),
        EventSpec::new(COMMENTED, "A GitHub comment starts with a command or mentions the bot.")
            .fields([
                ("repository", Text),
                ("number", Integer),
                ("is_pull_request", Boolean),
                ("text", Text),
                ("actor", Any),
            ])
            .condition(
                Condition::new("command", "The words that the comment starts with.")
                    .compared(Matching::StartsWith, "text"),
            )
            .matched_by(["repository", "number"]),
        EventSpec::new(REVIEW_REQUESTED_CHANGES, "A GitHub review asks for changes.")
            .fields([("repository", Text), ("number", Integer), ("comments", Any), ("actor", Any)])
            .matched_by(["repository", "number"]),
        EventSpec::new(CHECKS_COMPLETED, "Every check run and status of a commit is done.")
            .fields([
                ("repository", Text),
                ("sha", Text),
                ("branch", Any),
                ("conclusion", Text),
                ("head", Text),
            ])
            .condition(
                Condition::new(
                    "conclusion",
                    "How the checks ended: `success`, `failure`, `cancelled`, `action_required`, or `none` if there are none.",
                )
                .required(),
            )
            .condition(
                Condition::new(
                    "head",
                    "Whose commits count: `ours` (the default), `repository` for those at the head of any branch, `fork` for all.",
                )
                .up_to(["ours", "repository", "fork"]),
            )
            .matched_by(["repository", "sha"])
            .confirmed_by(Confirmation::Checks),
    ]
}
