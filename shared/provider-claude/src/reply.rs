//! What comes back.

use domain::plugins::{ModelReply, StopReason, Usage};
use serde::Deserialize;

/// The answer of `POST /v1/messages`, as far as it is used.
#[derive(Debug, Deserialize)]
pub(crate) struct Reply {
    model: String,
    content: Vec<Content>,
    #[serde(default)]
    stop_reason: Option<String>,
    usage: ReportedUsage,
}

/// A block of the reply. Kinds other than text carry no answer.
#[derive(Debug, Deserialize)]
struct Content {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    text: Option<String>,
}

#[derive(Debug, Deserialize)]
struct ReportedUsage {
    input_tokens: u64,
    output_tokens: u64,
    #[serde(default)]
    cache_creation_input_tokens: Option<u64>,
    #[serde(default)]
    cache_read_input_tokens: Option<u64>,
    #[serde(default)]
    cache_creation: Option<CacheCreation>,
}

#[derive(Debug, Default, Deserialize)]
struct CacheCreation {
    #[serde(default)]
    ephemeral_1h_input_tokens: u64,
    #[serde(default)]
    ephemeral_5m_input_tokens: u64,
}

impl Reply {
    pub(crate) fn into_model_reply(self, request_id: Option<String>) -> ModelReply {
        let texts = self.content.into_iter().filter(|block| block.kind == "text");
        ModelReply {
            text: texts.filter_map(|block| block.text).collect(),
            stop: stop(self.stop_reason.as_deref()),
            usage: self.usage.into_usage(),
            model: self.model,
            request_id,
        }
    }
}

fn stop(reason: Option<&str>) -> StopReason {
    match reason {
        Some("end_turn" | "stop_sequence") => StopReason::Complete,
        Some("max_tokens" | "model_context_window_exceeded") => StopReason::Truncated,
        Some("refusal") => StopReason::Refused,
        Some(other) => StopReason::Other(other.to_owned()),
        None => StopReason::Other("no reason".to_owned()),
    }
}

impl ReportedUsage {
    fn into_usage(self) -> Usage {
        let written = self.cache_creation.unwrap_or_default();
        let total = self.cache_creation_input_tokens.unwrap_or_default();
        // What the break-down leaves out was written for five minutes, the default.
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
        let reply: Reply = serde_json::from_value(reply).unwrap();
        let reply = reply.into_model_reply(Some("req_1".into()));
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
    fn every_reason_to_stop() {
        assert_eq!(stop(Some("stop_sequence")), StopReason::Complete);
        assert_eq!(stop(Some("max_tokens")), StopReason::Truncated);
        assert_eq!(stop(Some("model_context_window_exceeded")), StopReason::Truncated);
        assert_eq!(stop(Some("refusal")), StopReason::Refused);
        assert_eq!(stop(Some("pause_turn")), StopReason::Other("pause_turn".into()));
        assert_eq!(stop(None), StopReason::Other("no reason".into()));
    }
}
