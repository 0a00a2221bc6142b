//! What actions take and give, as steps write it.

use super::parts::{described, reference};
use domain::PluginType;
use domain::built_in_actions::{AGENT_ACTIONS, OPEN_SESSION, RUN_TOOLS};
use serde_json::{Map, Value, json};
use workflow::{Catalog, CatalogEntry};

/// The definitions `inputs_of_<action>` and `outputs_of_<action>`, and the ones they refer to.
pub(super) fn definitions(catalog: &Catalog) -> Map<String, Value> {
    let mut definitions = Map::new();
    for entry in catalog.entries().filter(|entry| entry.plugin.is_some() || is_done_by_agents(entry)) {
        let prefix = format!("{}_", entry.name);
        for (name, definition) in entry.input["$defs"].as_object().into_iter().flatten() {
            definitions.insert(format!("{prefix}{name}"), with_expressions(definition, &prefix));
        }
        definitions.insert(format!("inputs_of_{}", entry.name), inputs(&entry, &prefix));
        definitions.insert(format!("outputs_of_{}", entry.name), outputs(&entry));
    }
    definitions.extend(of_agents(catalog));
    definitions
}

/// What steps of type `agent` take and give: the inputs of `open_session` but for the agent, which they name beside them, and the result
/// of the last `run_tools`.
fn of_agents(catalog: &Catalog) -> Map<String, Value> {
    let mut definitions = Map::new();
    let (Some(open), Some(run_tools)) = (catalog.entry(OPEN_SESSION), catalog.entry(RUN_TOOLS)) else {
        return definitions;
    };
    let mut input = open.input.clone();
    if let Some(properties) = input["properties"].as_object_mut() {
        properties.remove("agent");
    }
    let entry = CatalogEntry { input: &input, ..open };
    definitions.insert("inputs_of_agent".to_owned(), inputs(&entry, &format!("{OPEN_SESSION}_")));
    let result = &run_tools.output["$defs"]["AgentResult"]["properties"];
    let fields = result.as_object().into_iter().flatten();
    let others = ["session", "turns", "cost_usd"]
        .into_iter()
        .filter_map(|name| Some((name, run_tools.output["properties"].get(name)?)));
    let properties: Map<String, Value> =
        fields.map(|(name, field)| (name.as_str(), field)).chain(others).map(output).collect();
    definitions.insert(
        "outputs_of_agent".to_owned(),
        json!({"type": "object", "additionalProperties": false, "properties": properties}),
    );
    definitions
}

/// Whether steps of type `ai_action` may name the action.
pub(super) fn is_done_by_agents(entry: &CatalogEntry<'_>) -> bool {
    entry.plugin == Some(PluginType::AiProvider) || AGENT_ACTIONS.contains(&entry.name)
}

/// An action's own name and its others.
pub(super) fn all_names<'c>(entry: &CatalogEntry<'c>) -> Vec<&'c str> {
    std::iter::once(entry.name).chain(entry.aliases.iter().map(String::as_str)).collect()
}

/// The names of the actions that agents perform, or of the others; aliases included.
pub(super) fn names(catalog: &Catalog, ai: bool) -> Vec<&str> {
    let entries = catalog.entries().filter(|entry| match ai {
        true => is_done_by_agents(entry),
        false => entry.plugin.is_some(),
    });
    entries.flat_map(|entry| all_names(&entry)).collect()
}

/// Whether a step must give the action inputs at all.
pub(super) fn needs_inputs(entry: &CatalogEntry<'_>) -> bool {
    !required(entry).is_empty()
}

/// The inputs that an action requires. A session's agent is given separately.
fn required<'c>(entry: &CatalogEntry<'c>) -> Vec<&'c str> {
    let names = entry.input["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    names.filter(|name| entry.name != OPEN_SESSION || *name != "agent").collect()
}

fn inputs(entry: &CatalogEntry<'_>, prefix: &str) -> Value {
    let required = required(entry);
    let mut properties = Map::new();
    let mut needs = Vec::new();
    for (name, property) in entry.input["properties"].as_object().into_iter().flatten() {
        let must = required.contains(&name.as_str());
        let schema = value_of(property, prefix, must);
        let aliases: Vec<&str> =
            property["x-aliases"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        if must {
            let names = std::iter::once(name.as_str()).chain(aliases.iter().copied());
            let options: Vec<Value> = names.map(|name| json!({"required": [name]})).collect();
            needs.push(if options.len() == 1 { options[0].clone() } else { json!({"anyOf": options}) });
        }
        for alias in aliases {
            let mut other = schema.clone();
            other["description"] = format!("Another name of `{name}`.").into();
            properties.insert(alias.to_owned(), other);
        }
        properties.insert(name.clone(), schema);
    }
    let mut schema = json!({"type": "object", "additionalProperties": false, "properties": properties});
    if !needs.is_empty() {
        schema["allOf"] = needs.into();
    }
    schema
}

/// `<field of the action's output>: <variable path>`.
fn outputs(entry: &CatalogEntry<'_>) -> Value {
    let properties: Map<String, Value> = entry.output["properties"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, property)| output((name, property)))
        .collect();
    json!({"type": "object", "additionalProperties": false, "properties": properties})
}

fn output((name, property): (&str, &Value)) -> (String, Value) {
    let about = property["description"].as_str().unwrap_or("A field of the action's output.");
    (name.to_owned(), described(about, reference("variable_path")))
}

/// A property's schema, or a text with an expression; `null` if it is optional.
fn value_of(property: &Value, prefix: &str, must: bool) -> Value {
    let mut options = vec![with_expressions(property, prefix), reference("expression")];
    if !must {
        options.push(json!({"type": "null"}));
    }
    let mut schema = json!({"anyOf": options});
    // Said outside, so that editors show it whichever option is meant.
    if let Some(description) =
        schema["anyOf"][0].as_object_mut().and_then(|option| option.remove("description"))
    {
        schema["description"] = description;
    }
    schema
}

/// A schema in whose places texts with expressions may stand, with references to our own definitions.
fn with_expressions(schema: &Value, prefix: &str) -> Value {
    let Some(keywords) = schema.as_object() else { return schema.clone() };
    let required: Vec<&str> = keywords
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let mut opened = Map::new();
    for (keyword, value) in keywords {
        let value = match (keyword.as_str(), value) {
            ("$ref", Value::String(target)) => {
                let name = target.rsplit('/').next().unwrap_or_default();
                format!("#/$defs/{prefix}{name}").into()
            }
            ("properties", Value::Object(properties)) => properties
                .iter()
                .map(|(name, property)| {
                    (name.clone(), value_of(property, prefix, required.contains(&name.as_str())))
                })
                .collect(),
            ("items", item) => json!({"anyOf": [with_expressions(item, prefix), reference("expression")]}),
            ("anyOf" | "oneOf" | "allOf", Value::Array(options)) => {
                options.iter().map(|option| with_expressions(option, prefix)).collect()
            }
            // Formats such as `uint64` are Rust's and mean nothing to editors; `null` as a default says nothing.
            ("$defs" | "$schema" | "format" | "x-aliases" | "x-status" | "x-stored", _)
            | ("default", Value::Null) => {
                continue;
            }
            (_, value) => value.clone(),
        };
        opened.insert(keyword.clone(), value);
    }
    Value::Object(opened)
}
