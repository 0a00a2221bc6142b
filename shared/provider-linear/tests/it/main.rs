//! Linear over HTTP, against the simulator.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail by panicking; the lint knows only test functions"
)]

mod refusals;
mod uploads;

use domain::configuration::{Configuration, Project};
use domain::plugins::{NewTask, RepositoryAccess, TaskManagement, TaskQuery};
use domain::{ErrorKind, Task};
use http_client::read_credentials;
use provider_linear::{Linear, SPEC, id_of};
use provider_testing::{HOSTILE, Service, assert_described, mark, options, secret};
use serde_json::{Value, json};
use simulators::{Simulation, World};

pub(crate) const LINEAR: Service = Service { name: "linear", descriptions: &["linear.graphql"] };

const ADA: &str = "9cfb482a-81e3-4154-b5b9-2c805e70a02d";
const BOT: &str = "1d2f3a4b-5c6d-4e7f-8a9b-0c1d2e3f4a5b";

pub(crate) fn world() -> World {
    World::parse(include_str!("world.yaml"), std::path::PathBuf::new()).unwrap()
}

pub(crate) async fn simulation() -> Simulation {
    LINEAR.described_simulation_of(world()).await
}

/// Without the official schema, which takes its time.
pub(crate) async fn quick_simulation() -> Simulation {
    provider_testing::start(world(), None, None).await
}

pub(crate) fn linear(simulation: &Simulation) -> Linear {
    with_options(simulation, &options())
}

pub(crate) fn with_options(simulation: &Simulation, options: &http_client::Options) -> Linear {
    let settings = json!({"base_url": simulation.url("linear")});
    let secret = secret(simulation, "ticketsmith/linear");
    let credentials = read_credentials("ticketsmith/linear", &secret, &SPEC.secret_forms()).unwrap();
    Linear::new(&serde_json::from_value(settings).unwrap(), credentials, options).unwrap()
}

fn new_task(title: &str) -> NewTask {
    NewTask {
        project: "ENG".into(),
        task_type: "Task".into(),
        title: title.into(),
        description: "# Why\n\n- one\n- **two**".into(),
        labels: vec!["agent".into(), "cart".into()],
        epic: None,
        story_points: Some(5.0),
    }
}

fn issue(simulation: &Simulation, key: &str) -> Value {
    let state = simulation.state();
    let mut issues = state["linear"].as_array().unwrap().iter();
    issues.find(|issue| issue["key"] == key).unwrap().clone()
}

#[tokio::test]
async fn a_ticket_is_read() {
    let simulation = simulation().await;
    let linear = linear(&simulation);
    let task = linear.get_task("eng-7").await.unwrap();
    let expected = Task {
        task_id: "ENG-7".into(),
        id: "ENG-7".into(),
        project: Some("ENG".into()),
        title: "Add a discount code to the cart".into(),
        description: "As a customer I want to enter a code.\n\n- one\n- **two**".into(),
        status: Some("Todo".into()),
        task_type: None,
        assignee: Some("ada".into()),
        priority: Some("High".into()),
        labels: vec!["cart".into(), "Bug".into()],
        story_points: Some(3.0),
        epic_link: Some("ENG-8".into()),
        team: None,
        created: task.created.clone(),
        updated: task.updated.clone(),
        url: Some(format!("{}/acme/issue/ENG-7", simulation.url("linear"))),
        repository_url: None,
        team_channel: None,
        attachments: Vec::new(),
        more_attachments: 0,
    };
    assert_eq!(task, expected);
    let plain = linear.get_task("ENG-8").await.unwrap();
    assert_eq!((plain.priority, plain.description.as_str(), plain.story_points), (None, "", None));
    let error = linear.get_task("ENG-99").await.unwrap_err();
    assert!(error.kind == ErrorKind::Rejected && error.message.contains("no ticket `ENG-99`"), "{error}");
    assert_described(&simulation);
}

#[tokio::test]
async fn nothing_is_done_on_a_ticket_that_moved_to_another_team() {
    let simulation = simulation().await;
    let linear = linear(&simulation);
    let mark = mark("run/Comment");
    for refused in [
        linear.get_task("ENG-3").await.map(|_| ()),
        linear.add_comment("ENG-3", "x", &mark).await.map(|_| ()),
        linear.update_status("ENG-3", "Open").await.map(|_| ()),
        linear.remove_label("ENG-3", "pager").await,
        linear.react("ENG-3", None).await,
    ] {
        let refused = refused.unwrap_err();
        assert!(refused.kind == ErrorKind::Rejected && refused.message.contains("is OPS-1 now"), "{refused}");
    }
    assert_eq!(issue(&simulation, "OPS-1")["labels"], json!(["pager"]));
    assert_described(&simulation);
}

