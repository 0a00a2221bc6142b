//! Steps: which type one is, and what goes with its action.

use super::actions::{all_names, names, needs_inputs};
use super::step_types::{StepType, types};
use super::{described, name, reference, with};
use domain::PluginType;
use serde_json::{Map, Value, json};
use workflow::{Catalog, CatalogEntry};

/// `steps`, `step`, and `<type>_step` for every type.
pub(super) fn definitions(catalog: &Catalog) -> Map<String, Value> {
    let mut definitions = Map::new();
    definitions.insert(
        "steps".to_owned(),
        described(
            "The steps, one after the other.",
            json!({"type": "array", "minItems": 1, "items": reference("step")}),
        ),
    );
    let types = types(catalog);
    definitions.insert("step".to_owned(), step(&types));
    for kind in types {
        let name = kind.name;
        let mut schema = schema_of(kind);
        match name {
            "plugin_action" => schema["allOf"] = plugin_actions(catalog).into(),
            "ai_action" => schema["allOf"] = ai_actions(catalog).into(),
            _ => {}
        }
        definitions.insert(format!("{name}_step"), schema);
    }
    definitions
}

/// Chooses the type by `type:`, and by `plugin:` where there is none, so that an editor complains of the step that was meant.
fn step(types: &[StepType]) -> Value {
    let names: Vec<&str> = types.iter().map(|kind| kind.name).collect();
    let chosen = types.iter().map(|kind| {
        json!({
            "if": {"properties": {"type": {"const": kind.name}}, "required": ["type"]},
            "then": reference(&format!("{}_step", kind.name)),
        })
    });
    let default = json!({
        "if": {"not": {"required": ["type"]}},
        "then": {"allOf": [{"required": ["plugin"]}, reference("plugin_action_step")]},
    });
    json!({
        "type": "object",
        "required": ["name"],
        "properties": {"type": described("What kind of step it is. Default: plugin_action.", json!({"enum": names}))},
        "allOf": chosen.chain([default]).collect::<Vec<_>>(),
    })
}

fn schema_of(kind: StepType) -> Value {
    let mut properties = Map::new();
    let mut required = vec!["name"];
    let step_name = described("Unique in the file: `create_branch` becomes the state CreateBranch.", name());
    properties.insert("name".to_owned(), with(step_name, "type", "string".into()));
    properties.insert("type".to_owned(), described(kind.about, json!({"const": kind.name})));
    properties
        .insert("description".to_owned(), described("What it does, for people.", json!({"type": "string"})));
    properties.insert(
        "when".to_owned(),
        described("The step is skipped when this does not hold.", reference("condition")),
    );
    for (key, must, schema) in kind.keys {
        properties.insert(key.to_owned(), schema);
        if must {
            required.push(key);
        }
    }
    if kind.has_policy {
        properties.extend(policy());
    }
    json!({"description": kind.about, "type": "object", "additionalProperties": false, "required": required, "properties": properties})
}

fn policy() -> Map<String, Value> {
    let retry = json!({
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "max_attempts": described("Tries in all, the first included.", json!({"type": "integer", "minimum": 1, "maximum": 101})),
            "base_delay": described("The wait before the first retry. Default: 1s.", reference("duration")),
            "max_delay": described("The longest wait. Default: 30s.", reference("duration")),
            "backoff": described("The factor from one wait to the next. Default: 2.", json!({"type": "number", "minimum": 1, "maximum": 10})),
            "jitter": described("Whether waits are spread at random. Default: true.", json!({"type": "boolean"})),
        },
    });
    [
        (
            "on_error",
            described(
                "What an error leads to: it ends the workflow (fail, the default), the step is tried again (retry), the workflow goes on (continue), or what was done is taken back (rollback).",
                json!({"enum": ["fail", "retry", "continue", "rollback"]}),
            ),
        ),
        ("retry_count", described("Retries after the first try.", json!({"type": "integer", "minimum": 0, "maximum": 100}))),
        ("retry", described("How it is tried again, in detail.", retry)),
    ]
    .map(|(key, schema)| (key.to_owned(), schema))
    .into_iter()
    .collect()
}

/// For each plugin its actions, and for each action its inputs and outputs.
fn plugin_actions(catalog: &Catalog) -> Vec<Value> {
    let of_plugins = PluginType::ALL.into_iter().map(|plugin| {
        let names: Vec<&str> = catalog
            .entries()
            .filter(|entry| entry.plugin == Some(plugin))
            .flat_map(|entry| all_names(&entry))
            .collect();
        json!({
            "if": {"properties": {"plugin": {"const": plugin.as_str()}}, "required": ["plugin"]},
            "then": {"properties": {"action": {"enum": names}}},
        })
    });
    let of_actions = catalog.entries().filter(|entry| entry.plugin.is_some()).map(|entry| {
        let chosen = json!({"properties": {"action": {"enum": all_names(&entry)}}, "required": ["action"]});
        json!({"if": chosen, "then": given(&entry)})
    });
    of_plugins.chain(of_actions).collect()
}

/// An agent's action is named by `action:`, or by the step's name.
fn ai_actions(catalog: &Catalog) -> Vec<Value> {
    let entries = catalog.entries().filter(|entry| entry.plugin == Some(PluginType::AiProvider));
    let mut rules: Vec<Value> = entries
        .map(|entry| {
            let names = json!({"enum": all_names(&entry)});
            let chosen = json!({"anyOf": [
                {"properties": {"action": names}, "required": ["action"]},
                {"properties": {"name": names}, "not": {"required": ["action"]}},
            ]});
            json!({"if": chosen, "then": given(&entry)})
        })
        .collect();
    rules.push(json!({
        "if": {"not": {"required": ["action"]}},
        "then": {"properties": {"name": {"enum": names(catalog, true)}}},
    }));
    rules
}

fn given(entry: &CatalogEntry<'_>) -> Value {
    let mut then = json!({"properties": {
        "inputs": reference(&format!("inputs_of_{}", entry.name)),
        "outputs": reference(&format!("outputs_of_{}", entry.name)),
    }});
    if needs_inputs(entry) {
        then["required"] = json!(["inputs"]);
    }
    then
}
