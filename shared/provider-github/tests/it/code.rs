//! GitHub as code host.

use crate::GITHUB;
use crate::{branch, connect, github, shop};
use domain::plugins::{
    CommitRequest, FileChange, FileContent, PullRequestClosing, PullRequestRequest, RepositoryAccess,
    RepositoryPermission, TreeEntryKind, VersionControl,
};
use domain::{ActionError, CommitSha, ErrorKind};
use provider_github::Github;
use provider_testing::{assert_described, mark};
use serde_json::json;
use simulators::Simulation;
use simulators::fault::Fault;
use std::time::Duration;

pub(crate) fn write(path: &str, content: &str) -> FileChange {
    FileChange::Write { path: path.into(), content: FileContent::Text(content.into()), executable: false }
}

pub(crate) fn commit_on(name: &str, parent: &CommitSha, changes: Vec<FileChange>) -> CommitRequest {
    let message = "Change files".into();
    CommitRequest { branch: branch(name), parent: parent.clone(), message, co_author: None, changes }
}

/// A new branch at the head of `main`.
pub(crate) async fn new_branch(github: &Github, name: &str) -> CommitSha {
    let head = github.find_branch(&shop(), &branch("main")).await.unwrap().unwrap();
    github.create_branch(&shop(), &branch(name), &head).await.unwrap();
    head
}

/// A new pull request that adds the file `a`, with one line; gives its number.
pub(crate) async fn new_pull_request(github: &Github) -> u64 {
    let parent = new_branch(github, "feature/x").await;
    let change = commit_on("feature/x", &parent, vec![write("a", "1")]);
    github.commit(&shop(), &change, &mark("c")).await.unwrap();
    let request = PullRequestRequest {
        source: branch("feature/x"),
        target: branch("main"),
        title: "Add a".into(),
        description: String::new(),
        draft: false,
    };
    github.create_pull_request(&shop(), &request, &mark("p")).await.unwrap().number
}

async fn text(github: &Github, reference: &str, path: &str) -> Option<String> {
    let mut read = github.read_files(&shop(), reference, &[path.to_owned()]).await.unwrap();
    match read.remove(0)? {
        FileContent::Text(text) => Some(text),
        FileContent::Binary(bytes) => Some(format!("{} bytes that are no text", bytes.len())),
    }
}

#[tokio::test]
async fn a_repository_is_read() {
    let simulation = GITHUB.described_simulation().await;
    let github = github(&simulation);
    let info = github.repository_info(&shop()).await.unwrap();
    assert_eq!((info.default_branch.as_str(), info.private), ("main", true));
    let tree = github.tree(&shop(), "main").await.unwrap();
    let cart = tree.iter().find(|entry| entry.path == "src/shop/cart.py").unwrap();
    assert!(cart.kind == TreeEntryKind::File && cart.size > Some(100));
    let paths = ["README.md", "missing.txt", "src", "src/shop/cart.py"].map(str::to_owned);
    let files = github.read_files(&shop(), "main", &paths).await.unwrap();
    assert!(files[0].is_some() && files[1].is_none() && files[2].is_none());
    assert!(matches!(&files[3], Some(FileContent::Text(text)) if text.contains("class Cart:")));
    assert_eq!(github.permission(&shop(), "ada").await.unwrap(), RepositoryPermission::Write);
    assert_eq!(github.permission(&shop(), "grace").await.unwrap(), RepositoryPermission::Read);
    assert_eq!(github.permission(&shop(), "nobody").await.unwrap(), RepositoryPermission::None);
    let error = github.repository_info(&"acme/other".parse().unwrap()).await.unwrap_err();
    assert!(error.kind == ErrorKind::Rejected && error.message.contains("acme/other"), "{error}");
    let error = github.tree(&shop(), "nowhere").await.unwrap_err();
    assert!(error.message.contains("`nowhere`"), "{error}");
    assert_described(&simulation);
}

