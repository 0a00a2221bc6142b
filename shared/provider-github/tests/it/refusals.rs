//! GitHub's refusals, and its delays.

use crate::code::{commit_on, new_branch, write};
use crate::{GITHUB, branch, changed, github, shop};
use domain::plugins::{PullRequestRequest, TaskManagement, VersionControl};
use domain::{ActionError, ErrorKind};
use http_client::read_credentials;
use provider_github::{Github, SPEC};
use provider_testing::{Pauses, mark, options, secret};
use serde_json::json;
use simulators::Simulation;
use simulators::fault::Fault;
use std::sync::Arc;

/// The line of the built-in world next to which rules are put.
const PROTECTED: &str = "      protected: [main]\n";

async fn refused(simulation: &Simulation, content: &str) -> ActionError {
    let github = github(simulation);
    let parent = new_branch(&github, "feature/x").await;
    let request = commit_on("feature/x", &parent, vec![write("a", content)]);
    let error = github.commit(&shop(), &request, &mark("c")).await.unwrap_err();
    assert_eq!(github.find_branch(&shop(), &branch("feature/x")).await.unwrap(), Some(parent));
    assert!(error.kind == ErrorKind::Rejected && !error.message.contains("moved"), "{error}");
    error
}

#[tokio::test]
async fn a_rule_and_a_secret_are_told_in_github_s_words() {
    let signed = format!("{PROTECTED}      ruleset: {{ signed_commits: true }}\n");
    let error = refused(&changed(PROTECTED, &signed).await, "1").await.message;
    assert!(
        error.contains("Commits must have verified signatures") && error.contains("`commit_author`"),
        "{error}"
    );

    let named = format!("{PROTECTED}      ruleset: {{ branch_prefix: bots/ }}\n");
    let simulation = changed(PROTECTED, &named).await;
    let client = github(&simulation);
    let head = client.find_branch(&shop(), &branch("main")).await.unwrap().unwrap();
    let error = client.create_branch(&shop(), &branch("feature/x"), &head).await.unwrap_err().message;
    assert!(error.contains("must start with \"bots/\"") && error.contains("bypass list"), "{error}");

    let secrets = format!("{PROTECTED}      secrets: [ghp_live]\n");
    let error = refused(&changed(PROTECTED, &secrets).await, "token = 'ghp_live'").await.message;
    assert!(error.contains("Secret detected in content") && error.contains("push protection"), "{error}");
    // Large files are uploaded separately.
    let large = format!("{}ghp_live", "x".repeat(300_000));
    assert!(refused(&changed(PROTECTED, &secrets).await, &large).await.message.contains("push protection"));
}

#[tokio::test]
async fn an_empty_repository_is_called_so() {
    let simulation = changed("      path: shop-repository\n", "").await;
    let error = github(&simulation).find_branch(&shop(), &branch("main")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Rejected);
    assert!(
        error.message.contains("acme/shop is empty") && error.message.contains("first commit"),
        "{error}"
    );
}

#[tokio::test]
async fn a_branch_in_the_way_is_named() {
    let simulation = GITHUB.described_simulation().await;
    let github = github(&simulation);
    let head = new_branch(&github, "feature").await;
    let error = github.create_branch(&shop(), &branch("feature/SHOP-1/x"), &head).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Rejected);
    assert!(error.message.contains("and the branch `feature`"), "{error}");
    new_branch(&github, "fix/a/b").await;
    let error = github.create_branch(&shop(), &branch("fix"), &head).await.unwrap_err();
    assert!(error.message.contains("and the branch `fix/a/b`"), "{error}");
    provider_testing::assert_described(&simulation);
}

/// GitHub's answer to where a branch points.
fn stands_at(simulation: &Simulation, name: &str, sha: &str) {
    let reference = json!({"ref": format!("refs/heads/{name}"), "node_id": "x", "url": "x",
                           "object": {"type": "commit", "sha": sha, "url": "x"}});
    let answer =
        Fault { method: Some("GET".into()), status: Some(200), body: Some(reference), ..Fault::default() };
    GITHUB.fault(simulation, &format!("/git/ref/heads/{name}$"), answer);
}

#[tokio::test]
async fn what_somebody_pushed_in_between_is_never_lost() {
    let simulation = GITHUB.simulation().await;
    let github = github(&simulation);
    let name = branch("feature/x");
    let parent = new_branch(&github, "feature/x").await;
    let ours = commit_on("feature/x", &parent, vec![write("a", "1")]);
    let ours = github.commit(&shop(), &ours, &mark("ours")).await.unwrap();
    let theirs = commit_on("feature/x", &ours.sha, vec![write("b", "2")]);
    let theirs = github.commit(&shop(), &theirs, &mark("theirs")).await.unwrap();

    // Each reads the head as it was before they pushed.
    stands_at(&simulation, "feature/x", ours.sha.as_str());
    let error = github.revert_commit(&shop(), &name, &ours.sha, &parent).await.unwrap_err();
    assert!(error.kind == ErrorKind::Conflict && error.message.contains("has moved"), "{error}");
    stands_at(&simulation, "feature/x", ours.sha.as_str());
    let error = github.delete_branch(&shop(), &name, &ours.sha).await.unwrap_err();
    assert!(error.kind == ErrorKind::Conflict && error.message.contains("has moved"), "{error}");
    stands_at(&simulation, "feature/x", ours.sha.as_str());
    let late = commit_on("feature/x", &ours.sha, vec![write("c", "3")]);
    let error = github.commit(&shop(), &late, &mark("late")).await.unwrap_err();
    assert!(error.kind == ErrorKind::Conflict && error.message.contains("has moved"), "{error}");
    assert_eq!(github.find_branch(&shop(), &name).await.unwrap(), Some(theirs.sha));
}

