//! What becomes of words that nobody took in before an execution ended.

use crate::world::World;
use domain::Clock;
use domain::event::{Actor, SourceName};
use domain::routes::Routes;
use events::EventInput;
use records::{OpenedPullRequest, ReplyPlace, ReviewOf, Word};
use serde_json::{Value, json};
use simulators::fault::Fault;

/// A world in which a revision can be started, and an execution at work on SHOP-1.
async fn at_work() -> (World, String) {
    let world = World::new().await;
    let routes: Routes = serde_json::from_value(json!({"workflows": {
        "undo": {"title": "Undo", "inputs": {"run": {"type": "string"}}, "triggers": []},
        "revision": {"title": "Revision", "inputs": {"task_id": {"type": "string"}, "comments": {"type": "string"}},
            "triggers": [{"on": "revision.requested"}]},
    }}))
    .unwrap();
    world.table.put_routes(&routes).await.unwrap();
    let name = world.begin_by_label().await;
    (world, name)
}

async fn with_pull_request(world: &World) {
    let opened = OpenedPullRequest {
        repository: "acme/shop".parse().unwrap(),
        number: 7,
        url: "https://github.com/acme/shop/pull/7".into(),
        branch: "feature/SHOP-1".parse().unwrap(),
        target: "main".parse().unwrap(),
        task_id: Some("SHOP-1".to_owned()),
        project: "SHOP".into(),
        run: None,
        at: world.clock.now(),
    };
    world.table.put_opened_pull_request(&opened).await.unwrap();
}

async fn say(world: &World, execution: &str, delivery: &str, review: Option<ReviewOf>) {
    let source = SourceName::from_static("jira");
    let word = Word {
        source: source.clone(),
        delivery: delivery.to_owned(),
        author: Actor { source, id: "712020:ada".into(), display_name: None, person: Some("ada".into()) },
        may_trigger: true,
        text: format!("words of {delivery}"),
        place: Some(ReplyPlace::Ticket { task_id: "SHOP-1".into(), restriction: None }),
        review,
        at: world.clock.now(),
    };
    let revision = SourceName::from_static("revision");
    world.table.put_word("SHOP-1", execution, &revision, &word).await.unwrap();
}

async fn holder(world: &World) -> Option<String> {
    world.table.task("SHOP-1").await.unwrap().unwrap().open_execution
}

#[tokio::test]
async fn a_revision_takes_the_ticket_over_with_all_that_was_said() {
    let (world, name) = at_work().await;
    with_pull_request(&world).await;
    say(&world, &name, "d1", None).await;
    let review = ReviewOf { repository: "acme/shop".parse().unwrap(), number: 7, review: 81 };
    say(&world, &name, "d2", Some(review)).await;
    world
        .services
        .add_fault(Fault {
            path: "/repos/acme/shop/pulls/7/reviews/81/comments$".to_owned(),
            status: Some(200),
            body: Some(json!([{"id": 1, "path": "src/cart.py", "line": 12, "body": "rename it"}])),
            times: 1,
            ..Fault::default()
        })
        .unwrap();
    // Whoever is told of the end first, and however often.
    for _ in 0..2 {
        world.status_change(&name, json!({"status": "SUCCEEDED"})).await;
        let ended = world.table.execution(&name).await.unwrap().unwrap();
        assert_eq!(ended.outcome.as_str(), "succeeded");
        let successor = world.table.execution(&holder(&world).await.unwrap()).await.unwrap().unwrap();
        assert_eq!(successor.workflow, "revision");
        let comments = successor.input.inputs["comments"].as_str().unwrap();
        let expected = "ada:\nwords of d1\n\nada:\nwords of d2\n\n`src/cart.py`, line 12: rename it";
        assert_eq!(comments, expected);
    }
    let starts = world.step_functions.lock().unwrap().starts.clone();
    assert_eq!(starts.len(), 1, "{starts:?}");
    assert!(world.table.inbox("SHOP-1").await.unwrap().is_empty());
}

#[tokio::test]
async fn authors_are_told_once_where_nothing_can_follow_and_the_ticket_is_free() {
    for (has_pull_request, status, why) in [
        (false, json!({"status": "SUCCEEDED"}), "no pull request to revise"),
        (true, json!({"status": "FAILED", "error": "X"}), "it ended as failed"),
        (true, json!({"status": "ABORTED", "error": "Stopped"}), "it was stopped"),
    ] {
        let (world, name) = at_work().await;
        if has_pull_request {
            with_pull_request(&world).await;
        }
        say(&world, &name, "d1", None).await;
        for _ in 0..2 {
            world.status_change(&name, status.clone()).await;
        }
        assert_eq!(holder(&world).await, None, "{why}");
        assert!(world.table.inbox("SHOP-1").await.unwrap().is_empty(), "{why}");
        let id = "jira#not taken in: d1";
        let reply = world.table.reply(id).await.unwrap().unwrap();
        assert!(reply.text.replace('\\', "").contains(why), "{}", reply.text);
        let pk = format!("REPLY#{id}");
        for _ in 0..2 {
            world.events.handle(EventInput::from_keys([(pk.as_str(), "REPLY")])).await.unwrap();
        }
        let told =
            world.comments("SHOP-1").into_iter().filter(|text| text.contains("Nothing was done about it"));
        assert_eq!(told.count(), 1, "{why}");
        let starts = world.step_functions.lock().unwrap().starts.clone();
        assert_eq!(starts, Vec::<Value>::new(), "{why}");
    }
}
