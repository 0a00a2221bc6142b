//! Issues as tickets, and notes.

use crate::{GITLAB, gitlab, simulation, simulation_with};
use domain::ErrorKind;
use domain::plugins::{NewTask, TaskManagement, TaskQuery};
use provider_testing::{HOSTILE, assert_described, mark};
use serde_json::json;
use simulators::fault::Fault;

const ISSUE: &str = "acme/web/shop#1";

#[tokio::test]
async fn a_ticket_is_read_moved_and_answered() {
    let simulation = simulation().await;
    let tracker = gitlab(&simulation);
    let task = tracker.get_task(ISSUE).await.unwrap();
    assert_eq!((task.task_id.as_str(), task.status.as_deref()), (ISSUE, Some("open")));
    for (status, previous, now) in [
        ("in_progress", "open", "in progress"),
        ("In Review", "in progress", "in review"),
        ("in-review", "in review", "in review"),
        ("done", "in review", "closed"),
        ("open", "closed", "open"),
    ] {
        let change = tracker.update_status(ISSUE, status).await.unwrap();
        assert_eq!((change.previous.as_str(), change.status.as_str()), (previous, now));
        assert_eq!(tracker.get_task(ISSUE).await.unwrap().status.as_deref(), Some(now));
    }
    let key = mark("note");
    let made = tracker.add_comment(ISSUE, "Emoji 🎉 and \u{202e}hidden", &key).await.unwrap();
    assert!(made.url.as_deref().unwrap().contains("/-/issues/1#note_"));
    assert_eq!(tracker.find_comment(ISSUE, &key).await.unwrap().as_ref(), Some(&made));
    assert_eq!(tracker.find_comment(ISSUE, &mark("other")).await.unwrap(), None);
    tracker.update_comment(ISSUE, &made, "Done", &key).await.unwrap();
    assert_eq!(tracker.find_comment(ISSUE, &key).await.unwrap().unwrap().id, made.id);
    for _ in 0..2 {
        tracker.react(ISSUE, Some(&made)).await.unwrap();
        tracker.react(ISSUE, None).await.unwrap();
    }
    let long = tracker.add_comment(ISSUE, &"ü".repeat(1_200_000), &mark("long")).await.unwrap();
    assert_eq!(tracker.find_comment(ISSUE, &mark("long")).await.unwrap().unwrap().id, long.id);
    assert_eq!(tracker.own_account().await.unwrap().as_deref(), Some("project_1_bot"));
    assert_described(&simulation);
}

#[tokio::test]
async fn a_ticket_is_created_once_and_listed() {
    let simulation = simulation().await;
    let tracker = gitlab(&simulation);
    let new = NewTask {
        project: "acme/web/shop".into(),
        task_type: "Bug".into(),
        title: "x".repeat(300),
        description: "It is wrong\n/close\n".into(),
        labels: vec!["cart".into()],
        epic: None,
        story_points: Some(3.0),
    };
    let key = mark("issue");
    let made = tracker.create_task(&new, &key).await.unwrap();
    assert_eq!(tracker.find_created("acme/web/shop", &key).await.unwrap().as_ref(), Some(&made));
    assert_eq!(tracker.find_created("acme/web/shop", &mark("other")).await.unwrap(), None);
    let task = tracker.get_task(&made.task_id).await.unwrap();
    assert_eq!(
        (task.labels, task.status.as_deref()),
        (vec!["cart".to_owned(), "bug".to_owned()], Some("open"))
    );
    tracker.remove_label(&made.task_id, "cart").await.unwrap();
    let query = |status: Option<&str>| TaskQuery {
        project: "acme/web/shop".into(),
        status: status.map(str::to_owned),
        limit: 10,
    };
    let ids = async |status| -> Vec<String> {
        let tasks = tracker.get_project_tasks(&query(status)).await.unwrap();
        tasks.into_iter().map(|task| task.task_id).collect()
    };
    assert_eq!(ids(None).await, [made.task_id.as_str(), ISSUE]);
    assert_eq!(ids(Some("closed")).await, Vec::<String>::new());
    assert_described(&simulation);
}

