//! The service's checks of a request before the model reads it.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::models::{Model, model};
use super::{Failure, prompt, reasoning};

/// How many cache points a request may have.
const MOST_CACHE_POINTS: usize = 4;

/// Reads a conversation that the model with this name is to read.
///
/// # Errors
/// A [`Failure`] in the service's words.
pub(super) fn check(name: &str, request: &Value) -> Result<(), Failure> {
    let model = model(name);
    let messages = request["messages"].as_array().map(Vec::as_slice).unwrap_or_default();
    check_turns(messages)?;
    check_texts(request)?;
    check_tools(request, messages)?;
    check_pairs(messages)?;
    check_images(messages)?;
    check_cache_points(request, model)?;
    check_format(request)?;
    reasoning::check(name, request)?;
    match prompt::total(request) > model.context {
        true => Err(Failure::validation("The model returned the following errors: prompt is too long")),
        false => Ok(()),
    }
}

fn check_turns(messages: &[Value]) -> Result<(), Failure> {
    if messages.is_empty() {
        return Err(Failure::validation(
            "A conversation must have at least one message. Try again with a conversation that has at least one message.",
        ));
    }
    for (index, message) in messages.iter().enumerate() {
        let expected = if index.is_multiple_of(2) { "user" } else { "assistant" };
        if message["role"] != expected {
            return Err(Failure::validation(match index {
                0 => "A conversation must start with a user message. Try again with a conversation that starts with a user message.".to_owned(),
                _ => format!("A conversation must alternate between user and assistant roles. Make sure the conversation alternates between user and assistant roles and try again. (messages.{index})"),
            }));
        }
        if message["content"].as_array().is_none_or(Vec::is_empty) {
            return Err(Failure::validation(format!(
                "The content field in the Message object at messages.{index} is empty. Add a ContentBlock object to the content field and try again."
            )));
        }
    }
    if messages.len().is_multiple_of(2) {
        return Err(Failure::validation(
            "This model does not support assistant message prefill. The conversation must end with a user message.",
        ));
    }
    Ok(())
}

fn check_texts(request: &Value) -> Result<(), Failure> {
    let system = request["system"].as_array().into_iter().flatten();
    let messages = request["messages"].as_array().into_iter().flatten();
    let mut blocks =
        system.chain(messages.flat_map(|message| message["content"].as_array().into_iter().flatten()));
    match blocks.any(|block| block["text"].as_str().is_some_and(|text| text.trim().is_empty())) {
        true => Err(Failure::validation(
            "The text field in the ContentBlock object is blank. Add text to the text field, and try again.",
        )),
        false => Ok(()),
    }
}

