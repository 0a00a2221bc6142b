//! The specification of each kind of event: its fields, trigger conditions, and how a waiting step recognizes it.
//!
//! Each sender declares its events in its own file; everything else reads them as data, from the compiler's catalog or from
//! [`crate::routes::Routes::events`].

use super::EventName;
use crate::input_type::InputType;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// A kind of event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventSpec {
    /// The event's name, which is also the trigger's.
    pub name: EventName,
    /// The event, described in a sentence.
    pub summary: String,
    /// The fields of every event of this kind. Fields with one name mean the same in all events, which is how the rest of
    /// the system knows how to handle an event: `task_id` is a ticket, `text` is what somebody said to the bot, `to`
    /// the status that a ticket moved to. Undeclared, `said_at` is when they did, as RFC 3339.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<EventField>,
    /// The conditions that a trigger may have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// The fields that identify an event for a waiting step, in the order of [`super::EventKey`]; empty for events
    /// that nothing can wait for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub match_fields: Vec<String>,
    /// The provider whose answer confirms the event, if a delivery only says that it may have happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmed_by: Option<Confirmation>,
    /// The wider events that an event of this kind also is: a trigger or a waiting step that names one of them takes it, too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub is_also: Vec<AlsoEvent>,
}

/// A wider event that a narrower one also is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlsoEvent {
    /// The wider event, whose fields the narrower one has.
    pub name: EventName,
    /// The fields that must have these values; empty if it always is one.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub when: BTreeMap<String, Value>,
}

/// A question to a provider that no single delivery answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Confirmation {
    /// Whether every check of the commit `sha` in `repository` is done, and how they ended: asked of the code host.
    Checks,
    /// Whether words of people wait for the agents of the ticket `task_id`: asked of our records, by a step that waits. No delivery
    /// reports it.
    Inbox,
}

/// A field of an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventField {
    /// Its name.
    pub name: String,
    /// The field's type; `any` also for values that may be absent.
    #[serde(rename = "type")]
    pub kind: InputType,
}

/// A condition that a trigger may place on an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition {
    /// The condition's name under the trigger.
    pub name: String,
    /// A description of the condition.
    pub about: String,
    /// Whether every trigger must have it, because it would fire on everything without it.
    #[serde(default)]
    pub required: bool,
    /// How it is compared.
    pub matching: Matching,
    /// The event's field that it is compared with.
    pub field: String,
    /// The values that it accepts, for [`Matching::UpTo`] from the narrowest to the widest; empty where any text is accepted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
}

/// How a condition is compared with a field. Case is ignored, as [`crate::folded`] does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Matching {
    /// The field is the condition's text.
    Equals,
    /// The condition's text is somewhere in the field.
    Contains,
    /// The field's first words are the condition's words. Where these begin by addressing the bot, that word does not count.
    StartsWith,
    /// The field has the words of the condition, in which `{name}` captures a word, and the last one captures the rest.
    Captures,
    /// The field is the condition's value, or one that comes before it in [`Condition::values`]. A trigger that does not name the
    /// condition has its first value.
    UpTo,
    /// It holds of every event: it says when or how the event is made.
    Always,
}

impl EventSpec {
    /// An event without fields, which every trigger of this name fires on.
    pub fn new(name: EventName, summary: impl Into<String>) -> Self {
        Self {
            name,
            summary: summary.into(),
            fields: Vec::new(),
            conditions: Vec::new(),
            match_fields: Vec::new(),
            confirmed_by: None,
            is_also: Vec::new(),
        }
    }

    /// The same with these fields.
    #[must_use]
    pub fn fields<const N: usize>(mut self, fields: [(&str, InputType); N]) -> Self {
        self.fields = fields.map(|(name, kind)| EventField { name: name.to_owned(), kind }).into();
        self
    }

    /// The same with one more condition.
    #[must_use]
    pub fn condition(mut self, condition: Condition) -> Self {
        self.conditions.push(condition);
        self
    }

    /// The same, recognized by waiting steps by these fields.
    #[must_use]
    pub fn matched_by<const N: usize>(mut self, fields: [&str; N]) -> Self {
        self.match_fields = fields.map(str::to_owned).into();
        self
    }

    /// The same, happening only when a provider says so.
    #[must_use]
    pub fn confirmed_by(mut self, confirmation: Confirmation) -> Self {
        self.confirmed_by = Some(confirmation);
        self
    }

    /// The same, which is always also an event of this wider kind.
    #[must_use]
    pub fn also(mut self, name: EventName) -> Self {
        self.is_also.push(AlsoEvent { name, when: BTreeMap::new() });
        self
    }

    /// The same, which is also an event of this wider kind if a field has this value.
    #[must_use]
    pub fn also_if(mut self, field: &str, value: impl Into<Value>, name: EventName) -> Self {
        self.is_also.push(AlsoEvent { name, when: BTreeMap::from([(field.to_owned(), value.into())]) });
        self
    }

    /// The field of this name.
    pub fn field(&self, name: &str) -> Option<&EventField> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// Whether a trigger may name it. Events that come only from our own records start nothing: an execution already has the ticket.
    pub fn may_trigger(&self) -> bool {
        self.confirmed_by != Some(Confirmation::Inbox)
    }

    /// Whether machines report it, so that it has no actor and no field for one.
    pub fn is_by_machine(&self) -> bool {
        self.field("actor").is_none()
    }

    /// The condition of this name.
    pub fn find_condition(&self, name: &str) -> Option<&Condition> {
        self.conditions.iter().find(|condition| condition.name == name)
    }

    /// The condition that captures words, if there is one.
    pub fn capturing(&self) -> Option<&Condition> {
        self.conditions.iter().find(|condition| condition.matching == Matching::Captures)
    }

    /// The names of the conditions that every trigger must have.
    pub fn required_conditions(&self) -> impl Iterator<Item = &str> {
        self.conditions.iter().filter(|condition| condition.required).map(|condition| condition.name.as_str())
    }
}

impl Condition {
    /// A condition that a trigger may have, compared with the field of the same name by [`Matching::Equals`].
    pub fn new(name: &str, about: &str) -> Self {
        Self {
            name: name.to_owned(),
            about: about.to_owned(),
            required: false,
            matching: Matching::Equals,
            field: name.to_owned(),
            values: Vec::new(),
        }
    }

    /// The same, accepting these values only, from the narrowest to the widest: it holds of the field's value up to its own.
    #[must_use]
    pub fn up_to<const N: usize>(mut self, values: [&str; N]) -> Self {
        self.matching = Matching::UpTo;
        self.values = values.map(str::to_owned).into();
        self
    }

    /// The same, accepting these values only.
    #[must_use]
    pub fn one_of<const N: usize>(mut self, values: [&str; N]) -> Self {
        self.values = values.map(str::to_owned).into();
        self
    }

    /// Whether a trigger's `wanted` value includes an event's `value`: they are the same, or `value` is narrower.
    pub fn includes(&self, wanted: &str, value: Option<&str>) -> bool {
        let place = |name: &str| self.values.iter().position(|known| known.eq_ignore_ascii_case(name));
        value.and_then(place).zip(place(wanted)).is_some_and(|(value, wanted)| value <= wanted)
    }

    /// The same, demanded of every trigger.
    #[must_use]
    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// The same, compared in another way and with another field.
    #[must_use]
    pub fn compared(mut self, matching: Matching, field: &str) -> Self {
        self.matching = matching;
        self.field = field.to_owned();
        self
    }
}