#[tokio::test]
async fn nothing_that_is_said_acts() {
    let simulation = simulation().await;
    let tracker = gitlab(&simulation);
    for (number, text) in
        HOSTILE.iter().chain(&["/close", "look\n/close\n", "```\n/close", " /close"]).enumerate()
    {
        tracker.add_comment(ISSUE, text, &mark(&number.to_string())).await.unwrap();
    }
    assert_eq!(tracker.get_task(ISSUE).await.unwrap().status.as_deref(), Some("open"));
    let notes = simulation.state()["gitlab"]["repositories"][0]["issues"][0]["comments"].clone();
    for note in notes.as_array().unwrap() {
        let body = note["body"].as_str().unwrap();
        assert!(!body.contains("@ada,") && body.matches("<!-- ticketsmith:").count() == 1, "{body}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_named() {
    let simulation = simulation().await;
    let tracker = gitlab(&simulation);
    for (task_id, words) in [
        ("acme/web/shop#99", "no issue acme/web/shop#99"),
        ("acme/web/other#1", "no issue acme/web/other#1"),
        ("acme/web/shop!1", "accepted here: an issue"),
        ("SHOP-1", "accepted: an issue, as `group/project#12`"),
    ] {
        let error = tracker.get_task(task_id).await.unwrap_err();
        assert!(error.kind == ErrorKind::Rejected && error.message.contains(words), "{error}");
    }
    assert_described(&simulation);
}

#[tokio::test]
async fn a_planned_issue_is_looked_at_rewritten_and_closed() {
    let simulation = simulation().await;
    let tracker = gitlab(&simulation);
    let new = NewTask {
        project: "acme/web/shop".into(),
        task_type: "Task".into(),
        title: "Planned".into(),
        description: "What it is".into(),
        labels: Vec::new(),
        epic: Some(ISSUE.into()),
        story_points: None,
    };
    let first = mark("planned");
    let made = tracker.create_task(&new, &first).await.unwrap().task_id;
    let seen = tracker.inspect_task(&made).await.unwrap().unwrap();
    assert_eq!((seen.task.title.as_str(), seen.comments), ("Planned", 0));
    tracker.add_comment(&made, "I do it", &mark("other")).await.unwrap();
    assert_ne!(tracker.inspect_task(&made).await.unwrap().unwrap().look(), seen.look(), "a comment is seen");
    let anew = NewTask { title: "Planned anew".into(), description: "What it is now".into(), ..new };
    tracker.rewrite_task(&seen.task, &anew, &first).await.unwrap();
    let rewritten = tracker.get_task(&made).await.unwrap();
    assert_eq!(rewritten.title, "Planned anew");
    assert!(rewritten.description.starts_with("What it is now"), "{}", rewritten.description);
    let found = tracker.find_created("acme/web/shop", &first).await.unwrap();
    assert_eq!(found.map(|found| found.task_id), Some(made.clone()), "the mark stays");
    tracker.withdraw_task(&made).await.unwrap();
    assert_eq!(tracker.get_task(&made).await.unwrap().status.as_deref(), Some("closed"));
    assert_eq!(tracker.inspect_task("acme/web/shop#99").await.unwrap(), None);
    assert_described(&simulation);
}

#[tokio::test]
async fn files_that_an_issue_links_are_read() {
    let simulation = simulation_with(|gitlab| {
        gitlab.projects[0].issues[0].attachments = serde_json::from_value(json!([
            {"name": "till log.txt", "text": "total 0\n"},
            {"name": "grün.png", "base64": "iVBORw0KGgo="},
            {"name": "gone.txt", "text": "a", "deleted": true},
        ]))
        .unwrap();
    })
    .await;
    let tracker = gitlab(&simulation);
    let task = tracker.get_task(ISSUE).await.unwrap();
    assert_eq!(simulation.log().len(), 1, "the issue's one request tells of its files");
    let names: Vec<_> = task.attachments.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["till_log.txt", "grün.png", "gone.txt"]);
    let said = tracker.files_in(ISSUE, &format!("Look: {}", task.description)).await.unwrap();
    assert_eq!(said, task.attachments, "words on it link them as its description does");
    let [text, picture, gone] = &task.attachments[..] else { unreachable!("{names:?}") };
    assert_eq!(tracker.read_attachment(ISSUE, text, 8).await.unwrap(), b"total 0\n");
    assert_eq!(tracker.read_attachment(ISSUE, picture, 8).await.unwrap(), b"\x89PNG\r\n\x1a\n");
    let error = tracker.read_attachment(ISSUE, gone, 8).await.unwrap_err();
    assert!(
        error.kind == ErrorKind::Rejected && error.message.starts_with("GitLab no longer has the file"),
        "{error}"
    );
    let error = tracker.read_attachment(ISSUE, text, 7).await.unwrap_err();
    assert!(error.message.ends_with("gave an answer of more than 7 bytes, which is refused"), "{error}");
    assert_described(&simulation);

    // Where the server keeps them elsewhere, the token does not go there, and not everywhere is gone to.
    for (to, host) in [("https://evil.example/a", "evil.example"), ("https://192.168.0.9/a", "192.168.0.9")] {
        let headers = [("location".to_owned(), to.to_owned())].into();
        GITLAB.fault(&simulation, "/uploads/", Fault { status: Some(302), headers, ..Fault::default() });
        let error = tracker.read_attachment(ISSUE, text, 8).await.unwrap_err();
        assert!(
            error.message.contains(&format!("was redirected to {host} (302), which is not followed")),
            "{error}"
        );
    }
}

#[tokio::test]
async fn an_issue_waits_for_another_by_a_link_that_says_so_where_it_may() {
    for blocking_links in [true, false] {
        let simulation = simulation_with(|gitlab| gitlab.blocking_links = blocking_links).await;
        let tracker = gitlab(&simulation);
        let new = |title: &str| NewTask {
            project: "acme/web/shop".into(),
            task_type: "Task".into(),
            title: title.into(),
            description: String::new(),
            labels: Vec::new(),
            epic: None,
            story_points: None,
        };
        let before = tracker.create_task(&new("Before"), &mark("before")).await.unwrap().task_id;
        let after = tracker.create_task(&new("After"), &mark("after")).await.unwrap().task_id;
        let linked = tracker.link_blocker(&after, &before, &mark("link")).await.unwrap();
        let note = linked.note.unwrap_or_default();
        assert_eq!(note.contains("only as related"), !blocking_links, "{note}");
        tracker.link_blocker(&after, &before, &mark("link")).await.unwrap();
        let links = tracker.blockers(&after).await.unwrap().unwrap();
        let blockers: Vec<_> = links.iter().map(|link| link.blocker.as_str()).collect();
        assert_eq!(blockers, [before.as_str()]);
        // A related link does not say which of them waits.
        let other = tracker.blockers(&before).await.unwrap().unwrap();
        assert_eq!(other.is_empty(), blocking_links, "{other:?}");
        for _ in 0..2 {
            tracker.unlink_blocker(&after, &links[0]).await.unwrap();
        }
        assert_eq!(tracker.blockers(&after).await.unwrap(), Some(Vec::new()));
        assert_eq!(tracker.blockers("acme/web/shop#99").await.unwrap(), None);
        assert_described(&simulation);
    }
}
