//! The requests to the Responses API.

use crate::schema::accepted_schema;
use domain::ActionError;
use domain::plugins::{Content, ModelMessage, ModelRequest, ModelTool, Part, Speaker};
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

/// The tokens that the service adds to a request: the frame of the conversation, and the words that explain tools and schemas to the model.
/// The schemas are also counted twice.
const ADDED_BY_THE_SERVICE: u64 = 2_000;

/// No picture takes more tokens: <https://platform.openai.com/docs/guides/images-vision>.
const MOST_OF_AN_IMAGE: u64 = 10_000;

/// The prefix of a failed call's result, because the API has no field for it.
const FAILED: &str = "The call failed. ";

/// A body of `POST /responses` or `POST /responses/input_tokens`.
#[derive(Debug, Serialize)]
pub(crate) struct Body<'r> {
    model: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    instructions: Option<String>,
    input: Vec<Item>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning: Option<Value>,
    #[serde(flatten)]
    reply: Option<Reply>,
}

/// The limits of a reply; none if a request is only counted.
#[derive(Debug, Serialize)]
struct Reply {
    max_output_tokens: u32,
    /// The service keeps nothing: the conversation is ours.
    store: bool,
    include: [&'static str; 1],
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    stream: bool,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Item {
    Ours(Value),
    /// As the service wrote it.
    Opaque(Box<RawValue>),
}

/// The body of a request to count tokens.
///
/// # Errors
/// `Internal` when an opaque part is not JSON.
pub(crate) fn counted_body(request: &ModelRequest) -> Result<Body<'_>, ActionError> {
    let mut input = Vec::new();
    for message in &request.messages {
        add_items(message, &mut input)?;
    }
    let tool = |tool: &ModelTool| {
        json!({"type": "function", "name": tool.name, "description": tool.description, "parameters": tool.input_schema,
               "strict": false})
    };
    let format = |schema| json!({"format": {"type": "json_schema", "name": "reply", "schema": accepted_schema(schema), "strict": true}});
    Ok(Body {
        model: &request.model,
        instructions: instructions(request),
        input,
        tools: request.tools.iter().map(tool).collect(),
        text: request.reply_schema.as_ref().map(format),
        reasoning: request.effort.map(|effort| json!({"effort": effort.as_str()})),
        reply: None,
    })
}

/// The body that asks for a reply, as it comes or whole.
///
/// # Errors
/// As [`counted_body`].
pub(crate) fn body(request: &ModelRequest, stream: bool) -> Result<Body<'_>, ActionError> {
    let include = ["reasoning.encrypted_content"];
    let reply = Reply { max_output_tokens: request.max_output_tokens, store: false, include, stream };
    Ok(Body { reply: Some(reply), ..counted_body(request)? })
}

/// The system prompt; `None` if it is empty.
pub(crate) fn instructions(request: &ModelRequest) -> Option<String> {
    let texts: Vec<_> =
        request.system.iter().map(|block| block.text.as_str()).filter(|text| !text.is_empty()).collect();
    (!texts.is_empty()).then(|| texts.join("\n\n"))
}

/// Adds a message as items: results of calls are separate items, with messages between them.
fn add_items(message: &ModelMessage, items: &mut Vec<Item>) -> Result<(), ActionError> {
    let mut content = Vec::new();
    for part in message.parts.iter().filter(|part| is_sent(part)) {
        let item = match &part.content {
            Content::Text(text) => {
                let kind = if message.speaker == Speaker::User { "input_text" } else { "output_text" };
                content.push(json!({"type": kind, "text": text}));
                continue;
            }
            Content::Image { media_type, base64 } => {
                let url = data_url(media_type, base64);
                content.push(json!({"type": "input_image", "image_url": url, "detail": "high"}));
                continue;
            }
            Content::ToolCall(call) => Item::Ours(json!({
                "type": "function_call", "call_id": call.id, "name": call.name, "arguments": call.input.to_string(),
            })),
            Content::ToolResult { call, text, is_error } => Item::Ours(json!({
                "type": "function_call_output", "call_id": call, "output": result(text, *is_error),
            })),
            Content::Opaque(json) => Item::Opaque(raw(json)?),
        };
        end_message(message.speaker, &mut content, items);
        items.push(item);
    }
    end_message(message.speaker, &mut content, items);
    Ok(())
}

fn end_message(speaker: Speaker, content: &mut Vec<Value>, items: &mut Vec<Item>) {
    if content.is_empty() {
        return;
    }
    let content = std::mem::take(content);
    items.push(Item::Ours(match speaker {
        Speaker::User => json!({"role": "user", "content": content}),
        // The model's own items have a form that only the service writes; its words alone are text.
        Speaker::Model => {
            let words: String = content.iter().filter_map(|part| part["text"].as_str()).collect();
            json!({"role": "assistant", "content": words})
        }
    }));
}

/// The result of a call, in words.
pub(crate) fn result(text: &str, is_error: bool) -> String {
    if is_error { format!("{FAILED}{text}") } else { text.to_owned() }
}

/// A picture as an address that holds it.
pub(crate) fn data_url(media_type: &str, base64: &str) -> String {
    format!("data:{media_type};base64,{base64}")
}

