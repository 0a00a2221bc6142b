use serde_json::{Value, json};

use crate::harness::{Answer, Harness};

fn request(text: &str) -> Value {
    json!({"model": "claude-sonnet-5-5", "max_tokens": 1000, "messages": [{"role": "user", "content": text}]})
}

fn plan(text: &str) -> Value {
    let schema = json!({"type": "object", "additionalProperties": false, "required": ["steps"],
                        "properties": {"steps": {"type": "array", "items": {"type": "string"}}}});
    let mut request = request(text);
    request["output_config"] = json!({"format": {"type": "json_schema", "schema": schema}});
    request
}

#[tokio::test]
async fn key_and_version_are_demanded() {
    let world = Harness::start().await;
    let url = format!("{}/v1/messages", world.simulation.url("claude"));
    let bare = Answer::read(world.client.post(&url).json(&request("x")).send().await.unwrap()).await;
    assert_eq!((bare.status, &bare.body["error"]["type"]), (401, &json!("authentication_error")));
    let wrong = world.client.post(&url).header("x-api-key", "no").header("anthropic-version", "2023-06-01");
    assert_eq!(wrong.json(&request("x")).send().await.unwrap().status(), 401);
    let unversioned = world.client.post(&url).header("x-api-key", "claude-key").json(&request("x"));
    let unversioned = Answer::read(unversioned.send().await.unwrap()).await;
    assert_eq!(
        (unversioned.status, &unversioned.body["error"]["type"]),
        (400, &json!("invalid_request_error"))
    );
}

