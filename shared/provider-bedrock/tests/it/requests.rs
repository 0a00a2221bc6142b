//! The requests, and the service's peculiarities.

use crate::{BEDROCK, CLAUDE, LONG, OTHER, bedrock, last_request, says, simulation};
use domain::ErrorKind;
use domain::plugins::{
    AiProvider, Content, ModelMessage, ModelRequest, ModelTool, NoReply, Part, PromptBlock, WhyRefused,
};
use provider_testing::assert_described;
use serde_json::{Value, json};

fn request(text: &str) -> ModelRequest {
    ModelRequest::question(CLAUDE, vec![Part::text(text)], 1_000)
}

#[tokio::test]
async fn what_is_marked_is_written_to_the_cache_once_and_then_read() {
    let simulation = simulation().await;
    let bedrock = bedrock(&simulation);
    let asked = |text: &str| ModelRequest {
        system: vec![PromptBlock { text: "word ".repeat(2_000), cache: true }],
        ..request(text)
    };
    let first = bedrock.complete(&asked("Say hello"), LONG).await.unwrap().usage;
    assert_eq!((first.cache_write_5m_tokens, first.cache_read_tokens), (2_500, 0));
    let second = bedrock.stream(&asked("Say hello again"), LONG, &|_| {}).await.unwrap().usage;
    assert_eq!((second.cache_write_5m_tokens, second.cache_read_tokens), (0, 2_500));
    assert!(second.all_input_tokens() <= bedrock.input_tokens_at_most(&asked("Say hello again")));
    assert!(bedrock.may_be_cached(&asked("x")) && !bedrock.may_be_cached(&request("x")));
    assert_described(&simulation);
}

/// The smallest picture that a service reads the form of.
const PNG: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII=";

#[tokio::test]
async fn pictures_tools_and_what_was_thought_go_back_as_they_came() {
    let simulation = simulation().await;
    let bedrock = bedrock(&simulation);
    let image = Content::Image { media_type: "image/png".into(), base64: PNG.into() };
    let tool = ModelTool {
        name: "read_file".into(),
        description: "Reads a file.".into(),
        input_schema: json!({"type": "object", "properties": {"z": {"type": "string"}, "a": {"type": "string"}}}),
    };
    let mut asked = ModelRequest { tools: vec![tool], ..request("Is there a cart?") };
    asked.messages[0].parts.push(Part::new(image));
    let reply = bedrock.stream(&asked, LONG, &|_| {}).await.unwrap();
    let Content::Opaque(thought) = &reply.message.parts[0].content else { unreachable!("{reply:?}") };
    assert!(thought.starts_with(r#"{"reasoningContent":{"reasoningText":{"text":"#), "{thought}");
    let result =
        Content::ToolResult { call: reply.calls[0].id.clone(), text: "class Cart".into(), is_error: false };
    asked.messages.extend([reply.message.clone(), ModelMessage::ours(vec![Part::new(result)])]);
    assert!(bedrock.count_input_tokens(&asked, LONG).await.unwrap().is_some_and(|count| count > 0));
    bedrock.complete(&asked, LONG).await.unwrap();
    let sent = last_request(&simulation, "/converse");
    let thought: Value = serde_json::from_str(thought).unwrap();
    assert_eq!(sent["messages"][1]["content"][0], thought);
    let properties = &sent["toolConfig"]["tools"][0]["toolSpec"]["inputSchema"]["json"]["properties"];
    assert_eq!(
        properties.to_string(),
        r#"{"z":{"type":"string"},"a":{"type":"string"}}"#,
        "in the order that it has"
    );
    // The reasoning belongs to the text before it.
    asked.messages[0].parts[0] = Part::text("Is there a cart? Another question");
    let NoReply::NotBilled(error) = bedrock.complete(&asked, LONG).await.unwrap_err() else {
        unreachable!("a refusal is free")
    };
    assert_eq!(bedrock.why_refused(&error), Some(WhyRefused::Unbound), "{error}");
    // Only that last request was one which the service refuses.
    assert_eq!(simulation.violations().len(), 1);
}

#[tokio::test]
async fn requests_are_signed_and_no_placeholder_is_shown() {
    let simulation = simulation().await;
    bedrock(&simulation).complete(&request("Say hello"), LONG).await.unwrap();
    assert_described(&simulation);
    let address = simulation.url("bedrock");
    let unsigned =
        http_client::Client::new("x", address, http_client::Auth::None, &provider_testing::options())
            .unwrap();
    let failure = unsigned.post("/model/{m}/converse", &[CLAUDE]).json(&json!({})).send().await.unwrap_err();
    assert_eq!(failure.status, Some(403));
    assert!(failure.error.message.contains("Missing Authentication Token"), "{}", failure.error);
}

#[tokio::test]
async fn a_model_that_failed_or_took_too_long_may_be_billed() {
    let simulation = simulation().await;
    let bedrock = bedrock(&simulation);
    for status in [408, 424] {
        BEDROCK.fault(&simulation, "/converse$", says(status, "about it"));
        match bedrock.complete(&request("Say hello"), LONG).await.unwrap_err() {
            NoReply::MayBeBilled { error, .. } => assert_eq!(error.kind, ErrorKind::Unavailable, "{error}"),
            NoReply::NotBilled(error) => unreachable!("{status}: {error}"),
        }
    }
}

#[tokio::test]
async fn a_model_that_does_not_count_is_bounded_by_its_bytes() {
    let simulation = simulation().await;
    let bedrock = bedrock(&simulation);
    let other = ModelRequest { model: OTHER.into(), ..request("Say hello") };
    assert_eq!(bedrock.count_input_tokens(&other, LONG).await.unwrap(), None);
    assert!(bedrock.may_be_cached(&other), "it may be cached without a mark");
    BEDROCK.fault(&simulation, "/count-tokens$", says(403, "not authorized"));
    assert_eq!(bedrock.count_input_tokens(&request("Say hello"), LONG).await.unwrap(), None);
}

#[tokio::test]
async fn doctor_learns_what_is_missing() {
    let simulation = simulation().await;
    let bedrock = bedrock(&simulation);
    assert_eq!(bedrock.permission_problems(CLAUDE).await.unwrap(), []);
    assert_eq!(bedrock.permission_problems(OTHER).await.unwrap(), [], "it does not count, and is there");
    let missing = bedrock.permission_problems("eu.anthropic.claude-opus-9").await.unwrap();
    assert!(missing[0].to_string().contains("the model eu.anthropic.claude-opus-9"), "{missing:?}");
    let denied = "User: arn:aws:sts::1:assumed-role/x is not authorized to perform: bedrock:CountTokens";
    BEDROCK.fault(&simulation, "/count-tokens$", says(403, denied));
    let missing = bedrock.permission_problems(CLAUDE).await.unwrap();
    assert!(missing[0].to_string().contains("bedrock:InvokeModel"), "{missing:?}");
    BEDROCK.fault(
        &simulation,
        "/count-tokens$",
        says(403, "The security token included in the request is invalid."),
    );
    let refused = bedrock.permission_problems(CLAUDE).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Rejected);
}
