//! Webhooks: what they say, and that they say it as GitHub's own description of webhooks wants it.

use secrecy::SecretString;

use super::*;
use crate::{
    description::schema::{Openness, standalone},
    github::{LineComment, ReportedRun, Verdict},
    webhook::{Outgoing, sign_sha256},
};

static DOCUMENT: LazyLock<Option<Value>> = LazyLock::new(|| {
    official("webhooks.github.json")
        .map(|path| serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap())
});

/// The event and the payload, after checking the signature and, where GitHub's description of webhooks is at hand, the
/// form. `name` is the description's, as `issues-labeled`.
fn read(outgoing: &Outgoing, name: &str) -> (String, Value) {
    let header = |name: &str| outgoing.headers.iter().find(|(known, _)| *known == name).unwrap().1.clone();
    assert_eq!(header("x-hub-signature-256"), sign_sha256(&SecretString::from(SIGNING), &outgoing.body));
    assert_eq!(header("x-github-delivery").len(), 36);
    let payload: Value = serde_json::from_slice(&outgoing.body).unwrap();
    if let Some(document) = DOCUMENT.as_ref() {
        let pointer = format!("/webhooks/{name}/post/requestBody/content/application~1json/schema");
        let schema = standalone(document, document.pointer(&pointer).unwrap(), Openness::Open);
        let validator = jsonschema::validator_for(&schema).unwrap();
        let errors: Vec<_> = validator
            .iter_errors(&payload)
            .map(|error| format!("{}: {}", error.instance_path(), error.masked()))
            .collect();
        assert_eq!(errors, [""; 0], "{name}");
    }
    (header("x-github-event"), payload)
}

#[tokio::test]
async fn labels_and_comments_are_told() {
    let server = Server::start().await;
    let (event, payload) =
        read(&server.github.labelled("acme/shop", 1, "agent", "ada").unwrap(), "issues-labeled");
    assert_eq!((event.as_str(), &payload["action"]), ("issues", &json!("labeled")));
    assert_eq!((&payload["label"]["name"], &payload["sender"]["login"]), (&json!("agent"), &json!("ada")));
    assert_eq!(names(&server.get("/issues/1").await["labels"], "name"), ["feature", "agent"]);

    let number = server.pull("topic").await;
    let outgoing = server.github.commented("acme/shop", number, "@ticketsmith revise", "ada").unwrap();
    let (event, payload) = read(&outgoing, "issue-comment-created");
    assert_eq!(
        (event.as_str(), &payload["comment"]["body"]),
        ("issue_comment", &json!("@ticketsmith revise"))
    );
    assert!(payload["issue"]["pull_request"].is_object());
    assert_eq!(names(&server.get("/issues/2/comments").await, "body"), ["@ticketsmith revise"]);
    let (event, _) =
        read(&server.github.labelled("acme/shop", 2, "agent", "ada").unwrap(), "pull-request-labeled");
    assert_eq!(event, "pull_request");

    let refused = |result: Result<Outgoing, String>| result.unwrap_err();
    assert_eq!(refused(server.github.labelled("acme/shop", 9, "x", "ada")), "acme/shop has no #9");
    assert_eq!(refused(server.github.labelled("acme/shop", 1, "x", "bob")), "there is no GitHub user `bob`");
    assert!(refused(server.github.commented("acme/none", 1, "x", "ada")).contains("there are: acme/shop"));
    server.finish();
}

#[tokio::test]
async fn reviews_are_told() {
    let server = Server::start().await;
    let number = server.pull("topic").await;
    let remark = LineComment { path: "topic.txt".into(), line: 1, body: "Say more.".into() };
    let outgoing =
        server.github.reviewed("acme/shop", number, Verdict::ChangesRequested, "Not yet.", &[remark], "ada");
    let (event, payload) = read(&outgoing.unwrap(), "pull-request-review-submitted");
    assert_eq!(
        (event.as_str(), &payload["review"]["state"]),
        ("pull_request_review", &json!("changes_requested"))
    );
    let remarks = server.get(&format!("/pulls/{number}/reviews/{}/comments", payload["review"]["id"])).await;
    assert_eq!(names(&remarks, "body"), ["Say more."]);
    let state = server.github.state();
    let pull = &state["repositories"][0]["pull_requests"][0];
    assert_eq!(names(&pull["reviews"], "state"), ["CHANGES_REQUESTED"]);
    assert_eq!(names(&pull["review_comments"], "path"), ["topic.txt"]);
    assert!(server.github.reviewed("acme/shop", 1, Verdict::Approved, "", &[], "ada").is_err());
    server.finish();
}

