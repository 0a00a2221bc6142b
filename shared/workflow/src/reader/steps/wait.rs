//! `type: wait`.

use crate::model::{Event, Form, Given, Wait};
use crate::reader::fields::{Fields, duration, word};
use crate::reader::state::Reader;
use crate::reader::values::{given, named};
use crate::yaml::{Data, Node};
use domain::event::EventSpec;
use std::sync::Arc;

pub(super) fn read(fields: &Fields<'_>, reader: &mut Reader<'_, '_>) -> Option<Wait> {
    let given_keys: Vec<&str> =
        ["for", "until", "event"].into_iter().filter(|key| fields.get(key).is_some()).collect();
    let [key] = given_keys.as_slice() else {
        reader
            .problems
            .error(fields.start(), "a wait needs exactly one of `for:`, `until:` and `event:`")
            .help("`for: 10m`, `until: \"${deadline}\"`, or the name of an `event:` with a `match:`");
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
    let catalog = reader.catalog;
    let awaited: Vec<(&str, &EventSpec)> = catalog
        .events()
        .iter()
        .filter(|event| !event.match_fields.is_empty())
        .map(|event| (event.name.as_str(), event))
        .collect();
    let event = word(node, "`event`", &awaited, reader);
    let matching = fields.required("match", reader).map(|node| named(node, "`match`", reader));
    let (event, matching) = (event?, matching?);
    for (key, _) in &matching {
        if !event.match_fields.contains(&key.value) {
            reader
                .problems
                .error(key.span, format!("{} is not recognised by `{}`", event.name, key.value))
                .accepted(&key.value, event.match_fields.iter().map(String::as_str));
        }
    }
    for field in &event.match_fields {
        if !matching.iter().any(|(key, _)| key.value == *field) {
            reader
                .problems
                .error(fields.key_span("match"), format!("`match` needs `{field}`"))
                .help(format!("{} is recognised by {}", event.name, event.match_fields.join(" and ")));
        }
    }
    Some(Event { spec: Arc::new(event.clone()), matching })
}
