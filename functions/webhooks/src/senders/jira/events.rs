//! The events of Jira, with their fields and conditions.

use domain::EventName;
use domain::event::common::{self, label};
use domain::event::{Condition, EventSpec, Matching};
use domain::routes::InputType::{Any, String as Text};

pub(super) const LABELLED: EventName = EventName::from_static("jira.labelled");
pub(super) const CREATED: EventName = EventName::from_static("jira.created");
pub(super) const TRANSITIONED: EventName = EventName::from_static("jira.transitioned");
pub(super) const EDITED: EventName = EventName::from_static("jira.edited");
pub(super) const COMMENTED: EventName = EventName::from_static("jira.commented");

/// All of them.
pub(super) fn events() -> Vec<EventSpec> {
    vec![
        EventSpec::new(LABELLED, "A label was newly added to a Jira ticket.")
            .fields([("task_id", Text), ("actor", Any), ("project", Text), ("label", Text)])
            .condition(label())
            .matched_by(["task_id"])
            .also(common::TICKET_LABELLED),
        EventSpec::new(CREATED, "A Jira ticket was created.")
            .fields([("task_id", Text), ("actor", Any), ("project", Text)])
            .matched_by(["task_id"])
            .also(common::TICKET_CREATED),
        EventSpec::new(TRANSITIONED, "A Jira ticket's status changed.")
            .fields([("task_id", Text), ("actor", Any), ("project", Text), ("from", Text), ("to", Text)])
            .condition(Condition::new("to", "The status that the ticket moved to.").required())
            .condition(Condition::new("from", "The status that the ticket came from."))
            .matched_by(["task_id"])
            .also(common::TICKET_TRANSITIONED),
        EventSpec::new(
            EDITED,
            "A Jira ticket's summary or description changed, or a file was attached to it.",
        )
        .fields([("task_id", Text), ("actor", Any), ("project", Text)])
        .matched_by(["task_id"])
        .also(common::TICKET_EDITED),
        EventSpec::new(COMMENTED, "A Jira comment mentions the bot.")
            .fields([("task_id", Text), ("actor", Any), ("project", Text), ("text", Text)])
            .condition(
                Condition::new("mention", "Words that the comment contains in addition to the mention.")
                    .compared(Matching::Contains, "text"),
            )
            .matched_by(["task_id"])
            .also(common::TICKET_COMMENTED),
    ]
}
