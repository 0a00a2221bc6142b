//! `POST /v1/chat/completions`.

use std::collections::BTreeSet;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State as AxumState;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::models::model;
use super::request::{check_format, check_length, check_names, read, unsupported};
use super::responses::gather;
use super::speech::{End, Said, Speech, may_reason, speak};
use super::{Failure, OpenAi, chat_events, unique};
use crate::script::{Asked, Usage};

const PATH: &str = "/v1/chat/completions";
const MOST_OUTPUT: u64 = 128_000;

pub(super) async fn create(AxumState(openai): AxumState<OpenAi>, body: Bytes) -> Result<Response, Failure> {
    let request = openai.checked(PATH, parse(&openai, &body))?;
    let completion = answer(&openai, &request, Sha256::digest(&body).into())?;
    Ok(match request["stream"] == true {
        true => chat_events::chunks(&completion, request["stream_options"]["include_usage"] == true),
        false => Json(completion).into_response(),
    })
}

fn parse(openai: &OpenAi, body: &[u8]) -> Result<Value, Failure> {
    let request = read(&openai.0.world.models, body)?;
    let model = model(request["model"].as_str().unwrap_or_default());
    let messages = request["messages"].as_array().map(Vec::as_slice).unwrap_or_default();
    if messages.is_empty() {
        return Err(Failure::invalid(
            "Invalid 'messages': empty array. Expected an array with minimum length 1.",
        ));
    }
    if request.get("max_tokens").is_some() && request.get("max_completion_tokens").is_some() {
        return Err(Failure::invalid(
            "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.",
        ));
    }
    if model.reasons && request.get("max_tokens").is_some() {
        return Err(Failure::coded(
            "unsupported_parameter",
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
        ));
    }
    if !model.reasons && !openai.0.world.compatible && request["reasoning_effort"].is_string() {
        return Err(unsupported("reasoning_effort"));
    }
    check_names(request["tools"].as_array().into_iter().flatten().map(|tool| &tool["function"]["name"]))?;
    check_pairs(messages)?;
    check_format(&request["response_format"]["json_schema"], "response_format.json_schema.schema")?;
    check_length(&prompt(&request), model)?;
    Ok(request)
}

/// Checks that a message with calls is followed at once by one message for each of them, and that no other has one.
fn check_pairs(messages: &[Value]) -> Result<(), Failure> {
    let mut open: BTreeSet<&str> = BTreeSet::new();
    for (index, message) in messages.iter().enumerate() {
        if message["role"] == "tool" {
            let id = message["tool_call_id"].as_str().unwrap_or_default();
            if !open.remove(id) {
                return Err(Failure::invalid(format!(
                    "Invalid parameter: messages with role 'tool' must be a response to a preceding message with 'tool_calls' \
                     (messages.[{index}].role)."
                )));
            }
            continue;
        }
        unanswered(&open)?;
        let calls = message["tool_calls"].as_array().into_iter().flatten();
        open = calls.filter_map(|call| call["id"].as_str()).collect();
        if message["role"] == "assistant" && open.is_empty() && message["content"].is_null() {
            return Err(Failure::invalid(format!(
                "Invalid value for 'content' (messages.[{index}]): expected a string, got null."
            )));
        }
    }
    unanswered(&open)
}

fn unanswered(open: &BTreeSet<&str>) -> Result<(), Failure> {
    if open.is_empty() {
        return Ok(());
    }
    let ids = open.iter().copied().collect::<Vec<_>>().join(", ");
    Err(Failure::invalid(format!(
        "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The following \
         tool_call_ids did not have response messages: {ids}"
    )))
}

fn prompt(request: &Value) -> Vec<Value> {
    let mut items = vec![request["tools"].clone(), request["response_format"].clone()];
    items.extend(request["messages"].as_array().into_iter().flatten().cloned());
    items.retain(|item| !item.is_null());
    items
}

/// The script's completion of a request; or a loud refusal.
fn answer(openai: &OpenAi, request: &Value, digest: [u8; 32]) -> Result<Value, Failure> {
    let asked = asked(request, digest);
    let known = model(asked.model);
    let mut state = openai.lock();
    let chosen = openai.choose(&state, PATH, &asked)?;
    let reasons = known.reasons && may_reason(&request["reasoning_effort"]);
    let speech = speak(chosen.turn, reasons, asked.most_tokens);
    state.script.use_up(&asked, chosen, speech.end == End::Cut);
    let now = (openai.0.clock)();
    let read = state.cache.read(known, asked.model, &prompt(request), now);
    let usage = openai.bill(&mut state, &asked, chosen, read, speech.tokens);
    drop(state);
    let finish_reason = match speech.end {
        End::Done => "stop",
        End::Calls => "tool_calls",
        End::Cut => "length",
        End::Filtered => "content_filter",
    };
    Ok(json!({
        "id": unique("chatcmpl"),
        "object": "chat.completion",
        "created": now.as_second(),
        "model": request["model"],
        "choices": [{"index": 0, "message": message(&speech), "logprobs": null, "finish_reason": finish_reason}],
        "usage": usage_json(usage, speech.reasoning.unwrap_or_default()),
        "service_tier": "default",
    }))
}

fn message(speech: &Speech) -> Value {
    let (mut content, mut refusal) = (None::<String>, None::<String>);
    let mut calls = Vec::new();
    for said in &speech.said {
        match said {
            Said::Text(text) => content.get_or_insert_default().push_str(text),
            Said::Refusal(text) => refusal.get_or_insert_default().push_str(text),
            Said::Call(name, arguments) => calls.push(json!({
                "id": unique("call"), "type": "function", "function": {"name": name, "arguments": arguments},
            })),
        }
    }
    let mut message = json!({"role": "assistant", "content": content, "refusal": refusal});
    if !calls.is_empty() {
        message["tool_calls"] = calls.into();
    }
    message
}

fn usage_json(usage: Usage, reasoning: u64) -> Value {
    let Usage {
        input_tokens,
        output_tokens,
        cache_creation_input_tokens: written,
        cache_read_input_tokens: read,
    } = usage;
    let prompt = input_tokens.saturating_add(written).saturating_add(read);
    json!({
        "prompt_tokens": prompt,
        "completion_tokens": output_tokens,
        "total_tokens": prompt.saturating_add(output_tokens),
        "prompt_tokens_details": {"cached_tokens": read, "cache_write_tokens": written},
        "completion_tokens_details": {"reasoning_tokens": reasoning.min(output_tokens)},
    })
}

/// The parts of a request that the script reads.
fn asked(request: &Value, digest: [u8; 32]) -> Asked<'_> {
    let mut words = String::new();
    gather(&request["messages"], &mut words);
    let messages = request["messages"].as_array().into_iter().flatten();
    let tools = request["tools"].as_array().into_iter().flatten();
    let most = request["max_completion_tokens"].as_u64().or(request["max_tokens"].as_u64());
    Asked {
        digest,
        words,
        turn: messages.filter(|message| message["role"] == "assistant").count(),
        model: request["model"].as_str().unwrap_or_default(),
        tools: tools.filter_map(|tool| tool["function"]["name"].as_str()).collect(),
        schema: &request["response_format"]["json_schema"]["schema"],
        most_tokens: most.unwrap_or(MOST_OUTPUT),
    }
}
