//! Conversations with tools: what the model says turn by turn, and what of them may not change.

use serde_json::{Value, json};

use crate::harness::Harness;

const CACHED: &str = r#"{"type":"ephemeral"}"#;

/// The first request of the scripted conversation.
fn request() -> Value {
    let tool =
        |name: &str| json!({"name": name, "description": "Works.", "input_schema": {"type": "object"}});
    json!({"model": "claude-sonnet-5-5", "max_tokens": 1000, "system": "Be brief.",
           "tools": [tool("edit_file"), tool("read_file")],
           "messages": [{"role": "user", "content": [{"type": "text", "text": "Fix the typo in a.txt"}]}]})
}

/// Sends a request and appends the reply, with a result for each call.
async fn turn(world: &Harness, request: &mut Value, results: &[&str]) -> Value {
    let answer = world.claude("/v1/messages", Some(request.clone())).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let calls = answer.body["content"].as_array().unwrap().iter().filter(|block| block["type"] == "tool_use");
    let results: Vec<Value> = calls
        .zip(results)
        .map(|(call, text)| json!({"type": "tool_result", "tool_use_id": call["id"], "content": text}))
        .collect();
    let messages = request["messages"].as_array_mut().unwrap();
    messages.push(json!({"role": "assistant", "content": answer.body["content"]}));
    if !results.is_empty() {
        messages.push(json!({"role": "user", "content": results}));
    }
    answer.body
}

async fn refusal(world: &Harness, request: &Value) -> String {
    let answer = world.claude("/v1/messages", Some(request.clone())).await;
    assert_eq!((answer.status, &answer.body["error"]["type"]), (400, &json!("invalid_request_error")));
    answer.body["error"]["message"].as_str().unwrap().to_owned()
}

