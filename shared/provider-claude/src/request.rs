//! The requests.

use domain::ActionError;
use domain::plugins::{Content, ModelRequest, Part, Speaker};
use provider::accepted_schema;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

/// The API's maximum: <https://platform.claude.com/docs/en/build-with-claude/prompt-caching>.
const MOST_BREAKPOINTS: usize = 4;

/// The tokens that the service adds to a request: the frame of the conversation, and, with a schema or tools, the words that explain
/// them to the model. The schemas are also counted twice.
const ADDED_BY_THE_SERVICE: u64 = 2_000;

/// No picture takes more tokens: <https://platform.claude.com/docs/en/build-with-claude/vision>.
const MOST_OF_AN_IMAGE: u64 = 5_000;

/// A body of `POST /v1/messages` or `POST /v1/messages/count_tokens`.
#[derive(Debug, Serialize)]
pub(crate) struct Body<'r> {
    model: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    system: Vec<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Value>,
    messages: Vec<Message>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_config: Option<Value>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    stream: bool,
}

#[derive(Debug, Serialize)]
struct Message {
    role: &'static str,
    content: Vec<Block>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Block {
    Ours(Value),
    /// As the service wrote it.
    Opaque(Box<RawValue>),
}

/// The body that asks for a reply.
///
/// # Errors
/// `Internal` when an opaque part is not JSON.
pub(crate) fn body(request: &ModelRequest) -> Result<Body<'_>, ActionError> {
    let mut dropped = breakpoints(request).saturating_sub(MOST_BREAKPOINTS);
    let mut system = Vec::new();
    for block in request.system.iter().filter(|block| !block.text.is_empty()) {
        system.push(marked(json!({"type": "text", "text": block.text}), block.cache, &mut dropped));
    }
    let mut messages = Vec::new();
    for message in &request.messages {
        let role = match message.speaker {
            Speaker::User => "user",
            Speaker::Model => "assistant",
        };
        let mut content = Vec::new();
        for part in message.parts.iter().filter(|part| is_sent(part)) {
            content.push(block(part, &mut dropped)?);
        }
        messages.push(Message { role, content });
    }
    let tool = |tool: &domain::plugins::ModelTool| json!({"name": tool.name, "description": tool.description, "input_schema": tool.input_schema});
    let mut output = serde_json::Map::new();
    if let Some(effort) = request.effort {
        output.insert("effort".to_owned(), effort.as_str().into());
    }
    if let Some(schema) = &request.reply_schema {
        output.insert("format".to_owned(), json!({"type": "json_schema", "schema": accepted_schema(schema)}));
    }
    Ok(Body {
        model: &request.model,
        max_tokens: Some(request.max_output_tokens),
        system,
        tools: request.tools.iter().map(tool).collect(),
        messages,
        output_config: (!output.is_empty()).then_some(Value::Object(output)),
        stream: false,
    })
}

/// The body that asks for a reply as it comes.
///
/// # Errors
/// As [`body`].
pub(crate) fn streamed_body(request: &ModelRequest) -> Result<Body<'_>, ActionError> {
    Ok(Body { stream: true, ..body(request)? })
}

/// The body of a request to count tokens: the same, without the fields that do not become part of a prompt.
///
/// # Errors
/// As [`body`].
pub(crate) fn counted_body(request: &ModelRequest) -> Result<Body<'_>, ActionError> {
    Ok(Body { max_tokens: None, ..body(request)? })
}

/// The API refuses empty text.
fn is_sent(part: &Part) -> bool {
    !matches!(&part.content, Content::Text(text) if text.is_empty())
}

/// Whether the cached prefix can end with this part. Parts that the service wrote are not marked.
fn is_marked(part: &Part) -> bool {
    part.cache && is_sent(part) && !matches!(part.content, Content::Opaque(_))
}

/// How many parts are marked for the cache. The last ones cover the longest prefixes.
fn breakpoints(request: &ModelRequest) -> usize {
    let system = request.system.iter().filter(|block| block.cache && !block.text.is_empty()).count();
    let parts = request.messages.iter().flat_map(|message| &message.parts);
    system + parts.filter(|part| is_marked(part)).count()
}

fn block(part: &Part, dropped: &mut usize) -> Result<Block, ActionError> {
    let value = match &part.content {
        Content::Text(text) => json!({"type": "text", "text": text}),
        Content::Image { media_type, base64 } => {
            json!({"type": "image", "source": {"type": "base64", "media_type": media_type, "data": base64}})
        }
        Content::ToolCall(call) => {
            json!({"type": "tool_use", "id": call.id, "name": call.name, "input": call.input})
        }
        Content::ToolResult { call, text, is_error } => {
            json!({"type": "tool_result", "tool_use_id": call, "content": text, "is_error": is_error})
        }
        Content::Opaque(json) => {
            let raw = RawValue::from_string(json.clone()).map_err(|error| {
                ActionError::internal(format!("a part of a conversation with Claude is not JSON: {error}"))
            })?;
            return Ok(Block::Opaque(raw));
        }
    };
    Ok(Block::Ours(marked(value, is_marked(part), dropped)))
}

fn marked(mut block: Value, cache: bool, dropped: &mut usize) -> Value {
    match (cache, *dropped) {
        (true, 0) => block["cache_control"] = json!({"type": "ephemeral"}),
        (true, _) => *dropped -= 1,
        (false, _) => {}
    }
    block
}

