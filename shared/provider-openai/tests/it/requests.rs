//! The requests, and the service's peculiarities.

use crate::{IN_HOUSE, LONG, MODEL, OPENAI, coded, last_request, openai, says, simulation, with_secret};
use domain::ErrorKind;
use domain::plugins::{
    AiProvider, Content, Effort, ModelMessage, ModelRequest, ModelTool, NoReply, Part, WhyRefused,
};
use provider_testing::assert_described;
use serde_json::{Value, json};

fn free(failure: NoReply) -> domain::ActionError {
    match failure {
        NoReply::NotBilled(error) => error,
        NoReply::MayBeBilled { error, .. } => unreachable!("it may be billed: {error}"),
    }
}

fn request(model: &str) -> ModelRequest {
    ModelRequest {
        effort: Some(Effort::High),
        ..ModelRequest::question(model, vec![Part::text("Say hello")], 500)
    }
}

#[tokio::test]
async fn nothing_is_stored_and_reasoning_comes_encrypted() {
    let simulation = simulation(false).await;
    openai(&simulation, "responses").stream(&request(MODEL), LONG, &|_| {}).await.unwrap();
    let sent = last_request(&simulation, "/v1/responses");
    assert_eq!(sent["store"], false);
    assert_eq!(sent["include"], json!(["reasoning.encrypted_content"]));
    assert_eq!(sent["reasoning"], json!({"effort": "high"}));
    openai(&simulation, "chat_completions").complete(&request(IN_HOUSE), LONG).await.unwrap_err();
    let sent = last_request(&simulation, "/v1/chat/completions");
    assert_eq!((&sent["reasoning_effort"], &sent["max_tokens"]), (&json!("high"), &json!(500)));
}

fn with_tool() -> ModelRequest {
    let tool = ModelTool {
        name: "read_file".into(),
        description: "Reads.".into(),
        input_schema: json!({"type": "object"}),
    };
    ModelRequest {
        tools: vec![tool],
        ..ModelRequest::question(MODEL, vec![Part::text("Is there a cart?")], 500)
    }
}

