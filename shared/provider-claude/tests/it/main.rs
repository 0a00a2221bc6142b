//! Claude over HTTP, against the simulator and the official description.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail by panicking; the lint knows only test functions"
)]

use domain::plugins::{AiProvider, ModelRequest, PromptBlock, StopReason};
use domain::{ActionError, ErrorKind};
use http_client::read_credentials;
use provider_claude::{Claude, SPEC};
use provider_testing::{Service, assert_described, options, secret};
use serde_json::{Value, json};
use simulators::Simulation;
use simulators::fault::Fault;
use std::time::Duration;

const CLAUDE: Service = Service { name: "claude", descriptions: &["anthropic.json"] };

fn with_secret(simulation: &Simulation, secret: &secrecy::SecretString) -> Claude {
    let settings = json!({"base_url": simulation.url("claude")});
    let credentials = read_credentials("ticketsmith/claude", secret, &SPEC.secret_forms()).unwrap();
    Claude::new(&serde_json::from_value(settings).unwrap(), credentials, &options()).unwrap()
}

fn claude(simulation: &Simulation) -> Claude {
    with_secret(simulation, &secret(simulation, "ticketsmith/claude"))
}

fn request() -> ModelRequest {
    let block = |text: &str, cache| PromptBlock { text: text.into(), cache };
    ModelRequest {
        model: "claude-sonnet-5-5".into(),
        system: vec![block("You plan work on a repository.", true)],
        prompt: vec![
            block(
                "Plan how to implement this ticket\n\nAdd a discount code to the cart\nCodes work in any case and with spaces around them.",
                true,
            ),
            block("class Cart:", false),
        ],
        reply_schema: Some(json!({
            "type": "object", "required": ["summary"], "properties": {
                "summary": {"type": "string"},
                "steps": {"type": "array", "items": {"type": "string"}},
                "files_to_read": {"type": "array", "items": {"type": "string"}},
                "files_to_change": {"type": "array", "items": {"type": "string"}},
                "risks": {"type": "array", "items": {"type": "string"}}}})),
        max_output_tokens: 2_000,
    }
}

#[tokio::test]
async fn a_question_is_answered_with_what_it_used() {
    let simulation = CLAUDE.described_simulation().await;
    let claude = claude(&simulation);
    let reply = claude.complete(&request()).await.unwrap();
    assert_eq!((reply.stop, reply.model.as_str()), (StopReason::Complete, "claude-sonnet-5-5"));
    let answer: Value = serde_json::from_str(&reply.text).unwrap();
    assert!(answer["summary"].as_str().unwrap().contains("codes"), "{answer}");
    let used = reply.usage.input_tokens + reply.usage.cache_read_tokens + reply.usage.cache_write_5m_tokens;
    assert!(used > 0 && reply.usage.output_tokens > 0);
    assert!(used <= claude.input_tokens_at_most(&request()));
    assert!(reply.request_id.is_some());
    assert_described(&simulation);
}

/// What comes back when the service answers with this body.
async fn answered(simulation: &Simulation, body: Value) -> domain::plugins::ModelReply {
    let headers = [("request-id".to_owned(), "req_1".to_owned())].into();
    let with = Fault { status: Some(200), body: Some(body), headers, ..Fault::default() };
    CLAUDE.fault(simulation, "/v1/messages$", with);
    claude(simulation).complete(&request()).await.unwrap()
}

#[tokio::test]
async fn a_cut_reply_and_a_refusal_keep_their_usage() {
    let simulation = CLAUDE.described_simulation().await;
    let answered = async |body| answered(&simulation, body).await;
    let body = |stop: &str| {
        json!({"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-5-5",
               "content": [{"type": "text", "text": "par"}], "stop_reason": stop, "stop_sequence": null,
               "usage": {"input_tokens": 5, "output_tokens": 7}})
    };
    let cut = answered(body("max_tokens")).await;
    assert_eq!((cut.stop, cut.usage.output_tokens, cut.text.as_str()), (StopReason::Truncated, 7, "par"));
    assert_eq!(cut.request_id.as_deref(), Some("req_1"));
    assert_eq!(answered(body("refusal")).await.stop, StopReason::Refused);
    assert_eq!(answered(body("pause_turn")).await.stop, StopReason::Other("pause_turn".into()));
}

async fn failing(simulation: &Simulation, with: Fault) -> ActionError {
    CLAUDE.fault(simulation, "/v1/messages$", with);
    claude(simulation).complete(&request()).await.unwrap_err()
}

#[tokio::test]
async fn faults_are_named_for_what_to_do_next_and_what_was_billed() {
    let simulation = CLAUDE.described_simulation().await;
    let failing = async |with| failing(&simulation, with).await;
    let says = |status, kind: &str| Fault {
        status: Some(status),
        body: Some(json!({"type": "error", "error": {"type": kind, "message": format!("about {kind}")}})),
        ..Fault::default()
    };
    let throttled =
        Fault { headers: [("retry-after".into(), "7".into())].into(), ..says(429, "rate_limit_error") };
    let throttled = failing(throttled).await;
    assert_eq!((throttled.kind, throttled.retry_after), (ErrorKind::Throttled, Some(Duration::from_secs(7))));
    // Answered errors are not billed, so they are never `Unavailable`.
    assert_eq!(failing(says(529, "overloaded_error")).await.kind, ErrorKind::Throttled);
    assert_eq!(failing(says(500, "api_error")).await.kind, ErrorKind::Throttled);
    for (status, kind) in [
        (400, "invalid_request_error"),
        (401, "authentication_error"),
        (403, "permission_error"),
        (404, "not_found_error"),
        (413, "request_too_large"),
    ] {
        let error = failing(says(status, kind)).await;
        assert_eq!(error.kind, ErrorKind::Rejected, "{error}");
        assert!(error.message.contains(&format!("about {kind}")), "{error}");
    }
    assert_eq!(failing(Fault { truncated: true, ..Fault::default() }).await.kind, ErrorKind::Unavailable);
    let unreadable = Fault { status: Some(200), body: Some(json!({"id": "msg_1"})), ..Fault::default() };
    assert_eq!(failing(unreadable).await.kind, ErrorKind::Unavailable);
}

#[tokio::test]
async fn a_wrong_key_is_said_and_not_shown() {
    let simulation = CLAUDE.described_simulation().await;
    let error =
        with_secret(&simulation, &r#"{"api_key": "hunter2"}"#.into()).complete(&request()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Rejected);
    assert!(error.message.contains("credentials") && !error.message.contains("hunter2"), "{error}");
}
