//! `add_comment`: adds a comment to a ticket.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the step gives.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// The tracker's key.
    pub task_id: String,
    /// The comment in Markdown.
    #[schemars(extend("x-aliases" = ["text", "body", "message"]))]
    pub comment: String,
}

/// What later steps can read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// The tracker's id.
    pub comment_id: String,
    /// Where people see it.
    pub url: Option<String>,
}
