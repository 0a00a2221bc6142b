//! `update_task_status`: moves a ticket to another status; its inverse moves it back.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the step gives.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// The tracker's key.
    pub task_id: String,
    /// The status, as the tracker or `statuses:` of the configuration names it; case, `_` and `-` do not matter.
    pub status: String,
    /// A comment in Markdown to leave with it.
    #[serde(default)]
    pub comment: Option<String>,
}

/// What later steps can read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// What it is now, by the tracker's name.
    pub status: String,
    /// What it was, by the tracker's name.
    pub previous_status: String,
}
