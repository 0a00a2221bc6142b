//! The list of all kinds of events.

use super::spec::{AlsoEvent, Condition, EventSpec, Matching};
use super::{EventKey, EventName, common};
use crate::input_type::InputType;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Every kind of event that can start something or be waited for. Empty by default.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventSpecs(Vec<EventSpec>);

impl EventSpecs {
    /// The events of these senders, the common ones that these also are, and our own.
    pub fn new(of_senders: impl IntoIterator<Item = EventSpec>) -> Self {
        let own = common::events().into_iter().chain([revision_requested(), schedule()]);
        Self(of_senders.into_iter().chain(own).collect())
    }

    /// Whether no events are known, as in documents stored before events were described in them.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The event with this name. [`EventName::API_RUN`] has no entry: nothing can be started by it or wait for it.
    pub fn find(&self, name: &str) -> Option<&EventSpec> {
        self.0.iter().find(|spec| spec.name.as_str() == name)
    }

    /// An event of this kind with these fields, followed by the wider events that it also is. Empty for an unknown kind.
    pub fn kinds_of(&self, kind: &EventName, fields: &Map<String, Value>) -> Vec<&EventSpec> {
        let Some(own) = self.find(kind.as_str()) else { return Vec::new() };
        let holds = |also: &&AlsoEvent| also.when.iter().all(|(name, value)| fields.get(name) == Some(value));
        let wider = own.is_also.iter().filter(holds).filter_map(|also| self.find(also.name.as_str()));
        std::iter::once(own).chain(wider).collect()
    }

    /// The keys by which waiting steps find an event of this kind with these fields: its own, then those of the wider events that it also
    /// is. Without the required fields, there is no key.
    pub fn keys_of(&self, kind: &EventName, fields: &Map<String, Value>) -> Vec<EventKey> {
        let kinds = self.kinds_of(kind, fields).into_iter();
        kinds.filter_map(|spec| EventKey::new(spec, fields).ok().flatten()).collect()
    }

    /// Every event.
    pub fn iter(&self) -> impl Iterator<Item = &EventSpec> {
        self.0.iter()
    }
}

/// Somebody asks for changes to a pull request that a run opened: in a review, or in words to the bot that are not another command, on the
/// pull request or on its ticket.
fn revision_requested() -> EventSpec {
    EventSpec::new(
        EventName::REVISION_REQUESTED,
        "Somebody asks for changes to one of our pull requests: in a comment to the bot or in a review.",
    )
    .fields([
        ("task_id", InputType::String),
        ("repository", InputType::String),
        ("number", InputType::Integer),
        ("branch", InputType::String),
        ("comments", InputType::String),
        ("actor", InputType::Any),
    ])
}

/// A point in time came.
fn schedule() -> EventSpec {
    let condition = |name, about| Condition::new(name, about).compared(Matching::Always, name);
    EventSpec::new(EventName::SCHEDULE, "A point in time came.")
        .condition(condition("cron", "Six fields, as EventBridge has them: `0 6 ? * MON-FRI *`.").required())
        .condition(condition(
            "project",
            "The project's key, if no ticket identifies it and there are several.",
        ))
        .condition(condition("with", "The inputs of the executions it starts."))
}
