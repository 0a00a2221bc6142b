//! The development workflow with other models than Claude's own service: the same ticket becomes the same pull request.

use crate::evidence::{branches, changed_files, micro_usd, pull_request, repository};
use crate::support::{World, WorldFile};
use serde_json::{Value, json};

const GPT: &str = "gpt-5.6-terra";
const IN_HOUSE: &str = "qwen-coder";

/// The shop with OpenAI's models in place of Claude's, with the same replies. `compatible` makes it another vendor's server.
fn shop_with_openai(settings: Value, compatible: bool) -> WorldFile {
    WorldFile::shop()
        .edit(|document| {
            let replies = document["claude"]["replies"].clone();
            document["secrets"]["ticketsmith/openai"] = json!({"api_key": "simulated-openai-key"});
            document["openai"] = json!({
                "secret": "ticketsmith/openai", "models": [GPT, IN_HOUSE], "compatible": compatible, "replies": replies,
            });
            let plugins = &mut document["configuration"]["plugins"];
            plugins["openai"] = json!({"base_url": "https://api.openai.com/v1"});
            settings.as_object().unwrap().iter().for_each(|(key, value)| plugins["openai"][key] = value.clone());
        })
        .quick()
}

/// The prices of the list: the simulated service is not at the vendor's address, the only one for which the list applies.
fn prices() -> Value {
    json!({GPT: {"input": 2, "output": 12, "cache_read": 0.2, "cache_write": 2.5}})
}

const PROFILE: &str = "eu.anthropic.claude-sonnet-5-5";

/// The shop in which Bedrock's models say what Claude's say.
fn shop_with_bedrock() -> WorldFile {
    WorldFile::shop()
        .edit(|document| {
            let replies = document["claude"]["replies"].clone();
            document["bedrock"] = json!({"models": [PROFILE], "replies": replies});
            document["configuration"]["plugins"]["bedrock"] = json!({
                "base_url": "https://bedrock-runtime.eu-central-1.amazonaws.com", "region": "eu-central-1", "model": PROFILE,
            });
        })
        .quick()
}

/// The project's models are OpenAI's.
fn alone(file: WorldFile) -> WorldFile {
    file.edit(|document| {
        document["configuration"]["projects"][0]["providers"]["ai_provider"] = json!("openai");
        document["configuration"]["plugins"].as_object_mut().unwrap().remove("claude");
        document.as_object_mut().unwrap().remove("claude");
    })
}

/// Labels the ticket, and returns the execution that has opened a pull request for it.
async fn developed(world: &World) -> Value {
    let name = world.start_by("jira-label").await;
    let ended = world.ended(&name).await;
    assert_eq!(ended["outcome"], "succeeded", "{ended:#}");
    let state = world.state().await;
    let repository = repository(&state, "acme/shop");
    let branches = branches(repository);
    let branch = branches.iter().find(|branch| **branch != "main").expect("the agent's branch");
    let files = changed_files(pull_request(repository, branch));
    assert!(files.contains(&"src/shop/discounts.py"), "{files:?}");
    ended
}

#[tokio::test]
async fn a_ticket_becomes_a_pull_request_by_openai() {
    let file = shop_with_openai(json!({"model": GPT, "prices": prices()}), false);
    let world = alone(file).start().await;
    let ended = developed(&world).await;
    let openai = &world.state().await["openai"];
    let calls = openai["replies_given"].as_u64().unwrap();
    assert!(calls > 2, "{openai}");
    // Each call is booked in whole micro-dollars, rounded up.
    let (bill, booked) = (micro_usd(&openai["billed"]["usd"]), micro_usd(&ended["cost_usd"]));
    assert!(bill > 0 && booked >= bill && booked <= bill + calls, "booked {booked}, billed {bill}");
    assert_eq!(ended["cost_unknown_calls"], 0, "{ended:#}");
    for request in world.requests("openai", "POST", "/responses").await {
        if request["path"] == "/v1/responses" {
            assert_eq!(request["request"]["store"], false);
        }
    }
    world.finish().await;
}

