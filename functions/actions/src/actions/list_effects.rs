//! `list_effects`: closes a run to new effects and lists what it did, newest first.

use crate::artifacts::EffectEntry;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the step gives.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// The ARN of the run. Default: the execution's own.
    #[serde(default)]
    pub run: Option<String>,
}

/// What later steps can read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// What can be taken back, newest first.
    pub effects: Vec<EffectEntry>,
}
