//! Jira over HTTP, against the simulator and the official description.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail by panicking; the lint knows only test functions"
)]

mod attachments;
mod links;
mod planned;

use domain::plugins::{NewTask, Restriction, TaskManagement, TaskQuery};
use domain::{ActionError, ErrorKind};
use http_client::read_credentials;
use jiff::{SignedDuration, Timestamp};
use provider_jira::{Jira, SPEC};
use provider_testing::{Service, assert_contract, assert_described, mark, options, secret};
use serde_json::json;
use simulators::Simulation;
use simulators::fault::Fault;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

const JIRA: Service = Service { name: "jira", descriptions: &["jira-v3.json", "adf.json"] };

fn settings(simulation: &Simulation) -> provider_jira::Settings {
    let custom_fields = json!({"story_points": "customfield_10001", "team": "customfield_10003"});
    let settings = json!({"base_url": simulation.url("jira"), "custom_fields": custom_fields});
    serde_json::from_value(settings).unwrap()
}

fn jira(simulation: &Simulation) -> Jira {
    let credentials =
        read_credentials("ticketsmith/jira", &secret(simulation, "ticketsmith/jira"), &SPEC.secret_forms())
            .unwrap();
    Jira::new(&settings(simulation), credentials, &options()).unwrap()
}

fn new_task(title: &str) -> NewTask {
    NewTask {
        project: "SHOP".into(),
        task_type: "Task".into(),
        title: title.into(),
        description: "# Why\n\n- one\n- **two**".into(),
        labels: vec!["shop".into()],
        epic: None,
        story_points: Some(5.0),
    }
}

#[tokio::test]
async fn a_ticket_is_read_and_moved() {
    let simulation = JIRA.described_simulation().await;
    let jira = jira(&simulation);
    let task = jira.get_task("SHOP-1").await.unwrap();
    assert_eq!(task.title, "Add a discount code to the cart");
    assert!(task.description.contains("WELCOME10 takes 10 percent off"), "{}", task.description);
    assert_eq!((task.status.as_deref(), task.priority.as_deref()), (Some("To Do"), Some("High")));
    assert_eq!((task.story_points, task.assignee.as_deref()), (Some(3.0), Some("Ada Lovelace")));
    assert_eq!(task.url, Some(format!("{}/browse/SHOP-1", simulation.url("jira"))));

    let change = jira.update_status("SHOP-1", "in_progress").await.unwrap();
    assert_eq!((change.previous.as_str(), change.status.as_str()), ("To Do", "In Progress"));
    let again = jira.update_status("SHOP-1", "IN-PROGRESS").await.unwrap();
    assert_eq!((again.previous.as_str(), again.status.as_str()), ("In Progress", "In Progress"));
    let error = jira.update_status("SHOP-1", "done").await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Rejected);
    assert_eq!(
        error.message,
        "SHOP-1 is `In Progress` and cannot move to `done`; reachable from there: Code Review, To Do"
    );
    assert_described(&simulation);
}

#[tokio::test]
async fn a_comment_is_made_once_and_changed_in_place() {
    let simulation = JIRA.described_simulation().await;
    let jira = jira(&simulation);
    let (first, other) = (mark("run/AddComment"), mark("run/Other"));
    assert_eq!(jira.find_comment("SHOP-1", &first).await.unwrap(), None);
    let comment = jira.add_comment("SHOP-1", "Working on it:\n\n1. *plan*\n2. `code`", &first).await.unwrap();
    assert!(comment.url.as_ref().unwrap().ends_with(&format!("?focusedCommentId={}", comment.id)));
    jira.add_comment("SHOP-1", "another", &other).await.unwrap();
    assert_eq!(jira.find_comment("SHOP-1", &first).await.unwrap(), Some(comment.clone()));
    jira.update_comment("SHOP-1", &comment, "# Done\n\n| a |\n| - |\n| 1 |", &first).await.unwrap();
    assert_eq!(jira.find_comment("SHOP-1", &first).await.unwrap(), Some(comment));
    let error = jira.add_comment("SHOP-99", "x", &first).await.unwrap_err();
    assert!(error.message.contains("no ticket `SHOP-99`"), "{error}");
    assert_described(&simulation);
}