#[tokio::test]
async fn a_reply_is_given_once_and_again_to_the_same_request() {
    let world = Harness::start().await;
    let asked = plan("Plan the work for TES-41, please");
    let first = world.claude("/v1/messages", Some(asked.clone())).await;
    assert_eq!(first.status, 200, "{}", first.body);
    assert_eq!(first.body["content"][0]["text"], r#"{"steps":["one","two"]}"#);
    assert_eq!(first.body["stop_reason"], "end_turn");
    assert_eq!(first.body["usage"]["input_tokens"], 8, "32 characters, four to a token");
    assert_eq!(first.body["usage"]["output_tokens"], 6);
    assert_eq!(world.claude("/v1/messages", Some(asked)).await.status, 200);
    let other = world.claude("/v1/messages", Some(plan("Plan the work for TES-41 anew"))).await;
    assert_eq!(other.status, 400);
    assert!(other.body["error"]["message"].as_str().unwrap().contains("no reply of the world file is left"));
    assert_eq!(world.simulation.violations().len(), 1);
}

#[tokio::test]
async fn a_request_without_what_the_reply_expects_fails_loudly_and_leaves_the_reply() {
    let world = Harness::start().await;
    let mut asked = request("Plan the work");
    asked["max_tokens"] = 10.into();
    let refused = world.claude("/v1/messages", Some(asked)).await;
    assert_eq!(refused.status, 400);
    let message = refused.body["error"]["message"].as_str().unwrap();
    for missing in ["the text \"TES-41\"", "a schema of the reply", "max_tokens from 100 to 5000 (it has 10)"]
    {
        assert!(message.contains(missing), "{message}");
    }
    assert_eq!(world.simulation.violations()[0].service, "claude");
    assert_eq!(world.simulation.state()["claude"]["replies"][0]["left"], 1);

    let mut unfit = plan("Plan the work for TES-41");
    unfit["output_config"]["format"]["schema"]["properties"]["steps"] = json!({"type": "string"});
    let unfit = world.claude("/v1/messages", Some(unfit)).await;
    assert!(unfit.body["error"]["message"].as_str().unwrap().contains("does not fit"));
    let mut open = plan("Plan the work for TES-41");
    open["output_config"]["format"]["schema"]["additionalProperties"] = true.into();
    let open = world.claude("/v1/messages", Some(open)).await;
    assert!(open.body["error"]["message"].as_str().unwrap().contains("additionalProperties"));
    let mut limited = plan("Plan the work for TES-41");
    limited["output_config"]["format"]["schema"]["properties"]["steps"]["items"]["maxLength"] = 3.into();
    let limited = world.claude("/v1/messages", Some(limited)).await;
    assert!(limited.body["error"]["message"].as_str().unwrap().contains("'maxLength' is not supported"));
    let mut cached = plan("Plan the work for TES-41");
    let block = json!({"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}});
    cached["messages"][0]["content"] = json!([block, block, block, block, block]);
    let cached = world.claude("/v1/messages", Some(cached)).await;
    assert!(cached.body["error"]["message"].as_str().unwrap().contains("Found 5"));
}

#[tokio::test]
async fn a_reply_longer_than_allowed_is_cut_off() {
    let world = Harness::start().await;
    let mut asked = request("Say it long");
    asked["max_tokens"] = 5.into();
    let cut = world.claude("/v1/messages", Some(asked)).await.body;
    assert_eq!(cut["stop_reason"], "max_tokens");
    assert_eq!(cut["content"][0]["text"].as_str().unwrap().len(), 20);
    assert_eq!(cut["usage"]["output_tokens"], 5);
}

#[tokio::test]
async fn tools_are_called_only_when_offered() {
    let world = Harness::start().await;
    let refused = world.claude("/v1/messages", Some(request("Use the tool"))).await;
    assert!(refused.body["error"]["message"].as_str().unwrap().contains("the tool `read_file`"));
    let mut asked = request("Use the tool");
    asked["tools"] = json!([{"name": "read_file", "input_schema": {"type": "object"}}]);
    let called = world.claude("/v1/messages", Some(asked)).await.body;
    assert_eq!(called["stop_reason"], "tool_use");
    assert_eq!(called["content"][2]["input"]["path"], "a.txt", "behind a thought and a text");
    let usage = &called["usage"];
    assert_eq!((&usage["input_tokens"], &usage["cache_read_input_tokens"]), (&json!(100), &json!(7)));
}

#[tokio::test]
async fn a_model_that_was_offered_tools_may_call_another() {
    let world = Harness::start().await;
    let mut asked = request("Use the tool");
    asked["tools"] = json!([{"name": "list_files", "input_schema": {"type": "object"}}]);
    let called = world.claude("/v1/messages", Some(asked)).await.body;
    assert_eq!(called["content"][2]["name"], "read_file", "{called}");
    assert_eq!(world.simulation.violations().len(), 0);
}

#[tokio::test]
async fn a_stream_carries_the_same_message() {
    let world = Harness::start().await;
    let mut asked = request("Say it long");
    asked["stream"] = true.into();
    let events = world.claude("/v1/messages", Some(asked)).await.body;
    let data: Vec<Value> = events
        .as_str()
        .unwrap()
        .lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let kinds: Vec<&str> = data.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(
        kinds,
        [
            "message_start",
            "content_block_start",
            "content_block_delta",
            "content_block_stop",
            "message_delta",
            "message_stop"
        ]
    );
    assert_eq!(data[2]["delta"]["text"].as_str().unwrap().len(), 40);
    assert_eq!(data[4]["usage"]["output_tokens"], 10);
}

#[tokio::test]
async fn only_the_models_of_the_world_are_known() {
    let world = Harness::start().await;
    let known = world.claude("/v1/models/claude-sonnet-5-5", None).await;
    assert_eq!((known.status, &known.body["id"]), (200, &json!("claude-sonnet-5-5")));
    assert_eq!(world.claude("/v1/models/claude-nine", None).await.status, 404);
    let mut asked = request("x");
    asked["model"] = "claude-nine".into();
    let unknown = world.claude("/v1/messages", Some(asked)).await;
    assert_eq!((unknown.status, &unknown.body["error"]["type"]), (404, &json!("not_found_error")));
}
