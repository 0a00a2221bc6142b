//! Language models.

use super::conversation::{Content, Effort, ModelMessage, ModelTool, Part, ToolCall};
use crate::error::ActionError;
use crate::money::MicroUsd;
use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;

/// A language model. It only replies; the calling action decides about the effects of a reply.
#[async_trait]
pub trait AiProvider: Send + Sync {
    /// Sends one request, and gives up on a reply that is not complete `within` this time. A refusal or a truncated reply is not an
    /// error: [`ModelReply::stop`] reports it, with its usage, so that the cost is always booked.
    ///
    /// # Errors
    /// [`NoReply::NotBilled`] if the request was not sent or the provider's answer says that it is not billed; everything else
    /// is [`NoReply::MayBeBilled`].
    async fn complete(&self, request: &ModelRequest, within: Duration) -> Result<ModelReply, NoReply>;

    /// The same, as a stream: `progress` receives the usage reported so far whenever that changes. Dropping the future ends the
    /// request; the last report is then the minimum bill, and `max_output_tokens` of output the maximum.
    ///
    /// # Errors
    /// As [`AiProvider::complete`].
    async fn stream(
        &self,
        request: &ModelRequest,
        within: Duration,
        progress: &(dyn Fn(Usage) + Send + Sync),
    ) -> Result<ModelReply, NoReply>;

    /// The input tokens of a request by the provider's own count, which is free and may be a few percent off; `None` if the
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

    /// The provider's ID in the price list: `anthropic`. Records show it, too. The list has no prices for an unknown ID.
    fn price_provider(&self) -> &'static str;

    /// A model's token prices from the configuration, which override the price list.
    fn given_price(&self, _model: &str) -> Option<TokenPrices> {
        None
    }

    /// Whether no model of the provider costs more than the most expensive one in the price list, so that a model which is not in the list may be
    /// reserved at that. Otherwise such a model is refused.
    fn dearest_bounds_all(&self) -> bool;

    /// Whether a model with this name belongs to this provider, judging by the name.
    fn names(&self, model: &str) -> bool;

    /// Whether a model of this name takes pictures. One that does not refuses the whole request.
    fn takes_pictures(&self, _model: &str) -> bool {
        true
    }

    /// Whether any of the request may be written to a cache, which may have its own price.
    fn may_be_cached(&self, request: &ModelRequest) -> bool {
        request.is_marked_for_cache()
    }

    /// Why the provider refused a request, judging by the words of its error; `None` if for a reason that is the same in every conversation.
    fn why_refused(&self, error: &ActionError) -> Option<WhyRefused>;
}

/// Why a provider refuses a request that it would accept if the conversation were another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhyRefused {
    /// Its thinking blocks are bound to another conversation.
    Unbound,
    /// It is longer than the model accepts.
    TooLong,
    /// It has a picture that the provider does not take, if it has pictures.
    Picture,
}

/// The token prices of a model, in dollars per million.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenPrices {
    /// Input.
    pub input: f64,
    /// Output, including thinking.
    pub output: f64,
    /// Input read from a cache; as other input where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_read: Option<f64>,
    /// Input written to a cache; as other input where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write: Option<f64>,
}

impl TokenPrices {
    /// The cost of the usage, rounded up to the next micro-dollar.
    pub fn price(&self, usage: &Usage) -> MicroUsd {
        let written = usage.cache_write_5m_tokens.saturating_add(usage.cache_write_1h_tokens);
        let dollars: f64 = [
            (usage.input_tokens, self.input),
            (usage.cache_read_tokens, self.cache_read.unwrap_or(self.input)),
            (written, self.cache_write.unwrap_or(self.input)),
            (usage.output_tokens, self.output),
        ]
        .into_iter()
        .map(|(tokens, per_million)| tokens as f64 * per_million / 1e6)
        .sum();
        MicroUsd::from_usd_rounded_up(dollars)
    }

