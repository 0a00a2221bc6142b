//! A turn of the script as the blocks of a reply.

use secrecy::SecretString;
use serde_json::{Value, json};

use super::models::model;
use super::thinking;
use super::world::Thinking;
use crate::script::{Content, Turn, cut, estimate};

/// The thinking if the script has none.
const THOUGHT: &str = "I look at what I know so far, and choose the next step.";

/// The model's answer to one request.
#[derive(Debug, Default)]
pub(super) struct Speech {
    pub(super) blocks: Vec<Value>,
    /// The beginning of the input of a call that was cut off, which is the last block.
    pub(super) cut_input: Option<String>,
    pub(super) tokens: u64,
    pub(super) stop_reason: String,
    /// Whether the request's `max_tokens` cut it off.
    pub(super) is_cut: bool,
}

/// Says a turn in at most `allowed` tokens.
pub(super) fn speak(
    key: &SecretString,
    thinks: Thinking,
    turn: &Turn,
    request: &Value,
    allowed: u64,
) -> Speech {
    let mut speech = Speech::default();
    let mut content = turn.content.clone();
    let is_thought = |content: &Content| matches!(content, Content::Thinking(_));
    if begins_with_thinking(thinks, request) && !content.iter().any(is_thought) {
        content.insert(0, Content::Thinking(THOUGHT.to_owned()));
    }
    hide_text_between_calls(&mut content, request);
    let mut calls = false;
    for content in &content {
        let text = match content {
            Content::Text(text) | Content::Thinking(text) => text.clone(),
            Content::Json(value) => value.to_string(),
            Content::ToolUse { input, .. } => input.to_string(),
        };
        let left = allowed - speech.tokens;
        let (tokens, is_cut) = (estimate(&text).min(left), estimate(&text) > left);
        let said = if is_cut { cut(&text, left) } else { text };
        let block = match content {
            Content::Thinking(_) => thinking::block(key, request, &speech.blocks, &said),
            Content::Text(_) | Content::Json(_) => json!({"type": "text", "text": said, "citations": null}),
            Content::ToolUse { name, input } => {
                calls = true;
                let input = if is_cut { json!({}) } else { input.clone() };
                speech.cut_input = is_cut.then_some(said);
                let id = format!("toolu_{}", uuid::Uuid::new_v4().simple());
                json!({"type": "tool_use", "id": id, "name": name, "input": input})
            }
        };
        // The service never says an empty text.
        if block["text"] != "" {
            speech.blocks.push(block);
        }
        speech.tokens += tokens;
        if is_cut {
            return Speech { stop_reason: "max_tokens".to_owned(), is_cut, ..speech };
        }
    }
    let usual = if calls { "tool_use" } else { "end_turn" };
    Speech { stop_reason: turn.stop_reason.clone().unwrap_or_else(|| usual.to_owned()), ..speech }
}

/// Whether a reply begins with its own thinking block.
fn begins_with_thinking(thinks: Thinking, request: &Value) -> bool {
    let is_wanted = match thinks {
        Thinking::Always => true,
        Thinking::ToolLoops => request["tools"].as_array().is_some_and(|tools| !tools.is_empty()),
        Thinking::Never => false,
    };
    is_wanted && thinks_by_itself(request)
}

/// Whether the model thinks without being asked to, which `between_tools` turns off.
fn thinks_by_itself(request: &Value) -> bool {
    let is_off = matches!(request["thinking"]["type"].as_str(), Some("between_tools" | "disabled"));
    model(request["model"].as_str().unwrap_or_default()).binds_thinking && !is_off
}

/// Models that reason on their own return their text between two calls of one turn as thinking.
fn hide_text_between_calls(content: &mut [Content], request: &Value) {
    if !thinks_by_itself(request) {
        return;
    }
    let last = request["messages"].as_array().and_then(|messages| messages.last());
    let results = last.and_then(|message| message["content"].as_array());
    let mut is_behind_a_call =
        results.is_some_and(|blocks| blocks.iter().any(|block| block["type"] == "tool_result"));
    let is_call = |content: &Content| matches!(content, Content::ToolUse { .. });
    let Some(end) = content.iter().rposition(is_call) else { return };
    for content in content.iter_mut().take(end) {
        match content {
            Content::ToolUse { .. } => is_behind_a_call = true,
            Content::Text(text) if is_behind_a_call => *content = Content::Thinking(std::mem::take(text)),
            _ => {}
        }
    }
}
