//! Conversations that become longer than the model can hold.

use crate::session_script::{call, finish, reply, three_turns, world};
use domain::ErrorKind;
use serde_json::json;

#[tokio::test]
async fn a_prompt_that_became_too_long_begins_another_generation() {
    let world = world(three_turns()).await;
    let opened = world.open("Develop").await.unwrap();
    let report = world.next("Develop", &opened).await.unwrap();
    let report = world.next("Develop", &report).await.unwrap();
    let message = "prompt is too long: 203127 tokens > 200000 maximum";
    let body = json!({"type": "error", "error": {"type": "invalid_request_error", "message": message}});
    world.fault(json!({"service": "claude", "path": "^/v1/messages$", "status": 400, "body": body}));
    let done = world.until_it_stops("Develop", report).await.unwrap();
    assert_eq!(done["result"]["outcome"], "done", "{done}");
    let head = world.table.session(done["session"].as_str().unwrap()).await.unwrap().unwrap();
    assert_eq!(head.generation, 2);
    world.assert_no_violations();
}

#[tokio::test]
async fn a_reply_for_which_the_context_has_no_room_begins_another_generation() {
    const SEEN: &str = "def percent_of(cents: int, percent: int) -> int:";
    let mut full = reply(Some(SEEN), &[json!({"text": "I look at"})]);
    (full["stop_reason"], full["times"]) = (json!("model_context_window_exceeded"), json!(1));
    let read = call("read_file", json!({"path": "src/shop/money.py"}));
    let replies = json!([full, reply(Some(SEEN), &[finish("blocked")]), reply(None, &[read])]);
    let world = world(replies).await;
    let done = world.whole_session("Develop").await.unwrap();
    assert_eq!(done["result"]["outcome"], "blocked", "{done}");
    let head = world.table.session(done["session"].as_str().unwrap()).await.unwrap().unwrap();
    assert_eq!(head.generation, 2);
    let requests = world.requests("claude", "POST", "/v1/messages");
    let tokens = |entry: &simulators::log::LogEntry| entry.request["max_tokens"].as_u64();
    assert!(requests.iter().all(|entry| tokens(entry) == Some(16_000)), "more tokens change nothing");
    world.assert_no_violations();
}

#[tokio::test]
async fn a_beginning_that_fills_the_context_is_called_so() {
    let mut full = reply(None, &[json!({"text": "I look at"})]);
    full["stop_reason"] = json!("model_context_window_exceeded");
    let world = world(json!([full])).await;
    let opened = world.open("Develop").await.unwrap();
    let error = world.until_it_stops("Develop", opened).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Rejected, "{error}");
    assert!(error.message.contains("filled the model's context window"), "{error}");
    assert!(!error.message.contains("max_output_tokens"), "{error}");
}
