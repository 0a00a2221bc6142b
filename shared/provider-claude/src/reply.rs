//! The service's answers.

use domain::plugins::{Content, ModelMessage, ModelReply, Part, Speaker, StopReason, ToolCall, Usage};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// The fields that are used of the answer of `POST /v1/messages`.
#[derive(Debug, Deserialize)]
pub(crate) struct Reply {
    pub(crate) model: String,
    pub(crate) content: Vec<Box<RawValue>>,
    #[serde(default)]
    pub(crate) stop_reason: Option<String>,
    pub(crate) usage: ReportedUsage,
}

/// The fields that are read of a block of the reply. Kinds other than text and calls are only sent back.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Block {
    Text {
        text: String,
    },
    ToolUse {
        id: String,
        name: String,
        input: Value,
    },
    #[serde(other)]
    Other,
}

/// The priced part of `usage`.
#[derive(Debug, Deserialize)]
pub(crate) struct ReportedUsage {
    pub(crate) input_tokens: u64,
    pub(crate) output_tokens: u64,
    #[serde(default)]
    pub(crate) cache_creation_input_tokens: Option<u64>,
    #[serde(default)]
    pub(crate) cache_read_input_tokens: Option<u64>,
    #[serde(default)]
    cache_creation: Option<CacheCreation>,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
struct CacheCreation {
    #[serde(default)]
    ephemeral_1h_input_tokens: u64,
    #[serde(default)]
    ephemeral_5m_input_tokens: u64,
}

impl Reply {
    /// The reply, with every block kept as the service wrote it, except for blank texts, which it says but does not take back.
    ///
    /// # Errors
    /// When a block does not have the form of its kind.
    pub(crate) fn into_model_reply(
        self,
        request_id: Option<String>,
    ) -> Result<ModelReply, serde_json::Error> {
        let (mut text, mut calls, mut parts) = (String::new(), Vec::new(), Vec::new());
        for block in self.content {
            match serde_json::from_str(block.get())? {
                Block::Text { text: more } => {
                    text.push_str(&more);
                    if more.trim().is_empty() {
                        continue;
                    }
                }
                Block::ToolUse { id, name, input } => calls.push(ToolCall { id, name, input }),
                Block::Other => {}
            }
            parts.push(Part::new(Content::Opaque(block.get().to_owned())));
        }
        Ok(ModelReply {
            message: ModelMessage { speaker: Speaker::Model, parts },
            text,
            calls,
            stop: stop(self.stop_reason.as_deref()),
            usage: self.usage.to_usage(),
            model: self.model,
            request_id,
        })
    }
}

fn stop(reason: Option<&str>) -> StopReason {
    match reason {
        Some("end_turn" | "stop_sequence") => StopReason::Complete,
        Some("tool_use") => StopReason::ToolCalls,
        Some("max_tokens") => StopReason::Truncated,
        Some("model_context_window_exceeded") => StopReason::ContextFull,
        Some("refusal") => StopReason::Refused,
        Some(other) => StopReason::Other(other.to_owned()),
        None => StopReason::Other("no reason".to_owned()),
    }
}

impl ReportedUsage {
    pub(crate) fn to_usage(&self) -> Usage {
        let written = self.cache_creation.unwrap_or_default();
        let total = self.cache_creation_input_tokens.unwrap_or_default();
        // Tokens missing from the breakdown were written for five minutes, the default.
        let rest = total
            .saturating_sub(written.ephemeral_1h_input_tokens)
            .saturating_sub(written.ephemeral_5m_input_tokens);
        Usage {
            input_tokens: self.input_tokens,
            cache_read_tokens: self.cache_read_input_tokens.unwrap_or_default(),
            cache_write_5m_tokens: written.ephemeral_5m_input_tokens.saturating_add(rest),
            cache_write_1h_tokens: written.ephemeral_1h_input_tokens,
            output_tokens: self.output_tokens,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn check(usage: Value, expected: Usage) {
        let reply = json!({"id": "msg_1", "type": "message", "role": "assistant", "model": "m",
            "content": [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "a", "citations": null}, {"type": "text", "text": "b"}],
            "stop_reason": "end_turn", "usage": usage});
        let reply: Reply = serde_json::from_str(&reply.to_string()).unwrap();
        let reply = reply.into_model_reply(Some("req_1".into())).unwrap();
        assert_eq!((reply.text.as_str(), reply.stop, reply.usage), ("ab", StopReason::Complete, expected));
    }

    #[test]
    fn usage_in_every_form() {
        let usage = Usage { input_tokens: 1, output_tokens: 2, ..Usage::default() };
        check(json!({"input_tokens": 1, "output_tokens": 2}), usage);
        check(
            json!({"input_tokens": 1, "output_tokens": 2, "cache_creation_input_tokens": null,
                   "cache_read_input_tokens": null, "cache_creation": null}),
            usage,
        );
        check(
            json!({"input_tokens": 1, "output_tokens": 2, "cache_creation_input_tokens": 7}),
            Usage { cache_write_5m_tokens: 7, ..usage },
        );
        check(
            json!({"input_tokens": 1, "output_tokens": 2, "cache_creation_input_tokens": 30,
                   "cache_read_input_tokens": 9,
                   "cache_creation": {"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 20}}),
            Usage { cache_read_tokens: 9, cache_write_5m_tokens: 10, cache_write_1h_tokens: 20, ..usage },
        );
    }

    #[test]
    fn what_was_said_is_kept_byte_for_byte() {
        let blocks = [
            r#"{"type": "thinking", "thinking": "\u0041", "signature":"c2ln"}"#,
            r#"{"type":"text","text":"I read it.","citations":null}"#,
            r#"{"type":"tool_use","id":"toolu_1","name":"read_file","input":{"path":"a","line":1e2}}"#,
        ];
        let text = format!(
            r#"{{"model":"m","content":[{}],"stop_reason":"tool_use","usage":{{"input_tokens":1,"output_tokens":2}}}}"#,
            blocks.join(", ")
        );
        let reply: Reply = serde_json::from_str(&text).unwrap();
        let reply = reply.into_model_reply(None).unwrap();
        let expected = blocks.map(|block| Part::new(Content::Opaque(block.to_owned())));
        assert_eq!((reply.message.speaker, reply.message.parts), (Speaker::Model, expected.to_vec()));
        let call = ToolCall {
            id: "toolu_1".into(),
            name: "read_file".into(),
            input: json!({"path": "a", "line": 100.0}),
        };
        assert_eq!(
            (reply.text.as_str(), reply.calls, reply.stop),
            ("I read it.", vec![call], StopReason::ToolCalls)
        );
        let unnamed = r#"{"model":"m","content":[{"type":"tool_use","id":"1"}],"usage":{"input_tokens":1,"output_tokens":2}}"#;
        assert!(serde_json::from_str::<Reply>(unnamed).unwrap().into_model_reply(None).is_err());
    }

    #[test]
    fn a_blank_text_is_not_sent_back() {
        let blocks = [
            r#"{"type":"text","text":""},{"type":"text","text":" \n"}"#,
            r#"{"type":"tool_use","id":"toolu_1","name":"list_files","input":{}}"#,
        ];
        let text = format!(
            r#"{{"model":"m","content":[{}],"stop_reason":"tool_use","usage":{{"input_tokens":1,"output_tokens":2}}}}"#,
            blocks.join(",")
        );
        let reply = serde_json::from_str::<Reply>(&text).unwrap().into_model_reply(None).unwrap();
        assert_eq!(reply.message.parts, [Part::new(Content::Opaque(blocks[1].to_owned()))]);
    }

    #[test]
    fn every_reason_to_stop() {
        assert_eq!(stop(Some("stop_sequence")), StopReason::Complete);
        assert_eq!(stop(Some("tool_use")), StopReason::ToolCalls);
        assert_eq!(stop(Some("max_tokens")), StopReason::Truncated);
        assert_eq!(stop(Some("model_context_window_exceeded")), StopReason::ContextFull);
        assert_eq!(stop(Some("refusal")), StopReason::Refused);
        assert_eq!(stop(Some("pause_turn")), StopReason::Other("pause_turn".into()));
        assert_eq!(stop(None), StopReason::Other("no reason".into()));
    }
}
