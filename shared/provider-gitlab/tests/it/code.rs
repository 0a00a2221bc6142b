//! Branches, commits and merge requests.

use crate::{branch, gitlab, request, shop, simulation, simulation_with, write};
use domain::plugins::{
    CheckConclusion, FileChange, FileContent, PullRequestClosing, PullRequestRequest, RepositoryPermission,
    TreeEntryKind, VersionControl,
};
use domain::{CommitSha, ErrorKind};
use provider_testing::{assert_described, mark};
use serde_json::json;
use simulators::Simulation;
use simulators::delivery::Delivery;

fn act(simulation: &Simulation, delivery: serde_json::Value) {
    simulation.act(&Delivery::new(delivery).unwrap()).unwrap();
}

#[tokio::test]
async fn files_are_moved_without_their_contents() {
    let simulation = simulation().await;
    let (host, shop, work) = (gitlab(&simulation), shop(), branch("feature/1"));
    let base = host.find_branch(&shop, &branch("main")).await.unwrap().unwrap();
    host.create_branch(&shop, &work, &base).await.unwrap();
    let tree = host.tree(&shop, base.as_str()).await.unwrap();
    let moved = |from: &str, path: &str, executable| {
        let id = tree.iter().find(|entry| entry.path == from).unwrap().id.clone().unwrap();
        FileChange::Move { path: path.into(), from: from.into(), id, executable }
    };
    let paths = ["README.md", "src/shop/cart.py", "src/shop/checkout.py"].map(str::to_owned);
    let before = host.read_files(&shop, base.as_str(), &paths).await.unwrap();
    let changes = vec![
        moved("README.md", "docs/README.md", true),
        // Where another one leaves in the same commit.
        moved("src/shop/cart.py", "src/shop/checkout.py", false),
        moved("src/shop/checkout.py", "src/shop/till.py", false),
        write("README.md", "# Shop\n"),
        FileChange::Delete { path: "src/shop/cart.py".into() },
    ];
    let made = host.commit(&shop, &request(&work, &base, changes), &mark("move")).await.unwrap();
    let paths =
        ["docs/README.md", "src/shop/checkout.py", "src/shop/till.py", "README.md", "src/shop/cart.py"];
    let after = host.read_files(&shop, made.sha.as_str(), &paths.map(str::to_owned)).await.unwrap();
    assert_eq!(after[..3], before[..]);
    assert_eq!(after[3..], [Some(FileContent::Text("# Shop\n".into())), None]);
    let found = host.tree(&shop, made.sha.as_str()).await.unwrap();
    let readme = found.iter().find(|entry| entry.path == "docs/README.md").unwrap();
    assert_eq!(readme.kind, TreeEntryKind::ExecutableFile);

    let exchanged = vec![
        moved("src/shop/money.py", "src/shop/catalog.py", false),
        moved("src/shop/catalog.py", "src/shop/money.py", false),
    ];
    let refused = host.commit(&shop, &request(&work, &made.sha, exchanged), &mark("exchange")).await;
    assert!(refused.unwrap_err().message.contains("cannot exchange files in one commit"));
}