#[tokio::test]
async fn a_ticket_becomes_a_pull_request_by_a_compatible_server_for_nothing() {
    let settings = json!({"api": "chat_completions", "model": IN_HOUSE, "prices": {IN_HOUSE: {"input": 0, "output": 0}}});
    let world = alone(shop_with_openai(settings, true)).start().await;
    let ended = developed(&world).await;
    assert!(world.state().await["openai"]["replies_given"].as_u64().unwrap() > 2);
    assert_eq!((micro_usd(&ended["cost_usd"]), &ended["cost_unknown_calls"]), (0, &json!(0)), "{ended:#}");
    world.finish().await;
}

/// The agent of a project whose models are of two providers.
const TWO_PROVIDERS: &str = "description: Implements a ticket\neffort: medium\nprompt: prompts/agents/development.md\n\
                             models: [claude-sonnet-5-5, gpt-5.6-terra]\n";

#[tokio::test]
async fn another_provider_goes_on_where_one_is_overloaded_in_the_middle() {
    let world = shop_with_openai(json!({"model": GPT, "prices": prices()}), false)
        .with_file("agents/development.yaml", TWO_PROVIDERS)
        .edit(|document| {
            // Claude says two turns, and then has too much to do.
            document["faults"] = json!([
                {"service": "claude", "path": "^/v1/messages$", "contains": "\"tool_result\"", "status": 529, "times": 10_000,
                 "body": {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}}]);
        })
        .start()
        .await;
    developed(&world).await;
    let state = world.state().await;
    assert!(state["claude"]["messages"].as_u64().unwrap() > 0, "Claude began");
    let asked = world.requests("openai", "POST", "/responses").await;
    assert!(asked.iter().any(|entry| entry["status"] == 200));
    for entry in &asked {
        let sent = entry["request"].to_string();
        for bound in ["signature", "toolu_", "tool_use"] {
            assert!(!sent.contains(bound), "a block of Claude's was sent to OpenAI: {sent}");
        }
    }
    world.finish().await;
}

#[tokio::test]
async fn a_ticket_becomes_a_pull_request_by_bedrock() {
    let file = shop_with_bedrock().edit(|document| {
        document["configuration"]["projects"][0]["providers"]["ai_provider"] = json!("bedrock");
        document["configuration"]["plugins"].as_object_mut().unwrap().remove("claude");
        document.as_object_mut().unwrap().remove("claude");
    });
    let world = file.start().await;
    let ended = developed(&world).await;
    let bedrock = &world.state().await["bedrock"];
    let calls = bedrock["replies_given"].as_u64().unwrap();
    assert!(calls > 2, "{bedrock}");
    let (bill, booked) = (micro_usd(&bedrock["billed"]["usd"]), micro_usd(&ended["cost_usd"]));
    assert!(bill > 0 && booked >= bill && booked <= bill + calls, "booked {booked}, billed {bill}");
    assert_eq!(ended["cost_unknown_calls"], 0, "{ended:#}");
    assert!(
        bedrock["billed"]["cache_read_input_tokens"].as_u64().unwrap() > 0,
        "the cache is used: {bedrock}"
    );
    world.finish().await;
}

#[tokio::test]
async fn bedrock_goes_on_where_claude_is_overloaded_in_the_middle() {
    let agent = TWO_PROVIDERS.replace("gpt-5.6-terra", PROFILE);
    let world = shop_with_bedrock()
        .with_file("agents/development.yaml", &agent)
        .edit(|document| {
            document["faults"] = json!([
                {"service": "claude", "path": "^/v1/messages$", "contains": "\"tool_result\"", "status": 529, "times": 10_000,
                 "body": {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}}]);
        })
        .start()
        .await;
    developed(&world).await;
    assert!(world.state().await["claude"]["messages"].as_u64().unwrap() > 0, "Claude began");
    let asked = world.requests("bedrock", "POST", "/converse-stream").await;
    assert!(asked.iter().any(|entry| entry["status"] == 200), "{asked:?}");
    for entry in &asked {
        let sent = entry["request"].to_string();
        for bound in ["toolu_", "\"tool_use\"", "cache_control"] {
            assert!(!sent.contains(bound), "a block of Claude's own service was sent to Bedrock: {sent}");
        }
    }
    world.finish().await;
}
