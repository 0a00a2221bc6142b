//! A response as it comes, in [events](https://platform.openai.com/docs/api-reference/responses-streaming).

use crate::reply::{Reply, after_output, broken_off, not_whole};
use domain::ActionError;
use domain::plugins::{ModelReply, Usage};
use http_client::ServerSentEvents;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// A response in transit.
#[derive(Debug, Default)]
pub(crate) struct Stream {
    events: ServerSentEvents,
    /// The complete items. Only these are sure to have the encrypted reasoning.
    items: BTreeMap<usize, Box<RawValue>>,
    /// Whether any of the output has come.
    has_begun: bool,
    reply: Option<Reply>,
    /// Why it can no longer become a reply.
    problem: Option<ActionError>,
}

/// The fields that are used of an event.
#[derive(Debug, Deserialize)]
struct Event {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    output_index: usize,
    #[serde(default)]
    item: Option<Box<RawValue>>,
    #[serde(default)]
    response: Option<Box<RawValue>>,
    #[serde(default)]
    message: Option<String>,
    #[serde(default)]
    code: Value,
    /// What an error is about. It is documented to have its fields beside this, but comes with them in it.
    #[serde(default)]
    error: Value,
}

impl Stream {
    /// Takes in more bytes. Returns the usage when the service reports it, which is at the end.
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

    /// The usage that was reported.
    pub(crate) fn reported(&self) -> Option<Usage> {
        self.reply.as_ref().and_then(Reply::reported)
    }

    fn happened(&mut self, event: Event) {
        match event.kind.as_str() {
            "response.output_item.added" => self.has_begun = true,
            "response.output_item.done" => {
                self.has_begun = true;
                if let Some(item) = event.item {
                    self.items.insert(event.output_index, item);
                }
            }
            "response.completed" | "response.incomplete" | "response.failed" => {
                let read = event.response.as_deref().map(|response| serde_json::from_str(response.get()));
                match read {
                    Some(Ok(reply)) => self.reply = Some(reply),
                    Some(Err(error)) => self.fail(format!("sent a response that cannot be read: {error}")),
                    None => self.fail("ended without a response".to_owned()),
                }
            }
            "error" => {
                let said = event.error["message"].as_str().or(event.message.as_deref());
                let code = if event.error["code"].is_null() { &event.code } else { &event.error["code"] };
                let error = broken_off(said.unwrap_or("no reason was given"), code);
                self.problem.get_or_insert(error);
            }
            _ => {}
        }
    }

    fn fail(&mut self, problem: String) {
        self.problem.get_or_insert_with(|| not_whole(&problem));
    }

    /// The reply, once the answer is complete. Errors quote in full; the caller shortens them.
    ///
    /// # Errors
    /// As [`Reply::into_model_reply`]; `Unavailable` also when it is not whole, and for each error after the output began.
    pub(crate) fn finish(self, request_id: Option<String>) -> Result<ModelReply, ActionError> {
        let has_begun = self.has_begun;
        self.into_model_reply(request_id).map_err(|error| after_output(has_begun, error))
    }

