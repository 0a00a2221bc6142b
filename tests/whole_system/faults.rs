//! Services that fail, each in its own way.

use crate::evidence::{branches, repository, steps};
use crate::support::WorldFile;
use serde_json::{Value, json};

/// Runs the shipped workflow with a fault and returns how it ended, the number of pull requests and messages, and what people see.
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

/// The fault passes, the work is done once, and only the duration shows it.
async fn passes(fault: Value) {
    let (ended, pulls, messages, _) = with_fault(fault).await;
    assert_eq!(ended["outcome"], "succeeded", "{ended:#}");
    assert_eq!((pulls, messages), (1, 1));
}

/// The fault is final: the execution ends with this error, and people see these words.
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
    let fault = json!({ "service": "jira", "method": "GET", "path": "/rest/api/3/issue/SHOP-1$", "contains": "summary",
                        "status": 404,
                        "body": { "errorMessages": ["Issue does not exist or you do not have permission to see it."], "errors": {} } });
    is_final(fault, "failed", "Rejected", "SHOP-1").await;
}

#[tokio::test]
async fn a_branch_that_moved_is_a_conflict_and_is_taken_back() {
    let error = json!({ "type": "UNPROCESSABLE", "message": "Update is not a fast forward" });
    let fault = json!({ "service": "github", "method": "POST", "path": "/graphql$", "contains": "updateRefs", "status": 200,
                        "body": { "data": { "updateRefs": null }, "errors": [error] } });
    is_final(fault, "rolled_back", "has moved", "feature/SHOP-1").await;
}

#[tokio::test]
async fn a_secret_in_the_change_is_told_as_one() {
    let fault = json!({ "service": "github", "method": "POST", "path": "/git/trees$", "status": 409,
                        "body": { "message": "Secret detected in content" } });
    is_final(fault, "rolled_back", "GitHub says: Secret detected", "push protection").await;
}

#[tokio::test]
async fn every_service_asks_for_patience_at_once() {
    let headers = json!({ "retry-after": "1" });
    passes(json!([
        { "service": "jira", "method": "GET", "path": "/issue/SHOP-1$", "status": 429, "headers": headers },
        { "service": "github", "method": "POST", "path": "/git/refs$", "status": 429, "headers": headers },
        { "service": "claude", "path": "/v1/messages$", "status": 429, "headers": headers },
        { "service": "slack", "path": "chat.postMessage", "status": 429, "headers": headers },
    ]))
    .await;
}

#[tokio::test]
async fn every_service_loses_an_answer() {
    let lost = |service: &str, path: &str| json!({ "service": service, "method": "POST", "path": path, "status": 502, "after_effect": true });
    let (ended, pulls, messages, _) = with_fault(json!([
        lost("jira", "/transitions$"),
        lost("github", "/git/refs$"),
        lost("github", "/pulls$"),
        lost("slack", "chat.postMessage"),
        { "service": "claude", "path": "/v1/messages$", "truncated": true, "after_effect": true },
    ]))
    .await;
    assert_eq!((&ended["outcome"], pulls, messages), (&json!("succeeded"), 1, 1), "{ended:#}");
    // It is unknown whether the lost reply was billed.
    assert_eq!(ended["cost_unknown_calls"], 1, "{ended:#}");
}

#[tokio::test]
async fn an_answer_that_does_not_come_in_time_is_not_waited_for() {
    // A request times out after 30 seconds.
    passes(json!({ "service": "github", "method": "POST", "path": "/pulls$", "delay_ms": 33_000, "after_effect": true })).await;
}

#[tokio::test]
async fn a_code_host_that_knows_us_no_more_is_final() {
    let fault = json!({ "service": "github", "method": "GET", "path": "/git/ref/heads/main$", "status": 401,
                        "body": { "message": "Bad credentials" } });
    is_final(fault, "failed", "Rejected", "the credentials were not accepted (401): Bad credentials").await;
}

#[tokio::test]
async fn a_refused_pull_request_takes_back_branch_and_commit() {
    let world = WorldFile::quick_shop().start().await;
    let body = json!({ "message": "Validation Failed", "errors": [
        { "resource": "PullRequest", "code": "custom", "message": "Pull requests are disabled here" }] });
    let fault =
        json!({ "service": "github", "method": "POST", "path": "/pulls$", "status": 422, "body": body });
    world.add_faults(&fault).await;
    let name = world.start_by("jira-label").await;
    let ended = world.ended(&name).await;
    assert_eq!(ended["outcome"], "rolled_back", "{ended:#}");
    let told = world.told(&name).await;
    assert!(told.contains("Pull requests are disabled here") && told.contains("Taken back"), "{told}");
    let state = world.state().await;
    assert_eq!(branches(repository(&state, "acme/shop")), ["main"]);
    assert!(state["slack"]["messages"].as_array().unwrap().is_empty());
    world.finish().await;
}

#[tokio::test]
async fn what_fails_behind_the_pull_request_is_told_and_takes_nothing_back() {
    let (ended, pulls, messages, told) = with_fault(json!([
        { "service": "jira", "method": "POST", "path": "/transitions$", "status": 409,
          "body": { "errorMessages": ["The ticket is being edited"], "errors": {} } },
        { "service": "slack", "path": "chat.postMessage", "status": 200, "body": { "ok": false, "error": "invalid_auth" } },
    ]))
    .await;
    assert_eq!((&ended["outcome"], pulls, messages), (&json!("succeeded"), 1, 0), "{ended:#}");
    let failed: Vec<_> = steps(&ended).into_iter().filter(|(_, status)| *status == "failed").collect();
    assert_eq!(failed, [("UpdateTaskStatus", "failed"), ("NotifyTeam", "failed")]);
    assert!(told.contains("❌ Update task status") && told.contains("❌ Notify team"), "{told}");
}
