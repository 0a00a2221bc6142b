//! `send_message`: sends a message to a channel or thread.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the step gives.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// `#name` or the channel's id. Default: the project's channel.
    #[serde(default)]
    pub channel: Option<String>,
    /// The message in Markdown.
    #[schemars(extend("x-aliases" = ["text"]))]
    pub message: String,
    /// The id of the message whose thread it goes to.
    #[schemars(extend("x-aliases" = ["thread_ts"]))]
    #[serde(default)]
    pub thread: Option<String>,
}

/// What later steps can read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// The channel's id.
    pub channel: String,
    /// The message's id in the channel.
    pub message_id: String,
    /// Where people see it.
    pub url: Option<String>,
}
