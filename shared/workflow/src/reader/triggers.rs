//! `triggers:`, each a mapping of one event's name to its conditions.

use super::fields::{list, mapping, word};
use super::state::Reader;
use crate::model::Trigger;
use crate::source::{Span, Spanned};
use crate::yaml::{Data, Entry, Node};
use domain::command::COMMANDS;
use domain::event::{EventSpec, Matching};
use domain::routes::{Concurrency, InputType, without_address, words_named};
use domain::schedule::Cron;
use domain::{EventName, same_name};
use serde_json::Value;
use std::collections::BTreeSet;

const CONCURRENCIES: [(&str, Concurrency); 2] =
    [("one_per_task", Concurrency::OnePerTask), ("any", Concurrency::Any)];

pub(crate) fn read(node: &Node, reader: &mut Reader<'_, '_>) -> Vec<Trigger> {
    let items = list(node, "`triggers`", reader).unwrap_or_default();
    items.iter().filter_map(|item| trigger(item, reader)).collect()
}

fn trigger(node: &Node, reader: &mut Reader<'_, '_>) -> Option<Trigger> {
    let (name, entries): (Spanned<String>, &[Entry]) = match &node.data {
        Data::Text(name) => (Spanned::new(name.clone(), node.span), &[]),
        Data::Map(entries) => match entries.as_slice() {
            [Entry { key, value: Node { data: Data::Null, .. } }] => (key.clone(), &[]),
            [Entry { key, value }] => (key.clone(), mapping(value, "what a trigger asks for", reader)?),
            _ => {
                reader.problems.error(
                    node.span,
                    r#"a trigger is one event, such as `- schedule: { cron: "0 6 ? * MON-FRI *" }`"#,
                );
                return None;
            }
        },
        _ => {
            reader.problems.error(node.span, format!("a trigger is a mapping, but this is {}", node.kind()));
            return None;
        }
    };
    let catalog = reader.catalog;
    let Some(on) = catalog.event(&name.value).filter(|event| event.may_trigger()) else {
        let triggering = catalog.events().iter().filter(|event| event.may_trigger());
        reader
            .problems
            .error(name.span, format!("`{}` is not a trigger", name.value))
            .accepted(&name.value, triggering.map(|event| event.name.as_str()));
        return None;
    };
    let mut trigger = Trigger {
        on: on.clone(),
        span: name.span,
        conditions: Vec::new(),
        concurrency: Concurrency::default(),
    };
    for Entry { key, value } in entries {
        if key.value == "concurrency" {
            trigger.concurrency = word(value, "`concurrency`", &CONCURRENCIES, reader).unwrap_or_default();
        } else if on.find_condition(&key.value).is_none() {
            let accepted = on.conditions.iter().map(|condition| condition.name.as_str());
            reader
                .problems
                .error(key.span, format!("`{}` is not a condition of {}", key.value, on.name))
                .accepted(&key.value, accepted.chain(["concurrency"]));
        } else if let Some(condition) = condition(&on, key, value, reader) {
            trigger.conditions.push((key.value.clone(), condition));
        }
    }
    for needed in on.required_conditions() {
        if !entries.iter().any(|entry| entry.key.value == needed) {
            reader.problems.error(name.span, format!("{} needs `{needed}:`", on.name));
        }
    }
    Some(trigger)
}

