//! `update_message`: changes a message sent before.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the step gives.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// The channel's id.
    pub channel: String,
    /// The message's id in the channel.
    pub message_id: String,
    /// The new text in Markdown.
    #[schemars(extend("x-aliases" = ["text"]))]
    pub message: String,
}

/// What later steps can read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// The channel's id.
    pub channel: String,
    /// The message's id in the channel.
    pub message_id: String,
}