#[tokio::test]
async fn one_commit_of_many_files_is_made_found_and_taken_back() {
    let simulation = simulation().await;
    let (host, shop, work) = (gitlab(&simulation), shop(), branch("feature/1"));
    let info = host.repository_info(&shop).await.unwrap();
    assert_eq!((info.default_branch.as_str(), info.private), ("main", true));
    let base = host.find_branch(&shop, &info.default_branch).await.unwrap().unwrap();
    host.create_branch(&shop, &work, &base).await.unwrap();
    host.create_branch(&shop, &work, &base).await.unwrap();

    let emoji = "Prices 🛒 and a right-to-left word: \u{5e9}\u{5dc}\u{5d5}\u{5dd}\n";
    let changes = vec![
        write("docs/prices and more.md", emoji),
        write("README.md", "# Shop\n"),
        FileChange::Delete { path: "src/shop/checkout.py".into() },
        FileChange::Write {
            path: "run.sh".into(),
            content: FileContent::Binary(b"#!/bin/sh\n\xff".to_vec()),
            executable: true,
        },
    ];
    let (key, made_from) = (mark("commit"), request(&work, &base, changes));
    let made = host.commit(&shop, &made_from, &key).await.unwrap();
    assert_eq!(host.commit(&shop, &made_from, &key).await.unwrap(), made, "a repeat finds it");
    assert_eq!(host.find_commit(&shop, &work, &key).await.unwrap().as_ref(), Some(&made));
    assert_eq!(host.find_commit(&shop, &work, &mark("other")).await.unwrap(), None);

    let tree = host.tree(&shop, made.sha.as_str()).await.unwrap();
    let kind = |path: &str| tree.iter().find(|entry| entry.path == path).map(|entry| entry.kind);
    assert_eq!(kind("run.sh"), Some(TreeEntryKind::ExecutableFile));
    assert_eq!((kind("src/shop/checkout.py"), kind("src")), (None, Some(TreeEntryKind::Folder)));
    let paths = ["docs/prices and more.md", "absent.md", "run.sh"].map(str::to_owned);
    let read = host.read_files(&shop, work.as_str(), &paths).await.unwrap();
    let binary = FileContent::Binary(b"#!/bin/sh\n\xff".to_vec());
    assert_eq!(read, [Some(FileContent::Text(emoji.into())), None, Some(binary)]);

    let nothing = request(&work, &made.sha, vec![write("README.md", "# Shop\n")]);
    let error = host.commit(&shop, &nothing, &mark("nothing")).await.unwrap_err();
    assert!(error.message.contains("nothing to commit"), "{error}");
    let late = host.commit(&shop, &request(&work, &base, vec![write("a", "b")]), &mark("late")).await;
    let late = late.unwrap_err();
    assert!(late.kind == ErrorKind::Conflict && late.message.contains("has moved"), "{late}");
    let late = host.delete_branch(&shop, &work, &base).await.unwrap_err();
    assert_eq!(late.kind, ErrorKind::Conflict);

    // Two commits are taken back, newest first, each once however often it is asked for.
    let second = request(&work, &made.sha, vec![write("README.md", "# Another\n")]);
    let second = host.commit(&shop, &second, &mark("second")).await.unwrap();
    let too_early = host.revert_commit(&shop, &work, &made.sha, &base).await.unwrap_err();
    assert!(
        too_early.kind == ErrorKind::Conflict && too_early.message.contains("built on it"),
        "{too_early}"
    );
    for _ in 0..2 {
        host.revert_commit(&shop, &work, &second.sha, &made.sha).await.unwrap();
    }
    for _ in 0..2 {
        host.revert_commit(&shop, &work, &made.sha, &base).await.unwrap();
    }
    for _ in 0..2 {
        host.delete_branch(&shop, &work, &base).await.unwrap();
    }
    assert_eq!(host.find_branch(&shop, &work).await.unwrap(), None);
    assert_described(&simulation);
}

