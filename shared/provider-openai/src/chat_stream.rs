//! A completion as it comes, in [chunks](https://platform.openai.com/docs/api-reference/chat-streaming).

use crate::chat::{Reply, error_of, model_reply};
use crate::chat_call::{Call, read_arguments, read_words};
use crate::reply::{ReportedUsage, not_whole};
use domain::ActionError;
use domain::plugins::{ModelReply, Usage};
use http_client::ServerSentEvents;
use serde::Deserialize;
use serde_json::Value;

/// A completion in transit.
#[derive(Debug, Default)]
pub(crate) struct ChatStream {
    events: ServerSentEvents,
    model: String,
    reply: Reply,
    /// With the index of each.
    calls: Vec<(usize, Call)>,
    finish_reason: Option<String>,
    usage: Option<ReportedUsage>,
    /// Why it can no longer become a reply.
    problem: Option<ActionError>,
}

#[derive(Debug, Deserialize)]
struct Chunk {
    #[serde(default)]
    model: Option<String>,
    #[serde(default)]
    choices: Option<Vec<Choice>>,
    #[serde(default)]
    usage: Option<ReportedUsage>,
    #[serde(default)]
    error: Option<Value>,
}

#[derive(Debug, Deserialize)]
struct Choice {
    #[serde(default)]
    delta: Option<Delta>,
    #[serde(default)]
    finish_reason: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
struct Delta {
    #[serde(default, deserialize_with = "read_words")]
    content: Option<String>,
    #[serde(default)]
    refusal: Option<String>,
    #[serde(default)]
    reasoning_content: Option<String>,
    #[serde(default)]
    tool_calls: Option<Vec<Piece>>,
}

/// A piece of a call.
#[derive(Debug, Deserialize)]
struct Piece {
    #[serde(default)]
    index: Option<usize>,
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    function: Option<FunctionPiece>,
    #[serde(default)]
    extra_content: Option<Value>,
}

#[derive(Debug, Deserialize)]
struct FunctionPiece {
    #[serde(default)]
    name: Option<String>,
    #[serde(default, deserialize_with = "read_arguments")]
    arguments: String,
}

impl ChatStream {
    /// Takes in more bytes. Returns the usage when the service reports it, which is at the end.
    pub(crate) fn hear(&mut self, bytes: &[u8]) -> Option<Usage> {
        let before = self.reported();
        let mut events = std::mem::take(&mut self.events);
        events.hear(bytes, |data| match data {
            "[DONE]" => {}
            data => match serde_json::from_str(data) {
                Ok(chunk) => self.happened(chunk),
                Err(error) => self.fail(format!("sent a chunk that cannot be read: {error}")),
            },
        });
        self.events = events;
        self.reported().filter(|usage| Some(*usage) != before)
    }

    /// The usage that was reported.
    pub(crate) fn reported(&self) -> Option<Usage> {
        self.usage.as_ref().map(ReportedUsage::to_usage)
    }

    fn happened(&mut self, chunk: Chunk) {
        self.usage = chunk.usage.or(self.usage.take());
        if let Some(error) = chunk.error {
            let has_begun = self.reply.has_begun() || !self.calls.is_empty();
            self.problem.get_or_insert_with(|| error_of(&error, has_begun));
            return;
        }
        if let Some(model) = chunk.model {
            self.model = model;
        }
        for Choice { delta, finish_reason } in chunk.choices.into_iter().flatten().take(1) {
            // Some servers write an empty one until the end.
            let finish_reason = finish_reason.filter(|reason| !reason.is_empty());
            self.finish_reason = finish_reason.or(self.finish_reason.take());
            let delta = delta.unwrap_or_default();
            if let Some(more) = delta.content {
                self.reply.content.get_or_insert_default().push_str(&more);
            }
            if let Some(more) = delta.refusal {
                self.reply.refusal.get_or_insert_default().push_str(&more);
            }
            if let Some(more) = delta.reasoning_content {
                self.reply.reasoning_content.get_or_insert_default().push_str(&more);
            }
            for piece in delta.tool_calls.into_iter().flatten() {
                let call = self.call_of(&piece);
                let Piece { id, function, extra_content, .. } = piece;
                if let Some(id) = id.filter(|id| !id.is_empty()) {
                    call.id = id;
                }
                if let Some(FunctionPiece { name, arguments }) = function {
                    call.function.name.push_str(&name.unwrap_or_default());
                    call.function.arguments.push_str(&arguments);
                }
                call.extra_content = extra_content.or(call.extra_content.take());
            }
        }
    }