#[tokio::test]
async fn a_status_is_changed_to_one_of_the_team() {
    let simulation = simulation().await;
    let linear = linear(&simulation);
    let change = linear.update_status("ENG-7", "in_progress").await.unwrap();
    assert_eq!((change.previous.as_str(), change.status.as_str()), ("Todo", "In Progress"));
    let again = linear.update_status("ENG-7", "IN-PROGRESS").await.unwrap();
    assert_eq!((again.previous.as_str(), again.status.as_str()), ("In Progress", "In Progress"));
    let error = linear.update_status("ENG-7", "Shipped").await.unwrap_err();
    assert_eq!(
        error.message,
        "team ENG has no status `Shipped`; accepted: Todo, In Progress, In Review, Done"
    );
    assert_eq!(issue(&simulation, "ENG-7")["status"], "In Progress");
    let error = linear.update_status("ENG-99", "Done").await.unwrap_err();
    assert!(error.message.contains("no ticket `ENG-99`"), "{error}");
    assert_described(&simulation);
}

#[tokio::test]
async fn a_comment_is_made_once_and_changed_in_place() {
    let simulation = simulation().await;
    let linear = linear(&simulation);
    let (first, other) = (mark("run/AddComment"), mark("run/Other"));
    assert_eq!(linear.find_comment("ENG-7", &first).await.unwrap(), None);
    let comment = linear.add_comment("ENG-7", "Working: 😀 שלום", &first).await.unwrap();
    assert_eq!(comment.id, id_of(&first));
    linear.add_comment("ENG-7", "another", &other).await.unwrap();
    assert_eq!(linear.find_comment("ENG-7", &first).await.unwrap(), Some(comment.clone()));
    linear.update_comment("ENG-7", &comment, "Done", &first).await.unwrap();
    let texts = |simulation: &Simulation| issue(simulation, "ENG-7")["comments"].as_array().unwrap().len();
    assert_eq!(
        (texts(&simulation), &issue(&simulation, "ENG-7")["comments"][1]["text"]),
        (3, &json!("Done"))
    );
    // A second creation under the same mark is refused by Linear itself.
    let twice = linear.add_comment("ENG-7", "again", &first).await.unwrap_err();
    assert!(twice.kind == ErrorKind::Rejected && texts(&simulation) == 3, "{twice}");
    for _ in 0..2 {
        linear.react("ENG-7", Some(&comment)).await.unwrap();
        linear.react("ENG-7", None).await.unwrap();
    }
    let seen = issue(&simulation, "ENG-7");
    assert_eq!((&seen["reactions"], &seen["comments"][1]["reactions"]), (&json!(["eyes"]), &json!(["eyes"])));
    let gone = domain::plugins::CommentId { id: id_of(&mark("run/None")), url: None };
    let error = linear.update_comment("ENG-7", &gone, "x", &first).await.unwrap_err();
    assert!(error.message.contains("no longer has comment"), "{error}");
    assert_described(&simulation);
}

#[tokio::test]
async fn a_ticket_is_created_once_and_listed() {
    let simulation = simulation().await;
    let linear = linear(&simulation);
    let first = mark("run/CreateTask");
    assert_eq!(linear.find_created("ENG", &first).await.unwrap(), None);
    let created = linear.create_task(&new_task("Follow up\non it"), &first).await.unwrap();
    assert_eq!(linear.find_created("ENG", &first).await.unwrap().as_ref(), Some(&created));
    assert!(linear.shows_creations_at_once());
    let made = linear.get_task(&created.task_id).await.unwrap();
    assert_eq!((made.title.as_str(), made.story_points), ("Follow up on it", Some(5.0)));
    assert_eq!(
        (made.description.as_str(), made.labels),
        ("# Why\n\n- one\n- **two**", vec!["agent".into(), "cart".into()])
    );

    let child = NewTask { epic: Some("ENG-8".into()), ..new_task("Child") };
    let child = linear.create_task(&child, &mark("run/Child")).await.unwrap();
    assert_eq!(linear.get_task(&child.task_id).await.unwrap().epic_link.as_deref(), Some("ENG-8"));

    let query = TaskQuery { project: "ENG".into(), status: Some("TODO".into()), limit: 2 };
    let listed = linear.get_project_tasks(&query).await.unwrap();
    let keys: Vec<_> = listed.iter().map(|task| task.task_id.as_str()).collect();
    assert_eq!(keys, [child.task_id.as_str(), created.task_id.as_str()]);
    let all = TaskQuery { limit: 100, status: None, ..query.clone() };
    assert_eq!(linear.get_project_tasks(&all).await.unwrap().len(), 4);
    let unknown = TaskQuery { status: Some("Shipped".into()), ..query.clone() };
    let error = linear.get_project_tasks(&unknown).await.unwrap_err();
    assert!(error.message.contains("no status `Shipped`") && error.message.contains("In Review"), "{error}");
    let nowhere = TaskQuery { project: "NONE".into(), ..all };
    let error = linear.get_project_tasks(&nowhere).await.unwrap_err();
    assert!(error.message.contains("no team `NONE`"), "{error}");
    assert_described(&simulation);
}

