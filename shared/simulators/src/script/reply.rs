//! Replies as a world file has them.

use serde::Deserialize;
use serde_json::Value;

/// The model's answer to one request, or in one conversation.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "WrittenReply")]
pub struct Reply {
    /// A text that must occur in the request's system prompt or messages for this reply to be chosen. Any request will
    /// do when absent.
    pub r#for: Option<String>,
    /// How many requests it answers, or how many conversations when it has turns; 1 when absent.
    pub times: u32,
    /// What the model says: one turn, or one for each request of a conversation. The turn of a request is the number of replies that
    /// it already holds.
    pub turns: Vec<Turn>,
    /// Whether it answers a whole conversation.
    pub is_conversation: bool,
}

/// One thing the model says.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Turn {
    /// What the request must hold. A request that lacks it is refused with `invalid_request_error` and recorded as a
    /// violation, and the reply stays.
    #[serde(default)]
    pub expect: Expectation,
    /// The model's words.
    pub content: Vec<Content>,
    /// Why the model stops, in the service's words. When absent, because it calls a tool or is done. A reply that is longer than the
    /// request allows is always cut off.
    #[serde(default)]
    pub stop_reason: Option<String>,
    /// Its price; estimated from the texts' lengths when absent.
    #[serde(default)]
    pub usage: Option<Usage>,
}

/// A reply as it is written in a file: a turn, or a list of turns.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenReply {
    #[serde(default)]
    r#for: Option<String>,
    #[serde(default = "once")]
    times: u32,
    #[serde(default)]
    turns: Option<Vec<Turn>>,
    #[serde(default)]
    expect: Option<Expectation>,
    #[serde(default)]
    content: Option<Vec<Content>>,
    #[serde(default)]
    stop_reason: Option<String>,
    #[serde(default)]
    usage: Option<Usage>,
}

fn once() -> u32 {
    1
}

impl TryFrom<WrittenReply> for Reply {
    type Error = &'static str;

    fn try_from(written: WrittenReply) -> Result<Self, Self::Error> {
        let WrittenReply { r#for, times, turns, expect, content, stop_reason, usage } = written;
        let is_conversation = turns.is_some();
        let turns = match (turns, content) {
            (Some(turns), None) if expect.is_none() && stop_reason.is_none() && usage.is_none() => turns,
            (Some(_), _) => {
                return Err(
                    "a reply with `turns` has `expect`, `content`, `stop_reason` and `usage` in each turn",
                );
            }
            (None, Some(content)) => {
                vec![Turn { expect: expect.unwrap_or_default(), content, stop_reason, usage }]
            }
            (None, None) => return Err("a reply needs `content`, or `turns` for a conversation"),
        };
        Ok(Self { r#for, times, turns, is_conversation })
    }
}

/// The required parts of a request.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expectation {
    /// Id of the model.
    #[serde(default)]
    pub model: Option<String>,
    /// Texts that must occur in the system prompt or messages.
    #[serde(default)]
    pub contains: Vec<String>,
    /// Texts that must not occur there.
    #[serde(default)]
    pub lacks: Vec<String>,
    /// Names of tools that must be offered.
    #[serde(default)]
    pub tools: Vec<String>,
    /// Whether the request must (or must not) ask for JSON of a schema.
    #[serde(default)]
    pub json_schema: Option<bool>,
    /// The least and the most tokens that the request may allow the reply.
    #[serde(default)]
    pub max_tokens: Option<[u64; 2]>,
}

/// One block of a reply.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Content {
    /// A thought, which is shown to callers that ask for it and signed for all.
    Thinking(String),
    /// Words.
    Text(String),
    /// A JSON value, sent as text. It must satisfy the schema when the request gives one, as the service guarantees.
    Json(Value),
    /// A call of a tool.
    ToolUse {
        /// The tool's name. The request must offer tools, but perhaps not this one: models make names up.
        name: String,
        /// The arguments of the call.
        input: Value,
    },
}

/// Tokens of one reply. `input_tokens` does not include cache reads and writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Usage {
    /// Input tokens that were not cached.
    pub input_tokens: u64,
    /// Tokens said.
    pub output_tokens: u64,
    /// Tokens written to the cache.
    #[serde(default)]
    pub cache_creation_input_tokens: u64,
    /// Tokens read from the cache.
    #[serde(default)]
    pub cache_read_input_tokens: u64,
}

impl Usage {
    /// Adds another reply's. A world may say any number.
    pub(crate) fn add(&mut self, other: Self) {
        let add = |sum: &mut u64, more: u64| *sum = sum.saturating_add(more);
        add(&mut self.input_tokens, other.input_tokens);
        add(&mut self.output_tokens, other.output_tokens);
        add(&mut self.cache_creation_input_tokens, other.cache_creation_input_tokens);
        add(&mut self.cache_read_input_tokens, other.cache_read_input_tokens);
    }
}
