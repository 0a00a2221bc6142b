//! Language models.

use super::conversation::{Effort, ModelMessage, ModelTool, Part, ToolCall};
use crate::error::ActionError;
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::Duration;

/// A language model. It only replies; the calling action decides what a reply may cause.
#[async_trait]
pub trait AiProvider: Send + Sync {
    /// Sends one request, and gives up on a reply that is not whole `within` this time. A refusal or a truncated reply is not an
    /// error: [`ModelReply::stop`] reports it, with its usage, so that the cost is always booked.
    ///
    /// # Errors
    /// [`NoReply::NotBilled`] where the request was not sent or the provider's answer says that it is not billed; everything else
    /// is [`NoReply::MayBeBilled`].
    async fn complete(&self, request: &ModelRequest, within: Duration) -> Result<ModelReply, NoReply>;

    /// The same, heard as it comes: `progress` is told the usage reported so far whenever that changes. Whoever drops the future ends the
    /// request; what was reported last is then the least that is billed, and `max_output_tokens` of output the most.
    ///
    /// # Errors
    /// As [`AiProvider::complete`].
    async fn stream(
        &self,
        request: &ModelRequest,
        within: Duration,
        progress: &(dyn Fn(Usage) + Send + Sync),
    ) -> Result<ModelReply, NoReply>;

    /// The input tokens of a request by the provider's own count, which is free and may be a few percent off; `None` where the
    /// provider does not count. It is not waited for longer than `within`.
    ///
    /// # Errors
    /// `Throttled` when the provider does not answer now; `Rejected` when it refuses the request.
    async fn count_input_tokens(
        &self,
        request: &ModelRequest,
        within: Duration,
    ) -> Result<Option<u64>, ActionError>;

    /// No request of this size can use more input tokens.
    fn input_tokens_at_most(&self, request: &ModelRequest) -> u64;

    /// The provider's id in the price list: `anthropic`.
    fn price_provider(&self) -> &'static str;
}

/// Why a call of a model gave no reply, by what the provider charges for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoReply {
    /// Nothing: the request was not sent, or the answer says that it is not billed. `Rejected` or `Throttled`.
    NotBilled(ActionError),
    /// Nobody knows, so the worst case is booked: a server error, an answer that broke off, came too late or cannot be read.
    MayBeBilled {
        /// What went wrong.
        error: ActionError,
        /// What the provider had reported by then. Its input is what will be billed, and its output may have grown since.
        reported: Option<Usage>,
    },
}

impl NoReply {
    /// A call that may be billed, of which nothing was reported.
    pub fn may_be_billed(error: ActionError) -> Self {
        Self::MayBeBilled { error, reported: None }
    }
}

/// A request to a model.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ModelRequest {
    /// The model's id.
    pub model: String,
    /// How hard the model tries; its own default where absent.
    pub effort: Option<Effort>,
    /// The system prompt; never contains external text.
    pub system: Vec<PromptBlock>,
    /// The conversation so far, with external text fenced as data; the last message is ours.
    pub messages: Vec<ModelMessage>,
    /// The tools that the model may call.
    pub tools: Vec<ModelTool>,
    /// The JSON Schema that the reply must follow; without one, the reply is free text.
    pub reply_schema: Option<Value>,
    /// The most tokens the reply may have.
    pub max_output_tokens: u32,
}

impl ModelRequest {
    /// One question without tools, to which a reply of up to this many tokens is wanted.
    pub fn question(model: impl Into<String>, parts: Vec<Part>, max_output_tokens: u32) -> Self {
        Self {
            model: model.into(),
            effort: None,
            system: Vec::new(),
            messages: vec![ModelMessage::ours(parts)],
            tools: Vec::new(),
            reply_schema: None,
            max_output_tokens,
        }
    }
}

/// A part of a system prompt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PromptBlock {
    /// The text.
    pub text: String,
    /// Whether everything up to here is likely to be sent again within minutes and worth caching.
    pub cache: bool,
}

/// A model's answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelReply {
    /// What was said, as it goes into the conversation: every part as the provider wrote it.
    pub message: ModelMessage,
    /// The text in it; JSON when a schema was given.
    pub text: String,
    /// The calls of tools in it, in order.
    pub calls: Vec<ToolCall>,
    /// Why it ended.
    pub stop: StopReason,
    /// What was used.
    pub usage: Usage,
    /// The model that answered, as the provider names it.
    pub model: String,
    /// The provider's id of the request, for its support.
    pub request_id: Option<String>,
}

/// Why a reply ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    /// The model finished.
    Complete,
    /// The model waits for the results of its calls.
    ToolCalls,
    /// The reply reached its limit of tokens, or the context's: it is cut.
    Truncated,
    /// The model declined.
    Refused,
    /// Anything else, by the provider's name.
    Other(String),
}

/// The tokens a request used, as the provider reported them. `input_tokens` excludes what was read from or written to a cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Usage {
    /// Input at the full price.
    pub input_tokens: u64,
    /// Input read from a cache.
    pub cache_read_tokens: u64,
    /// Input written to a cache for five minutes.
    pub cache_write_5m_tokens: u64,
    /// Input written to a cache for an hour.
    pub cache_write_1h_tokens: u64,
    /// Output.
    pub output_tokens: u64,
}

impl Usage {
    /// All input, at whatever price. Reported numbers may be anything, so the sum saturates.
    pub fn all_input_tokens(&self) -> u64 {
        self.input_tokens
            .saturating_add(self.cache_read_tokens)
            .saturating_add(self.cache_write_5m_tokens)
            .saturating_add(self.cache_write_1h_tokens)
    }
}
