//! The requests to and answers of the Chat Completions API.

use crate::chat_call::{Call, read_words};
use crate::reply::{ReportedUsage, after_output, broken_off, not_whole};
use crate::request::{data_url, instructions, is_sent, raw, result};
use crate::schema::accepted_schema;
use domain::ActionError;
use domain::plugins::{
    Content, ModelMessage, ModelReply, ModelRequest, ModelTool, Part, Speaker, StopReason, Usage,
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

/// A body of `POST /chat/completions`.
#[derive(Debug, Serialize)]
pub(crate) struct Body<'r> {
    model: &'r str,
    messages: Vec<Message>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_format: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_effort: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u32>,
    /// The name that every compatible server knows, and that OpenAI's own models refuse.
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_options: Option<Value>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Message {
    Ours(Value),
    /// As the service wrote it.
    Opaque(Box<RawValue>),
}

/// The body that asks for a reply, as it comes or whole.
///
/// # Errors
/// `Internal` when an opaque part is not JSON.
pub(crate) fn body(request: &ModelRequest, stream: bool) -> Result<Body<'_>, ActionError> {
    let mut messages = Vec::new();
    messages
        .extend(instructions(request).map(|text| Message::Ours(json!({"role": "system", "content": text}))));
    for message in &request.messages {
        match message.speaker {
            Speaker::User => add_ours(message, &mut messages)?,
            Speaker::Model => add_models(message, &mut messages)?,
        }
    }
    let tool = |tool: &ModelTool| {
        json!({"type": "function", "function": {
            "name": tool.name, "description": tool.description, "parameters": tool.input_schema}})
    };
    let format = |schema| {
        json!({"type": "json_schema",
               "json_schema": {"name": "reply", "schema": accepted_schema(schema), "strict": true}})
    };
    let (is_vendors, most) = (is_vendors_model(&request.model), request.max_output_tokens);
    Ok(Body {
        model: &request.model,
        messages,
        tools: request.tools.iter().map(tool).collect(),
        response_format: request.reply_schema.as_ref().map(format),
        reasoning_effort: request.effort.map(|effort| effort.as_str()),
        max_completion_tokens: is_vendors.then_some(most),
        max_tokens: (!is_vendors).then_some(most),
        stream,
        stream_options: stream.then(|| json!({"include_usage": true})),
    })
}

/// Whether a model is one that only OpenAI serves. The models that it gives away are served by others.
pub(crate) fn is_vendors_model(model: &str) -> bool {
    let is_o = || model.strip_prefix('o').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    (model.starts_with("gpt-") && !model.starts_with("gpt-oss")) || model.starts_with("codex-") || is_o()
}

/// Adds our messages: each result of a call is a separate message.
fn add_ours(message: &ModelMessage, messages: &mut Vec<Message>) -> Result<(), ActionError> {
    let mut content = Vec::new();
    for part in message.parts.iter().filter(|part| is_sent(part)) {
        match &part.content {
            Content::Text(text) => content.push(json!({"type": "text", "text": text})),
            Content::Image { media_type, base64 } => {
                let url = data_url(media_type, base64);
                content.push(json!({"type": "image_url", "image_url": {"url": url, "detail": "high"}}));
            }
            Content::ToolResult { call, text, is_error } => messages.push(Message::Ours(json!({
                "role": "tool", "tool_call_id": call, "content": result(text, *is_error),
            }))),
            Content::Opaque(json) => messages.push(Message::Opaque(raw(json)?)),
            Content::ToolCall(_) => {}
        }
    }
    if !content.is_empty() {
        // Some servers, such as DeepSeek's, accept no list.
        let texts: Option<Vec<&str>> = content.iter().map(|part| part["text"].as_str()).collect();
        let content = texts.map_or_else(|| json!(content), |texts| texts.join("\n\n").into());
        messages.push(Message::Ours(json!({"role": "user", "content": content})));
    }
    Ok(())
}

/// Adds the model's message, as it came or built from its text and calls.
fn add_models(message: &ModelMessage, messages: &mut Vec<Message>) -> Result<(), ActionError> {
    let (mut words, mut calls) = (String::new(), Vec::new());
    for part in &message.parts {
        match &part.content {
            Content::Opaque(json) => messages.push(Message::Opaque(raw(json)?)),
            Content::Text(text) => words.push_str(text),
            Content::ToolCall(call) => calls.push(json!({
                "id": call.id, "type": "function",
                "function": {"name": call.name, "arguments": call.input.to_string()},
            })),
            Content::Image { .. } | Content::ToolResult { .. } => {}
        }
    }
    if !words.is_empty() || !calls.is_empty() {
        messages.push(Message::Ours(said(&words, "", None, &calls)));
    }
    Ok(())
}