fn condition(
    on: &EventSpec,
    key: &Spanned<String>,
    node: &Node,
    reader: &mut Reader<'_, '_>,
) -> Option<Value> {
    let is_schedule = on.name == EventName::SCHEDULE;
    if is_schedule && key.value == "with" {
        mapping(node, "`with`", reader)?;
        no_expressions(node, reader);
        return Some(node.json(reader.problems));
    }
    let Data::Text(text) = &node.data else {
        let problem = format!("`{}` is text, but this is {}", key.value, node.kind());
        let diagnostic = reader.problems.error(node.span, problem);
        if matches!(node.data, Data::Number(_) | Data::Boolean(_)) {
            diagnostic.help("if it is text, put it in quotes");
        }
        return None;
    };
    if text.trim().is_empty() {
        reader
            .problems
            .error(node.span, format!("`{}` is empty", key.value))
            .help("leave it out, or give it a value");
        return None;
    }
    if text.contains("${") {
        reader
            .problems
            .error(
                node.span,
                format!("`{}` is compared as it is written, and cannot hold an expression", key.value),
            )
            .help(
                "in the words of a command, `{name}` captures one; test other conditions in a step's `when`",
            );
        return None;
    }
    if is_schedule && key.value == "cron" {
        cron(text, node.span, reader);
    }
    let condition = on.find_condition(&key.value)?;
    if condition.matching == Matching::Captures {
        captures(text, node.span, reader);
    }
    if matches!(condition.matching, Matching::Captures | Matching::StartsWith) {
        takes_no_command(text, node.span, reader);
    }
    let is_boolean = on.field(&condition.field).is_some_and(|field| field.kind == InputType::Boolean);
    let accepted: Vec<&str> = match condition.values.as_slice() {
        [] if is_boolean => vec!["true", "false"],
        values => values.iter().map(String::as_str).collect(),
    };
    if !accepted.is_empty() && !accepted.iter().any(|value| value.eq_ignore_ascii_case(text)) {
        reader
            .problems
            .error(node.span, format!("`{text}` is not a value of `{}`", key.value))
            .accepted(text, accepted);
        return None;
    }
    Some(text.as_str().into())
}

/// What a time gives is taken as it is written: nothing has happened that an expression could read.
fn no_expressions(node: &Node, reader: &mut Reader<'_, '_>) {
    match &node.data {
        Data::Text(text) if text.contains("${") => {
            reader
                .problems
                .error(node.span, "`with` is taken as it is written, and cannot hold an expression")
                .help("a step's expressions can use `$now()`, and everything that earlier steps give");
        }
        Data::List(items) => items.iter().for_each(|item| no_expressions(item, reader)),
        Data::Map(entries) => entries.iter().for_each(|entry| no_expressions(&entry.value, reader)),
        _ => {}
    }
}

/// Refuses a pattern that is only the word of a built-in command, which would be carried out instead, and warns of longer ones that begin with it.
fn takes_no_command(pattern: &str, span: Span, reader: &mut Reader<'_, '_>) {
    let Some(first) = without_address(pattern).split_whitespace().next() else { return };
    let spec = COMMANDS.iter().find(|command| same_name(command.name, first));
    let Some(spec) = spec.filter(|spec| spec.word.is_reserved()) else { return };
    let purpose = spec.forms.first().map_or("is answered by us", |form| form.purpose);
    match words_named(pattern) {
        1 => reader
            .problems
            .error(
                span,
                format!(
                    "`{}` is already a command: it {purpose}, so this would never start anything",
                    spec.name
                ),
            )
            .help("choose another word, or name more words after it, such as `stop load tests`"),
        _ => {
            reader.problems.warning(span, format!("`{}` is already a command: it {purpose}", spec.name)).help(
                "choose another word: people who say these words to the command start this workflow instead",
            )
        }
    };
}

/// Reports words that look as if they captured something, but would be compared as they are.
fn captures(pattern: &str, span: Span, reader: &mut Reader<'_, '_>) {
    let mut seen = BTreeSet::new();
    for word in pattern.split_whitespace().filter(|word| word.contains(['{', '}'])) {
        let name = word.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        let Some(name) = name.filter(|name| crate::names::input(name).is_ok()) else {
            reader
                .problems
                .error(span, format!("`{word}` captures nothing"))
                .help("write a captured word as `{name}`, with spaces around it");
            continue;
        };
        if !seen.insert(name) {
            reader
                .problems
                .error(span, format!("`{{{name}}}` captures two words"))
                .help("give each its own name");
        }
    }
}

fn cron(text: &str, span: Span, reader: &mut Reader<'_, '_>) {
    if let Err(invalid) = text.parse::<Cron>() {
        reader.problems.error(span, invalid.to_string()).help(
            "six fields: minutes, hours, day of month, month, day of week, year, as in `0 6 ? * MON-FRI *`",
        );
    }
}
