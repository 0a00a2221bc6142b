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
    // Those that every commit of the world has.
    let first = github.checks(&shop(), &sha).await.unwrap();
    assert_eq!((first.attempts.len(), first.unfinished, first.conclusions.len()), (2, 0, 2));
    assert!(first.announced_at.is_none());

    // More than a page of runs: the last one is still running.
    let ended = |number: usize| json!({"name": format!("test {number}"), "conclusion": "success"});
    let runs: Vec<Value> = (0..101).map(ended).chain([json!({"name": "last"})]).collect();
    act(&simulation, json!({"kind": "github-checks", "app": "tests", "runs": runs}));
    act(&simulation, json!({"kind": "github-checks", "app": "never"}));
    act(&simulation, json!({"kind": "github-status", "context": "ci/build", "state": "pending"}));
    let begun = github.checks(&shop(), &sha).await.unwrap();
    // Unfinished are the run, its suite, and the status.
    assert_eq!((begun.attempts.len(), begun.unfinished, begun.conclusions.len()), (105, 3, 103));
    assert!(begun.announced_at.is_some());

    let runs = json!([{"name": "a", "conclusion": "neutral"}, {"name": "b", "conclusion": "timed_out"}]);
    act(&simulation, json!({"kind": "github-checks", "app": "tests", "runs": runs}));
    act(&simulation, json!({"kind": "github-status", "context": "ci/build", "state": "success"}));
    let mut done = github.checks(&shop(), &sha).await.unwrap();
    done.conclusions.sort();
    let mut expected = vec![CheckConclusion::Success; 4];
    expected.push(CheckConclusion::Failure);
    assert_eq!((done.unfinished, &done.conclusions), (0, &expected));
    let again: Vec<&String> = done.attempts.intersection(&begun.attempts).collect();
    assert_eq!(again, first.attempts.iter().collect::<Vec<_>>(), "the others were tried anew");
    let error = github.checks(&shop(), &"f".repeat(40).parse().unwrap()).await.unwrap_err();
    assert!(error.message.contains("No commit found") || error.message.contains("ffff"), "{error}");
    assert_described(&simulation);
}

#[tokio::test]
async fn a_failed_check_tells_why_by_its_job_its_report_or_its_status() {
    let simulation = GITHUB.described_simulation().await;
    let github = github(&simulation);
    let (name, head) =
        (branch("feature/SHOP-1"), github.find_branch(&shop(), &branch("main")).await.unwrap().unwrap());
    github.create_branch(&shop(), &name, &head).await.unwrap();
    let changes = vec![FileChange::Write {
        path: "a".into(),
        content: FileContent::Text("1".into()),
        executable: false,
    }];
    let request =
        CommitRequest { branch: name, parent: head, message: "Change".into(), co_author: None, changes };
    let sha = github.commit(&shop(), &request, &mark("c")).await.unwrap().sha;
    assert_eq!(github.failed_checks(&shop(), &sha).await.unwrap(), []);

    let job = json!([{"name": "test", "conclusion": "failure", "log": "2026-03-02T09:00:00Z ##[error]2 is not 3\n"},
                     {"name": "slow", "conclusion": "timed_out"}, {"name": "good", "conclusion": "success", "log": "fine"}]);
    act(&simulation, json!({"kind": "github-checks", "app": "github-actions", "runs": job}));
    let note = json!({"path": "src/a.py", "line": 3, "message": "too long"});
    let report = json!([{"name": "style", "conclusion": "failure", "log": "One line is too long.", "annotations": [note]}]);
    act(&simulation, json!({"kind": "github-checks", "app": "linter", "runs": report}));
    act(&simulation, json!({"kind": "github-status", "context": "ci/build", "state": "error"}));
    let failed = github.failed_checks(&shop(), &sha).await.unwrap();
    let said: Vec<_> = failed.iter().map(|check| (check.name.as_str(), check.log.as_deref())).collect();
    assert_eq!(
        said,
        [
            ("ci/build", None),
            // Its log has expired.
            ("slow", None),
            ("style", Some("style\nOne line is too long.\nsrc/a.py:3: failure: too long")),
            ("test", Some("2026-03-02T09:00:00Z ##[error]2 is not 3\n")),
        ]
    );
    assert_described(&simulation);
}

#[tokio::test]
async fn a_token_that_may_not_read_checks_reads_jobs_and_statuses_instead() {
    let simulation = GITHUB.described_simulation().await;
    let github = github(&simulation);
    let (name, head) =
        (branch("feature/SHOP-1"), github.find_branch(&shop(), &branch("main")).await.unwrap().unwrap());
    github.create_branch(&shop(), &name, &head).await.unwrap();
    let changes = vec![FileChange::Write {
        path: "a".into(),
        content: FileContent::Text("1".into()),
        executable: false,
    }];
    let request =
        CommitRequest { branch: name, parent: head, message: "Change".into(), co_author: None, changes };
    let sha = github.commit(&shop(), &request, &mark("c")).await.unwrap().sha;
    let jobs = json!([{"name": "build", "conclusion": "failure", "log": "##[error]2 is not 3\n"}, {"name": "goes on"}]);
    act(&simulation, json!({"kind": "github-checks", "app": "github-actions", "runs": jobs}));
    act(
        &simulation,
        json!({"kind": "github-checks", "app": "linter", "runs": [{"name": "style", "conclusion": "success"}]}),
    );
    act(&simulation, json!({"kind": "github-status", "context": "ci/build", "state": "success"}));
    let refused = json!({
        "service": "github", "path": "/check-(runs|suites)$", "status": 403, "times": 10,
        "body": {"message": "Resource not accessible by personal access token", "status": "403"},
    });
    simulation.add_fault(serde_json::from_value(refused).unwrap()).unwrap();
    let checks = github.checks(&shop(), &sha).await.unwrap();
    // The running job and its workflow are not done; the linter is a separate App, which such a token cannot see.
    assert_eq!((checks.unfinished, checks.conclusions.len()), (2, 4), "{checks:?}");
    let failed = github.failed_checks(&shop(), &sha).await.unwrap();
    let said: Vec<_> = failed.iter().map(|check| (check.name.as_str(), check.log.as_deref())).collect();
    assert_eq!(said, [("build", Some("##[error]2 is not 3\n"))]);
    assert_described(&simulation);

    // If it may not read these either, the first refusal is reported.
    let neither =
        json!({"service": "github", "path": "/actions/runs$", "status": 403, "body": {"message": "no jobs"}});
    simulation.add_fault(serde_json::from_value(neither).unwrap()).unwrap();
    let error = github.checks(&shop(), &sha).await.unwrap_err();
    assert!(error.message.contains("Resource not accessible"), "{error}");
}
