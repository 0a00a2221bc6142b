//! `generate_documentation`: has a model write documentation of a change.

use crate::artifacts::Implementation;
use domain::Task;
use domain::action::Agent;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the step gives.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// The ticket.
    pub task: Task,
    /// What `generate_code_implementation` gave.
    #[schemars(extend("x-aliases" = ["generated_code"]))]
    #[serde(default)]
    pub implementation: Option<Implementation>,
    /// The prompt's template, relative to the folder of `ticketsmith.yaml`. Default: the action's own.
    #[serde(default)]
    pub prompt_template: Option<String>,
    /// Which agent works. Default: `development`.
    #[serde(default)]
    pub agent: Option<Agent>,
    /// More for the agent to keep to, from the workflow's author.
    #[serde(default)]
    pub instructions: Option<String>,
}

/// What later steps can read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// The documentation in Markdown, at most 32 KiB.
    pub documentation: String,
    /// A title for it.
    pub title: String,
}
