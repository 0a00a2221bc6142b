//! Open executions that nobody hears of.

use crate::feedback::{intend, journal};
use crate::world::{World, arn};
use domain::configuration::Notice;
use domain::execution::Outcome;
use domain::{ActionId, Clock};
use records::NotifyChoice;
use serde_json::{Value, json};

#[tokio::test]
async fn what_is_pending_is_started_with_its_recorded_input() {
    let world = World::new().await;
    let name = world.begin_by_label().await;
    world.sweep().await;
    assert!(world.step_functions.lock().unwrap().starts.is_empty(), "it is not due yet");
    world.clock.advance(1);
    world.sweep().await;
    let starts = world.step_functions.lock().unwrap().starts.clone();
    assert_eq!(starts.len(), 1);
    assert_eq!(starts[0]["name"], name);
    let input: Value = serde_json::from_str(starts[0]["input"].as_str().unwrap()).unwrap();
    assert_eq!(input["inputs"]["task_id"], "SHOP-1");
    let record = world.table.execution(&name).await.unwrap().unwrap();
    assert_eq!((record.outcome, record.checks), (Outcome::Running, 1));
}

#[tokio::test]
async fn what_ended_unnoticed_is_closed_and_said() {
    let world = World::new().await;
    let choice =
        NotifyChoice { notices: Some([Notice::Failed].into_iter().collect()), at: world.clock.now() };
    world.table.put_notify_choice("ada", &choice).await.unwrap();
    let name = world.begin_by_label().await;
    world.status_change(&name, json!({})).await;
    world.clock.advance(1);
    world.knows(&name, json!({"status": "RUNNING"}));
    world.sweep().await;
    assert_eq!(world.table.execution(&name).await.unwrap().unwrap().outcome, Outcome::Running);
    world.clock.advance(2);
    world.knows(&name, json!({"status": "TIMED_OUT", "stopDate": 1_795_352_400.0}));
    world.sweep().await;
    let record = world.table.execution(&name).await.unwrap().unwrap();
    assert_eq!(record.outcome, Outcome::Failed);
    assert_eq!(record.cause.as_deref(), Some("It exceeded the time limit of an execution."));
    assert!(
        world.comments("SHOP-1")[0].contains("It exceeded the time limit"),
        "{:?}",
        world.comments("SHOP-1")
    );
    let told = world.table.reply(&format!("slack#notice failed {name}  ada")).await.unwrap();
    assert!(told.unwrap().text.contains("It exceeded the time limit"));
}

#[tokio::test]
async fn a_rollback_that_could_not_run_is_run_as_undo() {
    let world = World::new().await;
    let name = world.begin_by_label().await;
    world.status_change(&name, json!({})).await;
    world.step(&name, "CreatePullRequest", ActionId::literal("create_pull_request")).await;
    journal(
        &world,
        &name,
        ActionId::literal("create_pull_request"),
        json!({"number": 12, "pr_url": "https://x.example/12"}),
    )
    .await;
    world.step_functions.lock().unwrap().definition = json!({"States": {"Rollback": {"Type": "Task"}}});
    world.status_change(&name, json!({"status": "TIMED_OUT"})).await;
    // Heard twice, started once.
    world.status_change(&name, json!({"status": "TIMED_OUT"})).await;
    let starts = world.step_functions.lock().unwrap().starts.clone();
    assert_eq!(starts.len(), 1, "{starts:?}");
    assert!(starts[0]["stateMachineArn"].as_str().unwrap().ends_with("ticketsmith-undo"));
    let input: Value = serde_json::from_str(starts[0]["input"].as_str().unwrap()).unwrap();
    assert_eq!(input["inputs"]["run"], arn(&name));
}

#[tokio::test]
async fn what_ended_before_its_start_was_reported_is_known_with_its_effects() {
    let world = World::new().await;
    let name = world.begin_by_label().await;
    let output = json!({"number": 12, "pr_url": "https://x.example/12"});
    journal(&world, &name, ActionId::literal("create_pull_request"), output).await;
    world.step_functions.lock().unwrap().definition = json!({"States": {"Rollback": {"Type": "Task"}}});
    world.knows(&name, json!({"status": "TIMED_OUT", "stopDate": 1_795_352_400.0}));
    world.clock.advance(1);
    world.sweep().await;
    let record = world.table.execution(&name).await.unwrap().unwrap();
    assert_eq!((record.outcome, record.arn), (Outcome::Failed, Some(arn(&name))));
    assert_eq!(record.effects_left, Some(true));
    let starts = world.step_functions.lock().unwrap().starts.clone();
    assert_eq!(starts.len(), 1, "{starts:?}");
    assert!(starts[0]["stateMachineArn"].as_str().unwrap().ends_with("ticketsmith-undo"));
}

#[tokio::test]
async fn an_undo_is_due_for_what_a_function_may_still_do() {
    let world = World::new().await;
    let name = world.begin_by_label().await;
    world.status_change(&name, json!({})).await;
    intend(&world, &name, ActionId::literal("create_pull_request")).await;
    world.step_functions.lock().unwrap().definition = json!({"States": {"Rollback": {"Type": "Task"}}});
    world.status_change(&name, json!({"status": "TIMED_OUT"})).await;
    let starts = world.step_functions.lock().unwrap().starts.clone();
    assert_eq!(starts.len(), 1, "{starts:?}");
    assert_eq!(world.table.execution(&name).await.unwrap().unwrap().effects_left, None);
}

/// What a step that calls something does with an expression that cannot be evaluated, its author has decided.
#[tokio::test]
async fn a_condition_that_cannot_be_evaluated_is_followed_by_an_undo() {
    for (state, starts) in [("When Ready", 1), ("GetTask", 0), ("Inner", 0)] {
        let world = World::new().await;
        let name = world.begin_by_label().await;
        world.status_change(&name, json!({})).await;
        let output = json!({"number": 12, "pr_url": "https://x.example/12"});
        journal(&world, &name, ActionId::literal("create_pull_request"), output).await;
        world.step_functions.lock().unwrap().definition = json!({"States": {
            "GetTask": {"Type": "Task"},
            "When Ready": {"Type": "Choice"},
            "Rollback": {"Type": "Task"},
        }});
        let cause = format!(
            "An error occurred while executing the state '{state}' (entered at the event id #9). The JSONata expression \
             '$number(title)' threw an error during evaluation."
        );
        let failed = json!({"status": "FAILED", "error": "States.QueryEvaluationError", "cause": cause});
        world.status_change(&name, failed).await;
        let started = world.step_functions.lock().unwrap().starts.clone();
        assert_eq!(started.len(), starts, "{state}: {started:?}");
    }
}

#[tokio::test]
async fn a_workflow_without_rollback_is_not_undone() {
    let world = World::new().await;
    let name = world.begin_by_label().await;
    world.status_change(&name, json!({})).await;
    journal(
        &world,
        &name,
        ActionId::literal("create_pull_request"),
        json!({"number": 12, "pr_url": "https://x.example/12"}),
    )
    .await;
    world.step_functions.lock().unwrap().definition = json!({"States": {"GetTask": {"Type": "Task"}}});
    world.status_change(&name, json!({"status": "TIMED_OUT"})).await;
    assert!(world.step_functions.lock().unwrap().starts.is_empty());
}
