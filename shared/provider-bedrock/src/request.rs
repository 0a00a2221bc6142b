//! The requests.

use crate::models::caches_by_marks;
use domain::ActionError;
use domain::plugins::{Content, ModelRequest, ModelTool, Part, Speaker};
use provider::accepted_schema;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

/// The API's maximum: <https://docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html>.
const MOST_CACHE_POINTS: usize = 4;

/// The tokens that the service adds to a request: the frame of the conversation, and, with a schema or tools, the words that explain
/// them to the model. The schemas are also counted twice.
const ADDED_BY_THE_SERVICE: u64 = 2_000;

/// A picture takes at most this many tokens in addition to those of its bytes.
const MOST_OF_AN_IMAGE: u64 = 5_000;

/// A body of `Converse` and `ConverseStream`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Body {
    #[serde(flatten)]
    conversation: Conversation,
    inference_config: Value,
    #[serde(skip_serializing_if = "Map::is_empty")]
    output_config: Map<String, Value>,
}

/// The part that `CountTokens` takes as well.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Conversation {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    system: Vec<Value>,
    messages: Vec<Message>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_config: Option<Value>,
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
/// `Internal` when an opaque part is not JSON; `Rejected` for a picture in a form that the service does not take.
pub(crate) fn body(request: &ModelRequest) -> Result<Body, ActionError> {
    let mut output_config = Map::new();
    if let Some(effort) = request.effort {
        output_config.insert("effort".to_owned(), effort.as_str().into());
    }
    if let Some(schema) = &request.reply_schema {
        // The service takes a schema as text.
        let schema = json!({"schema": accepted_schema(schema).to_string(), "name": "reply"});
        let format = json!({"type": "json_schema", "structure": {"jsonSchema": schema}});
        output_config.insert("textFormat".to_owned(), format);
    }
    Ok(Body {
        conversation: conversation(request)?,
        inference_config: json!({"maxTokens": request.max_output_tokens}),
        output_config,
    })
}

/// The body of a request to count tokens.
///
/// # Errors
/// As [`body`].
pub(crate) fn counted_body(request: &ModelRequest) -> Result<impl Serialize, ActionError> {
    #[derive(Serialize)]
    struct Counted {
        input: Input,
    }
    #[derive(Serialize)]
    struct Input {
        converse: Conversation,
    }
    Ok(Counted { input: Input { converse: conversation(request)? } })
}

fn conversation(request: &ModelRequest) -> Result<Conversation, ActionError> {
    let mut marks = Marks::of(request);
    let mut system = Vec::new();
    for block in request.system.iter().filter(|block| !block.text.is_empty()) {
        system.push(json!({"text": block.text}));
        system.extend(marks.after(block.cache));
    }
    let mut messages = Vec::new();
    for message in &request.messages {
        let role = match message.speaker {
            Speaker::User => "user",
            Speaker::Model => "assistant",
        };
        let mut content = Vec::new();
        for part in message.parts.iter().filter(|part| is_sent(part)) {
            content.push(block(part)?);
            content.extend(marks.after(is_marked(part)).map(Block::Ours));
        }
        messages.push(Message { role, content });
    }
    let tool = |tool: &ModelTool| {
        let mut spec = json!({"name": tool.name, "inputSchema": {"json": tool.input_schema}});
        if !tool.description.is_empty() {
            spec["description"] = tool.description.clone().into();
        }
        json!({ "toolSpec": spec })
    };
    let tools: Vec<_> = request.tools.iter().map(tool).collect();
    let tool_config = (!tools.is_empty()).then(|| json!({ "tools": tools }));
    Ok(Conversation { system, messages, tool_config })
}

/// The service refuses empty text.
fn is_sent(part: &Part) -> bool {
    !matches!(&part.content, Content::Text(text) if text.is_empty())
}

/// Whether the cached prefix can end with this part. Parts that the service wrote are not marked.
fn is_marked(part: &Part) -> bool {
    part.cache && is_sent(part) && !matches!(part.content, Content::Opaque(_))
}

