//! The values of each key, as JSON Schema.

use super::actions::names;
use super::parts::{described, name, reference, with};
use domain::PluginType;
use serde_json::{Map, Value, json};
use workflow::{CASE_KEYS, Catalog, Form, Key};

/// The schemas of keys, by name.
pub(super) fn properties(keys: &[Key], catalog: &Catalog) -> Map<String, Value> {
    let schema = |key: &Key| (key.name.to_owned(), described(key.about, schema_of(key.form, catalog)));
    keys.iter().map(schema).collect()
}

/// The names of the keys that must be there.
pub(super) fn required(keys: &[Key]) -> Vec<&'static str> {
    keys.iter().filter(|key| key.required).map(|key| key.name).collect()
}

fn schema_of(form: Form, catalog: &Catalog) -> Value {
    match form {
        Form::Text | Form::TextWithExpressions => json!({"type": "string"}),
        Form::TextOrNumber => json!({"type": ["string", "number"]}),
        Form::Value => reference("value"),
        Form::Values => json!({"type": "object", "additionalProperties": reference("value")}),
        Form::SomeValues => {
            json!({"type": "object", "minProperties": 1, "additionalProperties": reference("value")})
        }
        Form::Condition => reference("condition"),
        Form::Duration => reference("duration"),
        Form::DurationOrSeconds => json!({"anyOf": [reference("duration"), reference("expression")]}),
        Form::Boolean => json!({"type": "boolean"}),
        Form::Whole(least, most) => json!({"type": "integer", "minimum": least, "maximum": most}),
        Form::Words(words) => json!({"enum": words}),
        Form::List => json!({"type": ["array", "string"]}),
        Form::Name | Form::StepName => with(name(), "type", "string".into()),
        // Each type says which it is; see `steps`.
        Form::StepType => json!({"type": "string"}),
        Form::PluginType => json!({"enum": PluginType::ALL.map(PluginType::as_str)}),
        Form::Action => json!({"enum": names(catalog, false)}),
        Form::AgentAction => json!({"enum": names(catalog, true)}),
        // Each action says whether it takes one, and which; see `steps`.
        Form::Agent => json!({"type": "string"}),
        Form::AgentName => json!({"type": "string", "pattern": "^[a-z][a-z0-9_-]*$"}),
        Form::AwaitedEvent => json!({"enum": awaited(catalog)}),
        Form::AwaitedEvents => {
            let names = awaited(catalog);
            let fields =
                json!({"type": "object", "minProperties": 1, "additionalProperties": reference("value")});
            let properties: serde_json::Map<_, _> =
                names.iter().map(|name| ((*name).to_owned(), fields.clone())).collect();
            json!({"type": "array", "minItems": 1, "items": {
                "type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": false, "properties": properties,
            }})
        }
        Form::Outputs => json!({"type": "object", "additionalProperties": reference("variable_path")}),
        Form::Rollback => rollback(),
        Form::Retry => retry(),
        Form::Steps => reference("steps"),
        Form::StepsOrNone => json!({"type": "array", "items": reference("step")}),
        Form::Branches => json!({
            "type": "object", "minProperties": 1, "maxProperties": 40, "additionalProperties": reference("steps"),
        }),
        Form::Cases => json!({
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "additionalProperties": false,
                "required": required(&CASE_KEYS),
                "properties": properties(&CASE_KEYS, catalog),
            },
        }),
        Form::Triggers => json!({"type": "array", "items": reference("trigger")}),
        Form::Inputs => {
            json!({"type": "object", "propertyNames": name(), "additionalProperties": reference("input")})
        }
        Form::Definitions => {
            json!({"type": "object", "propertyNames": name(), "additionalProperties": reference("value")})
        }
    }
}

fn rollback() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["action"],
        "properties": {
            "action": described("An action that takes something back.", json!({"type": "string"})),
            "inputs": described("May name the step's inputs and `output.<path>`.", json!({"type": "object"})),
        },
    })
}

fn retry() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "max_attempts": described("Attempts in total, including the first.", json!({"type": "integer", "minimum": 1, "maximum": 101})),
            "base_delay": described("The wait before the first retry. Default: 1s.", reference("duration")),
            "max_delay": described("The longest wait. Default: 30s.", reference("duration")),
            "backoff": described("The factor from one wait to the next. Default: 2.", json!({"type": "number", "minimum": 1, "maximum": 10})),
            "jitter": described("Whether waits are spread at random. Default: true.", json!({"type": "boolean"})),
        },
    })
}

fn awaited(catalog: &Catalog) -> Vec<&str> {
    let events = catalog.events().iter().filter(|event| !event.match_fields.is_empty());
    events.map(|event| event.name.as_str()).collect()
}
