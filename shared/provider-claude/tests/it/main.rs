//! Claude over HTTP, against the simulator and the official description.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail by panicking; the lint knows only test functions"
)]

use domain::plugins::{
    AiProvider, Content, Effort, ModelMessage, ModelRequest, ModelTool, NoReply, Part, PromptBlock,
    StopReason,
};
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

/// As long as a reply may take in a test that does not wait for it.
const LONG: Duration = Duration::from_secs(60);

fn request() -> ModelRequest {
    let ticket = "Plan how to implement this ticket\n\nAdd a discount code to the cart\nCodes work in any case and with spaces around them.";
    ModelRequest {
        system: vec![PromptBlock { text: "You plan work on a repository.".into(), cache: true }],
        reply_schema: Some(json!({
            "type": "object", "required": ["summary"], "properties": {
                "summary": {"type": "string"},
                "steps": {"type": "array", "items": {"type": "string"}},
                "files_to_read": {"type": "array", "items": {"type": "string"}},
                "files_to_change": {"type": "array", "items": {"type": "string"}},
                "risks": {"type": "array", "items": {"type": "string"}}}})),
        ..ModelRequest::question(
            "claude-sonnet-5-5",
            vec![Part::text(ticket).cached(), Part::text("class Cart:")],
            2_000,
        )
    }
}

#[tokio::test]
async fn a_question_is_answered_with_what_it_used() {
    let simulation = CLAUDE.described_simulation().await;
    let claude = claude(&simulation);
    let reply = claude.complete(&request(), LONG).await.unwrap();
    assert_eq!((reply.stop, reply.model.as_str()), (StopReason::Complete, "claude-sonnet-5-5"));
    let answer: Value = serde_json::from_str(&reply.text).unwrap();
    assert!(answer["summary"].as_str().unwrap().contains("codes"), "{answer}");
    let used = reply.usage.input_tokens + reply.usage.cache_read_tokens + reply.usage.cache_write_5m_tokens;
    assert!(used > 0 && reply.usage.output_tokens > 0);
    assert!(used <= claude.input_tokens_at_most(&request()));
    let counted = claude.count_input_tokens(&request(), LONG).await.unwrap();
    assert_eq!(counted, Some(used), "the service counts what it would read");
    assert!(reply.request_id.is_some());
    assert_described(&simulation);
}

/// The world, in which the model first thinks and calls a tool, and then answers from the tool's result.
fn with_tools() -> simulators::World {
    let mut world = provider_testing::built_in();
    let claude = world.section_mut::<simulators::claude::World>("claude").unwrap();
    claude.replies = serde_json::from_value(json!([
        {"for": "Is there a cart?", "content": [
            {"text": "I look."}, {"tool_use": {"name": "read_file", "input": {"path": "cart.py"}}}]},
        {"for": "Is there a cart?", "expect": {"tools": ["read_file"], "contains": ["class Cart"]},
         "content": [{"text": "Yes, there is."}]},
    ]))
    .unwrap();
    world
}

