//! `POST /v1/messages`.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State as AxumState;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::world::{Content, Reply};
use super::{Claude, Failure, script, stream, tokens};
use crate::description::{UnexpectedRequest, Violation};

/// How many blocks may be marked for the cache.
const MOST_CACHED: usize = 4;

pub(super) async fn create(AxumState(claude): AxumState<Claude>, body: Bytes) -> Result<Response, Failure> {
    let request = parse(&claude, &body)?;
    let allowed = match request["max_tokens"].as_u64() {
        Some(0) => return Err(Failure::invalid("max_tokens: Input should be greater than or equal to 1")),
        Some(tokens) => tokens,
        None => return Err(Failure::invalid("max_tokens: Field required")),
    };
    if let Some(problem) = script::schema_problem(&request["output_config"]["format"]["schema"]) {
        return Err(Failure::invalid(problem));
    }
    let message = answer(&claude, &request, allowed, Sha256::digest(&body).into())?;
    Ok(if request["stream"] == true { stream::events(&message) } else { Json(message).into_response() })
}

/// `POST /v1/messages/count_tokens`: what reading the request takes, whether or not it is cached.
pub(super) async fn count(AxumState(claude): AxumState<Claude>, body: Bytes) -> Result<Json<Value>, Failure> {
    let request = parse(&claude, &body)?;
    Ok(Json(json!({"input_tokens": tokens::total(&request)})))
}

/// The request, as far as the service itself checks it without knowing a schema.
fn parse(claude: &Claude, body: &[u8]) -> Result<Value, Failure> {
    let request: Value = serde_json::from_slice(body)
        .map_err(|error| Failure::invalid(format!("The request body is not valid JSON: {error}")))?;
    let model = request["model"].as_str().ok_or_else(|| Failure::invalid("model: Field required"))?;
    if !claude.0.world.models.iter().any(|known| known == model) {
        return Err(Failure::no_model(model));
    }
    let messages =
        request["messages"].as_array().ok_or_else(|| Failure::invalid("messages: Field required"))?;
    if messages.is_empty() {
        return Err(Failure::invalid("messages: at least one message is required"));
    }
    for (index, message) in messages.iter().enumerate() {
        if !matches!(message["role"].as_str(), Some("user" | "assistant")) {
            return Err(Failure::invalid(format!(
                "messages.{index}.role: Input should be 'user' or 'assistant'"
            )));
        }
        let content = &message["content"];
        if content.as_array().into_iter().flatten().any(|block| block["text"] == "") {
            return Err(Failure::invalid("messages: text content blocks must be non-empty"));
        }
        if content.as_str().is_some_and(str::is_empty) || content.as_array().is_some_and(Vec::is_empty) {
            return Err(Failure::invalid(format!(
                "messages.{index}: all messages must have non-empty content"
            )));
        }
    }
    let marked = tokens::marked(&request);
    if marked > MOST_CACHED {
        let problem =
            format!("A maximum of {MOST_CACHED} blocks with cache_control may be provided. Found {marked}.");
        return Err(Failure::invalid(problem));
    }
    Ok(request)
}

/// The script's message for a request, or a loud refusal.
fn answer(claude: &Claude, request: &Value, allowed: u64, digest: [u8; 32]) -> Result<Value, Failure> {
    let words = script::words(request);
    let replies = &claude.0.world.replies;
    let mut state = claude.lock();
    let known = state.given.get(&digest).copied();
    let Some(index) = known.or_else(|| script::choose(replies, &state.left, &words)) else {
        let begin: String = words.chars().take(200).collect();
        return Err(unexpected(
            claude,
            format!("no reply of the world file is left for a request that begins: {begin}"),
        ));
    };
    let reply = &replies[index];
    let missing = script::missing(reply, request, &words);
    if !missing.is_empty() {
        let name = reply
            .r#for
            .as_ref()
            .map_or_else(|| format!("number {}", index + 1), |name| format!("for {name:?}"));
        return Err(unexpected(claude, format!("the reply {name} expects {}", missing.join("; "))));
    }
    if known.is_none() {
        state.left[index] -= 1;
        state.given.insert(digest, index);
    }
    state.messages += 1;
    let reading = state.cache.read(request, (claude.0.clock)());
    let (content, said, stop_reason) = speak(reply, allowed);
    let estimated = super::Usage { output_tokens: said, ..reading.usage };
    let usage = reply.usage.unwrap_or(estimated);
    state.billed.add(usage);
    let for_an_hour = if reply.usage.is_some() { 0 } else { reading.written_for_an_hour };
    Ok(json!({
        "id": format!("msg_{}", uuid::Uuid::new_v4().simple()),
        "type": "message",
        "role": "assistant",
        "model": request["model"],
        "content": content,
        "stop_reason": stop_reason,
        "stop_sequence": null,
        "stop_details": null,
        "container": null,
        "usage": {
            "input_tokens": usage.input_tokens,
            "output_tokens": usage.output_tokens,
            "cache_creation_input_tokens": usage.cache_creation_input_tokens,
            "cache_read_input_tokens": usage.cache_read_input_tokens,
            "cache_creation": {
                "ephemeral_5m_input_tokens": usage.cache_creation_input_tokens - for_an_hour,
                "ephemeral_1h_input_tokens": for_an_hour,
            },
            "server_tool_use": null,
            "service_tier": "standard",
            "inference_geo": null,
        },
    }))
}

/// The blocks of a reply, its tokens and why it stops: cut off where the request's `max_tokens` is reached.
fn speak(reply: &Reply, allowed: u64) -> (Vec<Value>, u64, String) {
    let mut said = 0;
    let mut blocks = Vec::new();
    let mut calls = false;
    for content in &reply.content {
        let text = match content {
            Content::Text(text) => text.clone(),
            Content::Json(value) => value.to_string(),
            Content::ToolUse { input, .. } => input.to_string(),
        };
        let tokens = tokens::estimate(&text);
        let cut_off = said + tokens > allowed;
        match content {
            Content::ToolUse { .. } if cut_off => {}
            Content::ToolUse { name, input } => {
                calls = true;
                let id = format!("toolu_{}", uuid::Uuid::new_v4().simple());
                blocks.push(json!({"type": "tool_use", "id": id, "name": name, "input": input}));
            }
            Content::Text(_) | Content::Json(_) => {
                let text = if cut_off { tokens::cut(&text, allowed - said) } else { text };
                blocks.push(json!({"type": "text", "text": text, "citations": null}));
            }
        }
        if cut_off {
            return (blocks, allowed, "max_tokens".to_owned());
        }
        said += tokens;
    }
    let usual = if calls { "tool_use" } else { "end_turn" };
    (blocks, said, reply.stop_reason.clone().unwrap_or_else(|| usual.to_owned()))
}

/// Records that a request is not what the script expects, and refuses it.
fn unexpected(claude: &Claude, problem: String) -> Failure {
    claude.0.violations.record(UnexpectedRequest {
        service: "claude".to_owned(),
        method: "POST".to_owned(),
        path: "/v1/messages".to_owned(),
        violations: vec![Violation { at: "script".to_owned(), message: problem.clone() }],
    });
    Failure::invalid(format!("simulated model: {problem}"))
}
