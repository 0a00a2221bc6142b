//! A message as [server-sent events](https://platform.claude.com/docs/en/build-with-claude/streaming).

use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// How many characters one delta carries.
const DELTA: usize = 200;

/// The events of a whole message, in the service's order.
pub(super) fn events(message: &Value) -> Response {
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
    for (index, block) in message["content"].as_array().into_iter().flatten().enumerate() {
        let mut empty = block.clone();
        let (whole, kind, field) = if block["type"] == "tool_use" {
            empty["input"] = json!({});
            (block["input"].to_string(), "input_json_delta", "partial_json")
        } else {
            empty["text"] = "".into();
            (block["text"].as_str().unwrap_or_default().to_owned(), "text_delta", "text")
        };
        send(json!({"type": "content_block_start", "index": index, "content_block": empty}));
        let characters: Vec<char> = whole.chars().collect();
        for part in characters.chunks(DELTA) {
            let part: String = part.iter().collect();
            send(
                json!({"type": "content_block_delta", "index": index, "delta": {"type": kind, field: part}}),
            );
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