#[tokio::test]
async fn a_refusal_of_graphql_is_told_and_only_a_moved_branch_is_called_one() {
    let simulation = GITHUB.simulation().await;
    let github = github(&simulation);
    let parent = new_branch(&github, "feature/x").await;
    let request = commit_on("feature/x", &parent, vec![write("a", "1")]);
    let failing = async |kind: &str, message: &str| {
        let body = json!({"data": {"updateRefs": null}, "errors": [{"type": kind, "message": message}]});
        GITHUB.fault(
            &simulation,
            "/graphql$",
            Fault { status: Some(200), body: Some(body), ..Fault::default() },
        );
        github.commit(&shop(), &request, &mark("c")).await.unwrap_err()
    };
    let rule = failing(
        "UNPROCESSABLE",
        "Repository rule violations found\n\nCommits must have verified signatures.\n\n",
    )
    .await;
    assert!(rule.kind == ErrorKind::Rejected && rule.message.contains("takes only signed commits"), "{rule}");
    let other = failing("FORBIDDEN", "Resource not accessible by integration").await;
    assert!(other.kind == ErrorKind::Rejected && other.message.contains("not accessible"), "{other}");
    assert_eq!(failing("RATE_LIMITED", "API rate limit exceeded").await.kind, ErrorKind::Throttled);
    let broken = "Something went wrong while executing your query.";
    assert_eq!(failing("", broken).await.kind, ErrorKind::Unavailable);
    let moved = failing("UNPROCESSABLE", "Update is not a fast forward").await;
    assert!(moved.kind == ErrorKind::Conflict && moved.message.contains("has moved"), "{moved}");
}

#[tokio::test]
async fn what_was_just_pushed_or_opened_is_waited_for() {
    let simulation = changed("  bot: ticketsmith-bot\n", "  bot: ticketsmith-bot\n  lag: 2\n").await;
    let pauses = Arc::new(Pauses::default());
    let settings = serde_json::from_value(json!({"base_url": simulation.url("github")})).unwrap();
    let credentials = read_credentials(
        "ticketsmith/github",
        &secret(&simulation, "ticketsmith/github"),
        &SPEC.secret_forms(),
    );
    let access = domain::plugins::RepositoryAccess::WriteContents;
    let github =
        Github::new(&settings, credentials.unwrap(), access, &options().pause(pauses.clone())).unwrap();
    let parent = new_branch(&github, "feature/x").await;
    github
        .commit(&shop(), &commit_on("feature/x", &parent, vec![write("a", "1")]), &mark("c"))
        .await
        .unwrap();
    let (source, target) = (branch("feature/x"), branch("main"));
    let (title, description) = ("Change".into(), String::new());
    let request = PullRequestRequest { source, target, title, description, draft: false };
    let made = github.create_pull_request(&shop(), &request, &mark("p")).await.unwrap();
    assert_eq!(github.pull_request_files(&shop(), made.number).await.unwrap(), ["a"]);
    let made: Vec<u64> = pauses.made().iter().map(std::time::Duration::as_secs).collect();
    assert_eq!(made, [1, 2, 1, 2], "for the branch and for the pull request");
}

#[tokio::test]
async fn a_text_that_is_too_long_is_cut_and_sent_again() {
    let simulation = GITHUB.described_simulation().await;
    let github = github(&simulation);
    let made = github.add_comment("acme/shop#1", &"word ".repeat(20_000), &mark("long")).await.unwrap();
    let refusal = json!({"message": "Validation Failed", "errors": [
        {"resource": "IssueComment", "code": "unprocessable", "field": "data", "message": "Body is too long (maximum is 65536 characters)"}]});
    let too_long = || Fault { status: Some(422), body: Some(refusal.clone()), ..Fault::default() };
    GITHUB.fault(&simulation, "/issues/1/comments$", too_long());
    github.add_comment("acme/shop#1", &"word ".repeat(2_000), &mark("again")).await.unwrap();
    GITHUB.fault(&simulation, &format!("/comments/{}$", made.id), too_long());
    github.update_comment("acme/shop#1", &made, &"word ".repeat(2_000), &mark("long")).await.unwrap();
    let parent = new_branch(&github, "feature/x").await;
    github
        .commit(&shop(), &commit_on("feature/x", &parent, vec![write("a", "1")]), &mark("c"))
        .await
        .unwrap();
    let (source, target) = (branch("feature/x"), branch("main"));
    let (title, description) = ("long ".repeat(100), "word ".repeat(20_000));
    let request = PullRequestRequest { source, target, title, description, draft: false };
    GITHUB.fault(&simulation, "/pulls$", Fault { method: Some("POST".into()), ..too_long() });
    github.create_pull_request(&shop(), &request, &mark("p")).await.unwrap();
    let state = simulation.state();
    let repository = &state["github"]["repositories"][0];
    let comments = repository["issues"][0]["comments"].as_array().unwrap().iter();
    let bodies: Vec<&str> =
        comments.chain([&repository["pull_requests"][0]]).map(|it| it["body"].as_str().unwrap()).collect();
    assert_eq!(bodies.len(), 3);
    for body in bodies {
        assert!(
            body.contains("… (cut)\n\n<!-- ticketsmith:") && body.chars().count() < 40_000,
            "{}",
            body.len()
        );
    }
    provider_testing::assert_described(&simulation);
}
