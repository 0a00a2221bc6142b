//! `Converse`, `ConverseStream` and `CountTokens`.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State as AxumState};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::models::{cost, model};
use super::speech::{Speech, speak};
use super::{Bedrock, Failure, prompt, request, stream};
use crate::script::{Asked, Usage};

/// The maximum tokens of a reply if the request sets none.
const MOST_OUTPUT: u64 = 64_000;

pub(super) async fn converse(
    AxumState(bedrock): AxumState<Bedrock>,
    Path(name): Path<String>,
    body: Bytes,
) -> Result<Response, Failure> {
    let (reply, _) = answer(&bedrock, &name, "converse", &body)?;
    Ok(Json(reply).into_response())
}

pub(super) async fn converse_stream(
    AxumState(bedrock): AxumState<Bedrock>,
    Path(name): Path<String>,
    body: Bytes,
) -> Result<Response, Failure> {
    let (reply, cut_input) = answer(&bedrock, &name, "converse-stream", &body)?;
    Ok(stream::events(&reply, cut_input.as_deref()))
}

/// `CountTokens` knows models only, and not every one.
pub(super) async fn count(
    AxumState(bedrock): AxumState<Bedrock>,
    Path(name): Path<String>,
    body: Bytes,
) -> Result<Json<Value>, Failure> {
    let served =
        |known: &String| *known == name || known.split_once('.').is_some_and(|(_, base)| base == name);
    if !bedrock.0.world.models.iter().any(served) {
        return Err(Failure::validation("The provided model identifier is invalid."));
    }
    if !model(&name).counts {
        return Err(Failure::validation("The provided model doesn't support counting tokens."));
    }
    let body = read(&body)?;
    let conversation = &body["input"]["converse"];
    // Reasoning is bound to the profile that it was thought by, which is not named here.
    let mut plain = conversation.clone();
    for message in plain["messages"].as_array_mut().into_iter().flatten() {
        if let Some(blocks) = message["content"].as_array_mut() {
            blocks.retain(|block| block.get("reasoningContent").is_none());
        }
    }
    checked(&bedrock, &name, "count-tokens", request::check(&name, &plain))?;
    Ok(Json(json!({"inputTokens": prompt::total(conversation)})))
}

fn read(body: &[u8]) -> Result<Value, Failure> {
    serde_json::from_slice(body).map_err(|error| Failure {
        kind: "SerializationException",
        ..Failure::validation(format!("The body is not valid JSON: {error}"))
    })
}

/// Records the service's objections to the form of a request.
fn checked<T>(
    bedrock: &Bedrock,
    name: &str,
    operation: &str,
    result: Result<T, Failure>,
) -> Result<T, Failure> {
    result.inspect_err(|failure| {
        bedrock.record(&format!("/model/{name}/{operation}"), "body", &failure.message)
    })
}

/// The script's reply to a request, with the beginning of a call's input that was cut off; or a loud refusal.
fn answer(
    bedrock: &Bedrock,
    name: &str,
    operation: &str,
    body: &[u8],
) -> Result<(Value, Option<String>), Failure> {
    if !bedrock.0.world.models.iter().any(|known| known == name) {
        return Err(Failure::no_model());
    }
    let request = checked(bedrock, name, operation, read(body))?;
    checked(bedrock, name, operation, request::check(name, &request))?;
    let schema = schema(&request);
    // A stream and a whole reply to the same words are not the same request.
    let digest = Sha256::new_with_prefix(name).chain_update(operation).chain_update(body).finalize();
    let asked = asked(name, &request, &schema, digest.into());
    let mut state = bedrock.lock();
    let chosen = state.script.choose(&bedrock.0.world.replies, &asked);
    let chosen = chosen.map_err(|problem| {
        bedrock.record(&format!("/model/{name}/{operation}"), "script", &problem);
        Failure::validation(format!("simulated model: {problem}"))
    })?;
    let Speech { blocks, cut_input, tokens, stop_reason, is_cut } =
        speak(name, chosen.turn, &request, asked.most_tokens);
    state.script.use_up(&asked, chosen, is_cut);
    state.replies += 1;
    let read = state.cache.read(model(name), name, &request, (bedrock.0.clock)());
    let usage = chosen.turn.usage.unwrap_or(Usage { output_tokens: tokens, ..read });
    state.billed.add(usage, cost(name, usage));
    let reply = json!({
        "output": {"message": {"role": "assistant", "content": blocks}},
        "stopReason": stop_reason,
        "usage": usage_json(usage),
        "metrics": {"latencyMs": 1_200},
    });
    Ok((reply, cut_input))
}

fn usage_json(usage: Usage) -> Value {
    let Usage {
        input_tokens,
        output_tokens,
        cache_creation_input_tokens: written,
        cache_read_input_tokens: read,
    } = usage;
    let total = [input_tokens, output_tokens, written, read].into_iter().fold(0, u64::saturating_add);
    json!({
        "inputTokens": input_tokens,
        "outputTokens": output_tokens,
        "totalTokens": total,
        "cacheReadInputTokens": read,
        "cacheWriteInputTokens": written,
        "cacheDetails": if written > 0 { json!([{"ttl": "5m", "inputTokens": written}]) } else { json!([]) },
    })
}

/// The schema that the reply must follow; null without one.
fn schema(request: &Value) -> Value {
    let text = request["outputConfig"]["textFormat"]["structure"]["jsonSchema"]["schema"].as_str();
    text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

/// The parts of a request that the script reads.
fn asked<'r>(name: &'r str, request: &'r Value, schema: &'r Value, digest: [u8; 32]) -> Asked<'r> {
    let mut words = String::new();
    gather(&request["system"], &mut words);
    let messages = || request["messages"].as_array().into_iter().flatten();
    messages().for_each(|message| gather(&message["content"], &mut words));
    let tools = request["toolConfig"]["tools"].as_array().into_iter().flatten();
    Asked {
        digest,
        words,
        turn: messages().filter(|message| message["role"] == "assistant").count(),
        model: name,
        tools: tools.filter_map(|tool| tool["toolSpec"]["name"].as_str()).collect(),
        schema,
        most_tokens: request["inferenceConfig"]["maxTokens"].as_u64().unwrap_or(MOST_OUTPUT),
    }
}

fn gather(content: &Value, words: &mut String) {
    for block in content.as_array().into_iter().flatten() {
        if let Some(text) = block["text"].as_str() {
            words.push_str(text);
            words.push('\n');
        }
        gather(&block["toolResult"]["content"], words);
    }
}