/// The fields of a model's message that are sent back. Its reasoning is one if it came as `reasoning_content`: servers that name it so refuse
/// a conversation whose calls lack it (<https://api-docs.deepseek.com/guides/thinking_mode#tool-calls>). A server's other additions are not for
/// it to read again.
fn said(words: &str, refusal: &str, reasoning: Option<&str>, calls: &[Value]) -> Value {
    let mut message = json!({"role": "assistant"});
    if !words.is_empty() {
        message["content"] = words.into();
    }
    if !refusal.is_empty() {
        message["refusal"] = refusal.into();
    }
    if let Some(reasoning) = reasoning {
        message["reasoning_content"] = reasoning.into();
    }
    if !calls.is_empty() {
        message["tool_calls"] = calls.into();
    }
    message
}

/// The fields that are used of a completion.
#[derive(Debug, Deserialize)]
pub(crate) struct Completion {
    #[serde(default)]
    model: String,
    #[serde(default)]
    choices: Option<Vec<Choice>>,
    #[serde(default)]
    usage: Option<ReportedUsage>,
    /// Why there is no reply, which a gateway may say with the status 200.
    #[serde(default)]
    error: Option<Value>,
}

#[derive(Debug, Deserialize)]
struct Choice {
    message: Reply,
    #[serde(default)]
    finish_reason: Option<String>,
}

/// The model's words and calls, complete or so far.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Reply {
    #[serde(default, deserialize_with = "read_words")]
    pub(crate) content: Option<String>,
    #[serde(default)]
    pub(crate) refusal: Option<String>,
    #[serde(default)]
    pub(crate) reasoning_content: Option<String>,
    #[serde(default)]
    pub(crate) tool_calls: Option<Vec<Call>>,
}

impl Reply {
    /// Whether any of it has come.
    pub(crate) fn has_begun(&self) -> bool {
        let Self { content, refusal, reasoning_content, tool_calls } = self;
        let mut texts = [content, refusal, reasoning_content].into_iter().flatten();
        texts.any(|text| !text.is_empty()) || tool_calls.as_ref().is_some_and(|calls| !calls.is_empty())
    }
}

impl Completion {
    /// The usage that was reported.
    pub(crate) fn reported(&self) -> Option<Usage> {
        self.usage.as_ref().map(ReportedUsage::to_usage)
    }

    /// The reply. Errors quote in full; the caller shortens them.
    ///
    /// # Errors
    /// As [`error_of`] and [`model_reply`]; `Unavailable` when there is none.
    pub(crate) fn into_model_reply(self, request_id: Option<String>) -> Result<ModelReply, ActionError> {
        let choice = self.choices.into_iter().flatten().next();
        if let Some(error) = self.error {
            return Err(error_of(&error, choice.is_some_and(|choice| choice.message.has_begun())));
        }
        let choice = choice.ok_or_else(|| ActionError::unavailable("OpenAI's reply has no choice"))?;
        model_reply(choice.message, choice.finish_reason.as_deref(), self.usage, self.model, request_id)
    }
}

/// The error that a server sends in place of a reply, or of the rest of one that has begun.
pub(crate) fn error_of(error: &Value, has_begun: bool) -> ActionError {
    let said = error["message"].as_str().or(error.as_str()).unwrap_or("no reason was given");
    after_output(has_begun, broken_off(said, &error["code"]))
}

