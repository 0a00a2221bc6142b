//! A response as [server-sent events](https://platform.openai.com/docs/api-reference/responses-streaming).

use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// How many characters one delta carries.
const DELTA: usize = 200;

/// The events of a whole response, in the service's order.
pub(super) fn events(response: &Value) -> Response {
    let mut text = String::new();
    let mut number = 0;
    let mut send = |kind: &str, mut data: Value| {
        data["type"] = kind.into();
        data["sequence_number"] = number.into();
        number += 1;
        text.push_str(&format!("event: {kind}\ndata: {data}\n\n"));
    };
    let mut begun = response.clone();
    (begun["status"], begun["output"], begun["usage"]) = (json!("in_progress"), json!([]), Value::Null);
    (begun["completed_at"], begun["incomplete_details"]) = (Value::Null, Value::Null);
    send("response.created", json!({"response": begun}));
    send("response.in_progress", json!({"response": begun}));
    for (index, item) in response["output"].as_array().into_iter().flatten().enumerate() {
        let mut empty = item.clone();
        let place = |more: Value| {
            let mut data = json!({"output_index": index, "item_id": item["id"]});
            more.as_object().into_iter().flatten().for_each(|(name, value)| data[name] = value.clone());
            data
        };
        match item["type"].as_str() {
            Some("message") => {
                (empty["content"], empty["status"]) = (json!([]), json!("in_progress"));
                send("response.output_item.added", json!({"output_index": index, "item": empty}));
                for (at, part) in item["content"].as_array().into_iter().flatten().enumerate() {
                    let (field, kind) = match part["type"] == "refusal" {
                        true => ("refusal", "response.refusal"),
                        false => ("text", "response.output_text"),
                    };
                    let mut bare = part.clone();
                    bare[field] = json!("");
                    send("response.content_part.added", place(json!({"content_index": at, "part": bare})));
                    for delta in pieces(&part[field]) {
                        let data = json!({"content_index": at, "delta": delta, "logprobs": []});
                        send(&format!("{kind}.delta"), place(data));
                    }
                    let data = json!({"content_index": at, field: part[field], "logprobs": []});
                    send(&format!("{kind}.done"), place(data));
                    send("response.content_part.done", place(json!({"content_index": at, "part": part})));
                }
            }
            Some("function_call") => {
                (empty["arguments"], empty["status"]) = (json!(""), json!("in_progress"));
                send("response.output_item.added", json!({"output_index": index, "item": empty}));
                for delta in pieces(&item["arguments"]) {
                    send("response.function_call_arguments.delta", place(json!({"delta": delta})));
                }
                let done = place(json!({"name": item["name"], "arguments": item["arguments"]}));
                send("response.function_call_arguments.done", done);
            }
            _ => {
                empty["encrypted_content"] = json!("");
                send("response.output_item.added", json!({"output_index": index, "item": empty}));
            }
        }
        send("response.output_item.done", json!({"output_index": index, "item": item}));
    }
    let last = if response["status"] == "incomplete" { "response.incomplete" } else { "response.completed" };
    send(last, json!({"response": response}));
    ([(header::CONTENT_TYPE, "text/event-stream; charset=utf-8")], text).into_response()
}

/// A text in pieces.
pub(super) fn pieces(text: &Value) -> Vec<String> {
    let characters: Vec<char> = text.as_str().unwrap_or_default().chars().collect();
    characters.chunks(DELTA).map(|piece| piece.iter().collect()).collect()
}