#[tokio::test]
async fn a_merge_request_is_opened_found_made_ready_and_closed() {
    let simulation = simulation().await;
    let (host, shop, work) = (gitlab(&simulation), shop(), branch("feature/1"));
    let main = branch("main");
    let base = host.find_branch(&shop, &main).await.unwrap().unwrap();
    host.create_branch(&shop, &work, &base).await.unwrap();
    let changes = vec![write("README.md", "# Shop\n")];
    host.commit(&shop, &request(&work, &base, changes), &mark("commit")).await.unwrap();
    let asked = PullRequestRequest {
        source: work.clone(),
        target: main.clone(),
        title: "Show the currency".into(),
        description: "Closes #1\n/merge\n@ada look".into(),
        draft: true,
    };
    let key = mark("request");
    let made = host.create_pull_request(&shop, &asked, &key).await.unwrap();
    assert!(made.draft && made.url.ends_with("/acme/web/shop/-/merge_requests/1"), "{made:?}");
    let found = host.find_pull_request(&shop, &work, &main).await.unwrap().unwrap();
    assert!(found.carries(&key) && found.number == made.number);
    assert_eq!(host.pull_request_reference(&shop, 1), "acme/web/shop!1");
    let description =
        simulation.state()["gitlab"]["repositories"][0]["pull_requests"][0]["description"].clone();
    let description = description.as_str().unwrap();
    assert!(!description.contains("\n/merge") && !description.contains("Closes #1"), "{description}");
    let again = host.create_pull_request(&shop, &asked, &mark("other")).await.unwrap_err();
    assert_eq!(again.kind, ErrorKind::Conflict);
    assert_eq!(host.pull_request_files(&shop, 1).await.unwrap(), ["README.md"]);
    for _ in 0..2 {
        host.mark_ready(&shop, 1).await.unwrap();
    }
    assert!(!host.find_pull_request(&shop, &work, &main).await.unwrap().unwrap().draft);

    act(
        &simulation,
        json!({"kind": "gitlab-review", "merge_request": "acme/web/shop!1", "verdict": "requested_changes",
        "comments": [{"path": "README.md", "line": 1, "body": "say more"}], "by": "ada"}),
    );
    let remarks = host.review_remarks(&shop, 1, 1).await.unwrap();
    assert_eq!((remarks[0].path.as_str(), remarks[0].line), ("README.md", Some(1)));
    assert!(host.review_remarks(&shop, 1, 2).await.unwrap().is_empty(), "another person's");
    for _ in 0..2 {
        host.close_pull_request(&shop, 1).await.unwrap();
    }
    assert_eq!(host.find_pull_request(&shop, &work, &main).await.unwrap(), None);
    assert_described(&simulation);
}

#[tokio::test]
async fn a_merged_request_is_reverted_by_another_one_once() {
    let simulation = simulation().await;
    let (host, shop, work) = (gitlab(&simulation), shop(), branch("feature/1"));
    let main = branch("main");
    let base = host.find_branch(&shop, &main).await.unwrap().unwrap();
    host.create_branch(&shop, &work, &base).await.unwrap();
    let changes = vec![write("README.md", "# Shop\n")];
    host.commit(&shop, &request(&work, &base, changes), &mark("commit")).await.unwrap();
    let asked = PullRequestRequest {
        source: work.clone(),
        target: main.clone(),
        title: "Show the currency".into(),
        description: String::new(),
        draft: false,
    };
    host.create_pull_request(&shop, &asked, &mark("request")).await.unwrap();
    act(
        &simulation,
        json!({"kind": "gitlab-close", "merge_request": "acme/web/shop!1", "merge": true, "by": "ada"}),
    );
    assert_eq!(host.close_pull_request(&shop, 1).await.unwrap(), PullRequestClosing::WasMerged);
    let reverted = host.revert_pull_request(&shop, 1, &mark("revert")).await.unwrap();
    let again = host.revert_pull_request(&shop, 1, &mark("revert")).await.unwrap();
    assert_eq!((again.number, reverted.number), (2, 2), "it is found");
    assert_eq!(host.pull_request_files(&shop, 2).await.unwrap(), ["README.md"]);
    assert_described(&simulation);
}

#[tokio::test]
async fn a_pipeline_is_followed_to_its_jobs_and_what_they_said() {
    let simulation = simulation().await;
    let (host, shop) = (gitlab(&simulation), shop());
    let head = host.find_branch(&shop, &branch("main")).await.unwrap().unwrap();
    assert!(host.checks(&shop, &head).await.unwrap().attempts.is_empty());
    let pipeline = async |status: &str| {
        let jobs = json!([{"name": "build", "status": "success"},
            {"name": "test", "status": status, "trace": "E  assert 1 == 2\n"}]);
        act(
            &simulation,
            json!({"kind": "gitlab-pipeline", "project": "acme/web/shop", "branch": "main", "jobs": jobs,
            "by": "ada"}),
        );
        host.checks(&shop, &head).await.unwrap()
    };
    assert!(pipeline("running").await.unfinished > 0);
    let failed = pipeline("failed").await;
    assert_eq!((failed.unfinished, failed.conclusions.iter().max()), (0, Some(&CheckConclusion::Failure)));
    let said = host.failed_checks(&shop, &head).await.unwrap();
    assert_eq!((said.len(), said[0].name.as_str()), (1, "test"));
    assert_eq!(said[0].log.as_deref(), Some("E  assert 1 == 2\n"));
    let passed = pipeline("success").await;
    assert_eq!(passed.conclusions.iter().max(), Some(&CheckConclusion::Success));
    assert_ne!(passed.attempts, failed.attempts, "a new attempt is told from the old");
    assert_described(&simulation);
}

