//! A turn of the script, before it has the form of one of the APIs.

use serde_json::Value;

use crate::script::{Content, Turn, cut, estimate};

/// The reasoning if the script has none.
const THOUGHT: &str = "I look at what I know so far, and choose the next step.";

/// One text.
#[derive(Debug)]
pub(super) enum Said {
    Text(String),
    Refusal(String),
    /// A call of a function, with its arguments as text, which is cut with the reply.
    Call(String, String),
}

/// The model's answer to one request.
#[derive(Debug, Default)]
pub(super) struct Speech {
    /// The tokens of the reasoning that comes before everything else; none without.
    pub(super) reasoning: Option<u64>,
    pub(super) said: Vec<Said>,
    /// All tokens, including those of the reasoning.
    pub(super) tokens: u64,
    pub(super) end: End,
}

/// Why a reply ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum End {
    #[default]
    Done,
    Calls,
    /// The request's limit of tokens cut it off.
    Cut,
    Filtered,
}

/// Says a turn in at most `allowed` tokens.
pub(super) fn speak(turn: &Turn, reasons: bool, allowed: u64) -> Speech {
    let mut speech = Speech::default();
    let refuses = turn.stop_reason.as_deref() == Some("refusal");
    if reasons {
        let thought = turn.content.iter().find_map(|content| match content {
            Content::Thinking(thought) => Some(thought.as_str()),
            _ => None,
        });
        let tokens = estimate(thought.unwrap_or(THOUGHT)).min(allowed);
        (speech.reasoning, speech.tokens) = (Some(tokens), tokens);
    }
    for content in &turn.content {
        let text = match content {
            Content::Thinking(_) => continue,
            Content::Text(text) => text.clone(),
            Content::Json(value) => value.to_string(),
            Content::ToolUse { input, .. } => input.to_string(),
        };
        let left = allowed.saturating_sub(speech.tokens);
        let is_cut = estimate(&text) > left;
        speech.tokens += estimate(&text).min(left);
        let text = if is_cut { cut(&text, left) } else { text };
        if left > 0 {
            speech.said.push(match content {
                Content::ToolUse { name, .. } => Said::Call(name.clone(), text),
                _ if refuses => Said::Refusal(text),
                _ => Said::Text(text),
            });
        }
        if is_cut {
            return Speech { end: End::Cut, ..speech };
        }
    }
    let calls = speech.said.iter().any(|said| matches!(said, Said::Call(..)));
    let end = match turn.stop_reason.as_deref() {
        Some("content_filter") => End::Filtered,
        Some("max_tokens" | "max_output_tokens" | "length") => End::Cut,
        _ if calls => End::Calls,
        _ => End::Done,
    };
    Speech { end, ..speech }
}

/// Whether a request lets a model decide about reasoning.
pub(super) fn may_reason(effort: &Value) -> bool {
    *effort != "none"
}