#[tokio::test]
async fn a_restricted_comment_stays_restricted() {
    let simulation = JIRA.described_simulation().await;
    let jira = jira(&simulation);
    let readers = json!({"type": "role", "value": "Developers", "identifier": "Developers"});
    let restriction = Restriction { readers: Some(readers.clone()), internal: true };
    let mark = mark("run/Reply");
    let comment = jira.add_restricted_comment("SHOP-1", "only you", &restriction, &mark).await.unwrap();
    jira.update_comment("SHOP-1", &comment, "still only you", &mark).await.unwrap();
    let state = simulation.state();
    let tickets = state["jira"].as_array().unwrap();
    let ticket = tickets.iter().find(|ticket| ticket["key"] == "SHOP-1").unwrap();
    let comment = ticket["comments"].as_array().unwrap().last().unwrap();
    assert_eq!((&comment["visibility"], &comment["public"]), (&readers, &json!(false)), "{comment}");
    assert_described(&simulation);
}

#[tokio::test]
async fn nothing_is_done_on_a_ticket_that_moved_to_another_project() {
    let simulation = JIRA.simulation().await;
    let jira = jira(&simulation);
    let moved = Some(json!({"id": "10001", "key": "OPS-7", "fields": {}}));
    let path = "/issue/SHOP-1$".to_owned();
    let service = Some("jira".to_owned());
    let fault = Fault { service, path, status: Some(200), body: moved, times: 9, ..Fault::default() };
    simulation.add_fault(fault).unwrap();
    let mark = mark("run/Comment");
    for refused in [
        jira.get_task("SHOP-1").await.map(|_| ()),
        jira.add_comment("SHOP-1", "x", &mark).await.map(|_| ()),
        jira.update_status("SHOP-1", "In Progress").await.map(|_| ()),
        jira.remove_label("SHOP-1", "agent").await,
    ] {
        let refused = refused.unwrap_err();
        assert!(refused.kind == ErrorKind::Rejected && refused.message.contains("is OPS-7 now"), "{refused}");
    }
    assert!(simulation.log().iter().all(|entry| entry.method == "GET"), "{:?}", simulation.log());
}

#[tokio::test]
async fn jira_says_whose_token_it_is() {
    let simulation = JIRA.described_simulation().await;
    assert_eq!(jira(&simulation).own_account().await.unwrap().as_deref(), Some("712020:ticketsmith"));
    assert_described(&simulation);
}

#[tokio::test]
async fn every_markdown_is_a_document_that_jira_takes() {
    let simulation = JIRA.described_simulation().await;
    let jira = jira(&simulation);
    for markdown in [
        "# A\n\n**b** *i* ~~s~~ `c` [l](https://a.example) <https://b.example>\n\n---\n\n- [x] d\n- e\n\n  f\n\n  1. g",
        "```rust\nfn a() {}\n```\n\n    indented\n\n```\n```",
        "> # quoted\n> > deeper\n>\n> - item\n>\n> | a |\n> | - |\n> | 1 |",
        "| a | b |\n| - | - |\n| **1** | |\n| | `2` |",
        "- # heading\n- > quote\n- ---\n- | a |\n  | - |\n  | 1 |\n-\n- - - - - - - - - - - - deep",
        "<div>html</div> <b>inline</b> ![](https://a.example/x.png) ***`all`*** [**b `c`**](https://a.example)",
    ] {
        let made = jira.add_comment("SHOP-1", markdown, &mark(markdown)).await;
        assert!(made.is_ok(), "{markdown}: {}", made.unwrap_err());
    }
    assert_described(&simulation);
}

