//! `type: wait`.

use crate::model::{Event, Form, Given, Wait};
use crate::reader::fields::{Fields, duration, list, word};
use crate::reader::state::Reader;
use crate::reader::values::{given, named};
use crate::source::{Span, Spanned};
use crate::yaml::{Data, Entry, Node};
use domain::event::EventSpec;
use std::sync::Arc;

/// Several events, of which the first ends the wait.
const EVENTS: &str = "events";

pub(super) fn read(fields: &Fields<'_>, reader: &mut Reader<'_, '_>) -> Option<Wait> {
    let given_keys: Vec<&str> =
        ["for", "until", "event", EVENTS].into_iter().filter(|key| fields.get(key).is_some()).collect();
    let [key] = given_keys.as_slice() else {
        reader
            .problems
            .error(fields.start(), "a wait needs exactly one of `for:`, `until:`, `event:` and `events:`")
            .help(
                "`for: 10m`, `until: \"${deadline}\"`, the name of an `event:` with a `match:`, or `events:`, a list of which the first ends it",
            );
        return None;
    };
    let refused: &[&str] = match *key {
        "event" => &[],
        EVENTS => &["match"],
        _ => &["match", "timeout", "outputs"],
    };
    for other in refused {
        if fields.get(other).is_some() {
            let what = match *key {
                EVENTS => "here, the fields are under each event",
                _ => "this one waits for a time",
            };
            reader
                .problems
                .error(fields.key_span(other), format!("`{other}` belongs to a wait for an event; {what}"));
        }
    }
    match *key {
        "for" => seconds(fields.get("for")?, reader).map(Wait::For),
        "until" => fields.get("until").map(|node| Wait::Until(given(node, reader))),
        "event" => event(fields, reader).map(|event| Wait::Events(vec![event])),
        _ => events(fields.get(EVENTS)?, reader).map(Wait::Events),
    }
}

/// A literal duration becomes its seconds; an expression gives seconds itself.
fn seconds(node: &Node, reader: &mut Reader<'_, '_>) -> Option<Given> {
    if matches!(&node.data, Data::Text(text) if text.contains("${")) {
        return Some(given(node, reader));
    }
    let seconds = duration(node, "`for`", reader)?;
    Some(Given { span: node.span, form: Form::Literal(seconds.value.into()) })
}

fn event(fields: &Fields<'_>, reader: &mut Reader<'_, '_>) -> Option<Event> {
    let node = fields.get("event")?;
    let awaited = awaited(reader);
    let awaited: Vec<_> = awaited.iter().map(|event| (event.name.as_str(), event)).collect();
    let event = word(node, "`event`", &awaited, reader);
    let matching = fields.required("match", reader).map(|node| named(node, "`match`", reader));
    Some(checked((*event?).clone(), matching?, ("`match`", fields.key_span("match")), reader))
}

/// `- checks.completed: { repository: …, sha: … }`, each.
fn events(node: &Node, reader: &mut Reader<'_, '_>) -> Option<Vec<Event>> {
    let items = list(node, "`events`", reader)?;
    if items.is_empty() {
        reader.problems.error(node.span, "`events` needs at least one event");
        return None;
    }
    let awaited = awaited(reader);
    let mut events = Vec::new();
    for item in items {
        let Data::Map(entries) = &item.data else {
            reader.problems.error(item.span, format!("an event is a mapping, but this is {}", item.kind()));
            continue;
        };
        let [Entry { key, value }] = entries.as_slice() else {
            reader.problems.error(
                item.span,
                "an event is one name with its fields, such as `- ticket.commented: { task_id: \"${task_id}\" }`",
            );
            continue;
        };
        let Some(event) = awaited.iter().find(|event| event.name.as_str() == key.value) else {
            reader
                .problems
                .error(key.span, format!("`{}` is not an event that a step can wait for", key.value))
                .accepted(&key.value, awaited.iter().map(|event| event.name.as_str()));
            continue;
        };
        let matching = named(value, &format!("`{}`", key.value), reader);
        events.push(checked(event.clone(), matching, (&format!("`{}`", key.value), key.span), reader));
    }
    (events.len() == items.len()).then_some(events)
}

/// The events that a step can wait for.
fn awaited(reader: &Reader<'_, '_>) -> Vec<EventSpec> {
    reader.catalog.events().iter().filter(|event| !event.match_fields.is_empty()).cloned().collect()
}

/// An event with its identifying fields; `at` is the part with them, and its place.
fn checked(
    event: EventSpec,
    matching: Vec<(Spanned<String>, Given)>,
    (what, at): (&str, Span),
    reader: &mut Reader<'_, '_>,
) -> Event {
    for (key, _) in &matching {
        if !event.match_fields.contains(&key.value) {
            reader
                .problems
                .error(key.span, format!("{} is not recognized by `{}`", event.name, key.value))
                .accepted(&key.value, event.match_fields.iter().map(String::as_str));
        }
    }
    for field in &event.match_fields {
        if !matching.iter().any(|(key, _)| key.value == *field) {
            reader.problems.error(at, format!("{what} needs `{field}`")).help(format!(
                "{} is recognized by {}",
                event.name,
                event.match_fields.join(" and ")
            ));
        }
    }
    Event { spec: Arc::new(event), matching }
}
