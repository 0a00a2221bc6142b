//! Services that fail, each in its own way.

use crate::support::WorldFile;
use serde_json::{Value, json};

/// Runs the shipped workflow with a fault and gives how it ended, the number of pull requests and messages, and what people are told.
async fn with_fault(fault: Value) -> (Value, usize, usize, String) {
    let world = WorldFile::quick_shop().start().await;
    world.add_faults(&fault).await;
    let name = world.start_by("jira-label").await;
    let ended = world.ended(&name).await;
    let told = world.told(&name).await;
    let state = world.state().await;
    let pulls = state["github"]["repositories"][0]["pull_requests"].as_array().unwrap();
    let open = pulls.iter().filter(|pull| pull["state"] == "open").count();
    let messages = state["slack"]["messages"].as_array().unwrap().len();
    world.finish().await;
    (ended, open, messages, told)
}

/// The fault passes, the work is done once, and nobody notices but the clock.
async fn passes(fault: Value) {
    let (ended, pulls, messages, _) = with_fault(fault).await;
    assert_eq!(ended["outcome"], "succeeded", "{ended:#}");
    assert_eq!((pulls, messages), (1, 1));
}

/// The fault is final: the execution ends with this error, and people are told these words.
async fn is_final(fault: Value, outcome: &str, error: &str, words: &str) {
    let (ended, pulls, _, told) = with_fault(fault).await;
    assert_eq!(ended["outcome"], outcome, "{ended:#}");
    assert!(ended.to_string().contains(error), "{ended:#}");
    assert!(told.contains('❌') && told.contains(words), "{told}");
    assert_eq!(pulls, 0);
}

#[tokio::test]
async fn a_server_error_passes() {
    passes(json!({ "service": "github", "method": "POST", "path": "/pulls$", "status": 500, "body": { "message": "Server Error" } })).await;
}

#[tokio::test]
async fn a_rate_limit_passes() {
    passes(json!({ "service": "github", "method": "POST", "path": "/git/trees$", "status": 429,
                   "headers": { "retry-after": "1" }, "body": { "message": "slow down" } }))
    .await;
}

#[tokio::test]
async fn a_lost_answer_makes_nothing_twice() {
    passes(json!({ "service": "github", "method": "POST", "path": "/pulls$", "truncated": true, "after_effect": true })).await;
}

#[tokio::test]
async fn a_lost_message_is_found_again() {
    passes(
        json!({ "service": "slack", "path": "chat.postMessage", "truncated": true, "after_effect": true }),
    )
    .await;
}

#[tokio::test]
async fn an_overloaded_model_passes() {
    passes(json!({ "service": "claude", "path": "/v1/messages", "status": 529,
                   "body": { "type": "error", "error": { "type": "overloaded_error", "message": "Overloaded" } } }))
    .await;
}

#[tokio::test]
async fn a_wrong_token_is_final() {
    let fault = json!({ "service": "claude", "path": "/v1/messages", "status": 401, "times": 50,
                        "body": { "type": "error", "error": { "type": "authentication_error", "message": "invalid x-api-key" } } });
    is_final(fault, "failed", "Rejected", "401").await;
}

#[tokio::test]
async fn a_missing_ticket_is_final() {
    let fault = json!({ "service": "jira", "method": "GET", "path": "/rest/api/3/issue/SHOP-1$", "status": 404,
                        "body": { "errorMessages": ["Issue does not exist or you do not have permission to see it."], "errors": {} } });
    is_final(fault, "failed", "Rejected", "SHOP-1").await;
}

#[tokio::test]
async fn a_branch_that_moved_is_a_conflict_and_is_taken_back() {
    let fault = json!({ "service": "github", "method": "PATCH", "path": "/git/refs/", "status": 422, "times": 5,
                        "body": { "message": "Update is not a fast forward" } });
    is_final(fault, "rolled_back", "has moved", "feature/SHOP-1").await;
}