#[tokio::test]
async fn a_ticket_is_created_once_and_listed() {
    let passed = Arc::new(AtomicI64::new(0));
    let seconds = Arc::clone(&passed);
    let simulation = JIRA
        .described_simulation_at(Arc::new(move || {
            Timestamp::now() + SignedDuration::from_secs(seconds.load(Ordering::Relaxed))
        }))
        .await;
    let jira = jira(&simulation);
    let mark = mark("run/CreateTask");
    assert_eq!(jira.find_created("SHOP", &mark).await.unwrap(), None);
    let created = jira.create_task(&new_task("Follow up\non it"), &mark).await.unwrap();
    let made = jira.get_task(&created.task_id).await.unwrap();
    assert_eq!((made.title.as_str(), made.story_points), ("Follow up on it", Some(5.0)));
    assert_eq!(made.description, "# Why\n\n- one\n- **two**");
    // A new ticket exists, but no search shows it yet.
    assert_eq!(jira.find_created("SHOP", &mark).await.unwrap(), None);
    assert!(!jira.shows_creations_at_once());
    let label = format!("ticketsmith-{}", mark.digest());
    let expected = format!("{}/issues/?jql=labels%3D{label}", simulation.url("jira"));
    assert_eq!(jira.creation_url("SHOP", &mark), Some(expected));
    passed.store(600, Ordering::Relaxed);
    assert_eq!(jira.find_created("SHOP", &mark).await.unwrap(), Some(created));

    let query = TaskQuery { project: "SHOP".into(), status: Some("TO_DO".into()), limit: 1 };
    let listed = jira.get_project_tasks(&query).await.unwrap();
    assert_eq!(listed.iter().map(|task| &task.task_id).collect::<Vec<_>>(), [&made.task_id]);
    let all = TaskQuery { limit: 100, status: None, ..query.clone() };
    assert_eq!(jira.get_project_tasks(&all).await.unwrap().len(), 3);
    let unknown = TaskQuery { status: Some("Shipped".into()), ..query };
    let error = jira.get_project_tasks(&unknown).await.unwrap_err();
    assert!(
        error.message.contains("no status `Shipped`") && error.message.contains("Code Review"),
        "{error}"
    );

    let epic = NewTask { task_type: "Epic".into(), ..new_task("Sale") };
    let epic = jira.create_task(&epic, &provider_testing::mark("run/CreateEpic")).await.unwrap();
    let child = NewTask { epic: Some(epic.task_id.clone()), ..new_task("Child") };
    let child = jira.create_task(&child, &provider_testing::mark("run/Child")).await.unwrap();
    let [epic, child] = [epic, child].map(|created| created.task_id);
    let (epic, child) = (jira.get_task(&epic).await.unwrap(), jira.get_task(&child).await.unwrap());
    assert_eq!((epic.task_type.as_deref(), child.epic_link), (Some("Epic"), Some(epic.task_id)));
    assert_described(&simulation);
}

#[tokio::test]
async fn a_label_is_removed() {
    let simulation = JIRA.described_simulation().await;
    let jira = jira(&simulation);
    jira.remove_label("SHOP-1", "cart").await.unwrap();
    jira.remove_label("SHOP-1", "cart").await.unwrap();
    assert!(jira.get_task("SHOP-1").await.unwrap().labels.is_empty());
    assert_described(&simulation);
}

/// What reading a ticket fails with after a fault.
async fn failing(simulation: &Simulation, with: Fault) -> ActionError {
    JIRA.fault(simulation, "/issue/SHOP-1$", with);
    jira(simulation).get_task("SHOP-1").await.unwrap_err()
}

#[tokio::test]
async fn refusals_mean_what_they_mean_everywhere() {
    assert_contract(async |with| failing(&JIRA.simulation().await, with).await).await;
}

