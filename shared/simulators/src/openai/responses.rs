//! `POST /v1/responses`.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State as AxumState;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::models::model;
use super::reasoning::Prefix;
use super::request::{parse, prompt};
use super::speech::{End, Said, Speech, may_reason, speak};
use super::{Failure, OpenAi, State, cache, events, unique};
use crate::script::{Asked, Usage};

const PATH: &str = "/v1/responses";
/// The maximum tokens of a reply if the request sets none.
const MOST_OUTPUT: u64 = 128_000;

pub(super) async fn create(AxumState(openai): AxumState<OpenAi>, body: Bytes) -> Result<Response, Failure> {
    let request = openai.checked(PATH, parse(&openai.0.world.models, &openai.0.api_key, &body))?;
    let response = answer(&openai, &request, Sha256::digest(&body).into())?;
    Ok(match request["stream"] == true {
        true => events::events(&response),
        false => Json(response).into_response(),
    })
}

/// `POST /v1/responses/input_tokens`: what reading the request takes, whether or not it is cached.
pub(super) async fn count(AxumState(openai): AxumState<OpenAi>, body: Bytes) -> Result<Json<Value>, Failure> {
    let path = "/v1/responses/input_tokens";
    let request = openai.checked(path, parse(&openai.0.world.models, &openai.0.api_key, &body))?;
    let total: u64 = prompt(&request).iter().map(cache::tokens).sum();
    Ok(Json(json!({"object": "response.input_tokens", "input_tokens": total})))
}

/// The script's response to a request; or a loud refusal.
fn answer(openai: &OpenAi, request: &Value, digest: [u8; 32]) -> Result<Value, Failure> {
    let asked = asked(request, digest);
    let known = model(asked.model);
    let mut state = openai.lock();
    check_reasoned(&state, request)?;
    let chosen = openai.choose(&state, PATH, &asked)?;
    let reasons = known.reasons && may_reason(&request["reasoning"]["effort"]);
    let speech = speak(chosen.turn, reasons, asked.most_tokens);
    state.script.use_up(&asked, chosen, speech.end == End::Cut);
    let now = (openai.0.clock)();
    let read = state.cache.read(known, asked.model, &prompt(request), now);
    let usage = openai.bill(&mut state, &asked, chosen, read, speech.tokens);
    let output = output(openai, request, &speech);
    remember(&mut state, &output);
    drop(state);
    let (status, reason) = match speech.end {
        End::Done | End::Calls => ("completed", None),
        End::Cut => ("incomplete", Some("max_output_tokens")),
        End::Filtered => ("incomplete", Some("content_filter")),
    };
    Ok(json!({
        "id": unique("resp"),
        "object": "response",
        "created_at": now.as_second(),
        "status": status,
        "background": false,
        "completed_at": (reason.is_none()).then_some(now.as_second()),
        "error": null,
        "incomplete_details": reason.map(|reason| json!({"reason": reason})),
        "instructions": request["instructions"],
        "max_output_tokens": request["max_output_tokens"],
        "model": request["model"],
        "output": output,
        "parallel_tool_calls": true,
        "previous_response_id": null,
        "reasoning": {"effort": request["reasoning"]["effort"], "summary": null},
        "service_tier": "default",
        "store": request["store"].as_bool().unwrap_or(true),
        "temperature": 1.0,
        "text": {"format": {"type": "text"}},
        "tool_choice": "auto",
        "tools": request["tools"].as_array().cloned().unwrap_or_default(),
        "top_p": 1.0,
        "truncation": "disabled",
        "usage": usage_json(usage, speech.reasoning.unwrap_or_default()),
        "metadata": {},
    }))
}

fn usage_json(usage: Usage, reasoning: u64) -> Value {
    let Usage {
        input_tokens,
        output_tokens,
        cache_creation_input_tokens: written,
        cache_read_input_tokens: read,
    } = usage;
    let input = input_tokens.saturating_add(written).saturating_add(read);
    json!({
        "input_tokens": input,
        "input_tokens_details": {"cached_tokens": read, "cache_write_tokens": written},
        "output_tokens": output_tokens,
        "output_tokens_details": {"reasoning_tokens": reasoning.min(output_tokens)},
        "total_tokens": input.saturating_add(output_tokens),
    })
}