fn check_tools(request: &Value, messages: &[Value]) -> Result<(), Failure> {
    let tools = request["toolConfig"]["tools"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut blocks = messages.iter().flat_map(|message| message["content"].as_array().into_iter().flatten());
    let uses_tools = blocks.any(|block| block.get("toolUse").is_some() || block.get("toolResult").is_some());
    if tools.is_empty() && uses_tools {
        return Err(Failure::validation(
            "The toolConfig field must be defined when using toolUse and toolResult content blocks.",
        ));
    }
    let mut names = BTreeSet::new();
    let named = tools.iter().filter_map(|tool| tool["toolSpec"]["name"].as_str());
    for name in named {
        if !names.insert(name) {
            return Err(Failure::validation(format!(
                "The tool {name} is already defined at toolConfig.tools."
            )));
        }
    }
    let is_object = |tool: &&Value| tool["toolSpec"]["inputSchema"]["json"]["type"] == "object";
    match tools.iter().filter(|tool| tool.get("toolSpec").is_some()).find(|tool| !is_object(tool)) {
        Some(_) => Err(Failure::validation(
            "The value at toolConfig.tools.0.toolSpec.inputSchema.json.type must be one of the following: object.",
        )),
        None => Ok(()),
    }
}

/// Checks that every call has its result in the message that follows at once, and that no result is without its call.
fn check_pairs(messages: &[Value]) -> Result<(), Failure> {
    let ids = |message: &Value, kind: &str| -> Vec<String> {
        let blocks = message["content"].as_array().into_iter().flatten();
        blocks.filter_map(|block| Some(block[kind]["toolUseId"].as_str()?.to_owned())).collect()
    };
    let mut called: Vec<String> = Vec::new();
    for (index, message) in messages.iter().enumerate() {
        let results = ids(message, "toolResult");
        if results.len() > called.len() {
            let before = index.saturating_sub(1);
            return Err(Failure::validation(format!(
                "The number of toolResult blocks at messages.{index}.content exceeds the number of toolUse blocks of previous turn ({before})."
            )));
        }
        let missing: Vec<&str> =
            called.iter().filter(|id| !results.contains(id)).map(String::as_str).collect();
        if !missing.is_empty() {
            return Err(Failure::validation(format!(
                "Expected toolResult blocks at messages.{index}.content for the following Ids: {}",
                missing.join(", ")
            )));
        }
        called = ids(message, "toolUse");
    }
    Ok(())
}

fn check_images(messages: &[Value]) -> Result<(), Failure> {
    let blocks = messages.iter().flat_map(|message| message["content"].as_array().into_iter().flatten());
    for image in blocks.filter_map(|block| block.get("image")) {
        let bytes = image["source"]["bytes"].as_str().and_then(|bytes| STANDARD.decode(bytes).ok());
        let begins = match image["format"].as_str() {
            Some("png") => &b"\x89PNG\r\n\x1a\n"[..],
            Some("jpeg") => b"\xff\xd8",
            Some("gif") => b"GIF8",
            _ => b"RIFF",
        };
        if !bytes.is_some_and(|bytes| bytes.starts_with(begins)) {
            return Err(Failure::validation(
                "The model returned the following errors: Could not process image",
            ));
        }
    }
    Ok(())
}

fn check_cache_points(request: &Value, model: &Model) -> Result<(), Failure> {
    let count = prompt::blocks(request).iter().filter(|block| block.is_marked).count();
    if count > 0 && !model.caches {
        return Err(Failure {
            status: axum::http::StatusCode::FORBIDDEN,
            kind: "AccessDeniedException",
            message: "You invoked an unsupported model or your request did not allow prompt caching. See the documentation for more information."
                .to_owned(),
        });
    }
    match count > MOST_CACHE_POINTS {
        true => Err(Failure::validation(format!(
            "The model returned the following errors: A maximum of {MOST_CACHE_POINTS} blocks with cache_control may be provided. Found {count}."
        ))),
        false => Ok(()),
    }
}

/// The schema of a reply is a text of JSON, whose objects are all closed.
fn check_format(request: &Value) -> Result<(), Failure> {
    let structure = &request["outputConfig"]["textFormat"]["structure"]["jsonSchema"];
    let Some(text) = structure["schema"].as_str() else { return Ok(()) };
    let schema: Value = serde_json::from_str(text).map_err(|error| {
        Failure::validation(format!(
            "outputConfig.textFormat.structure.jsonSchema.schema is not valid JSON: {error}"
        ))
    })?;
    match open_object(&schema) {
        true => Err(Failure::validation(
            "The model returned the following errors: output_config.format.schema: For 'object' type, 'additionalProperties' must be explicitly set to false",
        )),
        false => Ok(()),
    }
}

fn open_object(schema: &Value) -> bool {
    let Value::Object(fields) = schema else { return false };
    let named = ["properties", "$defs"].into_iter().filter_map(|name| fields.get(name)?.as_object());
    let listed = ["anyOf", "allOf"].into_iter().filter_map(|name| fields.get(name)?.as_array());
    let inner = named.flat_map(serde_json::Map::values).chain(listed.flatten()).chain(fields.get("items"));
    (schema["type"] == "object" && schema["additionalProperties"] != false)
        || inner.into_iter().any(open_object)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn problem(request: &Value) -> String {
        check("eu.anthropic.claude-sonnet-5-5", request)
            .map_or_else(|failure| failure.message, |()| String::new())
    }

    #[test]
    fn what_the_service_refuses_is_refused() {
        let user = json!({"role": "user", "content": [{"text": "Do it"}]});
        let said = json!({"role": "assistant", "content": [{"toolUse": {"toolUseId": "a", "name": "f", "input": {}}}]});
        let told = json!({"role": "user", "content": [{"toolResult": {"toolUseId": "a", "content": [{"text": "x"}]}}]});
        let tools =
            json!({"tools": [{"toolSpec": {"name": "f", "inputSchema": {"json": {"type": "object"}}}}]});
        let fine = json!({"messages": [user, said, told], "toolConfig": tools});
        assert_eq!(problem(&fine), "");
        let mark = json!({"cachePoint": {"type": "default"}});
        let marked: Vec<_> = (0..5).flat_map(|n| [json!({"text": format!("{n}")}), mark.clone()]).collect();
        for (request, expected) in [
            (json!({"messages": []}), "at least one message"),
            (json!({"messages": [said, told]}), "must start with a user message"),
            (json!({"messages": [user, user]}), "must alternate"),
            (json!({"messages": [user, said]}), "must end with a user message"),
            (json!({"messages": [{"role": "user", "content": [{"text": " "}]}]}), "is blank"),
            (json!({"messages": [user, said, told]}), "The toolConfig field must be defined"),
            (json!({"messages": [user, said, user], "toolConfig": tools}), "for the following Ids: a"),
            (json!({"messages": [told], "toolConfig": tools}), "exceeds the number of toolUse blocks"),
            (json!({"messages": [user], "system": marked}), "A maximum of 4"),
            (
                json!({"messages": [user], "outputConfig": {"textFormat": {"structure": {"jsonSchema": {"schema": "{"}}}}}),
                "is not valid JSON",
            ),
            (
                json!({"messages": [user], "outputConfig": {"textFormat": {"structure": {"jsonSchema": {"schema": "{\"type\":\"object\"}"}}}}}),
                "must be explicitly set to false",
            ),
            (
                json!({"messages": [{"role": "user", "content": [{"image": {"format": "png", "source": {"bytes": "AAAA"}}}]}]}),
                "Could not process image",
            ),
        ] {
            assert!(problem(&request).contains(expected), "{expected}: {}", problem(&request));
        }
        let refused =
            check("openai.gpt-oss-120b-1:0", &json!({"messages": [user], "system": [{"text": "s"}, mark]}));
        assert_eq!(refused.unwrap_err().kind, "AccessDeniedException");
    }
}