#[tokio::test]
async fn faults_are_named_for_what_to_do_next() {
    let simulation = JIRA.simulation().await;
    let failing = async |with| failing(&simulation, with).await;
    let status = |status| Fault { status: Some(status), ..Fault::default() };
    assert_eq!(failing(status(500)).await.kind, ErrorKind::Unavailable);
    let throttled = Fault { headers: [("retry-after".into(), "7".into())].into(), ..status(429) };
    let throttled = failing(throttled).await;
    assert_eq!((throttled.kind, throttled.retry_after), (ErrorKind::Throttled, Some(Duration::from_secs(7))));
    assert_eq!(failing(Fault { truncated: true, ..Fault::default() }).await.kind, ErrorKind::Unavailable);
    assert_eq!(failing(status(409)).await.kind, ErrorKind::Conflict);
    let refused = Fault { body: Some(json!({"errorMessages": ["No!"]})), ..status(422) };
    let refused = failing(refused).await;
    assert!(refused.kind == ErrorKind::Rejected && refused.message.contains("No!"), "{refused}");
    assert!(failing(status(404)).await.message.contains("no ticket `SHOP-1`"));
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_not_waited_for() {
    let simulation = JIRA.simulation().await;
    JIRA.fault(&simulation, "/issue/SHOP-1$", Fault { delay_ms: 600_000, ..Fault::default() });
    let credentials =
        read_credentials("ticketsmith/jira", &secret(&simulation, "ticketsmith/jira"), &SPEC.secret_forms())
            .unwrap();
    let options = options().request_timeout(Duration::from_millis(200));
    let jira = Jira::new(&settings(&simulation), credentials, &options).unwrap();
    let error = jira.get_task("SHOP-1").await.unwrap_err();
    assert!(error.kind == ErrorKind::Unavailable && error.message.contains("within 0.2 s"), "{error}");
}

#[tokio::test]
async fn a_wrong_token_is_said_and_not_shown() {
    let simulation = JIRA.simulation().await;
    let secret = r#"{"email": "ticketsmith@acme.example", "api_token": "hunter2"}"#.into();
    let credentials = read_credentials("ticketsmith/jira", &secret, &SPEC.secret_forms()).unwrap();
    let jira = Jira::new(&settings(&simulation), credentials, &options()).unwrap();
    let error = jira.get_task("SHOP-1").await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Rejected);
    assert!(error.message.contains("credentials") && !error.message.contains("hunter2"), "{error}");
    assert!(!format!("{jira:?}").contains("hunter2"));
}

