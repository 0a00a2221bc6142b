//! A turn of the script as the blocks of a reply.

use serde_json::{Value, json};

use super::models::model;
use super::reasoning;
use crate::script::{Content, Turn, cut, estimate};

/// The model's answer to one request.
#[derive(Debug, Default)]
pub(super) struct Speech {
    pub(super) blocks: Vec<Value>,
    /// The beginning of the input of a call that was cut off, which is the last block.
    pub(super) cut_input: Option<String>,
    pub(super) tokens: u64,
    pub(super) stop_reason: String,
    /// Whether the request's `maxTokens` cut it off.
    pub(super) is_cut: bool,
}

/// Says a turn in at most `allowed` tokens.
pub(super) fn speak(name: &str, turn: &Turn, request: &Value, allowed: u64) -> Speech {
    let mut speech = Speech::default();
    let mut content = turn.content.clone();
    let is_thought = |content: &Content| matches!(content, Content::Thinking(_));
    let thinks = model(name).binds_reasoning && request["toolConfig"].is_object();
    if thinks && !content.iter().any(is_thought) {
        content.insert(0, Content::Thinking(reasoning::THOUGHT.to_owned()));
    }
    let mut calls = false;
    for content in &content {
        let text = match content {
            Content::Text(text) | Content::Thinking(text) => text.clone(),
            Content::Json(value) => value.to_string(),
            Content::ToolUse { input, .. } => input.to_string(),
        };
        let left = allowed.saturating_sub(speech.tokens);
        let (tokens, is_cut) = (estimate(&text).min(left), estimate(&text) > left);
        let said = if is_cut { cut(&text, left) } else { text };
        let block = match content {
            Content::Thinking(_) => reasoning::block(name, request, &speech.blocks, &said),
            Content::Text(_) | Content::Json(_) => json!({"text": said}),
            Content::ToolUse { name, input } => {
                calls = true;
                let input = if is_cut { json!({}) } else { input.clone() };
                speech.cut_input = is_cut.then_some(said);
                let id = format!("tooluse_{}", uuid::Uuid::new_v4().simple());
                json!({"toolUse": {"toolUseId": id, "name": name, "input": input}})
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
    // A script has the words of Anthropic's own service.
    let stop_reason = match turn.stop_reason.as_deref() {
        Some("refusal") => "content_filtered",
        Some(reason) => reason,
        None => usual,
    };
    Speech { stop_reason: stop_reason.to_owned(), ..speech }
}
