//! Executions that ended long ago.

use crate::{at, execution_for, start, table, table_and_client};
use aws_sdk_dynamodb::types::AttributeValue;
use domain::Stored;
use domain::execution::Outcome;
use domain::routes::Concurrency;
use jiff::SignedDuration;
use records::{ExecutionEnd, NewExecution, NewFrame, StepEnd, StepStatus, Table, Told};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// An execution with a step, a large value that the step gave, and a frame about it.
async fn ran(table: &Table, task: &str, ended: bool) -> (String, Stored<Value>) {
    let new = execution_for(task, task);
    table.begin(&new, Concurrency::OnePerTask).await.unwrap();
    let action = domain::ActionId::literal("get_task");
    table.start_step(&new.name, "Fetch", &action, start()).await.unwrap();
    let stored = table.store(&new.name, &json!({ "of": task }), start()).await.unwrap();
    let end = StepEnd { status: StepStatus::Succeeded, error: None, cause: None, at: start() };
    table.finish_step(&new.name, "Fetch", &end).await.unwrap();
    let frame = NewFrame { event: "workflow.step_completed", data: json!({ "step_name": "Fetch" }) };
    let seen = BTreeMap::from([("step Fetch".to_owned(), String::new())]);
    assert!(table.tell(&new.name, Told::default(), seen, &[frame], start()).await.unwrap());
    if ended {
        let output = Some(json!({ "stored": stored }));
        let end = ExecutionEnd { outcome: Outcome::Succeeded, error: None, cause: None, output, at: start() };
        table.finish(&new.name, &end).await.unwrap();
    }
    (new.name, stored)
}

#[tokio::test]
async fn what_ended_long_ago_is_forgotten_with_all_that_it_left_and_nothing_else() {
    let table = table().await;
    let (ended, stored) = ran(&table, "SHOP-1", true).await;
    let (open, _) = ran(&table, "SHOP-2", false).await;
    assert_eq!(table.forget_ended_before(start()).await.unwrap(), 0, "it has just ended");
    let later = start() + SignedDuration::from_hours(24 * 90);
    assert_eq!(table.forget_ended_before(later).await.unwrap(), 1);
    assert_eq!(table.execution(&ended).await.unwrap(), None);
    assert_eq!(table.steps(&ended).await.unwrap(), []);
    assert_eq!(table.frames(&ended, 0, 10).await.unwrap(), []);
    assert_eq!(table.told(&ended).await.unwrap(), Told::default());
    assert!(table.load(&stored).await.is_err());
    let of_project = records::ExecutionList::OfProject("SHOP".to_owned());
    for listed in [
        table.executions_of_task("SHOP-1", None, 10).await.unwrap(),
        table.list_executions(&of_project, None, 10, later).await.unwrap().items,
        table.recent_executions(start(), 10).await.unwrap(),
    ] {
        assert!(listed.iter().all(|execution| execution.name == open), "{listed:?}");
    }
    assert_eq!(table.steps(&open).await.unwrap().len(), 1);
    assert_eq!(table.frames(&open, 0, 10).await.unwrap().len(), 1);
    assert_eq!(table.forget_ended_before(later).await.unwrap(), 0);
}

#[tokio::test]
async fn no_month_is_left_out() {
    let table = table().await;
    for begun_at in ["2026-02-27T12:00:00Z", "2026-01-01T00:00:00Z", "2025-12-31T23:59:59Z"].map(at) {
        let delivery = begun_at.to_string();
        let new = NewExecution { begun_at, ..execution_for("SHOP-1", &delivery) };
        table.begin(&new, Concurrency::Any).await.unwrap();
        let end =
            ExecutionEnd { outcome: Outcome::Failed, error: None, cause: None, output: None, at: begun_at };
        table.finish(&new.name, &end).await.unwrap();
    }
    // Thirty days before the end of March is the first, and thirty more are January.
    assert_eq!(table.forget_ended_before(at("2026-03-31T12:00:00Z")).await.unwrap(), 3);
}

#[tokio::test]
async fn closed_pull_requests_of_everybody_expire() {
    let (table, client) = table_and_client().await;
    let closed = records::ClosedPullRequest {
        repository: "acme/shop".parse().unwrap(),
        number: 7,
        branch: "theirs".into(),
        merged: true,
        opened_at: None,
        closed_at: start(),
    };
    table.put_closed_pull_request(&closed).await.unwrap();
    let query = client.query().table_name("ticketsmith").key_condition_expression("pk = :pk");
    let shop = AttributeValue::S("REPOSITORY#acme/shop".to_owned());
    let found = query.expression_attribute_values(":pk", shop).send().await.unwrap();
    let seconds = (start() + SignedDuration::from_hours(24 * 800)).as_second().to_string();
    assert_eq!(found.count(), 2, "it and its entry among those that were merged");
    for item in found.items() {
        assert_eq!(item["expires_at"].as_n(), Ok(&seconds));
    }
}