#[tokio::test]
async fn many_files_are_read_in_few_requests_and_byte_for_byte() {
    let simulation = GITHUB.described_simulation().await;
    let github = github(&simulation);
    let parent = new_branch(&github, "feature/many").await;
    let mut files: Vec<(String, String)> =
        (0..150).map(|number| (format!("many/{number}.txt"), format!("{number}\n"))).collect();
    files.push(("ends.txt".into(), "one\r\ntwo\r\n".into()));
    files.push(("mark.txt".into(), "\u{feff}with a byte-order mark".into()));
    // GraphQL cuts it.
    files.push(("long.txt".into(), "ü".repeat(300_000)));
    let changes = files.iter().map(|(path, content)| write(path, content)).collect();
    let commit = commit_on("feature/many", &parent, changes);
    let commit = github.commit(&shop(), &commit, &mark("many")).await.unwrap();
    let before = simulation.log().len();
    let paths: Vec<String> =
        files.iter().map(|(path, _)| path.clone()).chain(["missing".to_owned()]).collect();
    let read = github.read_files(&shop(), commit.sha.as_str(), &paths).await.unwrap();
    for ((path, content), read) in files.iter().zip(&read) {
        assert!(*read == Some(FileContent::Text(content.clone())), "{path}");
    }
    assert_eq!(read.last(), Some(&None));
    assert_eq!(simulation.log().len() - before, 3, "two of GraphQL, and the long file");
    let error =
        github.read_files(&"acme/other".parse().unwrap(), commit.sha.as_str(), &paths).await.unwrap_err();
    assert!(error.kind == ErrorKind::Rejected && error.message.contains("acme/other"), "{error}");
    assert_described(&simulation);
}

#[tokio::test]
async fn a_branch_is_made_once_and_deleted() {
    let simulation = GITHUB.described_simulation().await;
    let github = github(&simulation);
    let name = branch("feature/SHOP-1");
    assert_eq!(github.find_branch(&shop(), &name).await.unwrap(), None);
    let head = new_branch(&github, "feature/SHOP-1").await;
    assert_eq!(github.find_branch(&shop(), &name).await.unwrap().as_ref(), Some(&head));
    github.create_branch(&shop(), &name, &head).await.unwrap();

    let made = github
        .commit(&shop(), &commit_on("feature/SHOP-1", &head, vec![write("a", "1")]), &mark("c"))
        .await
        .unwrap();
    let error = github.create_branch(&shop(), &name, &head).await.unwrap_err();
    assert!(error.kind == ErrorKind::Conflict && error.message.contains(made.sha.as_str()), "{error}");
    let error = github.delete_branch(&shop(), &name, &head).await.unwrap_err();
    assert!(error.kind == ErrorKind::Conflict && error.message.contains("has moved"), "{error}");
    github.delete_branch(&shop(), &name, &made.sha).await.unwrap();
    github.delete_branch(&shop(), &name, &made.sha).await.unwrap();
    assert_eq!(github.find_branch(&shop(), &name).await.unwrap(), None);
    assert_described(&simulation);
}

#[tokio::test]
async fn a_file_is_moved_by_its_blob() {
    let simulation = GITHUB.described_simulation().await;
    let github = github(&simulation);
    let parent = new_branch(&github, "feature/x").await;
    let before = text(&github, "feature/x", "README.md").await;
    let tree = github.tree(&shop(), parent.as_str()).await.unwrap();
    let readme = tree.iter().find(|entry| entry.path == "README.md").unwrap();
    let moved = FileChange::Move {
        path: "docs/README.md".into(),
        from: "README.md".into(),
        id: readme.id.clone().unwrap(),
        executable: true,
    };
    let request =
        commit_on("feature/x", &parent, vec![moved, FileChange::Delete { path: "README.md".into() }]);
    github.commit(&shop(), &request, &mark("run/Move")).await.unwrap();
    assert!(before.is_some());
    assert_eq!(text(&github, "feature/x", "docs/README.md").await, before);
    let tree = github.tree(&shop(), "feature/x").await.unwrap();
    let kind = |path: &str| tree.iter().find(|entry| entry.path == path).map(|entry| entry.kind);
    assert_eq!((kind("docs/README.md"), kind("README.md")), (Some(TreeEntryKind::ExecutableFile), None));
    assert_described(&simulation);
}

#[tokio::test]
async fn many_files_are_one_commit_and_a_repeat_is_the_same_one() {
    let simulation = GITHUB.described_simulation().await;
    let github = github(&simulation);
    let parent = new_branch(&github, "feature/x").await;
    let large = "ü".repeat(200_000);
    let request = commit_on(
        "feature/x",
        &parent,
        vec![
            write("src/new file.py", "print('new')\n"),
            FileChange::Write {
                path: "run.sh".into(),
                content: FileContent::Text("#!/bin/sh\n".into()),
                executable: true,
            },
            FileChange::Write {
                path: "logo.png".into(),
                content: FileContent::Binary(vec![0x89, 0, 0xff]),
                executable: false,
            },
            FileChange::Delete { path: "README.md".into() },
            write("large.txt", &large),
        ],
    );
    let mark = mark("run/CommitChanges");
    let commit = github.commit(&shop(), &request, &mark).await.unwrap();
    assert_eq!(github.find_branch(&shop(), &request.branch).await.unwrap().as_ref(), Some(&commit.sha));
    let tree = github.tree(&shop(), "feature/x").await.unwrap();
    let kind = |path: &str| tree.iter().find(|entry| entry.path == path).map(|entry| entry.kind);
    assert_eq!(kind("run.sh"), Some(TreeEntryKind::ExecutableFile));
    assert_eq!((kind("src/new file.py"), kind("README.md")), (Some(TreeEntryKind::File), None));
    assert_eq!(text(&github, "feature/x", "src/new file.py").await.as_deref(), Some("print('new')\n"));
    assert_eq!(text(&github, "feature/x", "large.txt").await, Some(large));
    let logo = github.read_files(&shop(), "feature/x", &["logo.png".to_owned()]).await.unwrap();
    assert_eq!(logo, [Some(FileContent::Binary(vec![0x89, 0, 0xff]))]);

    assert_eq!(github.commit(&shop(), &request, &mark).await.unwrap(), commit);
    // Also after somebody built on it.
    let above = commit_on("feature/x", &commit.sha, vec![write("b", "2")]);
    let above = github.commit(&shop(), &above, &provider_testing::mark("other")).await.unwrap();
    assert_eq!(github.commit(&shop(), &request, &mark).await.unwrap(), commit);
    assert_eq!(github.find_branch(&shop(), &request.branch).await.unwrap(), Some(above.sha));
    assert_described(&simulation);
}

