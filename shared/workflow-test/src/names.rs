//! What states are called in test files.

use crate::agents::{Role, roles};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use workflow::{Compilation, admission_state};

/// The states of a compiled workflow by the names that people know.
#[derive(Debug, Clone, Default)]
pub(crate) struct Names {
    /// Steps by their states.
    steps: BTreeMap<String, String>,
    /// The order in which states are in the document.
    order: BTreeMap<String, usize>,
    /// States that call something, by name: they may have answers.
    callable: BTreeMap<String, Callable>,
    /// The states of agents: the step of each, and its role.
    agents: BTreeMap<String, (String, Role)>,
    /// The choices in agents' work.
    agent_choices: BTreeSet<String>,
    /// The outputs of the workflows that steps run, by step: the schema of each by its name.
    outputs: BTreeMap<String, BTreeMap<String, Value>>,
    /// The state that admits the run, which is not a step.
    admission: Option<String>,
}

/// A state that calls something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Callable {
    /// The action's function, by its name in definitions: `CreateBranch`. `None` where another workflow is called, or the
    /// function is chosen when it runs.
    pub(crate) function: Option<String>,
    /// Whether it waits for an answer from outside.
    pub(crate) waits: bool,
    /// Whether it calls the inverse of an effect.
    pub(crate) takes_back: bool,
}

/// The function behind one of the compiler's placeholders: `CreateBranch` for `${CreateBranchFunctionArn}`.
pub(crate) fn function_of(placeholder: &str) -> Option<&str> {
    placeholder.strip_suffix("FunctionArn")
}

impl Names {
    pub(crate) fn of(compilation: &Compilation) -> Self {
        let mut names = Self {
            steps: compilation.steps.iter().map(|step| (step.state.clone(), step.name.clone())).collect(),
            admission: compilation.definition.as_ref().and_then(admission_state).map(str::to_owned),
            agents: roles(compilation),
            outputs: compilation.outputs_of_workflows.clone(),
            agent_choices: compilation
                .steps
                .iter()
                .filter_map(|step| Some(step.agent.as_ref()?.states.next.clone()))
                .collect(),
            ..Self::default()
        };
        if let Some(definition) = &compilation.definition {
            each_state(definition, &mut |state, value| {
                names.order.insert(state.to_owned(), names.order.len());
                if value["Type"] == "Task" && !names.is_admission(state) {
                    let name = names.of_state(state);
                    let function = value["Arguments"]["FunctionName"]
                        .as_str()
                        .and_then(|text| text.strip_prefix("${")?.strip_suffix('}'))
                        .and_then(function_of)
                        .map(str::to_owned);
                    let waits = value["Resource"]
                        .as_str()
                        .is_some_and(|resource| resource.ends_with("waitForTaskToken"));
                    let takes_back = value
                        .pointer("/Arguments/Payload/key")
                        .and_then(Value::as_str)
                        .is_some_and(|key| key.contains("'/undo'"));
                    names.callable.insert(name, Callable { function, waits, takes_back });
                }
            });
        }
        names
    }

    /// The step's name, or the state's own in lower case with underscores.
    pub(crate) fn of_state(&self, state: &str) -> String {
        self.steps.get(state).cloned().unwrap_or_else(|| snake(state))
    }

    /// The agent's step that a state belongs to, and the state's role in it.
    pub(crate) fn agent(&self, state: &str) -> Option<(&str, Role)> {
        self.agents.get(state).map(|(step, role)| (step.as_str(), *role))
    }

    /// Whether an agent's step has this name.
    pub(crate) fn is_agent(&self, name: &str) -> bool {
        self.agents.values().any(|(step, _)| step == name)
    }

    /// Whether a state inside an agent's turns has this name. Paths omit those.
    pub(crate) fn is_inside_turn(&self, name: &str) -> bool {
        self.agents.iter().any(|(state, (_, role))| role.is_inside() && self.of_state(state) == name)
    }

    /// Whether the state decides what an agent does next.
    pub(crate) fn is_agents_choice(&self, state: &str) -> bool {
        self.agent_choices.contains(state)
    }

    /// Whether it is the state that admits the run.
    pub(crate) fn is_admission(&self, state: &str) -> bool {
        self.admission.as_deref() == Some(state)
    }

    pub(crate) fn is_step(&self, state: &str) -> bool {
        self.steps.contains_key(state)
    }

    /// Where a state is in the document.
    pub(crate) fn place(&self, state: &str) -> usize {
        self.order.get(state).copied().unwrap_or(usize::MAX)
    }

    /// The names that may be given answers.
    pub(crate) fn callable(&self) -> impl Iterator<Item = &str> {
        self.callable.keys().map(String::as_str)
    }

    /// The outputs of the workflow that the step of this name runs, if it is known to have any.
    pub(crate) fn outputs_of(&self, name: &str) -> Option<&BTreeMap<String, Value>> {
        self.outputs.get(name).filter(|outputs| !outputs.is_empty())
    }

    /// The schema of all outputs of the workflow that the step of this name runs. It gives each of them, `null` where there is no value.
    pub(crate) fn output_schema(&self, name: &str) -> Option<Value> {
        let outputs = self.outputs_of(name)?;
        let required: Vec<&String> = outputs.keys().collect();
        Some(json!({"type": "object", "properties": outputs, "required": required}))
    }

    /// The call of the state with this name.
    pub(crate) fn call(&self, name: &str) -> Option<&Callable> {
        self.callable.get(name)
    }

    /// The names that a path may contain: all steps, and the compiler's own states that call something.
    pub(crate) fn in_paths(&self) -> BTreeSet<&str> {
        self.steps.values().map(String::as_str).chain(self.callable()).collect()
    }

    /// The states of steps with the steps' names, in the order of the document.
    pub(crate) fn steps_in_order(&self) -> impl Iterator<Item = (&str, &str)> {
        let mut steps: Vec<_> =
            self.steps.iter().map(|(state, name)| (state.as_str(), name.as_str())).collect();
        steps.sort_by_key(|(state, _)| self.place(state));
        steps.into_iter()
    }
}

/// Goes through every state of a definition, outer ones before those within them.
pub(crate) fn each_state<'d>(scope: &'d Value, visit: &mut impl FnMut(&'d str, &'d Value)) {
    for (name, state) in scope["States"].as_object().into_iter().flatten() {
        visit(name, state);
        for inner in inner_scopes(state) {
            each_state(inner, visit);
        }
    }
}

/// The scopes within a state: the branches of a Parallel, the body of a Map.
pub(crate) fn inner_scopes(state: &Value) -> impl Iterator<Item = &Value> {
    let branches = state.get("Branches").and_then(Value::as_array).into_iter().flatten();
    branches.chain(state.get("ItemProcessor"))
}

/// `CreateBranchWhen` as `create_branch_when`.
pub(crate) fn snake(state: &str) -> String {
    let mut name = String::new();
    for character in state.chars() {
        if character.is_ascii_uppercase() && !name.is_empty() && !name.ends_with('_') {
            name.push('_');
        }
        name.push(character.to_ascii_lowercase());
    }
    name
}
