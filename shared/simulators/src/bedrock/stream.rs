//! A reply as an [event stream](https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html): frames with two
//! checksums each.

use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// How many characters one delta carries.
const DELTA: usize = 200;

/// The events of a whole reply, in the service's order. `cut_input` is the beginning of the input of the last block, a call that was cut
/// off.
pub(super) fn events(reply: &Value, cut_input: Option<&str>) -> Response {
    let mut bytes = Vec::new();
    send(&mut bytes, "messageStart", &json!({"role": "assistant"}));
    let blocks: Vec<&Value> =
        reply["output"]["message"]["content"].as_array().into_iter().flatten().collect();
    for (index, block) in blocks.iter().enumerate() {
        let cut_input = cut_input.filter(|_| index + 1 == blocks.len());
        if let Some(call) = block.get("toolUse") {
            let start = json!({"toolUse": {"toolUseId": call["toolUseId"], "name": call["name"]}});
            send(&mut bytes, "contentBlockStart", &json!({"contentBlockIndex": index, "start": start}));
        }
        for delta in deltas(block, cut_input) {
            send(&mut bytes, "contentBlockDelta", &json!({"contentBlockIndex": index, "delta": delta}));
        }
        send(&mut bytes, "contentBlockStop", &json!({"contentBlockIndex": index}));
    }
    send(&mut bytes, "messageStop", &json!({"stopReason": reply["stopReason"]}));
    send(&mut bytes, "metadata", &json!({"usage": reply["usage"], "metrics": reply["metrics"]}));
    ([(header::CONTENT_TYPE, "application/vnd.amazon.eventstream")], bytes).into_response()
}

fn send(bytes: &mut Vec<u8>, kind: &str, payload: &Value) {
    let text =
        |name: &'static str, value: &str| Header::new(name, HeaderValue::String(value.to_owned().into()));
    let message = Message::new(payload.to_string().into_bytes())
        .add_header(text(":event-type", kind))
        .add_header(text(":content-type", "application/json"))
        .add_header(text(":message-type", "event"));
    if let Err(error) = write_message_to(&message, bytes) {
        tracing::error!(%error, kind, "an event of the simulated service cannot be written");
    }
}

fn deltas(block: &Value, cut_input: Option<&str>) -> Vec<Value> {
    let pieces = |whole: &str| -> Vec<String> {
        let characters: Vec<char> = whole.chars().collect();
        characters.chunks(DELTA).map(|piece| piece.iter().collect()).collect()
    };
    if let Some(call) = block.get("toolUse") {
        let input = cut_input.map_or_else(|| call["input"].to_string(), str::to_owned);
        return pieces(&input).iter().map(|piece| json!({"toolUse": {"input": piece}})).collect();
    }
    if let Some(reasoning) = block.get("reasoningContent") {
        let reasoning = &reasoning["reasoningText"];
        let text = pieces(reasoning["text"].as_str().unwrap_or_default());
        let text = text.iter().map(|piece| json!({"reasoningContent": {"text": piece}}));
        let signature = json!({"reasoningContent": {"signature": reasoning["signature"]}});
        return text.chain([signature]).collect();
    }
    pieces(block["text"].as_str().unwrap_or_default()).iter().map(|piece| json!({"text": piece})).collect()
}
