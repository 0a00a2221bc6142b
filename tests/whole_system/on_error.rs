//! The effects of each `on_error`, seen from outside.

use crate::support::{World, WorldFile};
use serde_json::{Value, json};

/// Makes a branch, then sends a message with the policy under test.
fn workflow(policy: &str) -> String {
    format!(
        r#"
name: Policy
inputs: {{ branch: string }}
steps:
  - name: make_branch
    plugin: version_control
    action: create_branch
    inputs: {{ branch: "${{branch}}" }}
  - name: tell
    plugin: communication
    action: send_message
    inputs: {{ message: "branch ${{branch}} is made" }}
    {policy}
  - name: say_more
    plugin: task_management
    action: add_comment
    inputs: {{ task_id: SHOP-1, comment: "after the message" }}
"#
    )
}

async fn run(policy: &str, faults: Value, branch: &str) -> (World, i32, Value) {
    let world = WorldFile::quick_shop().with_file("workflows/policy.yaml", &workflow(policy)).start().await;
    world.add_faults(&faults).await;
    let input = format!("branch={branch}");
    let arguments = ["run", "policy", "--json", "--as", "ada", "--project", "SHOP", "--input", &input];
    let (code, printed, errors) = world.command(&arguments).await;
    let line = printed.lines().last().unwrap_or_else(|| panic!("nothing was printed: {errors}"));
    (world, code, serde_json::from_str(line).unwrap())
}

/// Slack refuses the message for good.
fn refused() -> Value {
    json!({ "service": "slack", "path": "chat.postMessage", "status": 200, "body": { "ok": false, "error": "is_archived" } })
}

fn has_branch(state: &Value, branch: &str) -> bool {
    state["github"]["repositories"][0]["branches"][branch].is_string()
}

fn said_more(state: &Value) -> bool {
    state["jira"].to_string().contains("after the message")
}

#[tokio::test]
async fn fail_ends_and_leaves_what_was_done() {
    let (world, code, result) = run("on_error: fail", refused(), "feature/x").await;
    assert_eq!((code, &result["outcome"]), (1, &json!("failed")), "{result:#}");
    assert_eq!(result["error"], "Rejected");
    assert!(result["cause"].as_str().unwrap().contains("archived"), "{result:#}");
    let state = world.state().await;
    assert!(has_branch(&state, "feature/x") && !said_more(&state));
    world.finish().await;
}

#[tokio::test]
async fn continue_goes_on() {
    let (world, code, result) = run("on_error: continue", refused(), "feature/x").await;
    assert_eq!((code, &result["outcome"]), (0, &json!("succeeded")), "{result:#}");
    let state = world.state().await;
    assert!(has_branch(&state, "feature/x") && said_more(&state));
    world.finish().await;
}

#[tokio::test]
async fn retry_tries_again() {
    let busy = json!({ "service": "slack", "path": "chat.postMessage", "status": 503, "body": "busy" });
    let policy = "on_error: retry\n    retry: { max_attempts: 3, base_delay: 1s, max_delay: 2s }";
    let (world, code, result) = run(policy, busy, "feature/x").await;
    assert_eq!((code, &result["outcome"]), (0, &json!("succeeded")), "{result:#}");
    assert_eq!(world.requests("slack", "POST", "chat.postMessage").await.len(), 2);
    assert_eq!(world.state().await["slack"]["messages"].as_array().unwrap().len(), 1);
    world.finish().await;
}

#[tokio::test]
async fn rollback_takes_back_what_was_done() {
    let (world, code, result) = run("on_error: rollback", refused(), "feature/x").await;
    assert_eq!((code, &result["outcome"]), (1, &json!("rolled_back")), "{result:#}");
    let state = world.state().await;
    assert!(!has_branch(&state, "feature/x") && !said_more(&state));
    assert_eq!(world.requests("github", "POST", "/graphql").await.len(), 1);
    world.finish().await;
}

#[tokio::test]
async fn rollback_leaves_a_branch_that_existed_before() {
    // The first run makes the branch and fails; the second finds it there, uses it, and is rolled back.
    let (world, _, first) = run("on_error: rollback", json!([]), "feature/x").await;
    assert_eq!(first["outcome"], "succeeded", "{first:#}");
    world.add_faults(&refused()).await;
    let arguments =
        ["run", "policy", "--json", "--as", "ada", "--project", "SHOP", "--input", "branch=feature/x"];
    let (_, printed, _) = world.command(&arguments).await;
    let second: Value = serde_json::from_str(printed.lines().last().unwrap()).unwrap();
    assert_eq!(second["outcome"], "rolled_back", "{second:#}");
    assert!(has_branch(&world.state().await, "feature/x"));
    assert!(world.requests("github", "POST", "/graphql").await.is_empty());
    world.finish().await;
}
