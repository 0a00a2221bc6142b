//! `POST /v1/messages`.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State as AxumState;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::models::model;
use super::price::cost;
use super::speech::{Speech, speak};
use super::{Claude, Failure, stream, tokens};
use crate::description::{UnexpectedRequest, Violation};
use crate::script::{Asked, Usage};

pub(super) async fn create(AxumState(claude): AxumState<Claude>, body: Bytes) -> Result<Response, Failure> {
    let request = parse(&claude, &body)?;
    let allowed = match request["max_tokens"].as_u64() {
        Some(0) => return Err(Failure::invalid("max_tokens: Input should be greater than or equal to 1")),
        Some(tokens) => tokens,
        None => return Err(Failure::invalid("max_tokens: Field required")),
    };
    let (message, cut_input) = answer(&claude, &request, allowed, Sha256::digest(&body).into())?;
    Ok(match request["stream"] == true {
        true => stream::events(&message, cut_input.as_deref()),
        false => Json(message).into_response(),
    })
}

/// `POST /v1/messages/count_tokens`: what reading the request takes, whether or not it is cached.
pub(super) async fn count(AxumState(claude): AxumState<Claude>, body: Bytes) -> Result<Json<Value>, Failure> {
    let request = parse(&claude, &body)?;
    let total = i64::try_from(tokens::total(&request)).unwrap_or(i64::MAX);
    let counted = total.saturating_add(total.saturating_mul(claude.0.world.counts_off_by_percent) / 100);
    Ok(Json(json!({"input_tokens": counted.max(1)})))
}

/// Reads a request. Refusals are recorded.
fn parse(claude: &Claude, body: &[u8]) -> Result<Value, Failure> {
    super::request::parse(&claude.0.world.models, &claude.0.api_key, body).inspect_err(|failure| {
        if failure.status == StatusCode::BAD_REQUEST {
            record(claude, "body", &failure.message);
        }
    })
}

/// The script's message for a request, with the beginning of a call's input that was cut off; or a loud refusal.
fn answer(
    claude: &Claude,
    request: &Value,
    allowed: u64,
    digest: [u8; 32],
) -> Result<(Value, Option<String>), Failure> {
    let asked = asked(request, allowed, digest);
    let mut state = claude.lock();
    let chosen = state.script.choose(&claude.0.world.replies, &asked);
    let chosen = chosen.map_err(|problem| unexpected(claude, problem))?;
    let speech = speak(&claude.0.api_key, claude.0.world.thinking, chosen.turn, request, allowed);
    let Speech { blocks, cut_input, tokens: said, stop_reason, is_cut } = speech;
    state.script.use_up(&asked, chosen, is_cut);
    state.messages += 1;
    let reading = state.cache.read(request, (claude.0.clock)());
    let estimated = Usage { output_tokens: said, ..reading.usage };
    let usage = chosen.turn.usage.unwrap_or(estimated);
    let for_an_hour = if chosen.turn.usage.is_some() { 0 } else { reading.written_for_an_hour };
    let price = model(asked.model).price;
    state.billed.add(usage, price.map(|price| cost(price, usage, for_an_hour)));
    let message = json!({
        "id": format!("msg_{}", uuid::Uuid::new_v4().simple()),
        "type": "message",
        "role": "assistant",
        "model": request["model"],
        "content": blocks,
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
    });
    Ok((message, cut_input))
}

/// The parts of a request that the script reads.
fn asked(request: &Value, most_tokens: u64, digest: [u8; 32]) -> Asked<'_> {
    let mut words = String::new();
    gather(&request["system"], &mut words);
    let messages = || request["messages"].as_array().into_iter().flatten();
    messages().for_each(|message| gather(&message["content"], &mut words));
    let tools = request["tools"].as_array().into_iter().flatten();
    Asked {
        digest,
        words,
        turn: messages().filter(|message| message["role"] == "assistant").count(),
        model: request["model"].as_str().unwrap_or_default(),
        tools: tools.filter_map(|tool| tool["name"].as_str()).collect(),
        schema: &request["output_config"]["format"]["schema"],
        most_tokens,
    }
}

fn gather(content: &Value, words: &mut String) {
    match content {
        Value::String(text) => {
            words.push_str(text);
            words.push('\n');
        }
        Value::Array(blocks) => {
            for block in blocks {
                gather(&block["text"], words);
                // The result of a tool call.
                gather(&block["content"], words);
            }
        }
        _ => {}
    }
}

/// Records that a request differs from the script's expectation, and refuses it.
fn unexpected(claude: &Claude, problem: String) -> Failure {
    record(claude, "script", &problem);
    Failure::invalid(format!("simulated model: {problem}"))
}

fn record(claude: &Claude, at: &str, problem: &str) {
    claude.0.violations.record(UnexpectedRequest {
        service: "claude".to_owned(),
        method: "POST".to_owned(),
        path: "/v1/messages".to_owned(),
        violations: vec![Violation { at: at.to_owned(), message: problem.to_owned() }],
    });
}