#[tokio::test]
async fn reasoning_is_sent_back_as_it_came_and_taken_nowhere_else() {
    let simulation = simulation(false).await;
    let openai = openai(&simulation, "responses");
    let mut asked = with_tool();
    let reply = openai.complete(&asked, LONG).await.unwrap();
    let opaque: Vec<Value> = reply
        .message
        .parts
        .iter()
        .map(|part| match &part.content {
            Content::Opaque(json) => serde_json::from_str(json).unwrap(),
            other => unreachable!("{other:?}"),
        })
        .collect();
    let kinds: Vec<&str> = opaque.iter().map(|item| item["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["reasoning", "message", "function_call"]);
    assert!(opaque[0]["encrypted_content"].as_str().unwrap().starts_with("gAAA"));
    let result =
        Content::ToolResult { call: reply.calls[0].id.clone(), text: "class Cart".into(), is_error: false };
    asked.messages.extend([reply.message, ModelMessage::ours(vec![Part::new(result)])]);
    openai.complete(&asked, LONG).await.unwrap();
    let sent = last_request(&simulation, "/v1/responses");
    assert_eq!(sent["input"].as_array().unwrap()[1..4], opaque[..]);
    assert_described(&simulation);

    let mut elsewhere = asked.clone();
    elsewhere.messages[0] = ModelMessage::ours(vec![Part::text("Is there a cart? Look again.")]);
    let error = free(openai.complete(&elsewhere, LONG).await.unwrap_err());
    assert!(
        error.kind == ErrorKind::Rejected && openai.why_refused(&error) == Some(WhyRefused::Unbound),
        "{error}"
    );
    asked.messages[1].parts.remove(0);
    let error = free(openai.complete(&asked, LONG).await.unwrap_err());
    assert_eq!(openai.why_refused(&error), Some(WhyRefused::Unbound), "{error}");
}

#[tokio::test]
async fn a_bill_that_was_not_paid_is_no_pace_limit() {
    let simulation = simulation(false).await;
    for api in ["responses", "chat_completions"] {
        let path = if api == "responses" { "/v1/responses$" } else { "/v1/chat/completions$" };
        let mut fault = coded(429, "insufficient_quota", "You exceeded your current quota.");
        fault.headers.insert("retry-after".into(), "7".into());
        OPENAI.fault(&simulation, path, fault);
        let error = free(openai(&simulation, api).complete(&request(MODEL), LONG).await.unwrap_err());
        assert_eq!((error.kind, error.retry_after), (ErrorKind::Rejected, None), "{error}");
        assert!(error.message.contains("exceeded your current quota"), "{error}");
    }
}

#[tokio::test]
async fn a_proxy_that_is_overloaded_may_have_asked_the_model() {
    let simulation = simulation(false).await;
    let page =
        simulators::fault::Fault { status: Some(503), body: Some(json!("busy")), ..Default::default() };
    OPENAI.fault(&simulation, "/v1/responses$", page);
    let failed = openai(&simulation, "responses").complete(&request(MODEL), LONG).await.unwrap_err();
    assert!(matches!(failed, NoReply::MayBeBilled { .. }), "{failed:?}");
}

#[tokio::test]
async fn what_a_gateway_reports_with_its_error_is_what_may_be_billed() {
    let simulation = simulation(false).await;
    for tokens in [0, 5] {
        let usage = json!({"prompt_tokens": tokens, "completion_tokens": 0});
        let body = json!({"error": {"code": 429, "message": "Slow down"}, "usage": usage});
        let fault = simulators::fault::Fault { status: Some(200), body: Some(body), ..Default::default() };
        OPENAI.fault(&simulation, "/v1/chat/completions$", fault);
        let failed = openai(&simulation, "chat_completions").complete(&request(IN_HOUSE), LONG).await;
        match failed.unwrap_err() {
            NoReply::NotBilled(error) => assert_eq!((error.kind, tokens), (ErrorKind::Throttled, 0)),
            NoReply::MayBeBilled { reported, .. } => {
                assert_eq!(reported.map(|usage| usage.input_tokens), Some(5));
            }
        }
    }
}

#[tokio::test]
async fn a_count_that_does_not_come_is_no_reply_and_costs_nothing() {
    let simulation = simulation(false).await;
    let counted = async |fault| {
        OPENAI.fault(&simulation, "/v1/responses/input_tokens$", fault);
        openai(&simulation, "responses").count_input_tokens(&request(MODEL), LONG).await
    };
    assert_eq!(counted(says(404, "no such path")).await, Ok(None), "a gateway without the endpoint");
    assert_eq!(counted(says(500, "sorry")).await.unwrap_err().kind, ErrorKind::Throttled);
    let chat = openai(&simulation, "chat_completions");
    assert_eq!(chat.count_input_tokens(&request(MODEL), LONG).await, Ok(None));
    assert_described(&simulation);
}

#[tokio::test]
async fn prices_and_models_are_what_the_settings_say() {
    let simulation = simulation(false).await;
    let openai = openai(&simulation, "responses");
    assert_eq!(openai.price_provider(), "openai-compatible", "the list is the vendor's");
    assert!(openai.given_price(MODEL).is_some() && openai.given_price("gpt-5.5").is_none());
    assert!(openai.names("gpt-5.5") && openai.names(IN_HOUSE) && !openai.names("claude-sonnet-5-5"));
    assert_eq!(openai.permission_problems(MODEL).await.unwrap(), []);
    let missing = openai.permission_problems("gpt-9").await.unwrap();
    assert!(missing[0].to_string().contains("gpt-9"), "{missing:?}");
    for model in [MODEL, "gpt-9"] {
        OPENAI.fault(&simulation, "/v1/models/.", says(404, "no such path"));
        let problems = openai.permission_problems(model).await.unwrap();
        assert_eq!(problems.is_empty(), model == MODEL, "a server that only lists its models: {problems:?}");
    }
    assert_described(&simulation);
    let wrong = with_secret(&simulation, "responses", &r#"{"api_key": "hunter2"}"#.into());
    let error = free(wrong.complete(&request(MODEL), LONG).await.unwrap_err());
    assert!(error.message.contains("credentials") && !error.message.contains("hunter2"), "{error}");
    assert!(wrong.permission_problems(MODEL).await.is_err());
}
