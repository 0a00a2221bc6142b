//! GitHub Issues as a tracker.

use crate::GITHUB;
use crate::{github, shop};
use domain::ErrorKind;
use domain::plugins::{Mark, NewTask, TaskManagement, TaskQuery};
use provider_github::{Reaction, Subject};
use provider_testing::{assert_described, mark};
use serde_json::json;
use simulators::fault::Fault;
use simulators::{Simulation, World};
use std::path::Path;

const ISSUE: &str = "acme/shop#1";

#[tokio::test]
async fn statuses_are_labels_besides_open_and_closed() {
    let simulation = GITHUB.described_simulation().await;
    let github = github(&simulation);
    let task = github.get_task(ISSUE).await.unwrap();
    assert_eq!(
        (task.title.as_str(), task.status.as_deref()),
        ("Add a discount code to the cart", Some("open"))
    );
    assert_eq!((task.project.as_deref(), task.id.as_str()), (Some("acme/shop"), ISSUE));
    assert_eq!(github.task_url(ISSUE), task.url, "a place that people open");
    assert_eq!(github.task_url("SHOP-1"), None);

    let check = async |to: &str, previous: &str, status: &str, labels: &[&str]| {
        let change = github.update_status(ISSUE, to).await.unwrap();
        assert_eq!((change.previous.as_str(), change.status.as_str()), (previous, status));
        let task = github.get_task(ISSUE).await.unwrap();
        assert_eq!(
            (task.status.as_deref(), task.labels),
            (Some(status), labels.iter().map(|l| (*l).to_owned()).collect())
        );
    };
    check("in_progress", "open", "in progress", &["status: in progress"]).await;
    check("In-Progress", "in progress", "in progress", &["status: in progress"]).await;
    check("In Review", "in progress", "in review", &["status: in review"]).await;
    check("done", "in review", "closed", &[]).await;
    check("closed", "closed", "closed", &[]).await;
    check("open", "closed", "open", &[]).await;
    assert_described(&simulation);
}

#[tokio::test]
async fn an_issue_is_created_once_and_listed() {
    let simulation = GITHUB.described_simulation().await;
    let github = github(&simulation);
    let new = NewTask {
        project: "acme/shop".into(),
        task_type: "Epic".into(),
        title: "Sale".into(),
        description: "All about it".into(),
        labels: vec!["priority: high".into()],
        epic: Some(ISSUE.into()),
        story_points: Some(3.0),
    };
    let mark_of_it = mark("run/CreateTask");
    assert_eq!(github.find_created("acme/shop", &mark_of_it).await.unwrap(), None);
    let created = github.create_task(&new, &mark_of_it).await.unwrap();
    let made = github.get_task(&created.task_id).await.unwrap();
    assert_eq!(made.description, format!("All about it\n\nPart of {ISSUE}\n\nStory points: 3"));
    assert_eq!((made.priority.as_deref(), made.labels.contains(&"epic".to_owned())), (Some("high"), true));
    assert_eq!(github.find_created("acme/shop", &mark_of_it).await.unwrap(), Some(created));
    assert_eq!(github.find_created("acme/shop", &mark("run/Other")).await.unwrap(), None);

    let list = async |status: Option<&str>, limit| {
        let query = TaskQuery { project: "acme/shop".into(), status: status.map(str::to_owned), limit };
        let tasks = github.get_project_tasks(&query).await.unwrap();
        tasks.into_iter().map(|task| task.task_id).collect::<Vec<_>>()
    };
    github.update_status(ISSUE, "in_review").await.unwrap();
    assert_eq!(list(None, 10).await.len(), 2);
    assert_eq!(list(Some("IN REVIEW"), 10).await, [ISSUE]);
    assert_eq!(list(Some("open"), 10).await, [made.task_id.as_str()]);
    assert_eq!(list(Some("Done"), 10).await, [""; 0]);
    assert_eq!(list(None, 1).await.len(), 1);
    assert_described(&simulation);
}

#[tokio::test]
async fn a_comment_is_made_once_and_changed_in_place() {
    let simulation = GITHUB.described_simulation().await;
    let github = github(&simulation);
    let mark_of_it = mark("run/AddComment");
    assert_eq!(github.find_comment(ISSUE, &mark_of_it).await.unwrap(), None);
    let comment = github.add_comment(ISSUE, "Working on it", &mark_of_it).await.unwrap();
    github.add_comment(ISSUE, "another", &mark("run/Other")).await.unwrap();
    assert_eq!(github.find_comment(ISSUE, &mark_of_it).await.unwrap().as_ref(), Some(&comment));
    github.update_comment(ISSUE, &comment, "Done", &mark_of_it).await.unwrap();
    assert_eq!(github.find_comment(ISSUE, &mark_of_it).await.unwrap().as_ref(), Some(&comment));
    let subject = Subject::Comment(comment.id.parse().unwrap());
    github.react(&shop(), &subject, Reaction::Eyes).await.unwrap();
    github.react(&shop(), &subject, Reaction::Eyes).await.unwrap();
    github.react(&shop(), &Subject::Issue(1), Reaction::Rocket).await.unwrap();
    let error = github.react(&shop(), &Subject::Issue(99), Reaction::Eyes).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Rejected);
    assert_described(&simulation);
}

