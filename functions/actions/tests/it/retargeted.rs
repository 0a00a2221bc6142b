//! A pull request that people gave another target since it was opened.

use crate::world::{BRANCH, World, client};
use serde_json::{Value, json};

const NUMBER: u64 = 2;

/// A person changes the pull request.
async fn change(world: &World, change: Value) {
    let url = format!("{}/repos/acme/shop/pulls/{NUMBER}", world.simulation.url("github"));
    let request = client().patch(url).bearer_auth("simulated-github-token").json(&change);
    assert_eq!(request.send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_pull_request_with_another_target_is_open_as_before() {
    let world = World::start().await;
    world.begin().await;
    let files = json!([{"path": "NOTES.md", "content": "New.\n"}]);
    let commit = json!({"branch": BRANCH, "message": "Notes", "files": files});
    let commit = world.step("Commit", "commit_changes", commit).await.unwrap();
    let opened = json!({"source_branch": BRANCH, "title": "Notes"});
    let opened = world.step("Open", "create_pull_request", opened).await.unwrap();
    assert_eq!(opened["number"], NUMBER);
    let repository = "acme/shop".parse().unwrap();
    let mut opened = world.table.opened_pull_request(&repository, NUMBER).await.unwrap().unwrap();
    opened.task_id = Some("SHOP-1".into());
    world.table.put_opened_pull_request(&opened).await.unwrap();
    world.push_branch("release").await;
    change(&world, json!({"base": "release"})).await;

    let of_checks =
        json!({"branch": BRANCH, "number": NUMBER, "sha": commit["sha"], "conclusion": "success"});
    let checks = world.step("Checks", "read_checks", of_checks.clone()).await.unwrap();
    assert_eq!(checks["verdict"], "green", "{checks}");
    let of_ticket = json!({"task_id": "SHOP-1", "number": NUMBER});
    let found = world.step("Find", "find_pull_request", of_ticket.clone()).await.unwrap();
    assert_eq!((&found["number"], &found["branch"]), (&json!(NUMBER), &json!(BRANCH)));

    change(&world, json!({"state": "closed"})).await;
    let checks = world.step("ChecksOfClosed", "read_checks", of_checks).await.unwrap();
    assert_eq!(checks["verdict"], "closed", "{checks}");
    let error = world.step("FindClosed", "find_pull_request", of_ticket).await.unwrap_err();
    assert!(error.message.contains("is closed or merged"), "{error}");
    world.assert_no_violations();
}
