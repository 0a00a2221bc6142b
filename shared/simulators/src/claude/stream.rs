//! A message as [server-sent events](https://platform.claude.com/docs/en/build-with-claude/streaming).

use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// How many characters one delta carries.
const DELTA: usize = 200;

/// The events of a whole message, in the service's order. `cut_input` is the beginning of the input of the last block, a call that was cut
/// off.
pub(super) fn events(message: &Value, cut_input: Option<&str>) -> Response {
    let mut text = String::new();
    let mut send = |data: Value| {
        let name = data["type"].as_str().unwrap_or_default();
        text.push_str(&format!("event: {name}\ndata: {data}\n\n"));
    };
    let mut start = message.clone();
    start["content"] = json!([]);
    start["stop_reason"] = Value::Null;
    start["usage"]["output_tokens"] = 1.into();
    send(json!({"type": "message_start", "message": start}));
    let content: Vec<&Value> = message["content"].as_array().into_iter().flatten().collect();
    for (index, block) in content.iter().enumerate() {
        let cut_input = cut_input.filter(|_| index + 1 == content.len());
        let (empty, deltas) = pieces(block, cut_input);
        send(json!({"type": "content_block_start", "index": index, "content_block": empty}));
        for delta in deltas {
            send(json!({"type": "content_block_delta", "index": index, "delta": delta}));
        }
        send(json!({"type": "content_block_stop", "index": index}));
    }
    send(json!({
        "type": "message_delta",
        "delta": {"stop_reason": message["stop_reason"], "stop_sequence": null},
        "usage": message["usage"],
    }));
    send(json!({"type": "message_stop"}));
    ([(header::CONTENT_TYPE, "text/event-stream; charset=utf-8")], text).into_response()
}

/// A block without its streamed parts, and those parts.
fn pieces(block: &Value, cut_input: Option<&str>) -> (Value, Vec<Value>) {
    let mut empty = block.clone();
    let text = |field: &str| block[field].as_str().unwrap_or_default().to_owned();
    match block["type"].as_str() {
        Some("tool_use") => {
            empty["input"] = json!({});
            let input = cut_input.map_or_else(|| block["input"].to_string(), str::to_owned);
            (empty, deltas("input_json_delta", "partial_json", &input))
        }
        Some("thinking") => {
            (empty["thinking"], empty["signature"]) = ("".into(), "".into());
            let mut all = deltas("thinking_delta", "thinking", &text("thinking"));
            all.push(json!({"type": "signature_delta", "signature": text("signature")}));
            (empty, all)
        }
        _ => {
            empty["text"] = "".into();
            (empty, deltas("text_delta", "text", &text("text")))
        }
    }
}

fn deltas(kind: &str, field: &str, whole: &str) -> Vec<Value> {
    let characters: Vec<char> = whole.chars().collect();
    let piece = |piece: &[char]| json!({"type": kind, field: piece.iter().collect::<String>()});
    characters.chunks(DELTA).map(piece).collect()
}