/// The wiki markup of the comments on a ticket, in which Jira counts.
fn comments(simulation: &Simulation, key: &str) -> Vec<String> {
    let state = simulation.state();
    let ticket = state["jira"].as_array().unwrap().iter().find(|ticket| ticket["key"] == key).unwrap();
    let comments = ticket["comments"].as_array().unwrap().iter();
    comments.map(|comment| comment["text"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_text_that_is_too_long_is_cut_and_sent_again() {
    let simulation = JIRA.described_simulation().await;
    let jira = jira(&simulation);
    let before = comments(&simulation, "SHOP-2").len();
    for text in [
        "word ".repeat(8_000),
        "😀 ".repeat(14_000),
        format!("```rust\n{}```\n", "let x = 1;\n".repeat(4_000)),
    ] {
        let made = jira.add_comment("SHOP-2", &text, &mark(&text[..20])).await.unwrap();
        jira.update_comment("SHOP-2", &made, &text, &mark(&text[..20])).await.unwrap();
    }
    let refusal = json!({"errorMessages": [], "errors": {
        "comment": "The entered text is too long. It exceeds the allowed limit of 32,767 characters."}});
    let too_long = || Fault { status: Some(400), body: Some(refusal.clone()), ..Fault::default() };
    JIRA.fault(&simulation, "/issue/SHOP-2/comment$", too_long());
    let made = jira.add_comment("SHOP-2", &"word ".repeat(2_000), &mark("again")).await.unwrap();
    assert_eq!(comments(&simulation, "SHOP-2").len(), before + 4);
    let last = comments(&simulation, "SHOP-2").pop().unwrap();
    assert!(last.contains("(cut)") && last.len() < 6_000, "{} bytes", last.len());
    JIRA.fault(&simulation, &format!("/comment/{}$", made.id), too_long());
    jira.update_comment("SHOP-2", &made, "short text", &mark("again")).await.unwrap();

    let code = json!({"errorMessages": [], "errors": {"description": "CONTENT_LIMIT_EXCEEDED"}});
    JIRA.fault(
        &simulation,
        "/rest/api/3/issue$",
        Fault { status: Some(400), body: Some(code), ..Fault::default() },
    );
    let task = NewTask { description: "word ".repeat(9_000), ..new_task("Long") };
    let made = jira.create_task(&task, &mark("long")).await.unwrap();
    let description = jira.get_task(&made.task_id).await.unwrap().description;
    assert!(description.ends_with("… (cut)"), "{}", description.len());
    for _ in 0..5 {
        JIRA.fault(&simulation, "/issue/SHOP-2/comment$", too_long());
    }
    let error = jira.add_comment("SHOP-2", "never", &mark("never")).await.unwrap_err();
    assert!(error.kind == ErrorKind::Rejected && error.message.contains("too long"), "{error}");
    assert_described(&simulation);
}

#[tokio::test]
async fn a_ticket_that_was_just_made_is_waited_for() {
    let simulation = JIRA.simulation().await;
    let jira = jira(&simulation);
    let unknown = || Fault { status: Some(404), method: Some("GET".into()), ..Fault::default() };
    JIRA.fault(&simulation, "/rest/api/3/issue/SHOP-3$", unknown());
    let made = jira.create_task(&new_task("New"), &mark("new")).await.unwrap();
    assert_eq!(made.task_id, "SHOP-3");
    JIRA.fault(&simulation, "/issue/SHOP-3/comment$", Fault { method: Some("POST".into()), ..unknown() });
    jira.add_comment("SHOP-3", "text", &mark("comment")).await.unwrap();
    JIRA.fault(&simulation, "/rest/api/3/issue/SHOP-3$", unknown());
    jira.update_status("SHOP-3", "in_progress").await.unwrap();
}

#[tokio::test]
async fn marks_count_only_on_what_our_own_account_made() {
    let simulation = JIRA.described_simulation().await;
    let mark = mark("run/AddComment");
    let comment = jira(&simulation).add_comment("SHOP-1", "x", &mark).await.unwrap();
    // To another account, our comment is one of somebody who copied its mark.
    let other = jira(&simulation);
    let body = json!({"accountId": "5b10other"});
    JIRA.fault(&simulation, "/myself$", Fault { status: Some(200), body: Some(body), ..Fault::default() });
    assert_eq!(other.find_comment("SHOP-1", &mark).await.unwrap(), None);
    let ours = jira(&simulation);
    assert_eq!(ours.find_comment("SHOP-1", &mark).await.unwrap(), Some(comment));
    assert_eq!(ours.find_created("SHOP", &mark).await.unwrap(), None);
    let searched = simulation.log().into_iter().rfind(|entry| entry.path.ends_with("/search/jql")).unwrap();
    let jql = searched.request["jql"].as_str().unwrap();
    assert!(jql.contains("creator = currentUser()"), "{jql}");
    assert_described(&simulation);
}

#[tokio::test]
async fn a_planned_ticket_is_looked_at_rewritten_and_deleted() {
    let simulation = JIRA.described_simulation().await;
    let jira = jira(&simulation);
    assert!(jira.takes_story_points());
    let (first, other) = (mark("run/Planned"), mark("run/Other"));
    let made = jira.create_task(&new_task("Planned"), &first).await.unwrap().task_id;
    let seen = jira.inspect_task(&made).await.unwrap().unwrap();
    assert_eq!((seen.task.title.as_str(), seen.comments), ("Planned", 0));
    assert_eq!(jira.inspect_task(&made).await.unwrap().unwrap().look(), seen.look());
    jira.add_comment(&made, "I do it", &other).await.unwrap();
    assert_ne!(jira.inspect_task(&made).await.unwrap().unwrap().look(), seen.look(), "a comment is seen");
    let anew = NewTask { description: "word ".repeat(9_000), ..new_task("Planned\nanew") };
    jira.rewrite_task(&seen.task, &anew, &first).await.unwrap();
    let rewritten = jira.get_task(&made).await.unwrap();
    assert_eq!(rewritten.title, "Planned anew");
    assert!(rewritten.description.ends_with("… (cut)"));
    assert_eq!(rewritten.labels, seen.task.labels, "labels stay, and with them the mark");
    jira.withdraw_task(&made).await.unwrap();
    jira.withdraw_task(&made).await.unwrap();
    assert_eq!(jira.inspect_task(&made).await.unwrap(), None);
    let again = jira.create_task(&new_task("Next"), &other).await.unwrap();
    assert_ne!(again.task_id, made, "no key is given twice");
    assert_described(&simulation);
}
