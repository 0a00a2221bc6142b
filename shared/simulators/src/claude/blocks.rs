//! Blocks of text, and the tokens of a text.

use serde_json::{Value, json};

const CHARACTERS_A_TOKEN: usize = 4;

/// Estimates the tokens of a text.
pub(super) fn estimate(text: &str) -> u64 {
    text.chars().count().div_ceil(CHARACTERS_A_TOKEN) as u64
}

/// The text of the first `tokens` tokens.
pub(super) fn cut(text: &str, tokens: u64) -> String {
    let characters = usize::try_from(tokens).unwrap_or(usize::MAX).saturating_mul(CHARACTERS_A_TOKEN);
    text.chars().take(characters).collect()
}

/// A text or a list of blocks as a list of blocks.
pub(super) fn as_blocks(content: &Value) -> Vec<Value> {
    match content {
        Value::String(text) => vec![json!({"type": "text", "text": text})],
        Value::Array(list) => list.clone(),
        _ => Vec::new(),
    }
}