fn kinds(message: &Value) -> Vec<&str> {
    message["content"].as_array().unwrap().iter().map(|block| block["type"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_conversation_goes_on_turn_by_turn_and_two_at_once() {
    let world = Harness::start().await;
    let (mut one, mut two) = (request(), request());
    two["system"] = "Be thorough.".into();
    for request in [&mut one, &mut two] {
        let first = turn(&world, request, &["teh cat", "a dog"]).await;
        // What is said between two calls comes back as thinking, which is not shown.
        assert_eq!(kinds(&first), ["thinking", "text", "tool_use", "thinking", "tool_use"]);
        assert_eq!(
            (&first["content"][3]["thinking"], &first["stop_reason"]),
            (&json!(""), &json!("tool_use"))
        );
    }
    for request in [&mut two, &mut one] {
        let second = turn(&world, request, &["edited"]).await;
        assert_eq!(kinds(&second), ["thinking", "thinking", "tool_use"]);
        request["thinking"] = json!({"type": "adaptive", "display": "summarized"});
        let third = turn(&world, request, &[]).await;
        assert_eq!(kinds(&third), ["thinking", "text"]);
        assert_eq!(third["content"][0]["thinking"], "It is fixed.");
    }
    let mut three = request();
    three["system"] = "Be quick.".into();
    assert!(refusal(&world, &three).await.contains("no reply of the world file is left"));

    let mut blind = request();
    blind["messages"] = one["messages"].clone();
    blind["messages"].as_array_mut().unwrap().truncate(3);
    assert_eq!(world.claude("/v1/messages", Some(blind.clone())).await.status, 200, "the same is said again");
    blind["messages"].as_array_mut().unwrap()[2]["content"][0]["content"] = "a cat".into();
    assert!(refusal(&world, &blind).await.contains("turn 2, expects the text \"teh cat\""));
}

#[tokio::test]
async fn one_changed_byte_before_a_thought_is_refused() {
    let world = Harness::start().await;
    let mut asked = request();
    turn(&world, &mut asked, &["teh cat", "a dog"]).await;
    turn(&world, &mut asked, &["edited"]).await;
    let changes: [(&str, Value); 8] = [
        ("/system", "Be brief!".into()),
        ("/tools/1/description", "Works!".into()),
        ("/tools/1/input_schema", json!({"type": "object", "title": "x"})),
        ("/messages/0/content/0/text", "Fix the typo in b.txt".into()),
        ("/messages/1/content/1/text", "I look at one.".into()),
        ("/messages/1/content/2/input/path", "c.txt".into()),
        ("/messages/2/content/0/content", "teh cat.".into()),
        ("/messages/3/content/0/thinking", "Other.".into()),
    ];
    for (place, value) in changes {
        let mut changed = asked.clone();
        *changed.pointer_mut(place).unwrap() = value;
        let said = refusal(&world, &changed).await;
        assert!(said.contains("The block is bound to a different conversation"), "{place}: {said}");
        assert!(said.starts_with("messages.1.content.") || said.starts_with("messages.3.content."), "{said}");
    }
    let mut forged = asked.clone();
    forged["messages"][1]["content"][0]["signature"] = "c2ln".into();
    assert_eq!(
        refusal(&world, &forged).await,
        "messages.1.content.0: Invalid `signature` in `thinking` block"
    );
    let mut without = asked.clone();
    without["messages"][1]["content"].as_array_mut().unwrap().remove(0);
    assert!(refusal(&world, &without).await.starts_with("messages.1.content.2: Invalid `signature`"));
    assert_eq!(world.simulation.violations().len(), 10);

    // Marks for the cache are outside the binding, and another model does not read the thoughts.
    let mut marked = asked.clone();
    let cached: Value = serde_json::from_str(CACHED).unwrap();
    marked["tools"][1]["cache_control"] = cached.clone();
    marked["messages"][0]["content"][0]["cache_control"] = cached.clone();
    marked["messages"][2]["content"][1]["cache_control"] = cached;
    assert_eq!(world.claude("/v1/messages", Some(marked)).await.status, 200);
    asked["model"] = "claude-haiku-4-5".into();
    asked["system"] = "Be short.".into();
    assert_eq!(world.claude("/v1/messages", Some(asked)).await.status, 200);
}

#[tokio::test]
async fn what_a_model_or_the_service_refuses() {
    let world = Harness::start().await;
    let cached =
        |ttl: &str| json!({"type": "text", "text": "x", "cache_control": {"type": "ephemeral", "ttl": ttl}});
    for (place, value, expected) in [
        ("tool_choice", json!({"type": "any"}), "tool_choice forces tool use"),
        ("tool_choice", json!({"type": "tool", "name": "read_file"}), "tool_choice forces tool use"),
        ("thinking", json!({"type": "disabled"}), "\"thinking.type.disabled\" is not supported"),
        ("thinking", json!({"type": "enabled", "budget_tokens": 1024}), "Accepted: adaptive, between_tools."),
        ("system", json!([cached("5m"), cached("1h")]), "a ttl='1h' cache_control block must not come after"),
        (
            "messages",
            json!([{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}]),
            "prefill",
        ),
    ] {
        let mut asked = request();
        asked[place] = value;
        let said = refusal(&world, &asked).await;
        assert!(said.contains(expected), "{place}: {said}");
        asked["model"] = "claude-haiku-4-5".into();
        let older = world.claude("/v1/messages/count_tokens", Some(asked)).await;
        let is_refused = place == "system";
        assert_eq!(older.status == 400, is_refused, "{place}: {}", older.body);
    }
    let mut asked = request();
    turn(&world, &mut asked, &["teh cat"]).await;
    assert!(refusal(&world, &asked).await.contains("`tool_use` ids were found without `tool_result` blocks"));
    let mut bare = request();
    bare["messages"] = json!([{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "a"}]}]);
    bare.as_object_mut().unwrap().remove("tools");
    assert!(refusal(&world, &bare).await.contains("must define tools"));
    let mut silent = request();
    let thought = json!({"type": "thinking", "thinking": "", "signature": "c2ln"});
    silent["messages"].as_array_mut().unwrap().extend([
        json!({"role": "assistant", "content": [thought]}),
        json!({"role": "user", "content": "Go on."}),
    ]);
    assert!(
        refusal(&world, &silent).await.contains("final block in an assistant message cannot be `thinking`")
    );
    let mut long = request();
    long["messages"][0]["content"] = json!("x".repeat(4_000_100));
    assert!(refusal(&world, &long).await.contains("prompt is too long"));
    let mut huge = request();
    huge["messages"][0]["content"] = json!("x".repeat(33 * 1024 * 1024));
    let huge = world.claude("/v1/messages", Some(huge)).await;
    assert_eq!((huge.status, &huge.body["error"]["type"]), (413, &json!("request_too_large")));
}

#[tokio::test]
async fn a_call_that_is_cut_off_comes_as_the_beginning_of_its_input_and_can_be_asked_for_again() {
    let world = Harness::start().await;
    let mut asked = request();
    asked["stream"] = true.into();
    asked["max_tokens"] = 20.into();
    let events = world.claude("/v1/messages", Some(asked.clone())).await.body;
    let events = events.as_str().unwrap();
    assert!(events.contains(r#""type":"signature_delta""#), "{events}");
    assert!(events.contains(r#""partial_json":"{\"pa"#) && !events.contains("a.txt"), "{events}");
    assert!(events.contains(r#""stop_reason":"max_tokens""#));
    assert_eq!(world.simulation.state()["claude"]["replies"][3]["left"], 2);
    asked["max_tokens"] = 1000.into();
    let events = world.claude("/v1/messages", Some(asked)).await.body;
    assert!(events.as_str().unwrap().contains(r#""stop_reason":"tool_use""#));
    assert_eq!(world.simulation.state()["claude"]["replies"][3]["left"], 1);
}

#[tokio::test]
async fn a_conversation_that_marks_its_ends_is_read_from_the_cache_and_billed_so() {
    let world = Harness::start().await;
    let mut asked = request();
    asked["system"] =
        json!([{"type": "text", "text": "Be brief. ".repeat(400), "cache_control": {"type": "ephemeral"}}]);
    let first = turn(&world, &mut asked, &["teh cat", "a dog"]).await;
    let written = first["usage"]["cache_creation_input_tokens"].as_u64().unwrap();
    assert!(written > 1000, "tools and system: {written}");
    asked["messages"][2]["content"][1]["cache_control"] = json!({"type": "ephemeral"});
    let second = turn(&world, &mut asked, &["edited"]).await;
    assert_eq!(second["usage"]["cache_read_input_tokens"], written);
    assert!(second["usage"]["cache_creation_input_tokens"].as_u64().unwrap() < 200);
    assert_eq!(second["usage"]["input_tokens"], 0);
    let of = |usage: &Value, name: &str| usage[name].as_u64().unwrap() as f64;
    let cost = |message: &Value| {
        let usage = &message["usage"];
        (of(usage, "input_tokens") * 2.0
            + of(usage, "output_tokens") * 10.0
            + of(usage, "cache_creation_input_tokens") * 2.5
            + of(usage, "cache_read_input_tokens") * 0.1)
            / 1e6
    };
    let billed = world.simulation.state()["claude"]["billed"]["usd"].as_f64().unwrap();
    assert!((billed - cost(&first) - cost(&second)).abs() < 1e-9, "{billed}");
}
