//! Conversations with a language model: messages made of parts, and the tools that it may call.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One message of a conversation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelMessage {
    /// Its author.
    pub speaker: Speaker,
    /// Its parts, in order.
    pub parts: Vec<Part>,
}

impl ModelMessage {
    /// Our message.
    pub fn ours(parts: Vec<Part>) -> Self {
        Self { speaker: Speaker::User, parts }
    }
}

/// The author of a message. The first message of a conversation is ours, and then they alternate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Speaker {
    /// We do, also with the results of tools.
    User,
    /// The model does.
    Model,
}

/// A part of a message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// The part itself.
    pub content: Content,
    /// Whether everything up to here is likely to be sent again within minutes and worth caching. It is not part of the conversation: the same
    /// messages may be sent with other marks.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cache: bool,
}

impl Part {
    /// A part that is not marked for the cache.
    pub fn new(content: Content) -> Self {
        Self { content, cache: false }
    }

    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::new(Content::Text(text.into()))
    }

    /// The same, marked for the cache.
    pub fn cached(self) -> Self {
        Self { cache: true, ..self }
    }
}

/// The content of a part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// Words.
    Text(String),
    /// A picture.
    Image {
        /// Its form: `image/png`, `image/jpeg`, `image/gif` or `image/webp`.
        media_type: String,
        /// Its bytes in base64.
        base64: String,
    },
    /// A call of a tool, by the model.
    ToolCall(ToolCall),
    /// The result of a call. Every call needs one, in the message after it.
    ToolResult {
        /// The id of the call.
        call: String,
        /// The text for the model.
        text: String,
        /// Whether the call failed.
        is_error: bool,
    },
    /// A part in the provider's own JSON, sent back byte for byte: signed thinking, and everything else that we do not read.
    Opaque(String),
}

/// A call of a tool.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToolCall {
    /// The ID that its result refers to.
    pub id: String,
    /// The tool's name.
    pub name: String,
    /// Its input. It has not been checked against the tool's schema.
    pub input: Value,
}

/// A tool that a model may call. A call is only part of a reply; the caller decides what to do about it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelTool {
    /// Its name: letters, digits, `_` and `-`.
    pub name: String,
    /// Its purpose and when to use it.
    pub description: String,
    /// The JSON Schema of its input, an object.
    pub input_schema: Value,
}

/// How hard a model tries. A model that does not know the level refuses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effort {
    /// The least.
    Low,
    /// Between the two.
    Medium,
    /// The models' default.
    High,
    /// More than that.
    Xhigh,
    /// The maximum.
    Max,
}

impl Effort {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Xhigh => "xhigh",
            Self::Max => "max",
        }
    }
}
