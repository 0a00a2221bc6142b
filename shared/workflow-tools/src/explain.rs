//! The states that a step became, and why: a sentence for every field.

mod reasons;

use crate::states::{States, all_scopes, states_of};
use serde::Serialize;
use serde_json::Value;
use std::fmt::Write;
use workflow::Compilation;

/// The states of a step.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    /// The step.
    pub step: String,
    /// Its line in the file, counted from 1.
    pub line: usize,
    /// The states, its own first, then those that the compiler added for it.
    pub states: Vec<ExplainedState>,
}

/// One state.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExplainedState {
    /// Its name in the definition.
    pub name: String,
    /// Why it is there.
    pub why: String,
    /// Its fields, in the order of the definition.
    pub fields: Vec<ExplainedField>,
}

/// One field of a state.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExplainedField {
    /// Where it is in the state: `Retry[0]`, `Arguments.Payload.key`.
    pub field: String,
    /// The contents.
    pub value: Value,
    /// Why.
    pub why: String,
}

/// Explains the step `name` of a compiled workflow. `None` where the workflow did not compile or has no such step: its steps
/// are [`Compilation::steps`].
pub fn explain(compilation: &Compilation, name: &str) -> Option<Explanation> {
    let definition = compilation.definition.as_ref()?;
    let step = compilation.steps.iter().find(|step| step.name == name)?;
    let states = States::of(compilation);
    let scope =
        all_scopes(definition).into_iter().find(|scope| scope["States"].get(&step.state).is_some())?;
    let own = &scope["States"][&step.state];
    let mut explained = vec![ExplainedState {
        name: step.state.clone(),
        why: match step.implicit {
            true => "The compiler added the step because a later one needs it.".to_owned(),
            false => format!("Line {} of the file.", step.line),
        },
        fields: fields(own, true, states),
    }];
    for (state_name, state) in states_of(scope) {
        let added = states.step(state_name).is_none();
        if added && let Some(why) = reasons::of_helper(state_name, state, step, scope) {
            explained.push(ExplainedState {
                name: state_name.to_owned(),
                why,
                fields: fields(state, false, states),
            });
        }
    }
    Some(Explanation { step: step.name.clone(), line: step.line, states: explained })
}

fn fields(state: &Value, of_step: bool, states: States<'_>) -> Vec<ExplainedField> {
    let mut explained = Vec::new();
    let mut push = |field: String, value: &Value| {
        let why = reasons::of_field(&field, value, state, of_step, states);
        explained.push(ExplainedField { value: shown(&field, value), field, why });
    };
    for (name, value) in state.as_object().into_iter().flatten() {
        match (name.as_str(), value) {
            ("Arguments", Value::Object(arguments)) => {
                for (argument, value) in arguments {
                    match (argument.as_str(), value) {
                        ("Payload" | "Input", Value::Object(sent)) => {
                            sent.iter()
                                .for_each(|(key, value)| push(format!("Arguments.{argument}.{key}"), value));
                        }
                        _ => push(format!("Arguments.{argument}"), value),
                    }
                }
            }
            ("Retry" | "Catch" | "Choices", Value::Array(items)) => {
                items.iter().enumerate().for_each(|(place, item)| push(format!("{name}[{place}]"), item));
            }
            _ => push(name.clone(), value),
        }
    }
    explained
}

/// Branches and bodies are explained step by step, so only their size is shown.
fn shown(field: &str, value: &Value) -> Value {
    match field {
        "Branches" => format!("{} branches", value.as_array().map_or(0, Vec::len)).into(),
        "ItemProcessor" => {
            format!("{} states", value["States"].as_object().map_or(0, serde_json::Map::len)).into()
        }
        _ => value.clone(),
    }
}

impl Explanation {
    /// The explanation as people read it.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for (place, state) in self.states.iter().enumerate() {
            // Writing to a string cannot fail.
            let _ = match place {
                0 => writeln!(text, "{} became the state {}. {}", self.step, state.name, state.why),
                _ => writeln!(text, "\n{}: {}", state.name, state.why),
            };
            for field in &state.fields {
                let value = serde_json::to_string(&field.value).unwrap_or_default();
                let _ = writeln!(text, "  {}: {value}", field.field);
                let _ = writeln!(text, "      {}", field.why);
            }
        }
        text
    }
}