/// The marks for the cache; the last ones cover the longest prefixes.
struct Marks {
    dropped: usize,
    accepted: bool,
}

impl Marks {
    fn of(request: &ModelRequest) -> Self {
        let system = request.system.iter().filter(|block| block.cache && !block.text.is_empty()).count();
        let parts = request.messages.iter().flat_map(|message| &message.parts);
        let all = system + parts.filter(|part| is_marked(part)).count();
        Self { dropped: all.saturating_sub(MOST_CACHE_POINTS), accepted: caches_by_marks(&request.model) }
    }

    /// The block that follows a marked one.
    fn after(&mut self, is_marked: bool) -> Option<Value> {
        if !is_marked || !self.accepted {
            return None;
        }
        if self.dropped > 0 {
            self.dropped -= 1;
            return None;
        }
        Some(json!({"cachePoint": {"type": "default"}}))
    }
}

fn block(part: &Part) -> Result<Block, ActionError> {
    Ok(Block::Ours(match &part.content {
        Content::Text(text) => json!({"text": text}),
        Content::Image { media_type, base64 } => {
            let format = media_type.strip_prefix("image/").unwrap_or_default();
            if !["png", "jpeg", "gif", "webp"].contains(&format) {
                return Err(ActionError::rejected(format!(
                    "Bedrock does not accept pictures of the type `{media_type}`; accepted: image/png, image/jpeg, image/gif, image/webp"
                )));
            }
            json!({"image": {"format": format, "source": {"bytes": base64}}})
        }
        Content::ToolCall(call) => {
            json!({"toolUse": {"toolUseId": call.id, "name": call.name, "input": call.input}})
        }
        Content::ToolResult { call, text, is_error } => {
            let content = if text.is_empty() { json!([]) } else { json!([{"text": text}]) };
            let status = if *is_error { "error" } else { "success" };
            json!({"toolResult": {"toolUseId": call, "content": content, "status": status}})
        }
        Content::Opaque(json) => {
            let raw = RawValue::from_string(json.clone()).map_err(|error| {
                ActionError::internal(format!("a part of a conversation with Bedrock is not JSON: {error}"))
            })?;
            return Ok(Block::Opaque(raw));
        }
    }))
}

/// The bytes of the schema that a reply must follow, which bound its tokens.
pub(crate) fn schema_bytes(request: &ModelRequest) -> u64 {
    request.reply_schema.as_ref().map_or(0, |schema| schema.to_string().len() as u64)
}

