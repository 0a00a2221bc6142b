//! Blocks of text.

use serde_json::{Value, json};

/// A text or a list of blocks as a list of blocks.
pub(super) fn as_blocks(content: &Value) -> Vec<Value> {
    match content {
        Value::String(text) => vec![json!({"type": "text", "text": text})],
        Value::Array(list) => list.clone(),
        _ => Vec::new(),
    }
}
