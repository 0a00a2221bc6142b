//! States by the names that people know.

use domain::ErrorKind;
use serde_json::Value;
use workflow::{AgentSummary, Compilation, StepSummary};

/// The compiled steps, looked up by the states they became.
#[derive(Clone, Copy)]
pub(crate) struct States<'c> {
    compilation: &'c Compilation,
}

impl<'c> States<'c> {
    pub(crate) fn of(compilation: &'c Compilation) -> Self {
        Self { compilation }
    }

    /// The step that became a state.
    pub(crate) fn step(self, state: &str) -> Option<&'c StepSummary> {
        self.compilation.steps.iter().find(|step| step.state == state)
    }

    /// The agent whose work a state is part of, with its step; the step's own state opens the session and is not one of these.
    pub(crate) fn agent(self, state: &str) -> Option<(&'c StepSummary, &'c AgentSummary)> {
        self.compilation.steps.iter().find_map(|step| {
            let agent = step.agent.as_ref()?;
            agent.states.all().contains(&state).then_some((step, agent))
        })
    }

    /// The step's name, or the name of a state that the compiler added.
    pub(crate) fn name(self, state: &'c str) -> &'c str {
        self.step(state).map_or(state, |step| step.name.as_str())
    }
}

/// The states of a scope: the whole definition, a branch, or the body of a Map.
pub(crate) fn states_of(scope: &Value) -> impl Iterator<Item = (&str, &Value)> {
    scope["States"].as_object().into_iter().flatten().map(|(name, state)| (name.as_str(), state))
}

/// The scopes within a state: the branches of a Parallel, the body of a Map.
pub(crate) fn scopes_within(state: &Value) -> impl Iterator<Item = &Value> {
    let branches = state.get("Branches").and_then(Value::as_array).into_iter().flatten();
    branches.chain(state.get("ItemProcessor"))
}

/// Every scope of a definition, itself first.
pub(crate) fn all_scopes(definition: &Value) -> Vec<&Value> {
    let mut scopes = vec![definition];
    let mut next = 0;
    while let Some(scope) = scopes.get(next).copied() {
        scopes.extend(states_of(scope).flat_map(|(_, state)| scopes_within(state)));
        next += 1;
    }
    scopes
}

/// Where a state goes when nothing fails.
pub(crate) fn successors(state: &Value) -> impl Iterator<Item = &str> {
    let rules = state["Choices"].as_array().into_iter().flatten().map(|rule| &rule["Next"]);
    rules.chain([&state["Default"], &state["Next"]]).filter_map(Value::as_str)
}

/// Whether a state calls a function, and whether it then waits for an answer from outside.
pub(crate) fn resource(state: &Value) -> &str {
    state["Resource"].as_str().unwrap_or_default()
}

/// JSONata without its borders.
pub(crate) fn expression(text: &str) -> Option<&str> {
    Some(text.strip_prefix("{%")?.strip_suffix("%}")?.trim())
}

/// A catcher that every call inside a step with a time limit has: a call that could not begin in time ends as a timeout.
pub(crate) fn is_too_late(catcher: &Value) -> bool {
    catcher["ErrorEquals"] == serde_json::json!(["States.QueryEvaluationError"])
}

/// A catcher that the compiler adds on its own, not for an `on_error` of the file.
pub(crate) fn is_added(catcher: &Value) -> bool {
    parks(catcher).is_some() || is_too_late(catcher)
}

/// What parks a step, where a catcher does that: a spent budget those of agents, a provider that takes no calls those that call one, and
/// a creation that nobody saw those that create, and reviewers without room those that wait for it.
pub(crate) fn parks(catcher: &Value) -> Option<ErrorKind> {
    let of = |kind: &ErrorKind| catcher["ErrorEquals"][0] == kind.as_str();
    [ErrorKind::BudgetExceeded, ErrorKind::Throttled, ErrorKind::Unconfirmed, ErrorKind::AtCapacity]
        .into_iter()
        .find(of)
}
