//! The table of every event and its fields, for people: `docs/events.md`.

use super::events;
use domain::event::EventSpec;
use serde_json::Value;

const INTRODUCTION: &str = "\
# Events

Generated from the senders' specifications; do not edit. What each event means and how triggers match it is in
[workflow-language.md](workflow-language.md#triggers).

A trigger's conditions are compared with fields; those that are required must be given. The fields are what a workflow can read. An event of
one service is also the common event named under *also*: a workflow that names only that one runs with any service.

| event | happens | conditions | fields | also |
|---|---|---|---|---|
";

/// One row.
fn row(event: &EventSpec) -> String {
    let fields: Vec<_> = event
        .fields
        .iter()
        .map(|field| {
            // The specification writes types as workflows do.
            let kind = serde_json::to_value(field.kind).unwrap();
            format!("`{}`: {}", field.name, kind.as_str().unwrap())
        })
        .collect();
    let conditions: Vec<_> = event
        .conditions
        .iter()
        .map(|condition| {
            let written = serde_json::to_value(condition).unwrap();
            let required = if written["required"] == Value::Bool(true) { "" } else { "?" };
            format!(
                "`{}{required}`: {}",
                written["name"].as_str().unwrap(),
                written["about"].as_str().unwrap()
            )
        })
        .collect();
    let also: Vec<_> = event.is_also.iter().map(|also| format!("`{}`", also.name)).collect();
    let cell = |texts: &[String], between: &str| texts.join(between).replace('|', "\\|").replace('\n', " ");
    format!(
        "| `{}` | {} | {} | {} | {} |\n",
        event.name,
        event.summary.replace('|', "\\|"),
        cell(&conditions, "<br>"),
        cell(&fields, ", "),
        cell(&also, ", ")
    )
}

#[test]
fn generated_table_of_events_is_up_to_date() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/events.md");
    let fresh = format!("{INTRODUCTION}{}", events().iter().map(row).collect::<String>());
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        std::fs::write(path, &fresh).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(committed == fresh, "docs/events.md is stale: run ./check generate");
}