/// A part as the service wrote it.
///
/// # Errors
/// `Internal` when it is not JSON.
pub(crate) fn raw(json: &str) -> Result<Box<RawValue>, ActionError> {
    RawValue::from_string(json.to_owned()).map_err(|error| {
        ActionError::internal(format!("a part of a conversation with OpenAI is not JSON: {error}"))
    })
}

/// Empty words say nothing.
pub(crate) fn is_sent(part: &Part) -> bool {
    !matches!(&part.content, Content::Text(text) if text.is_empty())
}

/// A token is at least one byte of the text, and the body is at least as long as the text in it, so the body's bytes bound
/// the tokens that we send.
pub(crate) fn tokens_at_most(request: &ModelRequest, body: Result<impl Serialize, ActionError>) -> u64 {
    let size = |json: Result<String, _>| json.map_or(u64::MAX, |json: String| json.len() as u64);
    let bytes = body.map_or(u64::MAX, |body| size(serde_json::to_string(&body)));
    let schemas = request.tools.iter().map(|tool| &tool.input_schema).chain(&request.reply_schema);
    let schemas: u64 = schemas.map(|schema| schema.to_string().len() as u64).sum();
    let (pictures, base64) = request.pictures();
    bytes
        // A picture's tokens do not depend on its bytes.
        .saturating_sub(base64)
        .saturating_add(schemas)
        .saturating_add(pictures.saturating_mul(MOST_OF_AN_IMAGE))
        .saturating_add(ADDED_BY_THE_SERVICE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::plugins::{Effort, PromptBlock, ToolCall};

    #[test]
    fn the_form_of_a_conversation() {
        let reasoning = r#"{"id":"rs_1", "type":"reasoning","summary":[],"encrypted_content":"gAA\u0041"}"#;
        let call = ToolCall { id: "call_1".into(), name: "read_file".into(), input: json!({"path": "a"}) };
        let told = Content::ToolResult { call: "call_1".into(), text: "no such file".into(), is_error: true };
        let image = Content::Image { media_type: "image/png".into(), base64: "iVBO".into() };
        let said = vec![Part::new(Content::Opaque(reasoning.into())), Part::new(Content::ToolCall(call))];
        let tool = ModelTool {
            name: "read_file".into(),
            description: "Reads.".into(),
            input_schema: json!({"type": "object"}),
        };
        let asked = ModelRequest {
            effort: Some(Effort::Medium),
            system: vec![
                PromptBlock { text: "Be brief.".into(), cache: true },
                PromptBlock { text: String::new(), cache: false },
            ],
            tools: vec![tool],
            reply_schema: Some(json!({"type": "object", "properties": {"a": {"type": "string"}}})),
            messages: vec![
                ModelMessage::ours(vec![Part::new(image), Part::text("What?").cached(), Part::text("")]),
                ModelMessage { speaker: Speaker::Model, parts: said },
                ModelMessage::ours(vec![Part::new(told), Part::text("Go on")]),
                ModelMessage { speaker: Speaker::Model, parts: vec![Part::text("I do.")] },
                ModelMessage::ours(vec![Part::text("Well?")]),
            ],
            ..ModelRequest::question("gpt-5.6-terra", Vec::new(), 100)
        };
        let bytes = serde_json::to_string(&body(&asked, true).unwrap()).unwrap();
        assert!(bytes.contains(reasoning), "it is sent byte for byte: {bytes}");
        let sent: Value = serde_json::from_str(&bytes).unwrap();
        assert_eq!(
            sent,
            json!({
                "model": "gpt-5.6-terra", "instructions": "Be brief.", "max_output_tokens": 100, "store": false,
                "include": ["reasoning.encrypted_content"], "stream": true, "reasoning": {"effort": "medium"},
                "tools": [{"type": "function", "name": "read_file", "description": "Reads.",
                           "parameters": {"type": "object"}, "strict": false}],
                "text": {"format": {"type": "json_schema", "name": "reply", "strict": true, "schema": {
                    "type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"],
                    "additionalProperties": false}}},
                "input": [
                    {"role": "user", "content": [
                        {"type": "input_image", "image_url": "data:image/png;base64,iVBO", "detail": "high"},
                        {"type": "input_text", "text": "What?"}]},
                    {"id": "rs_1", "type": "reasoning", "summary": [], "encrypted_content": "gAAA"},
                    {"type": "function_call", "call_id": "call_1", "name": "read_file", "arguments": "{\"path\":\"a\"}"},
                    {"type": "function_call_output", "call_id": "call_1", "output": "The call failed. no such file"},
                    {"role": "user", "content": [{"type": "input_text", "text": "Go on"}]},
                    {"role": "assistant", "content": "I do."},
                    {"role": "user", "content": [{"type": "input_text", "text": "Well?"}]}]})
        );
        let most = tokens_at_most(&asked, body(&asked, true));
        assert!(most > bytes.len() as u64 + MOST_OF_AN_IMAGE);
        let broken = ModelRequest::question("m", vec![Part::new(Content::Opaque("{".into()))], 1);
        assert_eq!(tokens_at_most(&broken, body(&broken, false)), u64::MAX);
    }
}