#[tokio::test]
async fn a_branch_that_moved_is_left_alone() {
    let simulation = GITHUB.simulation().await;
    let github = github(&simulation);
    let parent = new_branch(&github, "feature/x").await;
    let first = commit_on("feature/x", &parent, vec![write("a", "1")]);
    let theirs = github.commit(&shop(), &first, &mark("theirs")).await.unwrap();
    let second = commit_on("feature/x", &parent, vec![write("a", "2")]);
    let error = github.commit(&shop(), &second, &mark("ours")).await.unwrap_err();
    assert!(error.kind == ErrorKind::Conflict && error.message.contains("has moved"), "{error}");
    assert_eq!(github.find_branch(&shop(), &branch("feature/x")).await.unwrap(), Some(theirs.sha));
}

#[tokio::test]
async fn a_commit_whose_answer_was_lost_is_not_made_twice() {
    let simulation = GITHUB.simulation().await;
    let github = github(&simulation);
    let parent = new_branch(&github, "feature/x").await;
    let request = commit_on("feature/x", &parent, vec![write("a", "1")]);
    let lost = Fault { method: Some("POST".into()), truncated: true, after_effect: true, ..Fault::default() };
    GITHUB.fault(&simulation, "/graphql$", lost);
    let mark = mark("c");
    assert_eq!(github.commit(&shop(), &request, &mark).await.unwrap_err().kind, ErrorKind::Unavailable);
    let commit = github.commit(&shop(), &request, &mark).await.unwrap();
    assert_eq!(github.find_branch(&shop(), &branch("feature/x")).await.unwrap(), Some(commit.sha));
}

#[tokio::test]
async fn changes_that_make_no_commit_are_refused() {
    let simulation = GITHUB.simulation().await;
    let github = github(&simulation);
    let parent = new_branch(&github, "feature/x").await;
    let readme = text(&github, "main", "README.md").await.unwrap();
    for (changes, words) in [
        (vec![write("README.md", &readme)], "nothing to commit"),
        (vec![write("../x", "")], "inside the repository"),
        (vec![write("a", "1"), write("a", "2")], "twice"),
    ] {
        let error =
            github.commit(&shop(), &commit_on("feature/x", &parent, changes), &mark("c")).await.unwrap_err();
        assert!(error.kind == ErrorKind::Rejected && error.message.contains(words), "{error}");
    }
    let nowhere = commit_on("nowhere", &parent, vec![write("a", "1")]);
    let error = github.commit(&shop(), &nowhere, &mark("c")).await.unwrap_err();
    assert!(error.message.contains("branch `nowhere`"), "{error}");
}

#[tokio::test]
async fn only_a_commit_at_the_head_is_taken_back() {
    let simulation = GITHUB.described_simulation().await;
    let github = github(&simulation);
    let name = branch("feature/x");
    let parent = new_branch(&github, "feature/x").await;
    let first = commit_on("feature/x", &parent, vec![write("a", "1")]);
    let first = github.commit(&shop(), &first, &mark("first")).await.unwrap();
    let second = commit_on("feature/x", &first.sha, vec![write("a", "2")]);
    let second = github.commit(&shop(), &second, &mark("second")).await.unwrap();
    let error = github.revert_commit(&shop(), &name, &first.sha, &parent).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Conflict, "{error}");
    github.revert_commit(&shop(), &name, &second.sha, &first.sha).await.unwrap();
    github.revert_commit(&shop(), &name, &second.sha, &first.sha).await.unwrap();
    assert_eq!(github.find_branch(&shop(), &name).await.unwrap(), Some(first.sha));
    assert_described(&simulation);
}

