use super::*;
use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue};
use domain::plugins::{Content, StopReason};

fn frame(message_type: &str, kind: &str, payload: &Value) -> Vec<u8> {
    let text =
        |name: &'static str, value: &str| Header::new(name, HeaderValue::String(value.to_owned().into()));
    let name = if message_type == "event" { ":event-type" } else { ":exception-type" };
    let message = Message::new(payload.to_string().into_bytes())
        .add_header(text(":message-type", message_type))
        .add_header(text(name, kind))
        .add_header(text(":content-type", "application/json"));
    let mut bytes = Vec::new();
    write_message_to(&message, &mut bytes).unwrap();
    bytes
}

fn heard(frames: &[(&str, Value)], size: usize) -> Stream {
    let frames = frames.iter().flat_map(|(kind, payload)| match kind.strip_suffix("Exception") {
        None => frame("event", kind, payload),
        Some(_) => frame("exception", kind, payload),
    });
    let bytes: Vec<u8> = frames.collect();
    let mut stream = Stream::default();
    let reported = bytes.chunks(size).filter_map(|piece| stream.hear(piece)).count();
    assert!(reported <= 1);
    stream
}

fn delta(index: u64, delta: Value) -> (&'static str, Value) {
    ("contentBlockDelta", json!({"contentBlockIndex": index, "delta": delta}))
}

fn end(reason: &str) -> [(&'static str, Value); 2] {
    let usage = json!({"inputTokens": 7, "outputTokens": 9, "totalTokens": 16, "cacheReadInputTokens": 5});
    [
        ("messageStop", json!({"stopReason": reason})),
        ("metadata", json!({"usage": usage, "metrics": {"latencyMs": 1}})),
    ]
}

fn begin() -> (&'static str, Value) {
    ("messageStart", json!({"role": "assistant"}))
}

#[test]
fn blocks_in_pieces_become_what_converse_would_have_said() {
    let call = json!({"toolUse": {"toolUseId": "t", "name": "read_file"}});
    let mut frames = vec![
        begin(),
        delta(0, json!({"reasoningContent": {"text": "I "}})),
        delta(0, json!({"reasoningContent": {"text": "see"}})),
        delta(0, json!({"reasoningContent": {"signature": "c2ln"}})),
        ("contentBlockStop", json!({"contentBlockIndex": 0})),
        delta(1, json!({"reasoningContent": {"redactedContent": STANDARD.encode("ab")}})),
        delta(1, json!({"reasoningContent": {"redactedContent": STANDARD.encode("c")}})),
        delta(2, json!({"text": "I "})),
        delta(2, json!({"text": "look."})),
        ("contentBlockStart", json!({"contentBlockIndex": 3, "start": call})),
        delta(3, json!({"toolUse": {"input": "{\"path\":"}})),
        delta(3, json!({"toolUse": {"input": "\"a\"}"}})),
        ("newEvent", json!({})),
    ];
    frames.extend(end("tool_use"));
    for size in [1, 7, 100_000] {
        let reply = heard(&frames, size).finish("m", Some("r".into())).unwrap();
        let said: Vec<_> = reply.message.parts.iter().map(|part| part.content.clone()).collect();
        let expected = [
            r#"{"reasoningContent":{"reasoningText":{"text":"I see","signature":"c2ln"}}}"#,
            r#"{"reasoningContent":{"redactedContent":"YWJj"}}"#,
            r#"{"text":"I look."}"#,
            r#"{"toolUse":{"toolUseId":"t","name":"read_file","input":{"path":"a"}}}"#,
        ];
        assert_eq!(said, expected.map(|json| Content::Opaque(json.to_owned())));
        assert_eq!(
            (reply.stop, reply.calls.len(), reply.usage.cache_read_tokens),
            (StopReason::ToolCalls, 1, 5)
        );
    }
}

#[test]
fn a_call_that_was_cut_off_is_not_made() {
    let call = json!({"toolUse": {"toolUseId": "t", "name": "read_file"}});
    let cut = |reason| {
        let mut frames = vec![
            begin(),
            delta(0, json!({"text": "I look."})),
            ("contentBlockStart", json!({"contentBlockIndex": 1, "start": call})),
            delta(1, json!({"toolUse": {"input": "{\"pa"}})),
        ];
        frames.extend(end(reason));
        heard(&frames, 50).finish("m", None)
    };
    for (reason, stop) in [
        ("max_tokens", StopReason::Truncated),
        ("model_context_window_exceeded", StopReason::ContextFull),
        ("guardrail_intervened", StopReason::Refused),
        ("malformed_tool_use", StopReason::Other("malformed_tool_use".into())),
    ] {
        let reply = cut(reason).unwrap();
        assert_eq!((reply.calls.len(), reply.text.as_str(), reply.stop), (0, "I look.", stop), "{reason}");
    }
    assert!(cut("tool_use").unwrap_err().message.contains("invalid JSON"));
}

#[test]
fn only_the_calls_of_a_cut_reply_that_something_follows_are_whole() {
    let call = |index: u64, id: &str| {
        let call = json!({"toolUse": {"toolUseId": id, "name": "list_files"}});
        ("contentBlockStart", json!({"contentBlockIndex": index, "start": call}))
    };
    for last in [call(1, "begun"), delta(1, json!({"reasoningContent": {"text": "Hm"}}))] {
        let mut frames = vec![begin(), call(0, "whole"), last];
        frames.extend(end("max_tokens"));
        let reply = heard(&frames, 50).finish("m", None).unwrap();
        let ids: Vec<_> = reply.calls.iter().map(|call| call.id.as_str()).collect();
        assert_eq!((ids, reply.message.parts.len()), (vec!["whole"], 1));
    }
}

#[test]
fn what_is_not_whole_is_no_reply() {
    let failed = |frames: &[(&str, Value)]| heard(frames, 10).finish("m", None).unwrap_err();
    let said = json!({"message": "about it"});
    let error = failed(&[begin(), ("throttlingException", said.clone())]);
    assert_eq!(error.kind, ErrorKind::Unavailable, "what has begun may be billed");
    assert!(error.message.contains("throttlingException: about it"), "{error}");
    assert_eq!(failed(&[("throttlingException", said.clone())]).kind, ErrorKind::Throttled);
    assert_eq!(failed(&[("modelStreamErrorException", said)]).kind, ErrorKind::Unavailable);
    assert!(failed(&[begin()]).message.contains("before its reply"));
    assert!(failed(&[begin(), end("end_turn")[0].clone()]).message.contains("before its reply"));
    let mut unknown = vec![begin(), delta(0, json!({"hologram": {}}))];
    unknown.extend(end("end_turn"));
    assert!(failed(&unknown).message.contains("a block of an unknown kind"));
    let mut broken = frame("event", "messageStart", &json!({"role": "assistant"}));
    broken[20] ^= 1;
    let mut stream = Stream::default();
    stream.hear(&broken);
    assert!(stream.finish("m", None).unwrap_err().message.contains("a frame that cannot be read"));
}