#[tokio::test]
async fn what_runs_on_the_merged_result_counts_for_the_head() {
    let simulation = simulation_with(|gitlab| gitlab.projects[0].merged_results = true).await;
    let (host, shop, work, main) = (gitlab(&simulation), shop(), branch("feature/1"), branch("main"));
    let base = host.find_branch(&shop, &main).await.unwrap().unwrap();
    host.create_branch(&shop, &work, &base).await.unwrap();
    let first = request(&work, &base, vec![write("README.md", "# Shop\n")]);
    let head = host.commit(&shop, &first, &mark("commit")).await.unwrap().sha;
    assert!(host.checks(&shop, &head).await.unwrap().conclusions.is_empty(), "nothing runs on the branch");
    let asked = PullRequestRequest {
        source: work.clone(),
        target: main,
        title: "Show the currency".into(),
        description: String::new(),
        draft: false,
    };
    host.create_pull_request(&shop, &asked, &mark("request")).await.unwrap();
    let checks = host.checks(&shop, &head).await.unwrap();
    let concluded = (checks.conclusions.iter().max(), checks.merges);
    assert_eq!(concluded, (Some(&CheckConclusion::Success), None));
    let failed = json!([{"name": "test", "status": "failed", "trace": "E  assert 1 == 2\n"}]);
    let delivery = json!({"kind": "gitlab-pipeline", "project": "acme/web/shop", "branch": "feature/1", "jobs": failed, "by": "ada"});
    act(&simulation, delivery);
    let checks = host.checks(&shop, &head).await.unwrap();
    assert_eq!(checks.conclusions.iter().max(), Some(&CheckConclusion::Failure));
    let said = host.failed_checks(&shop, &head).await.unwrap();
    assert_eq!(said[0].log.as_deref(), Some("E  assert 1 == 2\n"));
    // The merge itself names the head, until there is another one.
    let merge: CommitSha = merges(&simulation).last().unwrap().parse().unwrap();
    assert_eq!(host.checks(&shop, &merge).await.unwrap().merges, Some(head.clone()));
    let second = request(&work, &head, vec![write("README.md", "# The shop\n")]);
    let next = host.commit(&shop, &second, &mark("next")).await.unwrap().sha;
    assert_eq!(host.checks(&shop, &merge).await.unwrap().merges, None);
    let checks = host.checks(&shop, &next).await.unwrap();
    assert_eq!(checks.conclusions.iter().max(), Some(&CheckConclusion::Success));
    assert!(host.checks(&shop, &head).await.unwrap().conclusions.is_empty());
    assert_described(&simulation);
}

/// The merges on which pipelines ran, the oldest first.
fn merges(simulation: &Simulation) -> Vec<String> {
    let state = simulation.state();
    let merges = state["gitlab"]["repositories"][0]["merged_results"].as_array().unwrap();
    merges.iter().map(|sha| sha.as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn who_may_write_is_a_developer() {
    let simulation = simulation().await;
    let (host, shop) = (gitlab(&simulation), shop());
    for (login, permission) in [
        ("ada", RepositoryPermission::Write),
        ("grace", RepositoryPermission::Read),
        ("nobody", RepositoryPermission::None),
    ] {
        assert_eq!(host.permission(&shop, login).await.unwrap(), permission, "{login}");
    }
    assert!(host.permission_problems(&shop).await.unwrap().is_empty());
    let missing = host.permission_problems(&"acme/web/other".parse().unwrap()).await.unwrap();
    assert!(missing[0].to_string().contains("acme/web/other"));
    assert_described(&simulation);
}
