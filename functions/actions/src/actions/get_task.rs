//! `get_task`: reads one ticket.

use domain::Task;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the step gives.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// The tracker's key: `SHOP-1`, or `owner/name#12` for GitHub Issues.
    pub task_id: String,
}

/// What later steps can read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// The ticket, with the project's repository and channel.
    pub task: Task,
}