#[tokio::test]
async fn a_list_is_read_page_by_page() {
    let simulation = simulation().await;
    let linear = linear(&simulation);
    for number in 0..60 {
        let task = NewTask { labels: Vec::new(), ..new_task(&format!("Number {number}")) };
        linear.create_task(&task, &mark(&format!("run/{number}"))).await.unwrap();
    }
    let query = TaskQuery { project: "ENG".into(), status: None, limit: 61 };
    let listed = linear.get_project_tasks(&query).await.unwrap();
    assert_eq!((listed.len(), listed[0].title.as_str()), (61, "Number 59"));
    assert_described(&simulation);
}

#[tokio::test]
async fn what_a_new_ticket_names_must_be_there() {
    let simulation = simulation().await;
    let linear = linear(&simulation);
    let refused = async |task: NewTask| linear.create_task(&task, &mark("run/No")).await.unwrap_err();
    let label = refused(NewTask { labels: vec!["pager".into()], ..new_task("x") }).await;
    assert!(label.message.contains("no label `pager` for team ENG"), "{label}");
    let epic = refused(NewTask { epic: Some("ENG-99".into()), ..new_task("x") }).await;
    assert!(epic.message.contains("no ticket `ENG-99`"), "{epic}");
    let points = refused(NewTask { story_points: Some(0.5), ..new_task("x") }).await;
    assert!(points.message.contains("story_points is 0.5"), "{points}");
    let team = refused(NewTask { project: "NONE".into(), ..new_task("x") }).await;
    assert!(team.message.contains("no team `NONE`"), "{team}");
    assert_eq!(simulation.state()["linear"].as_array().unwrap().len(), 3);
    assert_described(&simulation);
}

#[tokio::test]
async fn a_label_is_removed() {
    let simulation = simulation().await;
    let linear = linear(&simulation);
    linear.remove_label("ENG-7", "BUG").await.unwrap();
    linear.remove_label("ENG-7", "BUG").await.unwrap();
    assert_eq!(issue(&simulation, "ENG-7")["labels"], json!(["cart"]));
    assert_described(&simulation);
}

#[tokio::test]
async fn texts_over_the_limits_are_cut() {
    let simulation = simulation().await;
    let linear = linear(&simulation);
    let long = [
        "word ".repeat(40_000),
        "😀 ".repeat(70_000),
        "שלום עולם ".repeat(20_000),
        format!("```rust\n{}```\n", "let x = 1;\n".repeat(20_000)),
    ];
    for text in &long {
        let key: String = text.chars().take(9).collect();
        let comment = linear.add_comment("ENG-8", text, &mark(&key)).await.unwrap();
        linear.update_comment("ENG-8", &comment, text, &mark(&key)).await.unwrap();
        let task = NewTask { description: text.clone(), ..new_task(text) };
        linear.create_task(&task, &mark(&format!("ticket {key}"))).await.unwrap();
    }
    for comment in issue(&simulation, "ENG-8")["comments"].as_array().unwrap() {
        let text = comment["text"].as_str().unwrap();
        assert!(text.encode_utf16().count() <= 65_000 && text.ends_with("… (cut)"), "{}", text.len());
        assert_eq!(text.matches("```").count() % 2, 0);
    }
    assert_described(&simulation);
}

#[tokio::test]
async fn no_hostile_text_acts_in_a_comment() {
    let simulation = simulation().await;
    let linear = linear(&simulation);
    let profile = "https://linear.app/acme/profiles/ada must look";
    for text in HOSTILE.iter().copied().chain([profile]) {
        linear.add_comment("ENG-8", text, &mark(text)).await.unwrap();
    }
    for comment in issue(&simulation, "ENG-8")["comments"].as_array().unwrap() {
        let text = comment["text"].as_str().unwrap();
        for acting in ["@ada", "@everyone", "![", "<img", "<script", "/profiles/"] {
            assert!(!text.contains(acting), "{text}");
        }
    }
    assert_described(&simulation);
}

