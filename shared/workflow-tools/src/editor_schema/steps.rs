//! The types of steps.

use super::{actions, described, name, reference};
use domain::PluginType;
use domain::action::Agent;
use serde_json::{Map, Value, json};
use workflow::{Catalog, CatalogEntry};

/// A type of steps with its own keys; those that must be there are marked.
struct StepType {
    name: &'static str,
    about: &'static str,
    keys: Vec<(&'static str, bool, Value)>,
    /// Whether it may fail on its own, and so has `on_error` and retries.
    has_policy: bool,
}

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

fn types(catalog: &Catalog) -> Vec<StepType> {
    let outputs = || {
        described(
            "What it gives, by field, and the variables that receive it.",
            json!({"type": "object", "additionalProperties": reference("variable_path")}),
        )
    };
    let timeout = || described("How long it may take.", reference("duration"));
    let inputs = || {
        described("What it is given.", json!({"type": "object", "additionalProperties": reference("value")}))
    };
    let rollback = || {
        described(
            "What takes its effect back, in place of the action's own inverse.",
            json!({
                "type": "object",
                "additionalProperties": false,
                "required": ["action"],
                "properties": {
                    "action": described("An action that takes something back.", json!({"type": "string"})),
                    "inputs": described("May name the step's inputs and `output.<path>`.", json!({"type": "object"})),
                },
            }),
        )
    };
    let steps = || reference("steps");
    let any = || reference("value");
    vec![
        StepType {
            name: "plugin_action",
            about: "One action of a plugin. A plugin that the project leaves unset skips the step.",
            keys: vec![
                ("plugin", true, described("A plugin type, never a vendor.", json!({"enum": plugins()}))),
                (
                    "action",
                    true,
                    described("What the plugin is to do.", json!({"enum": names(catalog, false)})),
                ),
                ("inputs", false, inputs()),
                ("outputs", false, outputs()),
                ("timeout", false, timeout()),
                ("rollback", false, rollback()),
                (
                    "required",
                    false,
                    described(
                        "Whether a project without the plugin is an error. Default: false.",
                        json!({"type": "boolean"}),
                    ),
                ),
            ],
            has_policy: true,
        },
        StepType {
            name: "ai_action",
            about: "One call of an agent.",
            keys: vec![
                (
                    "action",
                    false,
                    described(
                        "What the agent is to do. Default: the step's name.",
                        json!({"enum": names(catalog, true)}),
                    ),
                ),
                (
                    "agent",
                    false,
                    described(
                        "Who does it. Default: development.",
                        json!({"enum": Agent::ALL.map(Agent::as_str)}),
                    ),
                ),
                (
                    "prompt_template",
                    false,
                    described(
                        "A template of your own, relative to the folder of ticketsmith.yaml.",
                        json!({"type": "string"}),
                    ),
                ),
                ("inputs", false, inputs()),
                ("outputs", false, outputs()),
                ("timeout", false, timeout()),
                ("rollback", false, rollback()),
            ],
            has_policy: true,
        },
        StepType {
            name: "parallel",
            about: "Branches at the same time; all must finish.",
            keys: vec![
                (
                    "branches",
                    true,
                    described(
                        "The branches by name.",
                        json!({"type": "object", "minProperties": 1, "maxProperties": 40, "additionalProperties": reference("steps")}),
                    ),
                ),
                ("outputs", false, outputs()),
                ("timeout", false, timeout()),
            ],
            has_policy: true,
        },
        StepType {
            name: "foreach",
            about: "The same steps for every item of a list. One failure stops all, unless its steps continue.",
            keys: vec![
                (
                    "items",
                    true,
                    described(
                        "The list, or an expression that gives one.",
                        json!({"type": ["array", "string"]}),
                    ),
                ),
                (
                    "as",
                    true,
                    described("What the item is called in the steps.", with(name(), "type", "string".into())),
                ),
                (
                    "max_concurrency",
                    false,
                    described(
                        "Iterations at the same time. Default: 10.",
                        json!({"type": "integer", "minimum": 1, "maximum": 40}),
                    ),
                ),
                (
                    "max_items",
                    false,
                    described(
                        "Longer lists are an error. Default: 100.",
                        json!({"type": "integer", "minimum": 1, "maximum": 5000}),
                    ),
                ),
                ("steps", true, steps()),
                (
                    "result",
                    false,
                    described("What each iteration gives. Default: what its last step gives.", any()),
                ),
                ("outputs", false, outputs()),
                ("timeout", false, timeout()),
            ],
            has_policy: true,
        },
        StepType {
            name: "loop",
            about: "Steps again and again until a condition holds, tested after each round.",
            keys: vec![
                ("steps", true, steps()),
                ("until", true, described("Ends the loop when it holds.", reference("condition"))),
                (
                    "max_iterations",
                    true,
                    described("The most rounds.", json!({"type": "integer", "minimum": 1, "maximum": 5000})),
                ),
                (
                    "on_exhausted",
                    false,
                    described(
                        "When the rounds are used up: the error LoopExhausted (fail, the default), or go on (continue).",
                        json!({"enum": ["fail", "continue"]}),
                    ),
                ),
                ("outputs", false, outputs()),
                ("timeout", false, timeout()),
            ],
            has_policy: true,
        },
        StepType {
            name: "switch",
            about: "The first case that holds, else the default.",
            keys: vec![
                (
                    "cases",
                    true,
                    described(
                        "Tried in order.",
                        json!({
                            "type": "array",
                            "minItems": 1,
                            "items": {
                                "type": "object",
                                "additionalProperties": false,
                                "required": ["when", "steps"],
                                "properties": {"when": reference("condition"), "steps": steps()},
                            },
                        }),
                    ),
                ),
                (
                    "default",
                    false,
                    described(
                        "The steps when no case holds.",
                        json!({"type": "array", "items": reference("step")}),
                    ),
                ),
                ("timeout", false, timeout()),
            ],
            has_policy: true,
        },
        StepType {
            name: "approval",
            about: "Asks people and waits at no cost. Gives `by`, `via`, `at` and `comment`; no is the error Declined.",
            keys: vec![
                ("question", false, described("What is asked.", any())),
                ("message", false, described("Another name of `question`.", any())),
                ("details", false, described("What helps to answer.", any())),
                ("approvers", false, described("Who may answer: groups and people.", any())),
                ("timeout", false, described("How long it waits.", reference("duration"))),
                (
                    "on_timeout",
                    false,
                    described(
                        "What no answer means. Default: fail.",
                        json!({"enum": ["fail", "approve", "decline"]}),
                    ),
                ),
                ("outputs", false, outputs()),
            ],
            has_policy: true,
        },
        StepType {
            name: "wait",
            about: "Waits for a time or an event, at no cost: exactly one of `for`, `until` and `event`.",
            keys: vec![
                (
                    "for",
                    false,
                    described(
                        "How long.",
                        json!({"anyOf": [reference("duration"), reference("expression")]}),
                    ),
                ),
                ("until", false, described("A timestamp: 2026-01-31T12:00:00Z.", json!({"type": "string"}))),
                ("event", false, described("The event that ends it.", json!({"enum": awaited()}))),
                (
                    "match",
                    false,
                    described(
                        "The fields that tell the event from others: repository, sha.",
                        json!({"type": "object", "minProperties": 1, "additionalProperties": reference("value")}),
                    ),
                ),
                ("timeout", false, timeout()),
                ("outputs", false, outputs()),
            ],
            has_policy: true,
        },
        StepType {
            name: "workflow",
            about: "Runs another workflow and takes its outputs.",
            keys: vec![
                (
                    "workflow",
                    true,
                    described(
                        "The other workflow: its file's name without `.yaml`.",
                        json!({"type": "string"}),
                    ),
                ),
                ("inputs", false, inputs()),
                ("outputs", false, outputs()),
                ("timeout", false, timeout()),
            ],
            has_policy: true,
        },
        StepType {
            name: "set",
            about: "Sets variables.",
            keys: vec![(
                "variables",
                true,
                described(
                    "Values by variable path.",
                    json!({"type": "object", "minProperties": 1, "additionalProperties": reference("value")}),
                ),
            )],
            has_policy: false,
        },
        StepType {
            name: "fail",
            about: "Ends the workflow with an error.",
            keys: vec![
                ("error", true, described("The error's name.", json!({"type": "string"}))),
                (
                    "cause",
                    true,
                    described(
                        "What was the matter, in words that people can act on.",
                        json!({"type": "string"}),
                    ),
                ),
                (
                    "on_error",
                    false,
                    described(
                        "Whether what was done is taken back. Default: fail.",
                        json!({"enum": ["fail", "rollback"]}),
                    ),
                ),
            ],
            has_policy: false,
        },
        StepType {
            name: "undo",
            about: "Takes back what another execution did.",
            keys: vec![
                ("run", true, described("The execution's ARN.", json!({"type": "string"}))),
                (
                    "on_error",
                    false,
                    described(
                        "What an error leads to.",
                        json!({"enum": ["fail", "retry", "continue", "rollback"]}),
                    ),
                ),
            ],
            has_policy: false,
        },
    ]
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
    if actions::needs_inputs(entry) {
        then["required"] = json!(["inputs"]);
    }
    then
}

fn all_names<'c>(entry: &CatalogEntry<'c>) -> Vec<&'c str> {
    std::iter::once(entry.name).chain(entry.aliases.iter().map(String::as_str)).collect()
}

/// The names of actions that agents do, or of the others; aliases included.
fn names(catalog: &Catalog, ai: bool) -> Vec<&str> {
    let entries = catalog.entries().filter(|entry| {
        let by_agent = entry.plugin == Some(PluginType::AiProvider);
        entry.plugin.is_some() && (by_agent || !ai)
    });
    entries.flat_map(|entry| all_names(&entry)).collect()
}

fn plugins() -> [&'static str; 6] {
    PluginType::ALL.map(PluginType::as_str)
}

fn awaited() -> Vec<&'static str> {
    let kinds = domain::EventKind::TRIGGERS.into_iter().filter(|kind| *kind != domain::EventKind::Schedule);
    kinds.map(domain::EventKind::as_str).collect()
}

fn with(mut schema: Value, key: &str, value: Value) -> Value {
    schema[key] = value;
    schema
}