    /// The call that a piece belongs to: the newest with its index, unless the piece begins another. Some servers give all calls the same index
    /// or none, and each call a name and an ID; others give each piece an ID of its own, but only the first one a name.
    fn call_of(&mut self, piece: &Piece) -> &mut Call {
        let index = piece.index.unwrap_or_default();
        let name = piece.function.as_ref().and_then(|function| function.name.as_deref()).unwrap_or_default();
        let id = piece.id.as_deref().unwrap_or_default();
        let begins_another = |known: &Call| {
            !name.is_empty() && !known.function.name.is_empty() && !id.is_empty() && id != known.id
        };
        let newest = self.calls.iter().rposition(|(at, _)| *at == index);
        let place = newest.filter(|place| !begins_another(&self.calls[*place].1)).unwrap_or_else(|| {
            self.calls.push((index, Call::default()));
            self.calls.len() - 1
        });
        &mut self.calls[place].1
    }

    fn fail(&mut self, problem: String) {
        self.problem.get_or_insert_with(|| not_whole(&problem));
    }

    /// The reply, once the answer is complete. Errors quote in full; the caller shortens them.
    ///
    /// # Errors
    /// As [`error_of`]; `Unavailable` also when it is not whole or cannot be read.
    pub(crate) fn finish(self, request_id: Option<String>) -> Result<ModelReply, ActionError> {
        if let Some(problem) = self.problem {
            return Err(problem);
        }
        if self.finish_reason.is_none() {
            return Err(not_whole("ended its answer before its reply"));
        }
        let mut calls = self.calls;
        calls.sort_by_key(|(index, _)| *index);
        let calls: Vec<Call> = calls.into_iter().map(|(_, call)| call).collect();
        let reply = Reply { tool_calls: Some(calls), ..self.reply };
        model_reply(reply, self.finish_reason.as_deref(), self.usage, self.model, request_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ErrorKind;
    use domain::plugins::{Content, StopReason, ToolCall};
    use serde_json::json;

    fn heard(chunks: &[&str], size: usize) -> ChatStream {
        let text: String = chunks.iter().map(|data| format!("data: {data}\n\n")).collect();
        let mut stream = ChatStream::default();
        for piece in text.as_bytes().chunks(size) {
            stream.hear(piece);
        }
        stream
    }

    const BEGUN: &str = r#"{"model":"m","choices":[{"delta":{"role":"assistant","content":"I "},"finish_reason":null}],"usage":null}"#;

    #[test]
    fn pieces_become_the_whole_however_they_are_cut() {
        let chunks = [
            BEGUN,
            r#"{"model":"m","choices":[{"delta":{"content":"lo\u00fck."},"finish_reason":null}]}"#,
            r#"{"model":"m","choices":[{"delta":{"tool_calls":[{"index":0,"id":"c","type":"function","function":{"name":"f","arguments":""}}]}}]}"#,
            r#"{"model":"m","choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"a\":"}}]}}]}"#,
            r#"{"model":"m","choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"1}"}}]}}]}"#,
            r#"{"model":"m","choices":[{"delta":{},"finish_reason":"tool_calls"}]}"#,
            r#"{"model":"m","choices":[],"usage":{"prompt_tokens":7,"completion_tokens":9,"total_tokens":16}}"#,
            "[DONE]",
        ];
        for size in [1, 7, 10_000] {
            let reply = heard(&chunks, size).finish(None).unwrap();
            let call = ToolCall { id: "c".into(), name: "f".into(), input: json!({"a": 1}) };
            assert_eq!(
                (reply.text.as_str(), reply.calls, reply.stop),
                ("I loük.", vec![call], StopReason::ToolCalls)
            );
            assert_eq!((reply.usage.input_tokens, reply.usage.output_tokens), (7, 9));
        }
    }

    #[test]
    fn reasoning_belongs_to_the_message_and_not_to_its_words() {
        let chunks = [
            r#"{"choices":[{"delta":{"content":null,"reasoning_content":"Let "}}]}"#,
            r#"{"choices":[{"delta":{"reasoning_content":"me look."}}]}"#,
            r#"{"choices":[{"delta":{"reasoning_content":null,"tool_calls":[{"index":0,"id":"c","function":{"name":"f","arguments":"{}"}}]}}]}"#,
            r#"{"choices":[{"delta":{},"finish_reason":"tool_calls"}]}"#,
        ];
        let reply = heard(&chunks, 7).finish(None).unwrap();
        assert_eq!((reply.text.as_str(), reply.calls.len()), ("", 1));
        let Content::Opaque(message) = &reply.message.parts[0].content else { panic!("{:?}", reply.message) };
        assert!(message.contains(r#""reasoning_content":"Let me look.""#), "{message}");
    }

    #[test]
    fn what_a_server_leaves_empty_says_nothing() {
        let chunks = [
            r#"{"model":"m","choices":[{"delta":{"content":"Yes."},"finish_reason":""}]}"#,
            r#"{"model":"m","choices":[{"delta":null,"finish_reason":"stop"}]}"#,
            r#"{"model":"m","choices":null,"usage":{"prompt_tokens":7,"completion_tokens":9}}"#,
        ];
        let reply = heard(&chunks, 10).finish(None).unwrap();
        assert_eq!((reply.text.as_str(), reply.stop), ("Yes.", StopReason::Complete));
        assert_eq!((reply.usage.input_tokens, reply.usage.output_tokens), (7, 9));
        let broken_off = heard(&chunks[..1], 10).finish(None).unwrap_err();
        assert!(broken_off.message.contains("ended its answer before"), "{broken_off}");
    }

    #[test]
    fn calls_that_a_server_numbers_alike_are_several() {
        let called = |pieces: &[Value]| {
            let chunk = |piece: &Value| json!({"choices": [{"delta": {"tool_calls": [piece]}}]}).to_string();
            let mut chunks: Vec<String> = pieces.iter().map(chunk).collect();
            chunks.push(r#"{"choices":[{"delta":{},"finish_reason":"tool_calls"}]}"#.to_owned());
            let chunks: Vec<&str> = chunks.iter().map(String::as_str).collect();
            heard(&chunks, 10_000).finish(None).unwrap().calls
        };
        let piece = |index: Value, id: &str, name: Value, arguments: &str| json!({"index": index, "id": id, "function": {"name": name, "arguments": arguments}});
        let call = |id: &str, a: u32| ToolCall { id: id.into(), name: "f".into(), input: json!({ "a": a }) };
        for index in [json!(0), Value::Null] {
            let all = [
                piece(index.clone(), "c", json!("f"), r#"{"a":1}"#),
                piece(index, "d", json!("f"), r#"{"a":2}"#),
            ];
            assert_eq!(called(&all), [call("c", 1), call("d", 2)]);
        }
        let in_pieces =
            [piece(json!(0), "c", json!("f"), r#"{"a""#), piece(json!(0), "d", Value::Null, ":1}")];
        assert_eq!(called(&in_pieces), [call("d", 1)], "each piece has an ID of its own");
    }

    #[test]
    fn words_come_as_a_list_and_arguments_as_json_from_some_servers() {
        let chunks = [
            r#"{"choices":[{"delta":{"content":[{"type":"thinking","thinking":[{"type":"text","text":"Hm"}]}]}}]}"#,
            r#"{"choices":[{"delta":{"content":[{"type":"text","text":"I "},{"type":"text","text":"look"}]}}]}"#,
            r#"{"choices":[{"delta":{"content":".","tool_calls":[{"index":0,"id":"c","function":{"name":"f","arguments":null}}]}}]}"#,
            r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"id":null,"function":{"name":null,"arguments":{"a":1}}}]}}]}"#,
            r#"{"choices":[{"delta":{},"finish_reason":"tool_calls"}]}"#,
        ];
        let reply = heard(&chunks, 7).finish(None).unwrap();
        let call = ToolCall { id: "c".into(), name: "f".into(), input: json!({"a": 1}) };
        assert_eq!((reply.text.as_str(), reply.calls), ("I look.", vec![call]));
    }

    #[test]
    fn what_a_server_adds_to_a_call_is_sent_back_with_it() {
        let chunks = [
            r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"c","function":{"name":"f","arguments":"{}"},"extra_content":{"google":{"thought_signature":"c2ln"}}}]}}]}"#,
            r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":""}}]},"finish_reason":"tool_calls"}]}"#,
        ];
        let reply = heard(&chunks, 7).finish(None).unwrap();
        let Content::Opaque(message) = &reply.message.parts[0].content else { panic!("{:?}", reply.message) };
        assert!(message.contains(r#""extra_content":{"google":{"thought_signature":"c2ln"}}"#), "{message}");
    }

    #[test]
    fn what_a_gateway_says_in_place_of_a_reply_keeps_its_kind() {
        let error = |code: &str| {
            format!(
                r#"{{"error":{{"code":{code},"message":"prompt is too long"}},"choices":[{{"delta":{{"content":""}},"finish_reason":"error"}}]}}"#
            )
        };
        for (code, kind) in
            [("400", ErrorKind::Rejected), ("429", ErrorKind::Throttled), ("502", ErrorKind::Unavailable)]
        {
            let failed = heard(&[error(code).as_str()], 10).finish(None).unwrap_err();
            assert_eq!(failed.kind, kind, "{code}");
            assert!(failed.message.contains("prompt is too long"), "{failed}");
            let begun = heard(&[BEGUN, error(code).as_str()], 10).finish(None).unwrap_err();
            assert_eq!(begun.kind, ErrorKind::Unavailable, "what came may be billed: {code}");
        }
        let billed = r#"{"error":{"code":429,"message":"Slow down"},"usage":{"prompt_tokens":5,"completion_tokens":2}}"#;
        assert_eq!(heard(&[billed], 10).reported().map(|usage| usage.output_tokens), Some(2));
    }

    #[test]
    fn what_is_not_whole_is_no_reply() {
        for (chunks, words) in [
            (vec![BEGUN], "ended its answer before"),
            (vec![BEGUN, r#"{"error":{"message":"Sorry"}}"#], "broke off its reply: Sorry"),
            (vec![BEGUN, "{"], "cannot be read"),
        ] {
            let error = heard(&chunks, 10).finish(None).unwrap_err();
            assert!(error.message.contains(words), "{error}");
        }
    }
}