#[tokio::test]
async fn doctor_hears_what_the_key_may_do() {
    let simulation = simulation().await;
    let configuration: Configuration = serde_json::from_value(json!({
        "projects": [], "plugins": {"linear": {"base_url": simulation.url("linear")}},
    }))
    .unwrap();
    let told = async |key: &str, claims: provider::Claims| {
        let project: Project =
            serde_json::from_value(json!({"key": key, "repository": "acme/shop", "providers": {}})).unwrap();
        let secret = secret(&simulation, "ticketsmith/linear");
        let instance = configuration.instance("linear").unwrap();
        let mut connector = SPEC.connector(instance, options(), secret, RepositoryAccess::ReadMetadata);
        connector.claims = claims;
        assert_eq!((SPEC.probed)(&connector, &project).unwrap(), format!("team {key}"));
        let problems = (SPEC.probe)(&connector, &project).await.unwrap();
        problems.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(told("ENG", provider::Claims::default()).await, Vec::<String>::new());
    let missing = told("NONE", provider::Claims::default()).await;
    assert!(missing.len() == 1 && missing[0].contains("the team NONE"), "{missing:?}");
    let claims = provider::Claims {
        own_account: Some(ADA.into()),
        statuses: vec!["in review".into(), "Shipped".into()],
        people: vec![("ada".into(), ADA.into()), ("grace".into(), BOT.replace('1', "2"))],
        ..provider::Claims::default()
    };
    let wrong = told("ENG", claims).await.join("\n");
    for part in [BOT, "Shipped", "of grace"] {
        assert!(wrong.contains(part), "{wrong}");
    }
    assert!(!wrong.contains("in review") && !wrong.contains("of ada"), "{wrong}");
    assert_eq!(linear(&simulation).own_account().await.unwrap().as_deref(), Some(BOT));
    assert_described(&simulation);
}

#[tokio::test]
async fn a_planned_ticket_is_looked_at_rewritten_and_moved_to_the_trash() {
    let simulation = simulation().await;
    let linear = linear(&simulation);
    let first = mark("run/Planned");
    let made = linear.create_task(&new_task("Planned"), &first).await.unwrap().task_id;
    let seen = linear.inspect_task(&made).await.unwrap().unwrap();
    assert_eq!((seen.task.title.as_str(), seen.comments), ("Planned", 0));
    linear.add_comment(&made, "I do it", &mark("run/Other")).await.unwrap();
    assert_ne!(linear.inspect_task(&made).await.unwrap().unwrap().look(), seen.look(), "a comment is seen");
    let epic = linear.create_task(&new_task("Epic"), &mark("run/Epic")).await.unwrap().task_id;
    for epic in [Some(epic), None] {
        let present = linear.inspect_task(&made).await.unwrap().unwrap().task;
        let anew = NewTask { epic: epic.clone(), ..new_task("Planned\nanew") };
        linear.rewrite_task(&present, &anew, &first).await.unwrap();
        let rewritten = linear.get_task(&made).await.unwrap();
        assert_eq!((rewritten.title.as_str(), rewritten.epic_link), ("Planned anew", epic));
    }
    linear.withdraw_task(&made).await.unwrap();
    assert_eq!(linear.inspect_task(&made).await.unwrap(), None);
    assert_eq!(linear.inspect_task("ENG-999").await.unwrap(), None);
    assert_described(&simulation);
}

#[tokio::test]
async fn a_ticket_waits_for_another_by_a_relation() {
    let simulation = simulation().await;
    let linear = linear(&simulation);
    let before = linear.create_task(&new_task("Before"), &mark("run/Before")).await.unwrap().task_id;
    let after = linear.create_task(&new_task("After"), &mark("run/After")).await.unwrap().task_id;
    let link = mark("run/Link");
    assert_eq!(linear.link_blocker(&after, &before, &link).await.unwrap().note, None);
    // The relation has its mark's ID, so that none is made twice.
    assert!(linear.link_blocker(&after, &before, &link).await.is_err());
    let links = linear.blockers(&after).await.unwrap().unwrap();
    assert_eq!(links.iter().map(|link| link.blocker.as_str()).collect::<Vec<_>>(), [before.as_str()]);
    assert_eq!(linear.blockers(&before).await.unwrap(), Some(Vec::new()), "only one of them waits");
    for _ in 0..2 {
        linear.unlink_blocker(&after, &links[0]).await.unwrap();
    }
    assert_eq!(linear.blockers(&after).await.unwrap(), Some(Vec::new()));
    linear.withdraw_task(&after).await.unwrap();
    assert_eq!(linear.blockers(&after).await.unwrap(), None);
    assert_eq!(linear.blockers("ENG-999").await.unwrap(), None);
    assert_described(&simulation);
}
