//! Effects happen once, whatever is lost on the way, and only our own are taken back.

use crate::world::{BRANCH, World};
use domain::ErrorKind;
use serde_json::{Value, json};

/// Performs a step whose answer is lost after the service did its work, then again.
async fn lost_answer(world: &World, fault: Value, state: &str, action: &str, input: Value) -> Value {
    world.fault(fault);
    let lost = world.step(state, action, input.clone()).await.unwrap_err();
    assert_eq!(lost.kind, ErrorKind::Unavailable, "{lost}");
    world.step(state, action, input).await.unwrap()
}

#[tokio::test]
async fn a_lost_answer_makes_nothing_twice() {
    let world = World::start().await;
    let fault = |service: &str, path: &str| json!({"service": service, "method": "POST", "path": path, "truncated": true, "after_effect": true});
    let branch = lost_answer(
        &world,
        fault("github", "/git/refs$"),
        "CreateBranch",
        "create_branch",
        json!({"branch": BRANCH}),
    )
    .await;
    assert_eq!(branch["created"], true, "it is ours, although the answer was lost");

    let implementation = world.implementation().await.unwrap();
    let commit = lost_answer(
        &world,
        fault("github", "/graphql$"),
        "Commit",
        "commit_changes",
        json!({"branch": BRANCH, "implementation": implementation}),
    )
    .await;
    assert_eq!(world.branch(BRANCH).await.as_deref(), commit["sha"].as_str());

    let input = json!({"source_branch": BRANCH, "title": "Discounts"});
    let pull_request =
        lost_answer(&world, fault("github", "/pulls$"), "CreatePullRequest", "create_pull_request", input)
            .await;
    assert_eq!(
        (&pull_request["number"], &pull_request["created"]),
        (&json!(pull_request["number"]), &json!(true))
    );
    assert_eq!(world.requests("github", "POST", "/pulls").len(), 1);

    let input = json!({"task_id": "SHOP-1", "comment": "Done"});
    let comment = lost_answer(&world, fault("jira", "/comment$"), "Comment", "add_comment", input).await;
    assert!(comment["comment_id"].is_string());
    assert_eq!(world.requests("jira", "POST", "/comment").len(), 1);

    let input = json!({"message": "Done"});
    let message =
        lost_answer(&world, fault("slack", "chat.postMessage"), "Notify", "send_message", input).await;
    assert!(message["message_id"].is_string());
    assert_eq!(world.requests("slack", "POST", "chat.postMessage").len(), 1);

    let input = json!({"task_id": "SHOP-1", "status": "in_review"});
    let fault = json!({"service": "jira", "method": "POST", "path": "/transitions$", "status": 502, "after_effect": true});
    let status = lost_answer(&world, fault, "UpdateStatus", "update_task_status", input).await;
    assert_eq!(status, json!({"status": "Code Review", "previous_status": "To Do"}));
    world.assert_no_violations();
}

#[tokio::test]
async fn a_branch_that_was_there_is_used_and_never_deleted() {
    let world = World::start().await;
    world.push_branch(BRANCH).await;
    let before = world.branch(BRANCH).await;
    let branch = world.step("CreateBranch", "create_branch", json!({"branch": BRANCH})).await.unwrap();
    assert_eq!(branch["created"], false);
    let implementation = world.implementation().await.unwrap();
    let input = json!({"branch": BRANCH, "implementation": implementation});
    world.step("Commit", "commit_changes", input).await.unwrap();
    let taken_back = world.roll_back().await;
    assert_eq!(taken_back.len(), 1, "{taken_back:?}");
    assert_eq!(taken_back[0].0, "revert_commit");
    assert_eq!(world.branch(BRANCH).await, before);
}

#[tokio::test]
async fn a_commit_makes_its_branch_and_a_rollback_leaves_what_somebody_built_on() {
    let world = World::start().await;
    let implementation = world.implementation().await.unwrap();
    let input = json!({"branch": BRANCH, "implementation": implementation});
    world.step("Commit", "commit_changes", input).await.unwrap();
    // Somebody pushes another commit on top.
    let file =
        json!({"branch": BRANCH, "message": "More", "files": [{"path": "more.txt", "content": "more\n"}]});
    let payload = world.step("SomebodyElse", "commit_changes", file).await.unwrap();
    world
        .table
        .mark_undone(crate::world::RUN, &format!("{}/SomebodyElse", crate::world::RUN), crate::world::now())
        .await
        .unwrap();
    let taken_back = world.roll_back().await;
    let kinds: Vec<_> = taken_back
        .iter()
        .map(|(action, result)| (action.as_str(), result.as_ref().map_err(|error| error.kind).map(drop)))
        .collect();
    assert_eq!(
        kinds,
        [("revert_commit", Err(ErrorKind::Conflict)), ("delete_branch", Err(ErrorKind::Conflict))]
    );
    assert_eq!(world.branch(BRANCH).await.as_deref(), payload["sha"].as_str());
}

#[tokio::test]
async fn one_invocation_at_a_time_performs_an_effect() {
    let world = World::start().await;
    let attempts = (0..8).map(|_| world.step("Notify", "send_message", json!({"message": "Done"})));
    let results = futures::future::join_all(attempts).await;
    assert!(results.iter().any(Result::is_ok));
    for error in results.iter().filter_map(|result| result.as_ref().err()) {
        assert!(matches!(error.kind, ErrorKind::Unavailable | ErrorKind::Conflict), "{error}");
    }
    assert_eq!(world.requests("slack", "POST", "chat.postMessage").len(), 1);
}
