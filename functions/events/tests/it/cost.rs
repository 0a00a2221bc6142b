//! What executions cost in requests to the table, which decides how many deliveries a machine takes. The figures are exact: each is the most that
//! is accepted.

use crate::feedback::journal;
use crate::world::{World, arn};
use domain::execution::Outcome;
use domain::reference::References;
use domain::{ActionId, Clock};
use events::EventInput;
use jiff::SignedDuration;
use records::{StepEnd, StepStatus};
use serde_json::json;

/// A world whose clock stands still, with all documents that are read into memory.
async fn still_world() -> World {
    let world = World::new().await;
    world.table.put_references(&References::default()).await.unwrap();
    world.clock.stand_still();
    world
}

/// Performs a step as the dispatcher records it.
async fn perform(world: &World, name: &str, state: &str, action: ActionId) {
    world.table.start_step(name, state, &action, world.clock.now()).await.unwrap();
    let end = StepEnd { status: StepStatus::Succeeded, error: None, cause: None, at: world.clock.now() };
    world.table.finish_step(name, state, &end).await.unwrap();
}

#[tokio::test]
async fn an_execution_of_two_steps_costs_no_more_requests() {
    let world = still_world().await;
    let name = world.begin("jira.labelled", "SHOP-1", json!({"task_id": "SHOP-1"})).await;
    let before = world.calls();
    world.status_change(&name, json!({})).await;
    let start = world.calls() - before;
    assert!(world.comments("SHOP-1")[0].contains("is at work"), "{:?}", world.comments("SHOP-1"));

    perform(&world, &name, "GetTask", ActionId::literal("get_task")).await;
    perform(&world, &name, "SendMessage", ActionId::literal("send_message")).await;
    journal(&world, &name, ActionId::literal("send_message"), json!({"message_id": "1"})).await;
    let before = world.calls();
    world.status_change(&name, json!({"status": "SUCCEEDED", "output": "{}"})).await;
    let end = world.calls() - before;
    assert!(world.comments("SHOP-1")[0].contains("is done"), "{:?}", world.comments("SHOP-1"));
    let record = world.table.execution(&name).await.unwrap().unwrap();
    assert_eq!(record.effects_left, Some(true), "the message can be taken back");
    let frames = world.table.frames(&name, 0, 100).await.unwrap();
    let told: Vec<&str> = frames.iter().map(|frame| frame.event.as_str()).collect();
    let steps = ["workflow.step_completed"; 2];
    assert_eq!(told, [&["execution.started"][..], &steps, &["execution.ended"]].concat());
    assert_eq!(frames[2].data["result"], json!({"message_id": "1"}));

    // All that changed comes in one batch of the stream, and has been shown and told.
    let (pk, writes) = (format!("EXECUTION#{name}"), world.writes().len());
    let keys = ["EXECUTION", "STEP#GetTask", "STEP#SendMessage"].map(|sk| (pk.as_str(), sk));
    let before = world.calls();
    world.events.handle(EventInput::from_keys(keys)).await.unwrap();
    let batch = world.calls() - before;
    assert_eq!(world.writes().len(), writes);
    // What comes after that is shown.
    world.table.note_undone(&name, "undo-1").await.unwrap();
    world.events.handle(EventInput::from_keys(keys)).await.unwrap();
    assert!(world.comments("SHOP-1")[0].contains("were undone by"), "{:?}", world.comments("SHOP-1"));

    let (counts, most) = ([start, end, batch], [10, 10, 1]);
    let is_within = counts.iter().zip(most).all(|(count, most)| *count <= most);
    assert!(is_within, "start, end and a batch of changes cost {counts:?} requests, and not {most:?}");
}

#[tokio::test]
async fn a_start_that_is_recorded_is_not_recorded_again() {
    let mut starts = Vec::new();
    for is_recorded in [false, true] {
        let world = still_world().await;
        let name = world.begin("jira.labelled", "SHOP-1", json!({"task_id": "SHOP-1"})).await;
        if is_recorded {
            world.table.mark_started(&name, &arn(&name), world.clock.now()).await.unwrap();
        }
        let before = world.calls();
        world.status_change(&name, json!({})).await;
        starts.push(world.calls() - before);
        let record = world.table.execution(&name).await.unwrap().unwrap();
        assert_eq!((record.outcome, record.arn), (Outcome::Running, Some(arn(&name))));
    }
    assert_eq!(starts[0] - starts[1], 1, "{starts:?}");
}

#[tokio::test]
async fn executions_that_change_at_once_are_looked_at_together() {
    let world = still_world().await;
    let (mut names, mut starts) = (Vec::new(), Vec::new());
    for ticket in ["SHOP-1", "SHOP-2"] {
        let name = world.begin("jira.labelled", ticket, json!({"task_id": ticket})).await;
        let before = world.calls();
        world.status_change(&name, json!({})).await;
        starts.push(world.calls() - before);
        names.push(format!("EXECUTION#{name}"));
    }
    assert!(starts[1] < starts[0], "what runs of the workflow cost is read once: {starts:?}");
    let before = world.calls();
    let keys = names.iter().map(|pk| (pk.as_str(), "STEP#any"));
    world.events.handle(EventInput::from_keys(keys)).await.unwrap();
    // One for what they have in common, and one for each.
    assert_eq!(world.calls() - before, 1 + names.len());
}

#[tokio::test]
async fn an_edit_that_comes_too_early_is_not_requested() {
    let world = still_world().await;
    let name = world.begin("jira.labelled", "SHOP-1", json!({"task_id": "SHOP-1"})).await;
    world.status_change(&name, json!({})).await;
    world
        .table
        .start_step(&name, "GetTask", &ActionId::literal("get_task"), world.clock.now())
        .await
        .unwrap();
    // Almost a second after the comment was created; the clock does not advance.
    world.clock.advance_by(SignedDuration::from_millis(999));
    let before = world.calls();
    world.changed(&name).await;
    // Two for the look, and one for each time that it waits and looks again.
    assert_eq!(world.calls() - before, 2 + 4);
    assert!(!world.comments("SHOP-1")[0].contains("Get task"), "{:?}", world.comments("SHOP-1"));
}