/// A token is at least one byte of the text, and the body is at least as long as the text in it, so the body's bytes bound
/// the tokens that we send.
pub(crate) fn tokens_at_most(request: &ModelRequest) -> u64 {
    let size = |json: Result<String, _>| json.map_or(u64::MAX, |json: String| json.len() as u64);
    let bytes = body(request).map_or(u64::MAX, |body| size(serde_json::to_string(&body)));
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
    use domain::plugins::{Effort, ModelMessage, ModelTool, PromptBlock, ToolCall};

    fn block(text: &str, cache: bool) -> PromptBlock {
        PromptBlock { text: text.into(), cache }
    }

    fn request(system: Vec<PromptBlock>, prompt: Vec<Part>) -> ModelRequest {
        ModelRequest { system, ..ModelRequest::question("claude-sonnet-5-5", prompt, 100) }
    }

    fn sent(request: &ModelRequest) -> Value {
        serde_json::to_value(body(request).unwrap()).unwrap()
    }

    #[test]
    fn the_form_of_a_request() {
        let mut asked =
            request(vec![block("Be brief.", true)], vec![Part::text("").cached(), Part::text("Hi")]);
        asked.reply_schema = Some(json!({"type": "object", "properties": {"a": {"type": "string"}}}));
        assert_eq!(
            sent(&asked),
            json!({
                "model": "claude-sonnet-5-5", "max_tokens": 100,
                "system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
                "messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}],
                "output_config": {"format": {"type": "json_schema", "schema": {
                    "type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": false}}}})
        );
    }

    #[test]
    fn the_form_of_a_conversation() {
        let call = ToolCall { id: "toolu_1".into(), name: "read_file".into(), input: json!({"path": "a"}) };
        let thought = r#"{"type":"thinking", "thinking":"\u0041", "signature":"c2ln"}"#;
        let said = vec![Part::new(Content::Opaque(thought.into())), Part::new(Content::ToolCall(call))];
        let told =
            Content::ToolResult { call: "toolu_1".into(), text: "no such file".into(), is_error: true };
        let image = Content::Image { media_type: "image/png".into(), base64: "iVBORw0KGgo=".into() };
        let asked = ModelRequest {
            effort: Some(Effort::Medium),
            tools: vec![ModelTool {
                name: "read_file".into(),
                description: "Reads a file.".into(),
                input_schema: json!({"type": "object"}),
            }],
            messages: vec![
                ModelMessage::ours(vec![Part::new(image), Part::text("What is this?").cached()]),
                ModelMessage { speaker: Speaker::Model, parts: said },
                ModelMessage::ours(vec![Part::new(told).cached()]),
            ],
            ..request(Vec::new(), Vec::new())
        };
        let cached = json!({"type": "ephemeral"});
        assert_eq!(
            sent(&asked),
            json!({
                "model": "claude-sonnet-5-5", "max_tokens": 100,
                "tools": [{"name": "read_file", "description": "Reads a file.", "input_schema": {"type": "object"}}],
                "messages": [
                    {"role": "user", "content": [
                        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}},
                        {"type": "text", "text": "What is this?", "cache_control": cached}]},
                    {"role": "assistant", "content": [
                        {"type": "thinking", "thinking": "A", "signature": "c2ln"},
                        {"type": "tool_use", "id": "toolu_1", "name": "read_file", "input": {"path": "a"}}]},
                    {"role": "user", "content": [
                        {"type": "tool_result", "tool_use_id": "toolu_1", "content": "no such file", "is_error": true,
                         "cache_control": cached}]}],
                "output_config": {"effort": "medium"}})
        );
        let bytes = serde_json::to_string(&body(&asked).unwrap()).unwrap();
        assert!(bytes.contains(thought), "it is sent byte for byte: {bytes}");
        assert!(tokens_at_most(&asked) > bytes.len() as u64 + MOST_OF_AN_IMAGE);

        let shot = Content::Image { media_type: "image/png".into(), base64: "A".repeat(4_000_000) };
        let asked = request(Vec::new(), vec![Part::new(shot)]);
        assert!(tokens_at_most(&asked) < 20_000, "a picture's tokens are not those of its bytes");

        let broken = request(Vec::new(), vec![Part::new(Content::Opaque("{".into()))]);
        assert!(body(&broken).is_err());
        assert_eq!(tokens_at_most(&broken), u64::MAX);
    }

    #[test]
    fn no_more_breakpoints_than_accepted() {
        let body = sent(&request(vec![block("s", true); 2], vec![Part::text("p").cached(); 4]));
        let cached = |blocks: &Value| -> Vec<bool> {
            blocks.as_array().unwrap().iter().map(|block| block.get("cache_control").is_some()).collect()
        };
        assert_eq!(cached(&body["system"]), [false, false]);
        assert_eq!(cached(&body["messages"][0]["content"]), [true; 4]);
    }

    #[test]
    fn the_bound_grows_with_every_part() {
        let small = request(vec![block("a", false)], vec![Part::text("b")]);
        let large = request(vec![block("a", false)], vec![Part::text("\"ü\"\n".repeat(1000))]);
        // Even if every byte were a token of its own.
        assert!(tokens_at_most(&large) >= 5000);
        let with_schema = ModelRequest { reply_schema: Some(json!({"type": "object"})), ..small.clone() };
        assert!(tokens_at_most(&with_schema) > tokens_at_most(&small));
    }
}