/// The items of a reply.
fn output(openai: &OpenAi, request: &Value, speech: &Speech) -> Vec<Value> {
    let mut items = Vec::new();
    if let Some(tokens) = speech.reasoning {
        let mut prefix = Prefix::new(request);
        request["input"].as_array().into_iter().flatten().for_each(|item| prefix.item(item));
        let wanted = request["include"]
            .as_array()
            .into_iter()
            .flatten()
            .any(|one| one == "reasoning.encrypted_content");
        let content = wanted.then(|| prefix.encrypted(&openai.0.api_key, tokens));
        items.push(
            json!({"id": unique("rs"), "type": "reasoning", "summary": [], "encrypted_content": content}),
        );
    }
    let is_cut = matches!(speech.end, End::Cut | End::Filtered);
    for (index, said) in speech.said.iter().enumerate() {
        let status = if is_cut && index + 1 == speech.said.len() { "incomplete" } else { "completed" };
        let message = |content: Value| json!({"id": unique("msg"), "type": "message", "status": status, "role": "assistant", "content": [content]});
        items.push(match said {
            Said::Text(text) => {
                message(json!({"type": "output_text", "annotations": [], "logprobs": [], "text": text}))
            }
            Said::Refusal(text) => message(json!({"type": "refusal", "refusal": text})),
            Said::Call(name, arguments) => json!({
                "id": unique("fc"), "type": "function_call", "status": status, "arguments": arguments,
                "call_id": unique("call"), "name": name,
            }),
        });
    }
    items
}

/// Keeps which items came with which reasoning.
fn remember(state: &mut State, output: &[Value]) {
    let Some(reasoning) = output.first().filter(|item| item["type"] == "reasoning") else { return };
    let reasoning = reasoning["id"].as_str().unwrap_or_default();
    let others = output.iter().skip(1).take(1).filter_map(|item| item["id"].as_str());
    state.reasoned.extend(others.map(|id| (id.to_owned(), reasoning.to_owned())));
}

/// Checks that no item comes back without the reasoning that it came with.
fn check_reasoned(state: &State, request: &Value) -> Result<(), Failure> {
    let mut before = None;
    for item in request["input"].as_array().into_iter().flatten() {
        let id = item["id"].as_str().unwrap_or_default();
        if let Some(reasoning) = state.reasoned.get(id).filter(|reasoning| before != Some(reasoning.as_str()))
        {
            let kind = item["type"].as_str().unwrap_or_default();
            return Err(Failure::invalid(format!(
                "Item '{id}' of type '{kind}' was provided without its required 'reasoning' item: '{reasoning}'."
            )));
        }
        before = Some(id);
    }
    Ok(())
}

/// The parts of a request that the script reads.
fn asked(request: &Value, digest: [u8; 32]) -> Asked<'_> {
    let mut words = String::new();
    gather(&request["instructions"], &mut words);
    gather(&request["input"], &mut words);
    let items = request["input"].as_array().map(Vec::as_slice).unwrap_or_default();
    let is_models = |item: &Value| {
        item["role"] == "assistant" || matches!(item["type"].as_str(), Some("function_call" | "reasoning"))
    };
    let starts = |at: usize| is_models(&items[at]) && (at == 0 || !is_models(&items[at - 1]));
    let tools = request["tools"].as_array().into_iter().flatten();
    Asked {
        digest,
        words,
        turn: (0..items.len()).filter(|at| starts(*at)).count(),
        model: request["model"].as_str().unwrap_or_default(),
        tools: tools.filter_map(|tool| tool["name"].as_str()).collect(),
        schema: &request["text"]["format"]["schema"],
        most_tokens: request["max_output_tokens"].as_u64().unwrap_or(MOST_OUTPUT),
    }
}

/// All words in texts, items and outputs.
pub(super) fn gather(content: &Value, words: &mut String) {
    match content {
        Value::String(text) => {
            words.push_str(text);
            words.push('\n');
        }
        Value::Array(parts) => {
            for part in parts {
                for field in ["text", "content", "output"] {
                    gather(&part[field], words);
                }
            }
        }
        _ => {}
    }
}