#[tokio::test]
async fn a_comment_on_a_line_is_told_by_itself() {
    let server = Server::start().await;
    let number = server.pull("topic").await;
    let said = LineComment { path: "topic.txt".into(), line: 1, body: "@ticketsmith say more".into() };
    let outgoing = server.github.commented_on_line("acme/shop", number, said.clone(), "ada").unwrap();
    let (event, payload) = read(&outgoing, "pull-request-review-comment-created");
    assert_eq!(event, "pull_request_review_comment");
    assert_eq!(
        (&payload["comment"]["line"], &payload["pull_request"]["number"]),
        (&json!(1), &json!(number))
    );
    let review = &payload["comment"]["pull_request_review_id"];
    let remarks = server.get(&format!("/pulls/{number}/reviews/{review}/comments")).await;
    assert_eq!(names(&remarks, "body"), ["@ticketsmith say more"]);
    assert!(server.github.commented_on_line("acme/shop", 1, said, "ada").is_err(), "an issue has no lines");
    server.finish();
}

#[tokio::test]
async fn a_merge_is_a_commit_and_is_told() {
    let server = Server::start().await;
    let number = server.pull("topic").await;
    let (event, payload) =
        read(&server.github.closed("acme/shop", number, true, "ada").unwrap(), "pull-request-closed");
    assert_eq!((event.as_str(), &payload["pull_request"]["merged"]), ("pull_request", &json!(true)));
    let main = server.get("/git/ref/heads/main").await["object"]["sha"].clone();
    assert_eq!(main, payload["pull_request"]["merge_commit_sha"]);
    let commit = server.get(&format!("/git/commits/{}", main.as_str().unwrap())).await;
    assert_eq!(commit["parents"].as_array().unwrap().len(), 2);
    assert_eq!(server.get("/pulls/2").await["merged"], true);
    assert_eq!(names(&server.get("/pulls/2/files").await, "filename"), ["topic.txt"]);
    assert!(server.github.closed("acme/shop", number, false, "ada").is_err(), "it is closed");

    let number = server.pull("second").await;
    let (_, payload) =
        read(&server.github.closed("acme/shop", number, false, "ada").unwrap(), "pull-request-closed");
    assert_eq!(payload["pull_request"]["merged"], json!(false));
    let state = server.github.state();
    assert_eq!(names(&state["repositories"][0]["pull_requests"], "state"), ["closed", "closed"]);
    server.finish();
}

#[tokio::test]
async fn checks_are_told_once_all_of_a_suite_are_done() {
    let server = Server::start().await;
    server.pull("topic").await;
    let run = |conclusion: Option<&str>| ReportedRun {
        log: None,
        annotations: Vec::new(),
        name: "test".into(),
        conclusion: conclusion.map(str::to_owned),
    };
    let checked =
        |runs: &[ReportedRun]| server.github.checked("acme/shop", "topic", "lint", runs, "ada").unwrap();
    let (_, payload) = read(&checked(&[run(None)]), "check-suite-requested");
    assert_eq!(
        (&payload["action"], &payload["check_suite"]["conclusion"]),
        (&json!("requested"), &Value::Null)
    );
    let (event, payload) = read(&checked(&[run(Some("failure"))]), "check-suite-completed");
    assert_eq!((event.as_str(), &payload["check_suite"]["conclusion"]), ("check_suite", &json!("failure")));
    let sha = payload["check_suite"]["head_sha"].as_str().unwrap().to_owned();
    let suites = server.get(&format!("/commits/{sha}/check-suites")).await;
    // The world's own, and this.
    assert_eq!(names(&suites["check_suites"], "status"), ["completed", "completed"]);
    let runs = server.get(&format!("/commits/{sha}/check-runs")).await;
    assert_eq!(names(&runs["check_runs"], "conclusion"), ["success", "failure"]);

    let given = server.github.given_status("acme/shop", "topic", "ci/build", "success", "ada").unwrap();
    let (event, payload) = read(&given, "status");
    assert_eq!((event.as_str(), &payload["branches"][0]["name"]), ("status", &json!("topic")));
    assert_eq!(server.get(&format!("/commits/{sha}/status")).await["state"], "success");
    assert!(server.github.given_status("acme/shop", "none", "ci/build", "success", "ada").is_err());
    server.finish();
}
