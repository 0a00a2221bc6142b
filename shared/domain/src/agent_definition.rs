//! The definition of an agent: its models, prompt, tools and limits.

use crate::money::MicroUsd;
use crate::plugins::Effort;
use serde::{Deserialize, Serialize};

/// An agent as `agents/NAME.yaml` describes it.
///
/// Workflows name agents, and deployments include their definitions with the prompts. A session keeps the definition with which its
/// generation began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentDefinition {
    /// The name in workflows: the file's name without its ending.
    pub name: String,
    /// Its purpose, in a sentence for people.
    pub description: Option<String>,
    /// The models: the first one, followed by fallbacks for when it refuses or is overloaded. Empty: the model of the project's AI provider.
    pub models: Vec<String>,
    /// How hard the models try. `None`: medium.
    pub effort: Option<Effort>,
    /// The path of the system prompt's template, relative to the folder of `ticketsmith.yaml`.
    pub prompt: String,
    /// The tools that it is offered. Empty: all.
    pub tools: Vec<String>,
    /// Patterns of the paths that it sees and changes. Empty: the whole repository.
    pub paths: Vec<String>,
    /// The most turns of a session.
    pub max_turns: u32,
    /// The most that a session may cost. `None`: what the ticket's limit leaves.
    pub max_usd: Option<MicroUsd>,
    /// The most minutes of work in a session; waiting for people does not count.
    pub max_minutes: u32,
}

impl AgentDefinition {
    /// The agent of steps that name none.
    pub const DEFAULT_NAME: &str = "development";
    /// The system prompt of agents that name none.
    pub const DEFAULT_PROMPT: &str = "prompts/agents/development.md";
    /// The default number of turns.
    pub const DEFAULT_TURNS: u32 = 60;
    /// The default minutes of work.
    pub const DEFAULT_MINUTES: u32 = 30;
    /// The most turns that may be allowed.
    pub const MOST_TURNS: u32 = 300;
    /// The most minutes of work that may be allowed: a day's.
    pub const MOST_MINUTES: u32 = 24 * 60;

    /// An agent of this name for which nothing else is said.
    pub fn named(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            description: None,
            models: Vec::new(),
            effort: None,
            prompt: Self::DEFAULT_PROMPT.to_owned(),
            tools: Vec::new(),
            paths: Vec::new(),
            max_turns: Self::DEFAULT_TURNS,
            max_usd: None,
            max_minutes: Self::DEFAULT_MINUTES,
        }
    }
}
