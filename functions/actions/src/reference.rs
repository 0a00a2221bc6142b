//! `docs/actions.md`: every action, written from its specification, its types and the first sentence of its file.

use crate::action::ActionEntry;
use crate::actions;
use serde_json::Value;
use std::fmt::Write as _;

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/actions.md");

const HEAD: &str = "\
# Actions reference

The actions that a step of a workflow can call, with their inputs and the outputs that later steps can read. This page is generated from the
actions' types. Inputs list their aliases; `ticketsmith workflow check` knows all of this and suggests the nearest name.

A step whose plugin type the project leaves out is skipped, and its outputs are `null`, unless the action says otherwise. An effect is made once,
however often its step is repeated; a rollback takes it back with the action that is named for that, if any.
";

fn reference() -> String {
    let mut text = HEAD.to_owned();
    for action in actions::ALL {
        one(&mut text, action);
    }
    text
}

fn one(text: &mut String, action: &ActionEntry) {
    let spec = &action.spec;
    let _infallible = write!(text, "\n## `{}`\n\n{}\n\n", spec.name, summary(spec.name));
    let mut facts = Vec::new();
    facts.push(match spec.plugin {
        Some(plugin) => {
            format!("Plugin type: `{plugin}`{}.", if spec.skips { "" } else { ", never skipped" })
        }
        None => "Uses only our own records.".to_owned(),
    });
    if !spec.aliases.is_empty() {
        facts.push(format!("Also called {}.", code(spec.aliases)));
    }
    if spec.has_effect() {
        facts.push(match spec.inverses {
            [] => "An effect that stays.".to_owned(),
            inverses => format!("An effect, taken back by {}.", code(inverses)),
        });
    }
    if spec.parks {
        facts.push("Waits without costs.".to_owned());
    }
    facts.push(format!("Takes at most {} s.", spec.timeout_seconds));
    let _infallible = writeln!(text, "{}", facts.join(" "));
    table(text, "input", &action.input_schema());
    table(text, "output", &action.output_schema());
}

/// The first sentences of an action's file, after its name.
fn summary(name: &str) -> String {
    let path = format!("{}/src/actions/{name}.rs", env!("CARGO_MANIFEST_DIR"));
    let source = std::fs::read_to_string(&path).unwrap();
    let lines = source.lines().map_while(|line| line.strip_prefix("//!")).map(str::trim);
    let paragraph = lines.take_while(|line| !line.is_empty()).collect::<Vec<_>>().join(" ");
    let said = paragraph.strip_prefix(&format!("`{name}`: ")).unwrap_or(&paragraph);
    let mut letters = said.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn table(text: &mut String, title: &str, schema: &Value) {
    let Some(properties) = schema.get("properties").and_then(Value::as_object).filter(|all| !all.is_empty())
    else {
        return;
    };
    let _infallible = write!(text, "\n| {title} | value | meaning |\n|---|---|---|\n");
    let required = |key: &str| {
        schema["required"].as_array().is_some_and(|required| required.iter().any(|name| name == key))
    };
    for (key, value) in properties {
        let others: Vec<_> =
            value["x-aliases"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let mut meaning = value["description"].as_str().unwrap_or_default().to_owned();
        if !others.is_empty() {
            let _infallible = write!(meaning, " Also {}.", code(&others));
        }
        let optional = if title == "input" && !required(key) { ", optional" } else { "" };
        let _infallible =
            writeln!(text, "| `{key}` | {}{optional} | {} |", cell(&kind(value, schema)), cell(&meaning));
    }
}

/// A description of a value's type.
fn kind(value: &Value, root: &Value) -> String {
    if let Some(path) = value.get("$ref").and_then(Value::as_str) {
        return root
            .pointer(path.trim_start_matches('#'))
            .map_or_else(|| "a value".to_owned(), |found| kind(found, root));
    }
    if let Some(accepted) = value.get("enum").and_then(Value::as_array) {
        let texts: Vec<_> = accepted.iter().map(|one| format!("`{}`", plain(one))).collect();
        return texts.join(", ");
    }
    if let Some(constant) = value.get("const") {
        return format!("`{}`", plain(constant));
    }
    for key in ["anyOf", "oneOf"] {
        if let Some(alternatives) = value.get(key).and_then(Value::as_array) {
            let kinds = alternatives.iter().filter(|one| one["type"] != "null").map(|one| kind(one, root));
            return kinds.collect::<Vec<_>>().join(", or ");
        }
    }
    let named = |name: &str| match name {
        "array" => format!(
            "list of {}",
            value.get("items").map_or_else(|| "values".to_owned(), |items| kind(items, root))
        ),
        "object" => match value.get("properties").and_then(Value::as_object) {
            Some(fields) => {
                format!("object: {}", code(&fields.keys().map(String::as_str).collect::<Vec<_>>()))
            }
            None => "object".to_owned(),
        },
        "string" => "text".to_owned(),
        "integer" => "whole number".to_owned(),
        other => other.to_owned(),
    };
    match &value["type"] {
        Value::String(name) => named(name),
        Value::Array(names) => {
            let names = names.iter().filter_map(Value::as_str).filter(|name| *name != "null");
            names.map(named).collect::<Vec<_>>().join(" or ")
        }
        _ => "any value".to_owned(),
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn code(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|").split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn generated_reference_of_actions_is_up_to_date() {
    let fresh = reference();
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        std::fs::write(PATH, &fresh).unwrap();
    }
    let committed = std::fs::read_to_string(PATH).unwrap_or_default();
    assert!(committed == fresh, "docs/actions.md is stale: run ./check generate");
}

#[test]
fn every_input_and_output_has_a_meaning() {
    for line in reference().lines().filter(|line| line.starts_with("| `")) {
        assert!(!line.ends_with("|  |"), "{line}");
    }
}
