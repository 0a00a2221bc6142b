//! What bounds the work of agents.

use domain::MicroUsd;
use serde::Serialize;
use workflow::Compilation;

/// The bounds of one agent's work.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AgentCost {
    /// The step.
    pub step: String,
    /// The agent.
    pub agent: String,
    /// The most turns; the fewest are one.
    pub max_turns: u32,
    /// The most minutes of work.
    pub max_minutes: u32,
    /// The most dollars for its model; with `None`, only the ticket's limit applies.
    pub max_usd: Option<f64>,
}

impl AgentCost {
    /// The sentence that people read.
    pub(super) fn text(&self) -> String {
        let dollars = match self.max_usd {
            Some(usd) => format!("at most ${usd:.2} for the model"),
            None => "the model costs at most what the ticket's limit leaves".to_owned(),
        };
        format!(
            "{}: the agent {} takes 1 to {} turns and at most {} minutes of work; {dollars}.",
            self.step, self.agent, self.max_turns, self.max_minutes
        )
    }
}

/// The agents of a workflow, in the order of its steps.
pub(super) fn of(compilation: &Compilation) -> Vec<AgentCost> {
    let agents = compilation.steps.iter().filter_map(|step| Some((step, step.agent.as_ref()?)));
    agents
        .map(|(step, agent)| AgentCost {
            step: step.name.clone(),
            agent: agent.name.clone(),
            max_turns: agent.max_turns,
            max_minutes: agent.max_minutes,
            max_usd: agent.max_usd.map(MicroUsd::as_usd),
        })
        .collect()
}
