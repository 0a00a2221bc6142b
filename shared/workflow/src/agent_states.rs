//! What a step of type `agent` becomes: its session is opened in the step's own state, and these states go round until it is done.

use crate::environment::Environment;
use crate::model::{AgentWork, pascal};
use domain::{AgentDefinition, MicroUsd};
use serde::Serialize;
use std::borrow::Cow;
use std::collections::BTreeSet;

/// The states of an agent's work, by role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AgentStates {
    /// Asks the model for the next turn.
    pub think: String,
    /// Runs the tools that the turn called.
    pub run_tools: String,
    /// Decides what comes next.
    pub next: String,
    /// Asks people a question and waits.
    pub ask: String,
    /// Gives the agent their answer.
    pub answer: String,
    /// Fetches files that the agent asked for.
    pub load: String,
    /// Runs the project's checks.
    pub check: String,
    /// Ends with an error if the next need is unknown.
    pub unknown: String,
}

impl AgentStates {
    /// The states of the step that becomes the state `own`. `taken` holds the states of all steps, which keep their names.
    pub(crate) fn of(own: &str, taken: &BTreeSet<String>) -> Self {
        let free = |suffix: &str| {
            let mut name = format!("{own}{}", pascal(suffix));
            while taken.contains(&name) {
                name.push('_');
            }
            name
        };
        Self {
            think: free("think"),
            run_tools: free("run_tools"),
            next: free("next"),
            ask: free("ask"),
            answer: free("answer"),
            load: free("load"),
            check: free("check"),
            unknown: free("unknown"),
        }
    }

    /// Every state.
    pub fn all(&self) -> [&str; 8] {
        let Self { think, run_tools, next, ask, answer, load, check, unknown } = self;
        [think, run_tools, next, ask, answer, load, check, unknown].map(String::as_str)
    }
}

/// The agent of a step, for people and for other tools.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AgentSummary {
    /// Its name: `development`.
    pub name: String,
    /// The most turns.
    pub max_turns: u32,
    /// The most that it may cost; with `None`, only the ticket's limit applies.
    pub max_usd: Option<MicroUsd>,
    /// The most minutes of work.
    pub max_minutes: u32,
    /// The compiled step.
    pub states: AgentStates,
}

impl AgentSummary {
    pub(crate) fn of(work: &AgentWork, states: AgentStates, environment: &Environment) -> Self {
        let definition = definition(work.name(), environment);
        Self {
            name: work.name().to_owned(),
            max_turns: definition.max_turns,
            max_usd: definition.max_usd,
            max_minutes: definition.max_minutes,
            states,
        }
    }
}

/// The agent of a name; an unknown one has the usual bounds.
pub(crate) fn definition<'e>(name: &str, environment: &'e Environment) -> Cow<'e, AgentDefinition> {
    let known = environment.agents.as_ref().and_then(|agents| agents.get(name));
    known.map_or_else(|| Cow::Owned(AgentDefinition::named(name)), Cow::Borrowed)
}
