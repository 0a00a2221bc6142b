//! What a review says about lines reaches workflows.

use crate::world::World;
use domain::event::EventSpec;
use domain::{Clock, EventKey, EventName};
use events::EventInput;
use records::{Occurrence, Topic};
use serde_json::{Map, Value, json};
use simulators::fault::Fault;

const REVIEWED: &str = "github.review_requested_changes";

fn fields() -> Value {
    json!({"repository": "acme/shop", "number": 2, "comments": "Nearly.", "review": 81})
}

/// What GitHub answers about the review.
fn answers(world: &World, status: u16, body: Value) {
    let path = "/repos/acme/shop/pulls/2/reviews/81/comments$".to_owned();
    world
        .services
        .add_fault(Fault { path, status: Some(status), body: Some(body), times: 1, ..Fault::default() })
        .unwrap();
}

fn remarks() -> Value {
    json!([{"id": 1, "path": "src/cart.rs", "line": 12, "body": "rename it"}])
}

const COMPLETE: &str = "Nearly.\n\n`src/cart.rs`, line 12: rename it";

#[tokio::test]
async fn a_workflow_starts_with_what_a_review_says_about_lines() {
    let world = World::new().await;
    let name = world.begin(REVIEWED, "acme/shop#2", fields()).await;
    let pk = format!("EXECUTION#{name}");
    let changed = async || world.events.handle(EventInput::from_keys([(pk.as_str(), "EXECUTION")])).await;
    answers(&world, 503, json!({"message": "down"}));
    assert!(changed().await.is_err(), "it is told again");
    answers(&world, 200, remarks());
    changed().await.unwrap();
    changed().await.unwrap();
    let starts = world.step_functions.lock().unwrap().starts.clone();
    assert_eq!(starts.len(), 1, "{starts:?}");
    let input: Value = serde_json::from_str(starts[0]["input"].as_str().unwrap()).unwrap();
    assert_eq!(input["event"]["comments"], COMPLETE);
}

#[tokio::test]
async fn a_code_host_that_stays_away_holds_nothing_up() {
    let world = World::new().await;
    world.begin(REVIEWED, "acme/shop#2", fields()).await;
    world.clock.advance(1);
    answers(&world, 503, json!({"message": "down"}));
    world.sweep().await;
    let starts = world.step_functions.lock().unwrap().starts.clone();
    let input: Value = serde_json::from_str(starts[0]["input"].as_str().unwrap()).unwrap();
    assert_eq!(input["event"]["comments"], "Nearly.");
}

#[tokio::test]
async fn a_step_that_waits_for_a_review_gets_all_of_it() {
    let world = World::new().await;
    let name = world.begin_by_label().await;
    let Value::Object(fields) = fields() else { panic!("no fields") };
    let spec =
        EventSpec::new(EventName::from_static(REVIEWED), "A review.").matched_by(["repository", "number"]);
    let key = EventKey::new(&spec, &fields).unwrap().unwrap();
    let occurrence = Occurrence {
        fields: fields.into_iter().collect::<Map<_, _>>(),
        at: world.clock.now(),
        delivery: "d".into(),
        stranger: None,
    };
    world.table.put_occurrences(std::slice::from_ref(&key), &occurrence).await.unwrap();
    answers(&world, 200, remarks());
    world.wait(&name, &Topic::Event(key), |waiter| waiter.question = None).await;
    let told = world.told();
    let output: Value = serde_json::from_str(told[0]["output"].as_str().unwrap()).unwrap();
    assert_eq!(output["comments"], COMPLETE);
}

#[tokio::test]
async fn a_review_of_which_nothing_can_be_read_starts_no_revision_and_says_why() {
    let world = World::new().await;
    let fields = json!({"repository": "acme/shop", "number": 2, "comments": "", "review": 81});
    let name = world.begin("revision.requested", "SHOP-1", fields).await;
    let pk = format!("EXECUTION#{name}");
    answers(&world, 404, json!({"message": "Not Found"}));
    world.events.handle(EventInput::from_keys([(pk.as_str(), "EXECUTION")])).await.unwrap();
    assert!(world.step_functions.lock().unwrap().starts.is_empty());
    let execution = world.table.execution(&name).await.unwrap().unwrap();
    assert_eq!(execution.error.as_deref(), Some("NothingAsked"));
    let shown = world.comments("SHOP-1").join("\n");
    assert!(shown.contains("Say in a comment what is to be changed"), "{shown}");
}