#[tokio::test]
async fn a_comment_whose_answer_was_lost_is_found() {
    let simulation = GITHUB.simulation().await;
    let github = github(&simulation);
    let lost = Fault { method: Some("POST".into()), truncated: true, after_effect: true, ..Fault::default() };
    GITHUB.fault(&simulation, "/comments$", lost);
    let mark = mark("run/AddComment");
    assert_eq!(github.add_comment(ISSUE, "x", &mark).await.unwrap_err().kind, ErrorKind::Unavailable);
    assert!(github.find_comment(ISSUE, &mark).await.unwrap().is_some());
}

#[tokio::test]
async fn labels_are_removed_and_what_is_wrong_is_named() {
    let simulation = GITHUB.simulation().await;
    let github = github(&simulation);
    github.update_status(ISSUE, "in_progress").await.unwrap();
    github.remove_label(ISSUE, "status: in progress").await.unwrap();
    github.remove_label(ISSUE, "status: in progress").await.unwrap();
    assert!(github.get_task(ISSUE).await.unwrap().labels.is_empty());
    for (task, words) in [("acme/shop#99", "issue acme/shop#99"), ("SHOP-1", "`owner/name#12`")] {
        let error = github.get_task(task).await.unwrap_err();
        assert!(error.kind == ErrorKind::Rejected && error.message.contains(words), "{error}");
    }
}

/// The built-in world, in which somebody else had put these marks into an issue and a comment before we did anything.
async fn forged(issue: &Mark, comment: &Mark) -> Simulation {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../simulators/worlds");
    let world = std::fs::read_to_string(folder.join("shop.yaml")).unwrap();
    let text = |mark: &Mark| format!("\"<!-- ticketsmith:{} -->\"", mark.digest());
    let first = "          user: grace\n          body: |\n            A code takes";
    assert_eq!(world.matches(first).count(), 1);
    let comments = format!("          comments: [{{ user: grace, body: {} }}]\n", text(comment));
    let second = format!("\n        - {{ title: x, user: grace, body: {} }}\n\nslack:\n", text(issue));
    let world = world.replace(first, &(comments + first)).replace("\nslack:\n", &second);
    provider_testing::start(World::parse(&world, folder).unwrap(), None, None).await
}

#[tokio::test]
async fn marks_count_only_on_what_our_own_account_made() {
    let (of_issue, of_comment) = (mark("run/CreateTask"), mark("run/AddComment"));
    let simulation = forged(&of_issue, &of_comment).await;
    let github = github(&simulation);
    assert_eq!(github.find_comment(ISSUE, &of_comment).await.unwrap(), None);
    assert_eq!(github.find_created("acme/shop", &of_issue).await.unwrap(), None);
    let comment = github.add_comment(ISSUE, "Ours", &of_comment).await.unwrap();
    assert_eq!(github.find_comment(ISSUE, &of_comment).await.unwrap(), Some(comment));
    let asked = simulation.log().into_iter().filter(|entry| entry.path == "/user").count();
    assert_eq!(asked, 1, "who we are is asked once");
}

fn answers(
    simulation: &simulators::Simulation,
    path: &str,
    status: u16,
    times: u32,
    body: serde_json::Value,
) {
    let headers = [("location".to_owned(), "/repos/acme/other/issues/2".to_owned())];
    let headers = if status == 301 { headers.into() } else { std::collections::BTreeMap::default() };
    let body = Some(body);
    let (service, path) = (Some("github".to_owned()), path.to_owned());
    let fault = Fault { service, path, status: Some(status), headers, body, times, ..Fault::default() };
    simulation.add_fault(fault).unwrap();
}

/// The fields that are read of an issue in this repository.
fn issue_in(repository: &str, number: u64) -> serde_json::Value {
    json!({
        "number": number, "title": "Moved", "state": "open", "html_url": "https://github.com/x",
        "repository_url": format!("https://api.github.com/repos/{repository}"),
    })
}

#[tokio::test]
async fn nothing_is_done_on_an_issue_that_was_transferred() {
    let simulation = GITHUB.simulation().await;
    let github = github(&simulation);
    answers(&simulation, "/repos/acme/shop/issues/1", 301, 99, json!({"message": "Moved Permanently"}));
    answers(&simulation, "/repos/acme/other/issues/2$", 200, 99, issue_in("acme/other", 2));
    let mark = mark("run/Comment");
    for refused in [
        github.get_task(ISSUE).await.map(|_| ()),
        github.add_comment(ISSUE, "x", &mark).await.map(|_| ()),
        github.find_comment(ISSUE, &mark).await.map(|_| ()),
        github.update_status(ISSUE, "done").await.map(|_| ()),
        github.remove_label(ISSUE, "agent").await,
    ] {
        let refused = refused.unwrap_err();
        let expected = "acme/shop#1 was transferred to acme/other#2; nothing was done there.";
        assert!(refused.kind == ErrorKind::Rejected && refused.message.starts_with(expected), "{refused}");
    }
    let elsewhere = |entry: &simulators::log::LogEntry| entry.path.contains("other") && entry.method != "GET";
    assert!(!simulation.log().iter().any(elsewhere), "{:?}", simulation.log());
}