/// A whole reply.
///
/// # Errors
/// `Unavailable` when the server says that it failed, or a call has no ID, which its result needs.
pub(crate) fn model_reply(
    reply: Reply,
    finish_reason: Option<&str>,
    usage: Option<ReportedUsage>,
    model: String,
    request_id: Option<String>,
) -> Result<ModelReply, ActionError> {
    // So a gateway and DeepSeek (<https://api-docs.deepseek.com/api/create-chat-completion>) say it.
    if let Some("error" | "insufficient_system_resource") = finish_reason {
        return Err(not_whole("broke off its reply"));
    }
    let (words, refusal) = (reply.content.unwrap_or_default(), reply.refusal.unwrap_or_default());
    let mut called = reply.tool_calls.unwrap_or_default();
    // The last call of a reply that was cut off is not made: it may be only the beginning of one, even if it can be read.
    if finish_reason == Some("length") {
        called.pop();
        called.retain(|call| serde_json::from_str::<Value>(&call.function.arguments).is_ok());
    }
    if called.iter().any(|call| call.id.is_empty()) {
        return Err(ActionError::unavailable("OpenAI called a function without an id"));
    }
    let calls: Vec<Value> = called.iter().map(Call::sent_back).collect();
    let message = said(&words, &refusal, reply.reasoning_content.as_deref(), &calls);
    let is_empty = words.is_empty() && refusal.is_empty() && called.is_empty();
    let stop = match finish_reason {
        Some("length") => StopReason::Truncated,
        Some("content_filter") => StopReason::Refused,
        _ if !refusal.is_empty() => StopReason::Refused,
        // Some servers say `stop` after a call.
        Some("stop" | "tool_calls" | "function_call") if !called.is_empty() => StopReason::ToolCalls,
        Some("stop") => StopReason::Complete,
        other => StopReason::Other(other.unwrap_or("no reason").to_owned()),
    };
    let parts = if is_empty { Vec::new() } else { vec![Part::new(Content::Opaque(message.to_string()))] };
    Ok(ModelReply {
        message: ModelMessage { speaker: Speaker::Model, parts },
        text: words + &refusal,
        calls: called.into_iter().map(Call::into_tool_call).collect(),
        stop,
        usage: usage.unwrap_or_default().to_usage(),
        model,
        request_id,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ErrorKind;
    use domain::plugins::ToolCall;

    #[test]
    fn the_form_of_a_conversation() {
        let call = ToolCall { id: "call_1".into(), name: "f".into(), input: json!({"a": 1}) };
        let told = Content::ToolResult { call: "call_1".into(), text: "ok".into(), is_error: false };
        let earlier = r#"{"role":"assistant", "content":"I look.\u0041"}"#;
        let asked = |model: &str| ModelRequest {
            messages: vec![
                ModelMessage::ours(vec![Part::text("What?")]),
                ModelMessage {
                    speaker: Speaker::Model,
                    parts: vec![Part::new(Content::Opaque(earlier.into()))],
                },
                ModelMessage::ours(vec![Part::text("Go on")]),
                ModelMessage {
                    speaker: Speaker::Model,
                    parts: vec![Part::text("Yes."), Part::new(Content::ToolCall(call.clone()))],
                },
                ModelMessage::ours(vec![Part::new(told.clone()), Part::text("Well?")]),
            ],
            ..ModelRequest::question(model, Vec::new(), 100)
        };
        let asked_of_other = asked("qwen");
        let bytes = serde_json::to_string(&body(&asked_of_other, true).unwrap()).unwrap();
        assert!(bytes.contains(earlier), "{bytes}");
        assert_eq!(
            serde_json::from_str::<Value>(&bytes).unwrap(),
            json!({
                "model": "qwen", "max_tokens": 100, "stream": true, "stream_options": {"include_usage": true},
                "messages": [
                    {"role": "user", "content": "What?"},
                    {"role": "assistant", "content": "I look.A"},
                    {"role": "user", "content": "Go on"},
                    {"role": "assistant", "content": "Yes.", "tool_calls": [
                        {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{\"a\":1}"}}]},
                    {"role": "tool", "tool_call_id": "call_1", "content": "ok"},
                    {"role": "user", "content": "Well?"}]})
        );
        let vendors = asked("gpt-5.6-terra");
        let sent = serde_json::to_value(body(&vendors, false).unwrap()).unwrap();
        assert_eq!((&sent["max_completion_tokens"], sent.get("max_tokens")), (&json!(100), None));
        for (model, is) in [("o3-mini", true), ("gpt-5", true), ("gpt-oss-120b", false), ("olmo", false)] {
            assert_eq!(is_vendors_model(model), is, "{model}");
        }
    }

    #[test]
    fn words_are_a_text_and_words_with_a_picture_a_list() {
        let sent = |parts: Vec<Part>| {
            let asked = ModelRequest::question("qwen", parts, 100);
            serde_json::to_value(body(&asked, false).unwrap()).unwrap()["messages"][0]["content"].clone()
        };
        assert_eq!(sent(vec![Part::text("a"), Part::text("b")]), "a\n\nb");
        let picture = Content::Image { media_type: "image/png".into(), base64: "AA==".into() };
        let with_picture = sent(vec![Part::text("a"), Part::new(picture)]);
        assert_eq!(with_picture[0], json!({"type": "text", "text": "a"}));
        assert_eq!(with_picture[1]["type"], "image_url");
    }

    #[test]
    fn every_end_of_a_reply() {
        let of = |message: Value, reason: Value| {
            let completion = json!({"model": "m", "choices": [{"message": message, "finish_reason": reason}],
                                    "usage": {"prompt_tokens": 5, "completion_tokens": 7, "prompt_tokens_details": {"cached_tokens": 4}}});
            serde_json::from_value::<Completion>(completion).unwrap().into_model_reply(None)
        };
        let call = |arguments: &str| {
            json!({"content": null, "reasoning_content": "hm", "tool_calls": [
            {"id": "c", "type": "function", "function": {"name": "f", "arguments": arguments}}]})
        };
        let called = of(call("{}"), json!("stop")).unwrap();
        assert_eq!((called.stop, called.calls.len()), (StopReason::ToolCalls, 1));
        assert_eq!(
            (called.usage.input_tokens, called.usage.cache_read_tokens, called.usage.output_tokens),
            (1, 4, 7)
        );
        let kept = r#"{"role":"assistant","reasoning_content":"hm","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]}"#;
        assert_eq!(
            called.message.parts,
            [Part::new(Content::Opaque(kept.into()))],
            "reasoning is sent back with the calls"
        );
        let cut = of(call("{\"a"), json!("length")).unwrap();
        assert_eq!((cut.stop, cut.calls.len()), (StopReason::Truncated, 0));
        let mut two = call("{}");
        let second = json!({"id": "d", "type": "function", "function": {"name": "g", "arguments": "{}"}});
        two["tool_calls"].as_array_mut().unwrap().push(second);
        let cut = of(two, json!("length")).unwrap();
        let called: Vec<_> = cut.calls.iter().map(|call| call.id.as_str()).collect();
        assert_eq!((cut.stop, called), (StopReason::Truncated, vec!["c"]));
        assert_eq!(of(json!({"content": "a"}), json!("stop")).unwrap().stop, StopReason::Complete);
        assert_eq!(of(json!({"content": "a"}), json!("content_filter")).unwrap().stop, StopReason::Refused);
        assert_eq!(of(json!({"refusal": "No."}), json!("stop")).unwrap().stop, StopReason::Refused);
        assert_eq!(
            of(json!({"content": "a"}), json!(null)).unwrap().stop,
            StopReason::Other("no reason".into())
        );
        assert!(of(json!({"content": ""}), json!("stop")).unwrap().message.parts.is_empty());
        let nameless = json!({"tool_calls": [{"function": {"name": "f", "arguments": "{}"}}]});
        assert!(of(nameless, json!("tool_calls")).is_err());
        for failed in ["error", "insufficient_system_resource"] {
            let error = of(json!({"content": "a"}), json!(failed)).unwrap_err();
            assert_eq!(error.kind, ErrorKind::Unavailable, "it is asked again: {failed}");
        }
        let refused = json!({"error": {"code": 429, "message": "Slow down"}});
        let refused =
            serde_json::from_value::<Completion>(refused).unwrap().into_model_reply(None).unwrap_err();
        assert_eq!((refused.kind, refused.message.contains("Slow down")), (ErrorKind::Throttled, true));
        for (message, kind) in [
            (json!({"content": ""}), ErrorKind::Throttled),
            (json!({"content": "a"}), ErrorKind::Unavailable),
            (json!({"reasoning_content": "hm"}), ErrorKind::Unavailable),
            (call("{"), ErrorKind::Unavailable),
        ] {
            let begun = json!({"choices": [{"message": message}], "error": {"code": 429, "message": "Slow"}});
            let begun = serde_json::from_value::<Completion>(begun).unwrap().into_model_reply(None);
            assert_eq!(begun.unwrap_err().kind, kind, "what came may be billed: {message}");
        }
        let none = json!({"model": "m", "choices": []});
        assert!(serde_json::from_value::<Completion>(none).unwrap().into_model_reply(None).is_err());
    }
}