    fn into_model_reply(self, request_id: Option<String>) -> Result<ModelReply, ActionError> {
        if let Some(problem) = self.problem {
            return Err(problem);
        }
        let mut reply = self.reply.ok_or_else(|| not_whole("ended its answer before its reply"))?;
        if !self.items.is_empty() {
            reply.output = self.items.into_values().collect();
        }
        reply.into_model_reply(request_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ErrorKind;
    use domain::plugins::{Content, StopReason};

    fn heard(events: &[&str], size: usize) -> (Stream, Vec<Usage>) {
        let text: String = events.iter().map(|data| format!("event: x\ndata: {data}\n\n")).collect();
        let mut stream = Stream::default();
        let reported = text.as_bytes().chunks(size).filter_map(|piece| stream.hear(piece)).collect();
        (stream, reported)
    }

    const BEGUN: &str = r#"{"type":"response.created","response":{"model":"m","status":"in_progress","output":[],"usage":null},"sequence_number":0}"#;
    const ITEM: &str = r#"{"id":"rs","type":"reasoning","summary":[],"encrypted_content":"whole"}"#;
    const ENDED: &str = r#"{"type":"response.completed","response":{"model":"m","status":"completed","output":[{"id":"rs","type":"reasoning","summary":[]}],"usage":{"input_tokens":7,"output_tokens":9}}}"#;

    #[test]
    fn whole_items_and_the_last_response_are_the_reply() {
        let done = format!(r#"{{"type":"response.output_item.done","output_index":0,"item":{ITEM}}}"#);
        for size in [1, 7, 10_000] {
            let (stream, reported) = heard(&[BEGUN, r#"{"type":"response.new"}"#, &done, ENDED], size);
            let usage = Usage { input_tokens: 7, output_tokens: 9, ..Usage::default() };
            assert_eq!(reported, [usage]);
            let reply = stream.finish(Some("req".into())).unwrap();
            assert_eq!((&reply.stop, reply.usage), (&StopReason::Complete, usage));
            assert_eq!(reply.message.parts[0].content, Content::Opaque(ITEM.into()));
        }
    }

    #[test]
    fn an_error_is_read_in_both_forms() {
        for (event, words, kind) in [
            (
                r#"{"type":"error","sequence_number":2,"error":{"type":"tokens","code":"rate_limit_exceeded","message":"Slow down"}}"#,
                "Slow down",
                ErrorKind::Throttled,
            ),
            (
                r#"{"type":"error","sequence_number":2,"code":"rate_limit_exceeded","message":"Slow down"}"#,
                "Slow down",
                ErrorKind::Throttled,
            ),
            (
                r#"{"type":"error","error":{"type":"insufficient_quota","code":"insufficient_quota","message":"Pay"}}"#,
                "Pay",
                ErrorKind::Rejected,
            ),
            (
                r#"{"type":"error","error":{"code":"context_length_exceeded","message":"Your input exceeds the context window"}}"#,
                "Your input exceeds the context window",
                ErrorKind::Rejected,
            ),
            (
                r#"{"type":"error","error":{"code":"invalid_image","message":"No image"}}"#,
                "No image",
                ErrorKind::Rejected,
            ),
            (r#"{"type":"error","code":null,"error":"odd"}"#, "no reason was given", ErrorKind::Unavailable),
        ] {
            let (stream, _) = heard(&[BEGUN, event], 10);
            let error = stream.finish(None).unwrap_err();
            assert_eq!((error.message, error.kind), (format!("OpenAI broke off its reply: {words}"), kind));
        }
    }

    #[test]
    fn an_error_after_the_output_began_may_be_billed() {
        let added = r#"{"type":"response.output_item.added","output_index":0,"item":{"type":"message"}}"#;
        let done = format!(r#"{{"type":"response.output_item.done","output_index":0,"item":{ITEM}}}"#);
        let error = r#"{"type":"error","error":{"code":"rate_limit_exceeded","message":"Slow down"}}"#;
        let failed = r#"{"type":"response.failed","response":{"model":"m","status":"failed","output":[],"error":{"code":"insufficient_quota","message":"Slow down"}}}"#;
        for end in [error, failed] {
            for output in [added, done.as_str()] {
                let (stream, _) = heard(&[BEGUN, output, end], 10);
                let error = stream.finish(None).unwrap_err();
                assert_eq!(error.kind, ErrorKind::Unavailable, "{output} {end}");
                assert!(error.message.contains("Slow down"), "{error}");
            }
            let (stream, _) = heard(&[BEGUN, end], 10);
            assert_ne!(stream.finish(None).unwrap_err().kind, ErrorKind::Unavailable, "{end}");
        }
    }

    #[test]
    fn what_is_not_whole_is_no_reply() {
        let error =
            r#"{"type":"error","code":"server_error","message":"Sorry","param":null,"sequence_number":1}"#;
        let failed = r#"{"type":"response.failed","response":{"model":"m","status":"failed","error":{"code":"server_error","message":"Sorry"},"output":[],"usage":null}}"#;
        for (events, words) in [
            (vec![BEGUN], "ended its answer before"),
            (vec![BEGUN, error], "broke off its reply: Sorry"),
            (vec![BEGUN, failed], "broke off its reply: Sorry"),
            (vec![BEGUN, "{"], "cannot be read"),
        ] {
            let (stream, _) = heard(&events, 10);
            let error = stream.finish(None).unwrap_err();
            assert!(error.message.contains(words), "{error}");
        }
    }
}
