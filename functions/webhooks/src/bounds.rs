//! Limits on a delivery: how much of it is handled, and the length of names in it.

use crate::answer::Outcome;
use crate::senders::Received;
use domain::Event;
use domain::event::EventSpec;
use domain::routes::Routes;
use serde_json::Value;
use std::collections::BTreeSet;

/// So many events of a delivery are handled: each writes a record and may start work.
const MOST_EVENTS: usize = 50;

/// The most bytes of a key, name or ID in a delivery, and so of any key of a record.
pub(crate) const MOST_BYTES: usize = 700;

/// The events of a delivery that are handled, in order, and a note about the others. Those that a workflow starts on or that
/// somebody said to the bot come first.
pub(crate) fn bounded(routes: &Routes, events: Vec<Received>) -> (Vec<Received>, Option<Outcome>) {
    let more = events.len().saturating_sub(MOST_EVENTS);
    if more == 0 {
        return (events, None);
    }
    let matters = |received: &Received| {
        received.words.is_some() || routes.start_for(&received.event).map_or(true, |start| start.is_some())
    };
    let mut wanted: Vec<(bool, usize)> =
        events.iter().enumerate().map(|(index, received)| (!matters(received), index)).collect();
    wanted.sort_unstable();
    wanted.truncate(MOST_EVENTS);
    let wanted: BTreeSet<usize> = wanted.into_iter().map(|(_, index)| index).collect();
    let kept = events.into_iter().enumerate().filter(|(index, _)| wanted.contains(index));
    let reason = format!("{more} more events of this delivery are left out; accepted: {MOST_EVENTS}");
    (kept.map(|(_, received)| received).collect(), Some(Outcome::Ignored { reason }))
}

/// The part of an event that is too long to be a name, as a description.
pub(crate) fn too_long(event: &Event, spec: Option<&EventSpec>) -> Option<String> {
    let own = [
        ("id", Some(event.delivery.as_str())),
        ("ticket", event.task_id.as_deref()),
        ("project", event.project.as_deref()),
        ("person", event.actor.as_ref().map(|actor| actor.id.as_str())),
    ];
    let matched = spec.into_iter().flat_map(|spec| &spec.match_fields);
    let matched =
        matched.map(|name| (name.as_str(), event.fields.get(name.as_str()).and_then(Value::as_str)));
    let named = own.into_iter().chain(matched).filter_map(|(name, value)| Some((name, value?.len())));
    let (name, bytes) = named.into_iter().find(|(_, bytes)| *bytes > MOST_BYTES)?;
    let kind = &event.kind;
    Some(format!("{kind}: its {name} is too long, with {bytes} bytes; accepted: at most {MOST_BYTES}"))
}
