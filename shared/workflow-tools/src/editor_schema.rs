//! The JSON Schema with which editors complete and check workflow files.
//!
//! It says what the form of a file is: keys, types, the inputs of every action. What needs names to be looked up, such as
//! whether a variable is set, only the compiler knows.

mod actions;
mod forms;
mod parts;
mod steps;

use domain::EventName;
use domain::event::{EventSpec, EventSpecs};
use forms::{properties, required};
use parts::described;
use serde_json::{Map, Value, json};
use workflow::{Catalog, WORKFLOW_KEYS};

/// The JSON Schema (draft 2020-12) of a workflow file, with the inputs and outputs of every action of `catalog`. Wherever an
/// action takes a value, a text with `${ }` in it is accepted as well.
pub fn editor_schema(catalog: &Catalog) -> Value {
    let mut definitions = Map::new();
    definitions.insert("expression".to_owned(), expression());
    definitions.insert("value".to_owned(), value());
    definitions.insert("condition".to_owned(), condition());
    definitions.insert("duration".to_owned(), duration());
    definitions.insert("input".to_owned(), input());
    definitions.insert("trigger".to_owned(), trigger(catalog.events()));
    definitions.insert("variable_path".to_owned(), variable_path());
    definitions.extend(steps::definitions(catalog));
    definitions.extend(actions::definitions(catalog));
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A Ticketsmith workflow",
        "description": "The steps from an event to a pull request. The file's name is the workflow's name.",
        "type": "object",
        "additionalProperties": false,
        "required": required(&WORKFLOW_KEYS),
        "properties": properties(&WORKFLOW_KEYS, catalog),
        "$defs": definitions,
    })
}

fn expression() -> Value {
    described(
        "A text with JSONata between `${` and `}`. A value that is exactly one expression keeps its type; `$${` is a literal `${`.",
        json!({"type": "string", "pattern": "\\$\\{"}),
    )
}

fn value() -> Value {
    described(
        "Any value; texts may hold expressions: `${task.title}`.",
        json!({"type": ["string", "number", "boolean", "null", "array", "object"]}),
    )
}

fn condition() -> Value {
    described(
        "A JSONata expression; `${ }` around it may be left out.",
        json!({"type": ["string", "boolean"]}),
    )
}

fn duration() -> Value {
    described(
        "`60s`, `10m`, `1h 30m`, `7d`, or a number of seconds; at most a year.",
        json!({"anyOf": [{"type": "integer", "minimum": 1}, {"type": "string", "minLength": 1}]}),
    )
}

fn variable_path() -> Value {
    described(
        "The variable that receives the field: `pr`, or a field of one: `pr.url`.",
        json!({"type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]*(\\.[A-Za-z_][A-Za-z0-9_]*)*$"}),
    )
}

fn input() -> Value {
    let types = ["string", "number", "integer", "boolean", "object", "array", "list", "any"];
    json!({
        "anyOf": [
            described("The input's type.", json!({"enum": types})),
            {
                "type": "object",
                "additionalProperties": false,
                "required": ["type"],
                "properties": {
                    "type": described("The input's type.", json!({"enum": types})),
                    "default": described("The value where none is given.", json!(true)),
                    "required": described("Whether it must be given. Default: true.", json!({"type": "boolean"})),
                    "one_of": described("The only accepted values.", json!({"type": "array", "minItems": 1})),
                    "description": described("A description for people.", json!({"type": "string"})),
                },
            },
        ],
    })
}

/// An event, by name alone or with conditions.
fn trigger(events: &EventSpecs) -> Value {
    let events: Vec<_> = events.iter().filter(|event| event.may_trigger()).collect();
    let alone = events.iter().filter(|event| event.required_conditions().next().is_none());
    let mut options = vec![json!({"enum": alone.map(|event| &event.name).collect::<Vec<_>>()})];
    for event in events.iter() {
        let mut conditions = Map::new();
        for condition in &event.conditions {
            let schema = match (event.name == EventName::SCHEDULE, condition.name.as_str()) {
                (true, "with") => json!({"type": "object"}),
                _ => json!({"type": "string"}),
            };
            conditions.insert(condition.name.clone(), described(&condition.about, schema));
        }
        conditions.insert(
            "concurrency".to_owned(),
            described(
                "Whether a second execution for the same task may start while one is open. Default: one_per_task.",
                json!({"enum": ["one_per_task", "any"]}),
            ),
        );
        let required: Vec<_> = event.required_conditions().collect();
        let mut under = json!({
            "type": if required.is_empty() { json!(["object", "null"]) } else { json!("object") },
            "additionalProperties": false,
            "properties": conditions,
        });
        if !required.is_empty() {
            under["required"] = json!(required);
        }
        let name = event.name.as_str();
        options.push(json!({
            "type": "object",
            "additionalProperties": false,
            "required": [name],
            "properties": {name: described(&gives(event), under)},
        }));
    }
    json!({"anyOf": options})
}

fn gives(event: &EventSpec) -> String {
    let fields: Vec<_> = event.fields.iter().map(|field| field.name.as_str()).collect();
    match fields.as_slice() {
        [] => format!("Fires on {}.", event.name),
        fields => format!("Fires on {}; gives {}.", event.name, fields.join(", ")),
    }
}