    /// Checks the `prices` of a configuration, by model.
    ///
    /// # Errors
    /// The first model of which a price is not an amount of dollars, and what is accepted.
    pub fn check(prices: &BTreeMap<String, Self>) -> Result<(), String> {
        match prices.iter().find(|(_, prices)| !prices.are_amounts()) {
            None => Ok(()),
            Some((model, _)) => Err(format!(
                "prices.{model}: each price must be a number of dollars per million tokens, 0 or more"
            )),
        }
    }

    /// Whether each price is an amount of dollars: zero or more.
    fn are_amounts(&self) -> bool {
        let all = [Some(self.input), Some(self.output), self.cache_read, self.cache_write];
        all.into_iter().flatten().all(|price| price.is_finite() && price >= 0.0)
    }
}

/// Why a model call returned no reply, classified by what the provider charges for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoReply {
    /// Nothing: the request was not sent, or the answer says that it is not billed. `Rejected` or `Throttled`.
    NotBilled(ActionError),
    /// Unknown, so the worst case is booked: a server error, an answer that broke off, came too late or cannot be read.
    MayBeBilled {
        /// What went wrong.
        error: ActionError,
        /// The usage reported by then. Its input will be billed, and its output may have grown since.
        reported: Option<Usage>,
    },
}

impl NoReply {
    /// A call that may be billed, without any report.
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

    /// How many pictures it has, and how many bytes they have together in base64.
    pub fn pictures(&self) -> (u64, u64) {
        let parts = self.messages.iter().flat_map(|message| &message.parts);
        parts.fold((0, 0), |(count, bytes), part| match &part.content {
            Content::Image { base64, .. } => (count + 1, bytes + base64.len() as u64),
            _ => (count, bytes),
        })
    }

    /// Whether any of it is worth caching.
    pub fn is_marked_for_cache(&self) -> bool {
        let mut parts = self.messages.iter().flat_map(|message| &message.parts);
        self.system.iter().any(|block| block.cache) || parts.any(|part| part.cache)
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
    /// The reply as it goes into the conversation: every part as the provider wrote it.
    pub message: ModelMessage,
    /// The text in it; JSON when a schema was given.
    pub text: String,
    /// The calls of tools in it, in order. Of a streamed reply that was cut off, only those that are certainly whole, and `message` has no others.
    pub calls: Vec<ToolCall>,
    /// Why it ended.
    pub stop: StopReason,
    /// The usage.
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
    /// The reply reached the limit of tokens in the request: it is cut.
    Truncated,
    /// The conversation and the reply together reached the longest that the model can hold: the reply is cut, and a higher limit changes nothing.
    ContextFull,
    /// The model declined.
    Refused,
    /// Anything else, by the provider's name.
    Other(String),
}

/// The tokens a request used, as the provider reported them. `input_tokens` excludes cache reads and writes.
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
    /// All input, at any price. Reported numbers can be anything, so the sum saturates.
    pub fn all_input_tokens(&self) -> u64 {
        self.input_tokens
            .saturating_add(self.cache_read_tokens)
            .saturating_add(self.cache_write_5m_tokens)
            .saturating_add(self.cache_write_1h_tokens)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_prices_cost_what_they_say() {
        let usage = Usage {
            input_tokens: 1_000,
            cache_read_tokens: 10_000,
            cache_write_5m_tokens: 100,
            cache_write_1h_tokens: 0,
            output_tokens: 10,
        };
        let plain = TokenPrices { input: 2.0, output: 12.0, cache_read: None, cache_write: None };
        assert_eq!(plain.price(&usage), MicroUsd(22_200 + 120));
        let cached = TokenPrices { cache_read: Some(0.2), cache_write: Some(2.5), ..plain };
        assert_eq!(cached.price(&usage), MicroUsd(2_000 + 2_000 + 250 + 120));
        let free = TokenPrices { input: 0.0, output: 0.0, ..plain };
        assert_eq!(free.price(&usage), MicroUsd::ZERO);
        let mut prices = BTreeMap::from([("free".to_owned(), free)]);
        assert_eq!(TokenPrices::check(&prices), Ok(()));
        prices.insert("wrong".to_owned(), TokenPrices { cache_read: Some(-1.0), ..free });
        assert!(TokenPrices::check(&prices).unwrap_err().starts_with("prices.wrong: "));
    }
}
