//! When the time of a schedule has come.

use crate::world::World;
use domain::execution::Outcome;
use domain::routes::Routes;
use domain::{ActionError, ErrorKind};
use events::EventInput;
use serde_json::{Value, json};

async fn world() -> World {
    let world = World::new().await;
    let routes: Routes = serde_json::from_value(json!({"workflows": {
        "nightly": {
            "title": "Nightly",
            "inputs": {"task_id": {"type": "string", "optional": true}, "days": {"type": "integer", "default": 7}},
            "triggers": [
                {"on": "schedule", "conditions": {"cron": "0 2 * * ? *"}},
                {"on": "schedule", "conditions": {"cron": "0 2 * * ? *", "with": {"task_id": "SHOP-1"}}},
                {"on": "schedule", "conditions": {"cron": "0 2 * * ? *", "with": {"task_id": "NOPE-1"}}},
            ],
        },
    }}))
    .unwrap();
    world.table.put_routes(&routes).await.unwrap();
    world
}

async fn due(world: &World, with: Value, time: &str) -> Result<(), ActionError> {
    let schedule = json!({"workflow": "nightly", "cron": "0 2 * * ? *", "with": with});
    world.events.handle(EventInput::from_json(json!({"schedule": schedule, "time": time})).unwrap()).await
}

fn starts(world: &World) -> Vec<Value> {
    world.step_functions.lock().unwrap().starts.clone()
}

#[tokio::test]
async fn each_time_starts_one_execution_however_often_it_is_told() {
    let world = world().await;
    for time in ["2026-11-22T02:00:00Z", "2026-11-22T02:00:00Z", "2026-11-23T02:00:00Z"] {
        due(&world, json!({}), time).await.unwrap();
    }
    let starts = starts(&world);
    assert_eq!(starts.len(), 2, "{starts:?}");
    let input: Value = serde_json::from_str(starts[0]["input"].as_str().unwrap()).unwrap();
    assert_eq!(input["inputs"], json!({"task_id": null, "days": 7}));
    assert_eq!((&input["project"], &input["actor"]["source"]), (&json!("SHOP"), &json!("schedule")));
    let name = starts[0]["name"].as_str().unwrap();
    assert!(name.starts_with("schedule-none-"), "{name}");
    assert_eq!(world.table.execution(name).await.unwrap().unwrap().outcome, Outcome::Running);
}

#[tokio::test]
async fn a_ticket_at_work_is_left_alone() {
    let world = world().await;
    world.begin_by_label().await;
    due(&world, json!({"task_id": "SHOP-1"}), "2026-11-22T02:00:00Z").await.unwrap();
    assert!(starts(&world).is_empty());
}

#[tokio::test]
async fn what_belongs_to_no_project_is_refused() {
    let world = world().await;
    let error = due(&world, json!({"task_id": "NOPE-1"}), "2026-11-22T02:00:00Z").await.unwrap_err();
    assert!(error.kind == ErrorKind::Rejected && error.message.contains("NOPE-1"), "{error}");
    assert!(starts(&world).is_empty());
}

#[tokio::test]
async fn a_schedule_that_the_workflow_has_no_more_starts_nothing() {
    let world = world().await;
    due(&world, json!({"days": 1}), "2026-11-22T02:00:00Z").await.unwrap();
    assert!(starts(&world).is_empty());
}
