//! New work on a ticket whose earlier pull request was closed or merged: what is on its branch is no part of it.

use crate::session_script::{three_turns, world};
use crate::world::{BRANCH, World, client};
use domain::Clock;
use records::{ClosedPullRequest, OpenedPullRequest};
use serde_json::{Value, json};

/// Opens a pull request from a branch with a commit of its own, which a state makes.
async fn pull_request(world: &World, state: &str, branch: &str) -> u64 {
    let files = json!([{"path": "NOTES.md", "content": "New.\n"}]);
    let commit = json!({"branch": branch, "message": "Notes", "files": files});
    world.step(state, "commit_changes", commit).await.unwrap();
    let url = format!("{}/repos/acme/shop/pulls", world.simulation.url("github"));
    let asked = json!({"title": "Notes", "head": branch, "base": "main"});
    let request = client().post(url).bearer_auth("simulated-github-token").json(&asked);
    let made: Value = request.send().await.unwrap().json().await.unwrap();
    made["number"].as_u64().unwrap()
}

/// Records that a run opened a pull request for the ticket.
async fn opened(world: &World, number: u64, branch: &str) {
    let opened = OpenedPullRequest {
        repository: "acme/shop".parse().unwrap(),
        number,
        url: format!("https://github.com/acme/shop/pull/{number}"),
        branch: branch.parse().unwrap(),
        target: "main".parse().unwrap(),
        task_id: Some("SHOP-1".into()),
        project: "SHOP".into(),
        run: None,
        at: world.clock.now(),
    };
    world.table.put_opened_pull_request(&opened).await.unwrap();
}

/// Records that it was closed.
async fn closed(world: &World, number: u64, branch: &str) {
    let closed = ClosedPullRequest {
        repository: "acme/shop".parse().unwrap(),
        number,
        branch: branch.into(),
        merged: false,
        opened_at: None,
        closed_at: world.clock.now(),
    };
    world.table.put_closed_pull_request(&closed).await.unwrap();
}

/// The branch that a session works on that a state opens.
async fn branch_in(world: &World, state: &str, new_branch: bool) -> String {
    let task = world.task().await;
    let input = json!({"agent": "development", "task": task, "branch": BRANCH, "new_branch": new_branch});
    let report = world.step(state, "open_session", input).await.unwrap();
    let done = world.until_it_stops(state, report).await.unwrap();
    done["result"]["branch"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn work_after_a_closed_pull_request_is_on_a_new_branch() {
    let world = world(three_turns()).await;
    let next = format!("{BRANCH}-2");
    assert_eq!(branch_in(&world, "First", true).await, BRANCH, "there was none before");
    let number = pull_request(&world, "Commit", BRANCH).await;
    opened(&world, number, BRANCH).await;
    assert_eq!(branch_in(&world, "Open", true).await, BRANCH, "an open one is continued");
    closed(&world, number, BRANCH).await;
    assert_eq!(branch_in(&world, "Closed", true).await, next);
    assert_eq!(
        branch_in(&world, "Asked", false).await,
        BRANCH,
        "a workflow that does not ask for it keeps its branch"
    );
    let number = pull_request(&world, "CommitNext", &next).await;
    opened(&world, number, &next).await;
    assert_eq!(branch_in(&world, "Next", true).await, next, "the newest one counts");
    closed(&world, number, &next).await;
    assert_eq!(branch_in(&world, "Third", true).await, format!("{BRANCH}-3"));
    world.assert_no_violations();
}

#[tokio::test]
async fn a_pull_request_whose_end_nobody_reported_is_closed_as_well() {
    let world = world(three_turns()).await;
    let number = pull_request(&world, "Commit", BRANCH).await;
    opened(&world, number, BRANCH).await;
    assert_eq!(branch_in(&world, "Open", true).await, BRANCH, "it is open");
    let url = format!("{}/repos/acme/shop/pulls/{number}", world.simulation.url("github"));
    let request = client().patch(url).bearer_auth("simulated-github-token").json(&json!({"state": "closed"}));
    assert_eq!(request.send().await.unwrap().status(), 200);
    assert_eq!(branch_in(&world, "Closed", true).await, format!("{BRANCH}-2"));
    world.assert_no_violations();
}

#[tokio::test]
async fn a_branch_that_is_gone_is_made_again() {
    let world = world(three_turns()).await;
    opened(&world, 7, BRANCH).await;
    closed(&world, 7, BRANCH).await;
    assert_eq!(branch_in(&world, "Again", true).await, BRANCH);
    opened(&world, 8, "somebody/else").await;
    closed(&world, 8, "somebody/else").await;
    world.push_branch(BRANCH).await;
    assert_eq!(branch_in(&world, "Other", true).await, BRANCH, "no pull request of ours came from it");
}
