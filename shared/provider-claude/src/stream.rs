//! A reply as it comes, in [server-sent events](https://platform.claude.com/docs/en/build-with-claude/streaming).

use crate::reply::{Reply, ReportedUsage};
use domain::ActionError;
use domain::plugins::{ModelReply, Usage};
use http_client::ServerSentEvents;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// A reply in transit.
#[derive(Debug, Default)]
pub(crate) struct Stream {
    events: ServerSentEvents,
    model: String,
    usage: Option<ReportedUsage>,
    blocks: BTreeMap<usize, Block>,
    stop_reason: Option<String>,
    is_whole: bool,
    /// Why it can no longer become a reply.
    problem: Option<String>,
}

/// A block in transit.
#[derive(Debug)]
struct Block {
    fields: Map<String, Value>,
    /// The input of a call of a tool, whose JSON comes in pieces.
    input: String,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Event {
    MessageStart {
        message: Start,
    },
    ContentBlockStart {
        index: usize,
        content_block: Map<String, Value>,
    },
    ContentBlockDelta {
        index: usize,
        delta: Delta,
    },
    MessageDelta {
        delta: End,
        usage: ReportedSoFar,
    },
    MessageStop,
    Error {
        error: Value,
    },
    #[serde(other)]
    Other,
}

#[derive(Debug, Deserialize)]
struct Start {
    model: String,
    usage: ReportedUsage,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "type")]
enum Delta {
    #[serde(rename = "text_delta")]
    Text { text: String },
    #[serde(rename = "input_json_delta")]
    InputJson { partial_json: String },
    #[serde(rename = "thinking_delta")]
    Thinking { thinking: String },
    #[serde(rename = "signature_delta")]
    Signature { signature: String },
    #[serde(other)]
    Other,
}

#[derive(Debug, Deserialize)]
struct End {
    #[serde(default)]
    stop_reason: Option<String>,
}

/// Counts so far; absent fields have not changed.
#[derive(Debug, Deserialize)]
struct ReportedSoFar {
    output_tokens: u64,
    #[serde(default)]
    input_tokens: Option<u64>,
    #[serde(default)]
    cache_creation_input_tokens: Option<u64>,
    #[serde(default)]
    cache_read_input_tokens: Option<u64>,
}

impl Stream {
    /// Takes in more bytes. Returns the usage reported so far if it has changed.
    pub(crate) fn hear(&mut self, bytes: &[u8]) -> Option<Usage> {
        let before = self.reported();
        let mut events = std::mem::take(&mut self.events);
        events.hear(bytes, |data| match serde_json::from_str(data) {
            Ok(event) => self.happened(event),
            Err(error) => self.fail(format!("sent an event that cannot be read: {error}")),
        });
        self.events = events;
        self.reported().filter(|usage| Some(*usage) != before)
    }

    /// The usage reported so far.
    pub(crate) fn reported(&self) -> Option<Usage> {
        self.usage.as_ref().map(ReportedUsage::to_usage)
    }

    fn happened(&mut self, event: Event) {
        match event {
            Event::MessageStart { message } => {
                self.model = message.model;
                self.usage = Some(message.usage);
            }
            Event::ContentBlockStart { index, content_block } => {
                self.blocks.insert(index, Block { fields: content_block, input: String::new() });
            }
            Event::ContentBlockDelta { index, delta } => match self.blocks.get_mut(&index) {
                Some(block) => block.grow(delta),
                None => self.fail(format!("went on with block {index}, which it did not begin")),
            },
            Event::MessageDelta { delta, usage } => {
                self.stop_reason = delta.stop_reason.or(self.stop_reason.take());
                if let Some(reported) = &mut self.usage {
                    reported.output_tokens = usage.output_tokens;
                    reported.input_tokens = usage.input_tokens.unwrap_or(reported.input_tokens);
                    reported.cache_creation_input_tokens =
                        usage.cache_creation_input_tokens.or(reported.cache_creation_input_tokens);
                    reported.cache_read_input_tokens =
                        usage.cache_read_input_tokens.or(reported.cache_read_input_tokens);
                }
            }
            Event::MessageStop => self.is_whole = true,
            Event::Error { error } => {
                let said =
                    error["message"].as_str().or(error["type"].as_str()).unwrap_or("no reason was given");
                self.fail(format!("broke off its reply: {said}"));
            }
            Event::Other => {}
        }
    }