#[tokio::test]
async fn a_renamed_repository_is_the_same_place() {
    let simulation = GITHUB.simulation().await;
    let github = github(&simulation);
    answers(&simulation, "/repos/acme/shop/issues/1$", 301, 99, json!({"message": "Moved Permanently"}));
    // The repository answers under the name that it has now.
    answers(&simulation, "/repos/acme/other/issues/2$", 200, 99, issue_in("acme/shop", 1));
    assert_eq!(github.get_task(ISSUE).await.unwrap().title, "Moved");
}

#[tokio::test]
async fn a_review_says_something_about_lines() {
    use domain::plugins::VersionControl;
    let simulation = GITHUB.simulation().await;
    let github = github(&simulation);
    let remarks = json!([
        {"id": 1, "path": "src/cart.rs", "start_line": 9, "line": 12, "body": "rename it"},
        {"id": 2, "path": "README.md", "line": null, "body": "say why"},
    ]);
    answers(&simulation, "/pulls/7/reviews/81/comments$", 200, 1, remarks);
    let found = github.review_remarks(&shop(), 7, 81).await.unwrap();
    let shown: Vec<_> =
        found.iter().map(|found| (found.path.as_str(), found.line, found.text.as_str())).collect();
    assert_eq!(shown, [("src/cart.rs", Some(12), "rename it"), ("README.md", None, "say why")]);
    assert_eq!((found[0].first_line, found[1].first_line), (Some(9), None));
    let missing = github.review_remarks(&shop(), 7, 81).await.unwrap_err();
    assert!(missing.message.contains("review 81 of acme/shop#7"), "{missing}");
}

#[tokio::test]
async fn a_planned_issue_is_looked_at_rewritten_and_closed() {
    let simulation = GITHUB.described_simulation().await;
    let github = github(&simulation);
    let new = NewTask {
        project: "acme/shop".into(),
        task_type: "Task".into(),
        title: "Planned".into(),
        description: "What it is".into(),
        labels: Vec::new(),
        epic: Some(ISSUE.into()),
        story_points: None,
    };
    let first = mark("run/Planned");
    let made = github.create_task(&new, &first).await.unwrap().task_id;
    let seen = github.inspect_task(&made).await.unwrap().unwrap();
    assert_eq!((seen.task.title.as_str(), seen.comments), ("Planned", 0));
    github.add_comment(&made, "I do it", &mark("run/Other")).await.unwrap();
    assert_ne!(github.inspect_task(&made).await.unwrap().unwrap().look(), seen.look(), "a comment is seen");
    let anew = NewTask { title: "Planned anew".into(), description: "What it is now".into(), ..new };
    github.rewrite_task(&seen.task, &anew, &first).await.unwrap();
    let rewritten = github.get_task(&made).await.unwrap();
    assert_eq!(rewritten.title, "Planned anew");
    assert_eq!(rewritten.description, format!("What it is now\n\nPart of {ISSUE}"));
    let found = github.find_created("acme/shop", &first).await.unwrap();
    assert_eq!(found.map(|found| found.task_id), Some(made.clone()), "the mark stays");
    github.withdraw_task(&made).await.unwrap();
    assert_eq!(github.get_task(&made).await.unwrap().status.as_deref(), Some("closed"));
    assert_eq!(github.inspect_task("acme/shop#99").await.unwrap(), None);
    assert_described(&simulation);
}

#[tokio::test]
async fn an_issue_waits_for_another_by_a_dependency() {
    let simulation = GITHUB.described_simulation().await;
    let github = github(&simulation);
    let new = |title: &str| NewTask {
        project: "acme/shop".into(),
        task_type: "Task".into(),
        title: title.into(),
        description: String::new(),
        labels: Vec::new(),
        epic: None,
        story_points: None,
    };
    let before = github.create_task(&new("Before"), &mark("run/Before")).await.unwrap().task_id;
    let after = github.create_task(&new("After"), &mark("run/After")).await.unwrap().task_id;
    for _ in 0..2 {
        assert_eq!(github.link_blocker(&after, &before, &mark("run/Link")).await.unwrap().note, None);
    }
    let links = github.blockers(&after).await.unwrap().unwrap();
    assert_eq!(links.iter().map(|link| link.blocker.as_str()).collect::<Vec<_>>(), [before.as_str()]);
    assert_eq!(github.blockers(&before).await.unwrap(), Some(Vec::new()), "only one of them waits");
    for _ in 0..2 {
        github.unlink_blocker(&after, &links[0]).await.unwrap();
    }
    assert_eq!(github.blockers(&after).await.unwrap(), Some(Vec::new()));
    assert_eq!(github.blockers("acme/shop#99").await.unwrap(), None);
    assert_described(&simulation);
}
