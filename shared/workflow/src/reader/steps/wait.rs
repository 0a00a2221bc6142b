//! `type: wait`.

use crate::model::{Event, Form, Given, Wait};
use crate::reader::Reader;
use crate::reader::fields::{Fields, duration, word};
use crate::reader::values::{given, named};
use crate::source::Spanned;
use crate::yaml::{Data, Node};
use domain::EventKind;

pub(super) const KEYS: [&str; 6] = ["for", "until", "event", "match", "timeout", "outputs"];

pub(super) fn read(fields: &Fields<'_>, reader: &mut Reader<'_, '_>) -> Option<Wait> {
    let given_keys: Vec<&str> =
        ["for", "until", "event"].into_iter().filter(|key| fields.get(key).is_some()).collect();
    let [key] = given_keys.as_slice() else {
        reader
            .problems
            .error(fields.start(), "a wait needs exactly one of `for:`, `until:` and `event:`")
            .help(
                "`for: 10m`, `until: \"${deadline}\"`, or `event: github.checks_completed` with a `match:`",
            );
        return None;
    };
    if *key != "event" {
        for other in ["match", "timeout", "outputs"] {
            if fields.get(other).is_some() {
                reader.problems.error(
                    fields.key_span(other),
                    format!("`{other}` belongs to a wait for an event; this one waits for a time"),
                );
            }
        }
    }
    match *key {
        "for" => seconds(fields.get("for")?, reader).map(Wait::For),
        "until" => fields.get("until").map(|node| Wait::Until(given(node, reader))),
        _ => event(fields, reader).map(Wait::Event),
    }
}

/// A duration that is written down becomes its seconds; an expression gives seconds itself.
fn seconds(node: &Node, reader: &mut Reader<'_, '_>) -> Option<Given> {
    if matches!(&node.data, Data::Text(text) if text.contains("${")) {
        return Some(given(node, reader));
    }
    let seconds = duration(node, "`for`", reader)?;
    Some(Given { span: node.span, form: Form::Literal(seconds.value.into()) })
}

fn event(fields: &Fields<'_>, reader: &mut Reader<'_, '_>) -> Option<Event> {
    let node = fields.get("event")?;
    let awaited: Vec<(&str, EventKind)> = EventKind::TRIGGERS
        .iter()
        .filter(|kind| !kind.match_fields().is_empty())
        .map(|kind| (kind.as_str(), *kind))
        .collect();
    let kind = word(node, "`event`", &awaited, reader);
    let matching = fields.required("match", reader).map(|node| named(node, "`match`", reader));
    let (kind, matching) = (kind?, matching?);
    for (key, _) in &matching {
        if !kind.match_fields().contains(&key.value.as_str()) {
            reader
                .problems
                .error(key.span, format!("{kind} is not recognised by `{}`", key.value))
                .accepted(&key.value, kind.match_fields().iter().copied());
        }
    }
    for field in kind.match_fields() {
        if !matching.iter().any(|(key, _)| key.value == *field) {
            reader
                .problems
                .error(fields.key_span("match"), format!("`match` needs `{field}`"))
                .help(format!("{kind} is recognised by {}", kind.match_fields().join(" and ")));
        }
    }
    Some(Event { kind: Spanned::new(kind, node.span), matching })
}