    fn fail(&mut self, problem: String) {
        self.problem.get_or_insert(problem);
    }

    /// The reply, once the answer is complete. Errors quote in full; the caller shortens them.
    ///
    /// # Errors
    /// `Unavailable` when the service broke it off or it cannot be read.
    pub(crate) fn finish(self, request_id: Option<String>) -> Result<ModelReply, ActionError> {
        let unusable = |problem: String| ActionError::unavailable(format!("Claude {problem}"));
        if let Some(problem) = self.problem {
            return Err(unusable(problem));
        }
        let usage = self.usage.filter(|_| self.is_whole);
        let usage = usage.ok_or_else(|| unusable("ended its answer before its reply".to_owned()))?;
        // A refusal and a full context window cut a reply off as its limit of tokens does.
        let is_cut = !matches!(self.stop_reason.as_deref(), Some("end_turn" | "stop_sequence" | "tool_use"));
        let mut content = Vec::new();
        let mut blocks = self.blocks.into_values().peekable();
        while let Some(block) = blocks.next() {
            // What was cut off may be the beginning of a call or of a thought even if it can be read. A text is used as far as it goes.
            if is_cut && blocks.peek().is_none() && !block.is_text() {
                break;
            }
            let json = block.into_json();
            content
                .push(json.map_err(|error| unusable(format!("called a tool with invalid JSON: {error}")))?);
        }
        let reply = Reply { model: self.model, content, stop_reason: self.stop_reason, usage };
        let unreadable = |error| unusable(format!("sent something that cannot be read: {error}"));
        reply.into_model_reply(request_id).map_err(unreadable)
    }
}

impl Block {
    fn grow(&mut self, delta: Delta) {
        let (field, more) = match delta {
            Delta::InputJson { partial_json } => return self.input.push_str(&partial_json),
            Delta::Text { text } => ("text", text),
            Delta::Thinking { thinking } => ("thinking", thinking),
            Delta::Signature { signature } => ("signature", signature),
            Delta::Other => return,
        };
        match self.fields.get_mut(field) {
            Some(Value::String(text)) => text.push_str(&more),
            _ => drop(self.fields.insert(field.to_owned(), more.into())),
        }
    }

    fn is_text(&self) -> bool {
        self.fields.get("type").is_some_and(|kind| kind == "text")
    }

