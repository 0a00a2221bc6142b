//! The checks of a commit.

use crate::GITHUB;
use crate::{branch, github, shop};
use domain::plugins::{CheckConclusion, CommitRequest, FileChange, FileContent, VersionControl};
use provider_testing::{assert_described, mark};
use serde_json::{Value, json};
use simulators::Simulation;

fn act(simulation: &Simulation, mut delivery: Value) {
    let more = json!({"repository": "acme/shop", "branch": "feature/SHOP-1", "by": "ada"});
    delivery.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    simulation.act(&serde_json::from_value(delivery).unwrap()).unwrap();
}

#[tokio::test]
async fn every_check_run_and_status_counts_and_a_suite_without_runs_is_announced() {
    let simulation = GITHUB.described_simulation().await;
    let github = github(&simulation);
    let name = branch("feature/SHOP-1");
    let head = github.find_branch(&shop(), &branch("main")).await.unwrap().unwrap();
    github.create_branch(&shop(), &name, &head).await.unwrap();
    let changes = vec![FileChange::Write {
        path: "a".into(),
        content: FileContent::Text("1".into()),
        executable: false,
    }];
    let request =
        CommitRequest { branch: name, parent: head, message: "Change".into(), co_author: None, changes };
    let sha = github.commit(&shop(), &request, &mark("c")).await.unwrap().sha;
    let none = github.checks(&shop(), &sha).await.unwrap();
    assert!(none.attempts.is_empty() && none.conclusions.is_empty() && none.announced_at.is_none());

    // More than a page of runs: the last one goes on.
    let ended = |number: usize| json!({"name": format!("test {number}"), "conclusion": "success"});
    let runs: Vec<Value> = (0..101).map(ended).chain([json!({"name": "last"})]).collect();
    act(&simulation, json!({"kind": "github-checks", "app": "tests", "runs": runs}));
    act(&simulation, json!({"kind": "github-checks", "app": "never"}));
    act(&simulation, json!({"kind": "github-status", "context": "ci/build", "state": "pending"}));
    let begun = github.checks(&shop(), &sha).await.unwrap();
    // The run, its suite, and the status.
    assert_eq!((begun.attempts.len(), begun.unfinished, begun.conclusions.len()), (103, 3, 101));
    assert!(begun.announced_at.is_some());

    let runs = json!([{"name": "a", "conclusion": "neutral"}, {"name": "b", "conclusion": "timed_out"}]);
    act(&simulation, json!({"kind": "github-checks", "app": "tests", "runs": runs}));
    act(&simulation, json!({"kind": "github-status", "context": "ci/build", "state": "success"}));
    let mut done = github.checks(&shop(), &sha).await.unwrap();
    done.conclusions.sort();
    let expected = [CheckConclusion::Success, CheckConclusion::Success, CheckConclusion::Failure];
    assert_eq!((done.unfinished, done.conclusions.as_slice()), (0, expected.as_slice()));
    assert!(done.attempts.is_disjoint(&begun.attempts), "each was tried anew");
    let error = github.checks(&shop(), &"f".repeat(40).parse().unwrap()).await.unwrap_err();
    assert!(error.message.contains("No commit found") || error.message.contains("ffff"), "{error}");
    assert_described(&simulation);
}