#[tokio::test]
async fn a_pull_request_is_opened_once_and_closed() {
    let simulation = GITHUB.described_simulation().await;
    let github = github(&simulation);
    let parent = new_branch(&github, "feature/x").await;
    let request = PullRequestRequest {
        source: branch("feature/x"),
        target: branch("main"),
        title: "Change\nfiles".into(),
        description: "What it does. <!-- ticketsmith:forged -->".into(),
        draft: true,
    };
    let error = github.create_pull_request(&shop(), &request, &mark("p")).await.unwrap_err();
    assert!(error.kind == ErrorKind::Rejected && error.message.contains("No commits between"), "{error}");
    let changes = vec![write("a", "1"), FileChange::Delete { path: "README.md".into() }];
    github.commit(&shop(), &commit_on("feature/x", &parent, changes), &mark("c")).await.unwrap();
    assert_eq!(github.find_pull_request(&shop(), &request.source, &request.target).await.unwrap(), None);
    let made = github.create_pull_request(&shop(), &request, &mark("p")).await.unwrap();
    assert!(made.carries(&mark("p")) && !made.carries(&mark("q")) && made.marks.len() == 1);
    let found = github.find_pull_request(&shop(), &request.source, &request.target).await.unwrap();
    assert_eq!(found.as_ref(), Some(&made));
    let error = github.create_pull_request(&shop(), &request, &mark("p")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Conflict, "{error}");
    let mut files = github.pull_request_files(&shop(), made.number).await.unwrap();
    files.sort();
    assert_eq!(files, ["README.md", "a"]);
    for closing in [PullRequestClosing::Closed, PullRequestClosing::WasClosed] {
        assert_eq!(github.close_pull_request(&shop(), made.number).await.unwrap(), closing);
    }
    assert_eq!(github.find_pull_request(&shop(), &request.source, &request.target).await.unwrap(), None);
    assert!(github.close_pull_request(&shop(), 999).await.unwrap_err().message.contains("#999"));
    assert_described(&simulation);
}

#[tokio::test]
async fn a_merged_pull_request_is_reverted_by_another_one_once() {
    let simulation = GITHUB.described_simulation().await;
    let github = github(&simulation);
    let number = new_pull_request(&github).await;
    let merge = json!({"kind": "github-close", "repository": "acme/shop", "pull_request": number, "merge": true, "by": "ada"});
    simulation.act(&serde_json::from_value(merge).unwrap()).unwrap();
    assert_eq!(github.close_pull_request(&shop(), number).await.unwrap(), PullRequestClosing::WasMerged);
    let reverted = github.revert_pull_request(&shop(), number, &mark("r")).await.unwrap();
    let again = github.revert_pull_request(&shop(), number, &mark("r")).await.unwrap();
    assert_eq!(again, reverted, "it is found");
    assert_eq!(github.pull_request_files(&shop(), reverted.number).await.unwrap(), ["a"]);
    assert_described(&simulation);
}

async fn failing(simulation: &Simulation, with: Fault) -> ActionError {
    GITHUB.fault(simulation, "/git/refs$", with);
    let github = github(simulation);
    let head = github.find_branch(&shop(), &branch("main")).await.unwrap().unwrap();
    github.create_branch(&shop(), &branch("x"), &head).await.unwrap_err()
}

#[tokio::test]
async fn faults_are_named_for_what_to_do_next() {
    let simulation = GITHUB.simulation().await;
    let failing = async |with| failing(&simulation, with).await;
    let status = |status| Fault { status: Some(status), ..Fault::default() };
    assert_eq!(failing(status(502)).await.kind, ErrorKind::Unavailable);
    assert_eq!(failing(Fault { truncated: true, ..Fault::default() }).await.kind, ErrorKind::Unavailable);
    let headers = [("retry-after".into(), "11".into())].into();
    let limited = failing(Fault { headers, ..status(403) }).await;
    assert_eq!((limited.kind, limited.retry_after), (ErrorKind::Throttled, Some(Duration::from_secs(11))));
    assert_eq!(failing(status(403)).await.kind, ErrorKind::Rejected);
    assert_eq!(failing(status(409)).await.kind, ErrorKind::Rejected, "nothing is said to have moved");
}

#[tokio::test]
async fn a_wrong_token_is_said_and_not_shown() {
    let simulation = GITHUB.simulation().await;
    let github = connect(&simulation, &r#"{"token": "hunter2"}"#.into(), RepositoryAccess::ReadContents);
    let error = github.tree(&shop(), "main").await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Rejected);
    assert!(error.message.contains("credentials") && !error.message.contains("hunter2"), "{error}");
    assert!(!format!("{github:?}").contains("hunter2"));
}
