//! A different world has a different outcome: nothing of the shipped one is built into the program.

use crate::evidence::{
    changed_files, messages, micro_usd, pull_request, reported_micro_usd, repository, ticket,
};
use crate::support::{World, WorldFile};
use serde_json::json;

const LIBRARY: &str = include_str!("worlds/library.yaml");

/// What the three replies of the library's world cost by the prices of claude-opus-5-5, worked out by hand: reading anew
/// 1710 × 4, saying 625 × 20, writing to the cache 916 × 5 and reading from it 3348 × 0.2 micro-dollars, rounded up.
const LIBRARY_MICRO_USD: u64 = 24_590;

async fn becomes_a_pull_request(world: World, trigger: &str) {
    let name = world.start_by(trigger).await;
    let execution = world.ended(&name).await;
    assert_eq!(execution["outcome"], "succeeded", "{execution:#}");
    assert_eq!(execution["task"], "LIB-7");
    let told = world.told(&name).await;
    let state = world.state().await;

    let repository = repository(&state, "athenaeum/front-desk");
    let pull_request = pull_request(repository, "feature/LIB-7");
    assert_eq!(pull_request["base"]["ref"], "trunk");
    assert_eq!(pull_request["title"], "LIB-7: Say the reader's name");
    assert!(pull_request["body"].as_str().unwrap().starts_with("The greeting has a place for the name."));
    assert_eq!(changed_files(pull_request), ["desk/greeting.txt", "desk/names.txt"]);
    let patch = pull_request["files"][0]["patch"].as_str().unwrap();
    assert!(patch.contains("-Welcome, reader.\n+Welcome, {name}."), "{patch}");

    assert_eq!(ticket(&state, "LIB-7")["status"], "Peer Check");
    let url = pull_request["html_url"].as_str().unwrap();
    let expected = format!("LIB-7 (Greet readers by their name) is ready for review: <{url}>");
    assert!(messages(&state, "#reading-room").contains(&expected.as_str()), "{}", state["slack"]);
    assert_eq!(reported_micro_usd(&world.log().await), LIBRARY_MICRO_USD);
    assert_eq!(micro_usd(&execution["cost_usd"]), LIBRARY_MICRO_USD);
    assert!(told.contains("$0.0246"), "{told}");
    world.finish().await;
}

#[tokio::test]
async fn a_labelled_wish_of_a_library() {
    becomes_a_pull_request(WorldFile::parse(LIBRARY).quick().start().await, "wish").await;
}

#[tokio::test]
async fn a_command_of_another_name() {
    becomes_a_pull_request(WorldFile::parse(LIBRARY).quick().start().await, "command").await;
}

#[tokio::test]
async fn a_model_that_proposes_other_edits_changes_other_files() {
    let other = |document: &mut serde_json::Value| {
        let call = json!({"tool_use": {"name": "delete_file", "input": {"path": "desk/rules.txt"}}});
        document["claude"]["replies"][1]["content"] = json!([call]);
    };
    let world = WorldFile::parse(LIBRARY).quick().edit(other).start().await;
    let name = world.start_by("wish").await;
    assert_eq!(world.ended(&name).await["outcome"], "succeeded");
    let state = world.state().await;
    let pull_request = pull_request(repository(&state, "athenaeum/front-desk"), "feature/LIB-7");
    assert_eq!(changed_files(pull_request), ["desk/rules.txt"]);
    assert_eq!(pull_request["files"][0]["status"], "removed");
    world.finish().await;
}
