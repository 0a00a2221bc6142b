//! Steps: their types, and the keys of each.

use super::actions::{all_names, is_done_by_agents, names, needs_inputs};
use super::forms::{properties, required};
use super::parts::{described, reference};
use domain::PluginType;
use domain::action::Agent;
use domain::built_in_actions::OPEN_SESSION;
use serde_json::{Map, Value, json};
use workflow::{Catalog, CatalogEntry, StepType};

/// `steps`, `step`, and `<type>_step` for every type.
pub(super) fn definitions(catalog: &Catalog) -> Map<String, Value> {
    let mut definitions = Map::new();
    definitions.insert(
        "steps".to_owned(),
        described(
            "The steps, in order.",
            json!({"type": "array", "minItems": 1, "items": reference("step")}),
        ),
    );
    definitions.insert("step".to_owned(), step());
    for kind in StepType::ALL {
        let mut schema = schema_of(kind, catalog);
        match kind {
            StepType::PluginAction => schema["allOf"] = plugin_actions(catalog).into(),
            StepType::AiAction => schema["allOf"] = ai_actions(catalog).into(),
            StepType::Agent => schema["allOf"] = agent_work(catalog),
            _ => {}
        }
        definitions.insert(format!("{}_step", kind.name()), schema);
    }
    definitions
}

/// Chooses the type by `type:`, and by `plugin:` if there is none, so that an editor complains about the intended step.
fn step() -> Value {
    let names = StepType::ALL.map(StepType::name);
    let chosen = names.iter().map(|name| {
        json!({
            "if": {"properties": {"type": {"const": name}}, "required": ["type"]},
            "then": reference(&format!("{name}_step")),
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

fn schema_of(kind: StepType, catalog: &Catalog) -> Value {
    let keys = kind.keys();
    let mut properties = properties(&keys, catalog);
    properties.insert("type".to_owned(), described(kind.about(), json!({"const": kind.name()})));
    json!({
        "description": kind.about(),
        "type": "object",
        "additionalProperties": false,
        "required": required(&keys),
        "properties": properties,
    })
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
    let entries = catalog.entries().filter(is_done_by_agents);
    let mut rules: Vec<Value> = entries
        .map(|entry| {
            let names = json!({"enum": all_names(&entry)});
            let chosen = json!({"anyOf": [
                {"properties": {"action": names}, "required": ["action"]},
                {"properties": {"name": names}, "not": {"required": ["action"]}},
            ]});
            let mut then = given(&entry);
            then["properties"]["agent"] = who(&entry);
            json!({"if": chosen, "then": then})
        })
        .collect();
    rules.push(json!({
        "if": {"not": {"required": ["action"]}},
        "then": {"properties": {"name": {"enum": names(catalog, true)}}},
    }));
    rules
}

/// Whom an action takes as its `agent:`; a session is opened for any agent.
fn who(entry: &CatalogEntry<'_>) -> Value {
    match entry.input["properties"].get("agent") {
        Some(_) if entry.name == OPEN_SESSION => json!(true),
        Some(_) => json!({"enum": Agent::ALL.map(Agent::as_str)}),
        None => json!(false),
    }
}

/// The inputs that open an agent's session, and the results of its last turn.
fn agent_work(catalog: &Catalog) -> Value {
    match catalog.entry(OPEN_SESSION) {
        Some(_) => json!([{"properties": {
            "inputs": reference("inputs_of_agent"),
            "outputs": reference("outputs_of_agent"),
        }}]),
        None => json!([]),
    }
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
