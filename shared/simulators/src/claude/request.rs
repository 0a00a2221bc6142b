//! The service's checks of a request before the model reads it.

use secrecy::SecretString;
use serde_json::Value;

use super::models::{Model, model};
use super::{Failure, images, pairing, schema, thinking, tokens};

/// How many blocks may be marked for the cache.
const MOST_CACHED: usize = 4;
/// The bytes of a request.
pub(super) const MOST_BYTES: usize = 32 * 1024 * 1024;

/// Reads a request.
///
/// # Errors
/// A [`Failure`] in the service's words.
pub(super) fn parse(models: &[String], key: &SecretString, body: &[u8]) -> Result<Value, Failure> {
    if body.len() > MOST_BYTES {
        return Err(Failure::too_large());
    }
    let request: Value = serde_json::from_slice(body)
        .map_err(|error| Failure::invalid(format!("The request body is not valid JSON: {error}")))?;
    let name = request["model"].as_str().ok_or_else(|| Failure::invalid("model: Field required"))?;
    if !models.iter().any(|known| known == name) {
        return Err(Failure::no_model(name));
    }
    let model = model(name);
    let messages =
        request["messages"].as_array().ok_or_else(|| Failure::invalid("messages: Field required"))?;
    check_messages(messages, model)?;
    check_thinking(&request, model)?;
    check_tools(&request, model)?;
    check_marks(&request)?;
    images::check(&request)?;
    pairing::check(messages)?;
    thinking::check(key, &request)?;
    let total = tokens::total(&request);
    if total > model.context {
        let most = model.context;
        return Err(Failure::invalid(format!("prompt is too long: {total} tokens > {most} maximum")));
    }
    if let Some(problem) = schema::problem(&request["output_config"]["format"]["schema"]) {
        return Err(Failure::invalid(problem));
    }
    Ok(request)
}

fn check_messages(messages: &[Value], model: &Model) -> Result<(), Failure> {
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
        let last = content.as_array().and_then(|blocks| blocks.last()).and_then(|last| last["type"].as_str());
        if message["role"] == "assistant" && matches!(last, Some("thinking" | "redacted_thinking")) {
            return Err(Failure::invalid(format!(
                "messages.{index}: The final block in an assistant message cannot be `thinking`."
            )));
        }
    }
    if !model.is_steered && messages.last().is_some_and(|message| message["role"] == "assistant") {
        return Err(Failure::invalid(
            "This model does not support assistant message prefill. The conversation must end with a user message.",
        ));
    }
    Ok(())
}

fn check_thinking(request: &Value, model: &Model) -> Result<(), Failure> {
    match request["thinking"]["type"].as_str() {
        Some(kind) if !model.thinking.is_empty() && !model.thinking.contains(&kind) => {
            Err(Failure::invalid(format!(
                "\"thinking.type.{kind}\" is not supported for this model. Accepted: {}.",
                model.thinking.join(", ")
            )))
        }
        _ => Ok(()),
    }
}

fn check_tools(request: &Value, model: &Model) -> Result<(), Failure> {
    let is_forced = matches!(request["tool_choice"]["type"].as_str(), Some("any" | "tool"));
    if is_forced && !model.is_steered {
        return Err(Failure::invalid("tool_choice forces tool use is not compatible with this model."));
    }
    if is_forced && matches!(request["thinking"]["type"].as_str(), Some("enabled" | "adaptive")) {
        return Err(Failure::invalid("Thinking may not be enabled when tool_choice forces tool use."));
    }
    let tools = request["tools"].as_array();
    let blocks = request["messages"].as_array().into_iter().flatten().flat_map(|message| {
        message["content"].as_array().into_iter().flatten().filter_map(|block| block["type"].as_str())
    });
    let mut blocks = blocks.filter(|kind| matches!(*kind, "tool_use" | "tool_result"));
    if tools.is_none_or(Vec::is_empty) && blocks.next().is_some() {
        return Err(Failure::invalid(
            "Requests which include `tool_use` or `tool_result` blocks must define tools",
        ));
    }
    let mut names = std::collections::BTreeSet::new();
    let repeated = tools.into_iter().flatten().find(|tool| !names.insert(tool["name"].to_string()));
    match repeated {
        None => Ok(()),
        Some(_) => Err(Failure::invalid("tools: Tool names must be unique.")),
    }
}

/// Checks what is marked for the cache: at most four blocks, none of them a thought, and none kept for an hour behind one that is kept
/// for five minutes.
fn check_marks(request: &Value) -> Result<(), Failure> {
    let marked: Vec<Value> = tokens::marked(request);
    if marked.len() > MOST_CACHED {
        let found = marked.len();
        return Err(Failure::invalid(format!(
            "A maximum of {MOST_CACHED} blocks with cache_control may be provided. Found {found}."
        )));
    }
    if marked.iter().any(|block| matches!(block["type"].as_str(), Some("thinking" | "redacted_thinking"))) {
        return Err(Failure::invalid("cache_control cannot be set for thinking blocks"));
    }
    let long = |block: &Value| block["cache_control"]["ttl"] == "1h";
    match marked.iter().skip_while(|block| long(block)).any(long) {
        false => Ok(()),
        true => Err(Failure::invalid(
            "a ttl='1h' cache_control block must not come after a ttl='5m' cache_control block. Note that blocks are processed in \
             the following order: `tools`, `system`, `messages`.",
        )),
    }
}