/// A token is at least one byte of the text, and the body is at least as long as the text in it, so the body's bytes bound
/// the tokens that we send.
pub(crate) fn tokens_at_most(request: &ModelRequest) -> u64 {
    let size = |json: Result<String, _>| json.map_or(u64::MAX, |json: String| json.len() as u64);
    let bytes = body(request).map_or(u64::MAX, |body| size(serde_json::to_string(&body)));
    let tools = request.tools.iter().map(|tool| tool.input_schema.to_string().len() as u64);
    let schemas = tools.sum::<u64>().saturating_add(schema_bytes(request));
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
    use domain::plugins::{Effort, ModelMessage, PromptBlock, ToolCall};

    const CLAUDE: &str = "eu.anthropic.claude-sonnet-5-5";

    fn cached(text: &str) -> PromptBlock {
        PromptBlock { text: text.into(), cache: true }
    }

    fn sent(request: &ModelRequest) -> Value {
        serde_json::to_value(body(request).unwrap()).unwrap()
    }

    #[test]
    fn every_part_has_the_services_form() {
        let call = ToolCall { id: "t1".into(), name: "read_file".into(), input: json!({"path": "a"}) };
        let result =
            |text: &str, is_error| Content::ToolResult { call: "t1".into(), text: text.into(), is_error };
        let image = Content::Image { media_type: "image/png".into(), base64: "AAAA".into() };
        let opaque = Part::new(Content::Opaque(r#"{"reasoningContent": {"b":1,"a":2}}"#.into()));
        let tool = ModelTool {
            name: "read_file".into(),
            description: String::new(),
            input_schema: json!({"type": "object"}),
        };
        let request = ModelRequest {
            system: vec![cached("Be brief."), cached("")],
            effort: Some(Effort::High),
            reply_schema: Some(json!({"type": "object", "properties": {}})),
            tools: vec![tool],
            messages: vec![
                ModelMessage::ours(vec![Part::text("Look"), Part::text(""), Part::new(image)]),
                ModelMessage {
                    speaker: Speaker::Model,
                    parts: vec![opaque, Part::new(Content::ToolCall(call))],
                },
                ModelMessage::ours(vec![
                    Part::new(result("", false)),
                    Part::new(result("no", true)).cached(),
                ]),
            ],
            ..ModelRequest::question(CLAUDE, Vec::new(), 500)
        };
        let mark = json!({"cachePoint": {"type": "default"}});
        let expected = json!({
            "system": [{"text": "Be brief."}, mark],
            "messages": [
                {"role": "user", "content": [{"text": "Look"}, {"image": {"format": "png", "source": {"bytes": "AAAA"}}}]},
                {"role": "assistant", "content": [
                    {"reasoningContent": {"b": 1, "a": 2}},
                    {"toolUse": {"toolUseId": "t1", "name": "read_file", "input": {"path": "a"}}}]},
                {"role": "user", "content": [
                    {"toolResult": {"toolUseId": "t1", "content": [], "status": "success"}},
                    {"toolResult": {"toolUseId": "t1", "content": [{"text": "no"}], "status": "error"}}, mark]}],
            "toolConfig": {"tools": [{"toolSpec": {"name": "read_file", "inputSchema": {"json": {"type": "object"}}}}]},
            "inferenceConfig": {"maxTokens": 500},
            "outputConfig": {"effort": "high", "textFormat": {"type": "json_schema", "structure": {"jsonSchema": {
                "schema": r#"{"type":"object","properties":{},"additionalProperties":false}"#, "name": "reply"}}}},
        });
        assert_eq!(sent(&request), expected);
        let text = serde_json::to_string(&body(&request).unwrap()).unwrap();
        assert!(text.contains(r#"{"reasoningContent": {"b":1,"a":2}}"#), "byte for byte: {text}");
        let counted = serde_json::to_value(counted_body(&request).unwrap()).unwrap();
        assert_eq!(counted["input"]["converse"]["messages"], expected["messages"]);
        assert!(counted["input"]["converse"].get("outputConfig").is_none());
        assert!(tokens_at_most(&request) > text.len() as u64);
    }

    #[test]
    fn the_last_four_marks_stay_where_the_model_takes_marks() {
        let parts: Vec<_> = (0..4).map(|number| Part::text(format!("{number}")).cached()).collect();
        let mut request =
            ModelRequest { system: vec![cached("s")], ..ModelRequest::question(CLAUDE, parts, 10) };
        let marks = |request: &ModelRequest| {
            let sent = sent(request);
            let of = |list: &Value| {
                list.as_array().unwrap().iter().filter(|block| block.get("cachePoint").is_some()).count()
            };
            (of(&sent["system"]), of(&sent["messages"][0]["content"]))
        };
        assert_eq!(marks(&request), (0, 4));
        request.model = "openai.gpt-oss-120b-1:0".into();
        assert_eq!(marks(&request), (0, 0));
    }

    #[test]
    fn a_picture_of_another_type_is_refused_before_it_is_sent() {
        let image = Content::Image { media_type: "image/tiff".into(), base64: "AAAA".into() };
        let request = ModelRequest::question(CLAUDE, vec![Part::new(image)], 10);
        let error = body(&request).unwrap_err();
        assert!(error.message.contains("image/tiff") && error.message.contains("image/png"), "{error}");
    }
}
