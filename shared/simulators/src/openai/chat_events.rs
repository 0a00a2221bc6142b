//! A completion as [chunks](https://platform.openai.com/docs/api-reference/chat-streaming).

use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::events::pieces;

/// The chunks of a whole completion, in the service's order.
pub(super) fn chunks(completion: &Value, with_usage: bool) -> Response {
    let mut text = String::new();
    let mut send = |choices: Value, usage: &Value| {
        let mut chunk = json!({
            "id": completion["id"], "object": "chat.completion.chunk", "created": completion["created"],
            "model": completion["model"], "service_tier": "default", "choices": choices,
        });
        if with_usage {
            chunk["usage"] = usage.clone();
        }
        text.push_str(&format!("data: {chunk}\n\n"));
    };
    let choice = &completion["choices"][0];
    let message = &choice["message"];
    let delta = |delta: Value, reason: &Value| json!([{"index": 0, "delta": delta, "logprobs": null, "finish_reason": reason}]);
    send(delta(json!({"role": "assistant", "content": "", "refusal": null}), &Value::Null), &Value::Null);
    for field in ["content", "refusal"] {
        for piece in pieces(&message[field]) {
            send(delta(json!({field: piece}), &Value::Null), &Value::Null);
        }
    }
    for (index, call) in message["tool_calls"].as_array().into_iter().flatten().enumerate() {
        let first = json!({"index": index, "id": call["id"], "type": "function",
                           "function": {"name": call["function"]["name"], "arguments": ""}});
        send(delta(json!({"tool_calls": [first]}), &Value::Null), &Value::Null);
        for piece in pieces(&call["function"]["arguments"]) {
            let more = json!({"index": index, "function": {"arguments": piece}});
            send(delta(json!({"tool_calls": [more]}), &Value::Null), &Value::Null);
        }
    }
    send(delta(json!({}), &choice["finish_reason"]), &Value::Null);
    if with_usage {
        send(json!([]), &completion["usage"]);
    }
    text.push_str("data: [DONE]\n\n");
    ([(header::CONTENT_TYPE, "text/event-stream; charset=utf-8")], text).into_response()
}
