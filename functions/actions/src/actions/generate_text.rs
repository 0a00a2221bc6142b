//! `generate_text`: has a model answer a prompt with text.

use domain::action::Agent;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the step gives.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// The question; text from outside in it is treated as data.
    pub prompt: String,
    /// The most tokens the reply may have. Default: 1000.
    #[serde(default)]
    pub max_tokens: Option<u32>,
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
    /// The reply, at most 32 KiB.
    pub text: String,
}
