//! Checks that failed and were started again before anybody looked at what failed.

use crate::world::{BRANCH, World};
use serde_json::{Value, json};

/// What is said of a commit, of which a check is said to have failed that now is as given, to a workflow that gives these inputs, too.
async fn read(conclusion: &str, more: Value) -> Value {
    let world = World::start_with(|world| {
        let github = world.section_mut::<simulators::github::World>("github").unwrap();
        let checks = json!([{"name": "test", "conclusion": conclusion, "app": "shop-ci"}]);
        github.repositories[0].checks = serde_json::from_value(checks).unwrap();
    })
    .await;
    world.begin().await;
    let files = json!([{"path": "NOTES.md", "content": "New.\n"}]);
    let commit = json!({"branch": BRANCH, "message": "Notes", "files": files});
    let commit = world.step("Commit", "commit_changes", commit).await.unwrap();
    let opened = json!({"source_branch": BRANCH, "title": "Notes"});
    let opened = world.step("Open", "create_pull_request", opened).await.unwrap();
    let mut failed = json!({
        "branch": BRANCH, "number": opened["number"], "sha": commit["sha"], "conclusion": "failure",
    });
    failed.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let checks = world.step("Checks", "read_checks", failed).await.unwrap();
    world.assert_no_violations();
    checks
}

#[tokio::test]
async fn what_failed_and_passes_now_is_green_and_what_runs_again_is_awaited() {
    for (conclusion, expected) in
        [("success", "green"), ("pending", "running"), ("cancelled", "unclear"), ("failure", "red")]
    {
        let checks = read(conclusion, json!({"awaits_running": true})).await;
        assert_eq!(checks["verdict"], expected, "{conclusion}");
    }
}

#[tokio::test]
async fn a_workflow_that_does_not_know_running_is_told_that_the_checks_are_unclear() {
    let checks = read("pending", json!({})).await;
    assert_eq!(checks["verdict"], "unclear");
    assert_eq!(checks["summary"], "Checks that failed were started again.");
}