#[tokio::test]
async fn a_conversation_goes_on_with_what_a_tool_said() {
    let simulation = CLAUDE.described_simulation_of(with_tools()).await;
    let claude = claude(&simulation);
    let tool = ModelTool {
        name: "read_file".into(),
        description: "Reads a file.".into(),
        input_schema: json!({"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]}),
    };
    let asked = vec![Part::text("Is there a cart?").cached()];
    let mut request = ModelRequest {
        effort: Some(Effort::Medium),
        tools: vec![tool],
        ..ModelRequest::question("claude-sonnet-5-5", asked, 1_000)
    };
    let first = claude.complete(&request, LONG).await.unwrap();
    assert_eq!((first.stop, first.calls.len()), (StopReason::ToolCalls, 1));
    assert_eq!(
        (first.calls[0].name.as_str(), &first.calls[0].input),
        ("read_file", &json!({"path": "cart.py"}))
    );
    let result = Content::ToolResult {
        call: first.calls[0].id.clone(),
        text: "class Cart: ...".into(),
        is_error: false,
    };
    request.messages.extend([first.message, ModelMessage::ours(vec![Part::new(result).cached()])]);
    assert!(
        claude.count_input_tokens(&request, LONG).await.unwrap().unwrap()
            <= claude.input_tokens_at_most(&request)
    );
    let second = claude.complete(&request, LONG).await.unwrap();
    assert_eq!((second.stop, second.text.as_str()), (StopReason::Complete, "Yes, there is."));
    assert!(second.calls.is_empty());
    assert_described(&simulation);
}

#[tokio::test]
async fn a_reply_that_streams_is_the_same_and_reports_its_usage() {
    let simulation = CLAUDE.described_simulation().await;
    let claude = claude(&simulation);
    let reported = std::sync::Mutex::new(Vec::new());
    let progress = |usage| reported.lock().unwrap().push(usage);
    let streamed = claude.stream(&request(), LONG, &progress).await.unwrap();
    let whole = claude.complete(&request(), LONG).await.unwrap();
    assert_eq!((&streamed.text, &streamed.stop, &streamed.model), (&whole.text, &whole.stop, &whole.model));
    assert!(streamed.request_id.is_some());
    let reported = std::mem::take(&mut *reported.lock().unwrap());
    // How often depends on how the bytes arrive.
    assert!(reported.last() == Some(&streamed.usage), "{reported:?}");
    assert_described(&simulation);

    let begun =
        r#"{"type":"message_start","message":{"model":"m","usage":{"input_tokens":7,"output_tokens":1}}}"#;
    let broken = json!(format!("event: message_start\ndata: {begun}\n\n"));
    let broken = Fault { status: Some(200), body: Some(broken), ..Fault::default() };
    CLAUDE.fault(&simulation, "/v1/messages$", broken);
    match claude.stream(&request(), LONG, &|_| {}).await.unwrap_err() {
        NoReply::MayBeBilled { reported: Some(usage), .. } => assert!(usage.all_input_tokens() > 0),
        other => panic!("{other:?}"),
    }
    CLAUDE.fault(&simulation, "/v1/messages$", says(529, "overloaded_error"));
    assert_eq!(free(claude.stream(&request(), LONG, &|_| {}).await.unwrap_err()).kind, ErrorKind::Throttled);
}

/// The result when the service answers with this body.
async fn answered(simulation: &Simulation, body: Value) -> domain::plugins::ModelReply {
    let headers = [("request-id".to_owned(), "req_1".to_owned())].into();
    let with = Fault { status: Some(200), body: Some(body), headers, ..Fault::default() };
    CLAUDE.fault(simulation, "/v1/messages$", with);
    claude(simulation).complete(&request(), LONG).await.unwrap()
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

async fn failing(simulation: &Simulation, with: Fault) -> NoReply {
    CLAUDE.fault(simulation, "/v1/messages$", with);
    claude(simulation).complete(&request(), LONG).await.unwrap_err()
}

/// The error of a call that is not billed.
fn free(failure: NoReply) -> ActionError {
    match failure {
        NoReply::NotBilled(error) => error,
        NoReply::MayBeBilled { error, .. } => unreachable!("it may be billed: {error}"),
    }
}

/// The error of a call that may be billed.
fn booked(failure: NoReply) -> ActionError {
    match failure {
        NoReply::MayBeBilled { error, .. } => error,
        NoReply::NotBilled(error) => unreachable!("it is not billed: {error}"),
    }
}

fn says(status: u16, kind: &str) -> Fault {
    Fault {
        status: Some(status),
        body: Some(json!({"type": "error", "error": {"type": kind, "message": format!("about {kind}")}})),
        ..Fault::default()
    }
}

#[tokio::test]
async fn only_answers_that_say_so_are_not_billed() {
    let simulation = CLAUDE.described_simulation().await;
    let failing = async |with| failing(&simulation, with).await;
    let throttled =
        Fault { headers: [("retry-after".into(), "7".into())].into(), ..says(429, "rate_limit_error") };
    let throttled = free(failing(throttled).await);
    assert_eq!((throttled.kind, throttled.retry_after), (ErrorKind::Throttled, Some(Duration::from_secs(7))));
    assert_eq!(free(failing(says(529, "overloaded_error")).await).kind, ErrorKind::Throttled);
    assert_eq!(free(failing(says(408, "timeout_error")).await).kind, ErrorKind::Throttled);
    for (status, kind) in [
        (400, "invalid_request_error"),
        (401, "authentication_error"),
        (403, "permission_error"),
        (404, "not_found_error"),
        (413, "request_too_large"),
    ] {
        let error = free(failing(says(status, kind)).await);
        assert_eq!(error.kind, ErrorKind::Rejected, "{error}");
        assert!(error.message.contains(&format!("about {kind}")), "{error}");
    }
    for status in [500, 502, 503, 504, 520] {
        booked(failing(says(status, "api_error")).await);
    }
    booked(failing(Fault { truncated: true, ..Fault::default() }).await);
    let answer = |body: Value| Fault { status: Some(200), body: Some(body), ..Fault::default() };
    booked(failing(answer(json!({"id": "msg_1"}))).await);
    booked(failing(answer(json!("<html>a login page</html>"))).await);
    // Over the limit of an answer, 16 MiB.
    let error = booked(failing(answer(json!("x".repeat(17 * 1024 * 1024)))).await);
    assert!(error.message.contains("more than 16 MiB"), "{error}");
}

#[tokio::test]
async fn what_never_left_is_not_billed() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let settings = json!({"base_url": format!("http://{closed}")});
    let credentials =
        read_credentials("ticketsmith/claude", &r#"{"api_key": "k"}"#.into(), &SPEC.secret_forms()).unwrap();
    let nobody = Claude::new(&serde_json::from_value(settings).unwrap(), credentials, &options()).unwrap();
    assert_eq!(free(nobody.complete(&request(), LONG).await.unwrap_err()).kind, ErrorKind::Throttled);
}

#[tokio::test]
async fn a_reply_is_awaited_no_longer_than_asked() {
    let simulation = CLAUDE.described_simulation().await;
    CLAUDE.fault(&simulation, "/v1/messages$", Fault { delay_ms: 60_000, ..Fault::default() });
    let late = claude(&simulation).complete(&request(), Duration::from_millis(50)).await.unwrap_err();
    assert!(booked(late).message.contains("no whole answer within 0.0"));
}

#[tokio::test]
async fn a_count_that_does_not_come_is_no_reply_and_costs_nothing() {
    let simulation = CLAUDE.described_simulation().await;
    let counted = async |with| {
        CLAUDE.fault(&simulation, "/v1/messages/count_tokens$", with);
        claude(&simulation).count_input_tokens(&request(), LONG).await
    };
    assert_eq!(counted(says(404, "not_found_error")).await, Ok(None), "a gateway without the endpoint");
    assert_eq!(counted(says(500, "api_error")).await.unwrap_err().kind, ErrorKind::Throttled);
    assert_eq!(counted(says(429, "rate_limit_error")).await.unwrap_err().kind, ErrorKind::Throttled);
    assert_eq!(counted(says(413, "request_too_large")).await.unwrap_err().kind, ErrorKind::Rejected);
    assert_described(&simulation);
}

#[tokio::test]
async fn a_wrong_key_is_said_and_not_shown() {
    let simulation = CLAUDE.described_simulation().await;
    let with_wrong_key = with_secret(&simulation, &r#"{"api_key": "hunter2"}"#.into());
    let error = free(with_wrong_key.complete(&request(), LONG).await.unwrap_err());
    assert_eq!(error.kind, ErrorKind::Rejected);
    assert!(error.message.contains("credentials") && !error.message.contains("hunter2"), "{error}");
}

#[tokio::test]
async fn it_keeps_the_contract_of_all_models() {
    let mut world = provider_testing::built_in();
    let section = world.section_mut::<simulators::claude::World>("claude").unwrap();
    section.replies = provider_testing::contract_replies();
    let simulation = CLAUDE.described_simulation_of(world).await;
    let contract = provider_testing::ModelContract {
        service: CLAUDE,
        simulation: &simulation,
        provider: &claude(&simulation),
        model: "claude-sonnet-5-5",
        paths: ["/v1/messages$"; 2],
        error: says,
        overloaded: 529,
    };
    contract.check().await;
}
