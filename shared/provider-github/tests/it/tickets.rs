//! GitHub Issues as a tracker.

use crate::GITHUB;
use crate::{github, shop};
use domain::ErrorKind;
use domain::plugins::{NewTask, TaskManagement, TaskQuery};
use provider_github::{Reaction, Subject};
use provider_testing::{assert_described, mark};
use simulators::fault::Fault;

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
