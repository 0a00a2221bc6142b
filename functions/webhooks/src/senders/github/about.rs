//! The common parts of all events of a delivery, and the identity of each.

use super::super::delivery::Received;
use super::events::{CHECKS_COMPLETED, CLOSED, LABELLED, PULL_REQUEST_LABELLED, TRANSITIONED};
use domain::{Actor, Event, EventName};
use jiff::{SignedDuration, Timestamp};
use records::ReplyPlace;
use serde_json::{Map, Value, json};

/// How many seconds may be between an issue's change time, which a webhook reports, and the time of the change itself, which a list
/// reports.
const CLOCKS_DIFFER_BY: i64 = 2;

/// The data common to all events in a delivery.
pub(super) struct About<'a> {
    pub(super) delivery: &'a str,
    pub(super) repository: String,
    pub(super) actor: Option<Actor>,
    /// Whether a machine caused it.
    pub(super) is_machine: bool,
}

impl About<'_> {
    /// `number` is an issue or a pull request.
    pub(super) fn event(&self, kind: EventName, number: Option<u64>, more: Value) -> Received {
        let mut fields = Map::new();
        fields.insert("repository".into(), json!(self.repository));
        fields.insert("actor".into(), json!(self.actor.as_ref().map(|actor| &actor.id)));
        if let Value::Object(more) = more {
            fields.extend(more);
        }
        let task_id = number.map(|number| format!("{}#{number}", self.repository));
        let is_silent = [CHECKS_COMPLETED, CLOSED, PULL_REQUEST_LABELLED].contains(&kind);
        let reply = task_id.clone().filter(|_| !self.is_machine && !is_silent);
        let event = Event {
            actor: self.actor.clone(),
            kind,
            delivery: self.delivery.to_owned(),
            project: Some(self.repository.clone()),
            task_id,
            fields,
        };
        let reply = reply.map(|task_id| ReplyPlace::Ticket { task_id, restriction: None });
        Received { event, words: None, reply, also_as: Vec::new() }
    }

    /// The same, with its own identity.
    pub(super) fn known_by(&self, id: &str, received: Received) -> Received {
        let mut received = received;
        received.event.delivery = format!("{}{id}", self.repository);
        received
    }

    /// The same, identified by its kind and its time, if the delivery has it. The time may differ slightly when it arrives another way.
    pub(super) fn known_at(&self, what: &str, at: Option<Timestamp>, received: Received) -> Received {
        let Some(at) = at else { return received };
        let id = |at: Timestamp| format!("{what} at {}", at.as_second());
        let also_at = (1..=CLOCKS_DIFFER_BY).flat_map(|seconds| [-seconds, seconds]);
        let also_at = also_at.filter_map(|seconds| at.checked_add(SignedDuration::from_secs(seconds)).ok());
        let also_as = also_at.map(|at| format!("{}{}", self.repository, id(at))).collect();
        Received { also_as, ..self.known_by(&id(at), received) }
    }

    /// The move of an issue from a status to another one.
    pub(super) fn transitioned(&self, number: u64, moved: (&str, &str), at: Option<Timestamp>) -> Received {
        let (from, to) = moved;
        let task_id = format!("{}#{number}", self.repository);
        let more =
            json!({ "task_id": task_id, "from": from, "to": to, "said_at": at.map(|at| at.to_string()) });
        let received = self.event(TRANSITIONED, Some(number), more);
        self.known_at(&format!("#{number} moved to {}", domain::folded(to)), at, received)
    }

    /// A label on an issue.
    pub(super) fn labelled(&self, number: u64, label: &str, given: Given) -> Received {
        let task_id = format!("{}#{number}", self.repository);
        let received = self.event(LABELLED, Some(number), json!({ "task_id": task_id, "label": label }));
        let label = domain::folded(label);
        match given {
            Given::WithTheIssue => self.known_by(&format!("#{number} created with {label}"), received),
            Given::At(at) => self.known_at(&format!("#{number} labelled {label}"), at, received),
        }
    }
}

/// When a label was given.
#[derive(Debug, Clone, Copy)]
pub(super) enum Given {
    /// It is one that the issue was created with.
    WithTheIssue,
    /// At this time, if the delivery has it.
    At(Option<Timestamp>),
}