    fn into_json(mut self) -> Result<Box<RawValue>, serde_json::Error> {
        if !self.input.is_empty() {
            self.fields.insert("input".to_owned(), serde_json::from_str(&self.input)?);
        }
        serde_json::value::to_raw_value(&self.fields)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::plugins::{Content, StopReason, ToolCall};
    use serde_json::json;

    const START: &str = r#"{"type":"message_start","message":{"model":"m","content":[],"usage":{"input_tokens":7,"cache_read_input_tokens":5,"output_tokens":1}}}"#;
    const STOP: &str = r#"{"type":"message_stop"}"#;

    fn events(events: &[&str]) -> String {
        let event = |data: &&str| format!("event: whatever\r\ndata: {data}\r\n\r\n");
        events.iter().map(event).collect()
    }

    fn ended(stop_reason: &str) -> String {
        format!(
            r#"{{"type":"message_delta","delta":{{"stop_reason":"{stop_reason}"}},"usage":{{"output_tokens":9}}}}"#
        )
    }

    /// Heard in pieces of so many bytes.
    fn heard(text: &str, size: usize) -> (Stream, Vec<Usage>) {
        let mut stream = Stream::default();
        let reported = text.as_bytes().chunks(size).filter_map(|piece| stream.hear(piece)).collect();
        (stream, reported)
    }

    #[test]
    fn pieces_become_the_whole_however_they_are_cut() {
        let text = events(&[
            START,
            r#"{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}"#,
            r#"{"type":"ping"}"#,
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"Hm\u00fc"}}"#,
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"c2ln"}}"#,
            r#"{"type":"content_block_stop","index":0}"#,
            r#"{"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}"#,
            r#"{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"I ü"}}"#,
            r#"{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"read."}}"#,
            r#"{"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"t","name":"read_file","input":{}}}"#,
            r#"{"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"{\"path\":"}}"#,
            r#"{"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"\"a\"}"}}"#,
            r#"{"type":"content_block_delta","index":2,"delta":{"type":"new_delta","news":1}}"#,
            &ended("tool_use"),
            STOP,
        ]);
        for size in [1, 2, 3, 7, 64, text.len()] {
            let (stream, reported) = heard(&text, size);
            let usage = |output_tokens| Usage {
                input_tokens: 7,
                cache_read_tokens: 5,
                output_tokens,
                ..Usage::default()
            };
            let last = reported.last().copied();
            assert_eq!(last, Some(usage(9)), "{size}");
            assert!(size > 64 || reported == [usage(1), usage(9)], "{size}: {reported:?}");
            let reply = stream.finish(Some("req_1".into())).unwrap();
            let call = ToolCall { id: "t".into(), name: "read_file".into(), input: json!({"path": "a"}) };
            assert_eq!((reply.text.as_str(), reply.calls), ("I üread.", vec![call]));
            assert_eq!((reply.stop, reply.usage), (StopReason::ToolCalls, usage(9)));
            let thought = r#"{"type":"thinking","thinking":"Hmü","signature":"c2ln"}"#;
            assert_eq!(reply.message.parts[0].content, Content::Opaque(thought.into()));
        }
    }

    #[test]
    fn what_is_not_whole_is_no_reply_but_says_what_it_used() {
        let begun = r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":"a"}}"#;
        let overloaded = r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#;
        let stray = r#"{"type":"content_block_delta","index":7,"delta":{"type":"text_delta","text":"a"}}"#;
        for (last, words) in [
            (begun, "ended its answer before"),
            (overloaded, "broke off its reply: Overloaded"),
            (stray, "block 7"),
            ("{", "cannot be read"),
        ] {
            let (stream, _) = heard(&events(&[START, last]), 10);
            assert_eq!(stream.reported().unwrap().input_tokens, 7);
            let error = stream.finish(None).unwrap_err();
            assert!(error.message.contains(words), "{error}");
        }
        assert!(Stream::default().finish(None).is_err());
    }

    #[test]
    fn the_call_of_a_cut_reply_is_not_made() {
        let call = r#"{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"t","name":"n","input":{}}}"#;
        let piece = r#"{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{\"path\":"}}"#;
        let of = |reason| heard(&events(&[START, call, piece, &ended(reason), STOP]), 50).0.finish(None);
        for (reason, stop) in [
            ("max_tokens", StopReason::Truncated),
            ("model_context_window_exceeded", StopReason::ContextFull),
            ("refusal", StopReason::Refused),
            ("terminated", StopReason::Other("terminated".into())),
        ] {
            let cut = of(reason).unwrap();
            assert_eq!((cut.stop, cut.calls, cut.message.parts), (stop, Vec::new(), Vec::new()), "{reason}");
        }
        assert!(of("tool_use").unwrap_err().message.contains("invalid JSON"));
    }

    #[test]
    fn only_the_calls_of_a_cut_reply_that_something_follows_are_whole() {
        let call = |index: u32, id: &str| {
            format!(
                r#"{{"type":"content_block_start","index":{index},"content_block":{{"type":"tool_use","id":"{id}","name":"n","input":{{}}}}}}"#
            )
        };
        let thought = r#"{"type":"content_block_start","index":2,"content_block":{"type":"thinking","thinking":"Hm","signature":""}}"#;
        for last in [call(2, "begun"), thought.to_owned()] {
            let text = events(&[START, &call(0, "one"), &call(1, "two"), &last, &ended("max_tokens"), STOP]);
            let reply = heard(&text, 50).0.finish(None).unwrap();
            let ids: Vec<_> = reply.calls.iter().map(|call| call.id.as_str()).collect();
            assert_eq!((ids, reply.message.parts.len()), (vec!["one", "two"], 2), "{last}");
        }
    }
}
