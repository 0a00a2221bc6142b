//! The service's answers.

use domain::plugins::{Content, ModelMessage, ModelReply, Part, Speaker, StopReason, ToolCall, Usage};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// The fields that are used of the answer of `Converse`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Reply {
    pub(crate) output: Output,
    pub(crate) stop_reason: String,
    pub(crate) usage: ReportedUsage,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Output {
    pub(crate) message: Said,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Said {
    pub(crate) content: Vec<Box<RawValue>>,
}

/// The fields that are read of a block of the reply, of which one is present. Other kinds are only sent back.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Block {
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    tool_use: Option<ToolUse>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ToolUse {
    tool_use_id: String,
    name: String,
    input: Value,
    /// Present if the service calls one of its own tools.
    #[serde(default, rename = "type")]
    kind: Option<String>,
}

/// The priced part of `usage`. `inputTokens` does not include tokens read from or written to a cache.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReportedUsage {
    input_tokens: u64,
    output_tokens: u64,
    #[serde(default)]
    cache_read_input_tokens: Option<u64>,
    #[serde(default)]
    cache_write_input_tokens: Option<u64>,
    #[serde(default)]
    cache_details: Option<Vec<CacheDetail>>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct CacheDetail {
    ttl: String,
    input_tokens: u64,
}

impl Reply {
    /// The reply of the model that was asked, with every block kept as the service wrote it, except for blank texts, which it says but
    /// does not take back.
    ///
    /// # Errors
    /// When a block does not have the form of its kind.
    pub(crate) fn into_model_reply(
        self,
        model: &str,
        request_id: Option<String>,
    ) -> Result<ModelReply, serde_json::Error> {
        let (mut text, mut calls, mut parts) = (String::new(), Vec::new(), Vec::new());
        for block in self.output.message.content {
            let read: Block = serde_json::from_str(block.get())?;
            let is_blank = read.text.as_deref().is_some_and(|said| said.trim().is_empty());
            text.extend(read.text);
            if is_blank {
                continue;
            }
            let call = read.tool_use.filter(|call| call.kind.is_none());
            calls.extend(call.map(|call| ToolCall {
                id: call.tool_use_id,
                name: call.name,
                input: call.input,
            }));
            parts.push(Part::new(Content::Opaque(block.get().to_owned())));
        }
        Ok(ModelReply {
            message: ModelMessage { speaker: Speaker::Model, parts },
            text,
            calls,
            stop: stop(&self.stop_reason),
            usage: self.usage.to_usage(),
            model: model.to_owned(),
            request_id,
        })
    }
}

fn stop(reason: &str) -> StopReason {
    match reason {
        "end_turn" | "stop_sequence" => StopReason::Complete,
        "tool_use" => StopReason::ToolCalls,
        "max_tokens" => StopReason::Truncated,
        "model_context_window_exceeded" => StopReason::ContextFull,
        "content_filtered" | "guardrail_intervened" | "refusal" => StopReason::Refused,
        other => StopReason::Other(other.to_owned()),
    }
}

impl ReportedUsage {
    pub(crate) fn to_usage(&self) -> Usage {
        let for_an_hour: u64 = self
            .cache_details
            .iter()
            .flatten()
            .filter(|detail| detail.ttl == "1h")
            .fold(0, |sum, detail| sum.saturating_add(detail.input_tokens));
        // Tokens missing from the details were written for five minutes, the default.
        let written = self.cache_write_input_tokens.unwrap_or_default();
        Usage {
            input_tokens: self.input_tokens,
            cache_read_tokens: self.cache_read_input_tokens.unwrap_or_default(),
            cache_write_5m_tokens: written.saturating_sub(for_an_hour),
            cache_write_1h_tokens: for_an_hour,
            output_tokens: self.output_tokens,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(content: &str, usage: Value) -> Result<ModelReply, serde_json::Error> {
        let text = format!(
            r#"{{"output":{{"message":{{"role":"assistant","content":[{content}]}}}},"stopReason":"tool_use","usage":{usage},"metrics":{{"latencyMs":1}}}}"#
        );
        serde_json::from_str::<Reply>(&text)?.into_model_reply("m", None)
    }

    #[test]
    fn what_was_said_is_kept_byte_for_byte() {
        let blocks = [
            r#"{"reasoningContent": {"reasoningText": {"text": "\u0041", "signature":"c2ln"}}}"#,
            r#"{"text":"I read it."}"#,
            r#"{"toolUse":{"toolUseId":"tooluse_1","name":"read_file","input":{"path":"a","line":1e2}}}"#,
            r#"{"toolUse":{"toolUseId":"srv_1","name":"search","input":{},"type":"server_tool_use"}}"#,
            r#"{"newKind":{"z":1,"a":2}}"#,
        ];
        let reply =
            read(&blocks.join(", "), json!({"inputTokens": 1, "outputTokens": 2, "totalTokens": 3})).unwrap();
        let expected = blocks.map(|block| Part::new(Content::Opaque(block.to_owned())));
        assert_eq!((reply.message.speaker, reply.message.parts), (Speaker::Model, expected.to_vec()));
        assert_eq!(
            (reply.text.as_str(), reply.stop, reply.calls.len()),
            ("I read it.", StopReason::ToolCalls, 1)
        );
        assert_eq!(reply.calls[0].input, json!({"path": "a", "line": 100.0}));
        let usage = json!({"inputTokens": 1, "outputTokens": 2});
        assert!(read(r#"{"toolUse":{"name":"x"}}"#, usage).is_err());
    }

    #[test]
    fn a_blank_text_is_not_sent_back() {
        let call = r#"{"toolUse":{"toolUseId":"tooluse_1","name":"list_files","input":{}}}"#;
        let usage = json!({"inputTokens": 1, "outputTokens": 2});
        let reply = read(&format!(r#"{{"text":""}},{{"text":" \n"}},{call}"#), usage).unwrap();
        assert_eq!(reply.message.parts, [Part::new(Content::Opaque(call.to_owned()))]);
    }

    #[test]
    fn usage_in_every_form() {
        let usage = |reported: Value| read("", reported).unwrap().usage;
        let plain = Usage { input_tokens: 1, output_tokens: 2, ..Usage::default() };
        assert_eq!(usage(json!({"inputTokens": 1, "outputTokens": 2, "totalTokens": 3})), plain);
        let cached = json!({"inputTokens": 1, "outputTokens": 2, "cacheReadInputTokens": 9, "cacheWriteInputTokens": 30,
            "cacheDetails": [{"ttl": "1h", "inputTokens": 20}, {"ttl": "5m", "inputTokens": 10}]});
        let expected =
            Usage { cache_read_tokens: 9, cache_write_5m_tokens: 10, cache_write_1h_tokens: 20, ..plain };
        assert_eq!(usage(cached), expected);
    }

    #[test]
    fn every_reason_to_stop() {
        for (reason, expected) in [
            ("end_turn", StopReason::Complete),
            ("max_tokens", StopReason::Truncated),
            ("model_context_window_exceeded", StopReason::ContextFull),
            ("guardrail_intervened", StopReason::Refused),
            ("content_filtered", StopReason::Refused),
            ("malformed_tool_use", StopReason::Other("malformed_tool_use".into())),
        ] {
            assert_eq!(stop(reason), expected);
        }
    }
}
