//! The types of steps, each with its own keys.

use super::actions::names;
use super::{described, name, reference, with};
use domain::PluginType;
use domain::action::Agent;
use serde_json::{Value, json};
use workflow::Catalog;

/// A type of steps with its own keys; those that must be there are marked.
pub(super) struct StepType {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    pub(super) keys: Vec<(&'static str, bool, Value)>,
    /// Whether it may fail on its own, and so has `on_error` and retries.
    pub(super) has_policy: bool,
}

/// Every type of steps.
pub(super) fn types(catalog: &Catalog) -> Vec<StepType> {
    let outputs = || {
        described(
            "What it gives, by field, and the variables that receive it.",
            json!({"type": "object", "additionalProperties": reference("variable_path")}),
        )
    };
    let timeout = || described("How long it may take.", reference("duration"));
    let limit = || {
        described(
            "How long all that it holds may take together; then it fails with States.Timeout.",
            reference("duration"),
        )
    };
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
                ("timeout", false, limit()),
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
                ("timeout", false, limit()),
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
                ("timeout", false, limit()),
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
                ("timeout", false, limit()),
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
                ("approve_status", false, described("To move the ticket to this status is a yes.", any())),
                ("decline_status", false, described("To move the ticket to this status is a no.", any())),
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
                ("event", false, described("The event that ends it.", json!({"enum": awaited(catalog)}))),
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
            keys: vec![("run", true, described("The execution's ARN.", json!({"type": "string"})))],
            has_policy: false,
        },
    ]
}

fn plugins() -> [&'static str; 6] {
    PluginType::ALL.map(PluginType::as_str)
}

fn awaited(catalog: &Catalog) -> Vec<&str> {
    let events = catalog.events().iter().filter(|event| !event.match_fields.is_empty());
    events.map(|event| event.name.as_str()).collect()
}
