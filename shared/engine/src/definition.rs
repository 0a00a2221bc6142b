//! State machine definitions: parsed into types, and checked as Step Functions checks them.
//!
//! Only `QueryLanguage: JSONata` is accepted. The language is described at <https://states-language.net> and
//! <https://docs.aws.amazon.com/step-functions/latest/dg/concepts-amazon-states-language.html>.

mod assignments;
mod choice;
mod fields;
mod graph;
mod parse;
mod references;
mod resource;
mod retry;
mod state;
mod template;
mod timestamp;

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

pub(crate) use parse::concurrency;
pub(crate) use references::variable_references;
pub(crate) use resource::{Pattern, Resource, function_name};
pub(crate) use retry::{Catcher, Recovery, Retrier, matches};
pub(crate) use state::{Choice, Kind, Map, Rule, State, Task, Wait};
pub(crate) use template::{Quantity, Template};
pub(crate) use timestamp::parse_timestamp;

/// A definition that passed every check.
#[derive(Debug)]
pub(crate) struct Definition {
    pub(crate) flow: Flow,
    /// After how many seconds the whole execution is stopped.
    pub(crate) timeout_seconds: Option<u64>,
}

/// States and the first of them: a whole machine, one branch, or the body of a Map.
#[derive(Debug)]
pub(crate) struct Flow {
    pub(crate) start_at: String,
    pub(crate) states: BTreeMap<String, State>,
}

impl Definition {
    /// Parses and checks a definition.
    ///
    /// # Errors
    /// Every problem, in the order of the document. Warnings alone are not an error.
    pub(crate) fn parse(text: &str) -> Result<Self, Vec<Diagnostic>> {
        let (definition, diagnostics) = parse::definition(text);
        match definition {
            Some(definition) if !diagnostics.iter().any(|found| found.severity == Severity::Error) => {
                Ok(definition)
            }
            _ => Err(diagnostics),
        }
    }

    /// Parses a single state on its own. Where it leads is not checked. It gets the name `State`.
    ///
    /// # Errors
    /// As [`Definition::parse`].
    pub(crate) fn of_state(text: &str) -> Result<Self, Vec<Diagnostic>> {
        let name = "State".to_owned();
        let state = parse::lone_state(&name, text)?;
        Ok(Self::only(name, state))
    }

    /// The machine that consists of just the state `name`, wherever in this machine it is.
    pub(crate) fn isolate(mut self, name: &str) -> Option<Self> {
        let state = self.flow.take(name)?;
        Some(Self::only(name.to_owned(), state))
    }

    fn only(name: String, state: State) -> Self {
        let flow = Flow { start_at: name.clone(), states: BTreeMap::from([(name, state)]) };
        Self { flow, timeout_seconds: None }
    }
}

impl Flow {
    /// Whether the flow, or one inside it, has a state of this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.states.contains_key(name)
            || self.states.values().any(|state| state.kind.flows().iter().any(|flow| flow.has(name)))
    }

    fn take(&mut self, name: &str) -> Option<State> {
        let inside = |state: &mut State| state.kind.flows_mut().iter_mut().find_map(|flow| flow.take(name));
        self.states.remove(name).or_else(|| self.states.values_mut().find_map(inside))
    }
}

/// Checks the text of a definition and returns all problems found, as the API's `ValidateStateMachineDefinition`
/// does. It can be used when no diagnostic is an error.
pub fn validate(text: &str) -> Vec<Diagnostic> {
    parse::definition(text).1
}

/// One problem of a definition, in the form of Step Functions'
/// [`ValidateStateMachineDefinitionDiagnostic`](https://docs.aws.amazon.com/step-functions/latest/apireference/API_ValidateStateMachineDefinitionDiagnostic.html).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// Whether the definition can be used in spite of it.
    pub severity: Severity,
    /// One of AWS's codes, such as `MISSING_TRANSITION_TARGET`.
    pub code: &'static str,
    /// The problem, and what is accepted instead.
    pub message: String,
    /// Where, such as `/States/Greet/Next`.
    pub location: String,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {} at {}", self.code, self.message, self.location)
    }
}

/// How grave a [`Diagnostic`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Severity {
    /// The definition cannot be used.
    Error,
    /// The definition can be used, but probably does not mean what it says.
    Warning,
}
