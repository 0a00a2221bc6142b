//! What the API reads does not grow with the number of tasks: counts, not times. `TICKETSMITH_TASKS` says how many there are instead of
//! ten thousand; `./check full tasks` has a hundred thousand.

use crate::permissions::{About, Sample, request};
use crate::reads::Asked;
use crate::statuses::operations;
use crate::world::World;
use axum::http::Method;
use domain::routes::Concurrency;
use dynoxide::{Database, ImportOptions};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

const TABLE: &str = "ticketsmith";

/// How many tasks there are unless `TICKETSMITH_TASKS` says otherwise.
const MANY: usize = 10_000;

/// How many tasks the large table is compared with: a page has no more.
const FEW: usize = 100;

/// How many tasks are written at once.
const AT_ONCE: usize = 1_000;

fn many() -> usize {
    let given = std::env::var("TICKETSMITH_TASKS").ok();
    given.map_or(MANY, |text| text.parse().unwrap())
}

/// The items of the table whose keys name a task, as JSON: its record, and those of its execution. The records of the audit log only mention it.
fn items_of(database: &Database, task_id: &str) -> Vec<String> {
    let request = serde_json::from_value(json!({ "TableName": TABLE })).unwrap();
    let found = serde_json::to_value(database.scan(request).unwrap()).unwrap();
    assert_eq!(found["LastEvaluatedKey"], Value::Null, "one page has all items");
    let is_about =
        |item: &&Value| ["pk", "sk"].iter().any(|key| item[key]["S"].as_str().unwrap().contains(task_id));
    found["Items"].as_array().unwrap().iter().filter(is_about).map(Value::to_string).collect()
}

/// Writes the same items about tasks with these numbers.
fn fill(database: &Database, pattern: &[String], execution: &str, numbers: RangeInclusive<usize>) {
    let numbers: Vec<usize> = numbers.collect();
    for some in numbers.chunks(AT_ONCE) {
        let copies = some.iter().flat_map(|number| {
            // The execution's name has the task's in it.
            let renamed = move |item: &String| {
                item.replace(execution, &format!("run-{number}-of-many"))
                    .replace("SHOP-1", &format!("SHOP-{number}"))
            };
            pattern.iter().map(renamed)
        });
        let items = copies.map(|item| serde_json::from_str(&item).unwrap()).collect();
        database.import_items(TABLE, items, ImportOptions::default()).unwrap();
    }
}

/// What every request that only reads asks of the table, by its path.
async fn read_all(world: &World, paths: &BTreeMap<String, String>) -> BTreeMap<String, Asked> {
    let mut read = BTreeMap::new();
    for (name, path) in paths {
        // Each has a new session, because one may be used only so often.
        let session = world.session("admin");
        world.reads.take();
        let answer = world.ask(Method::GET, &format!("/api/v1{path}"), Some(&session), None).await;
        // Of an execution at work, nothing can be undone yet.
        assert!([200, 409].contains(&answer.status), "{path}: {} {}", answer.status, answer.text);
        read.insert(name.clone(), world.reads.take());
    }
    read
}

#[tokio::test(flavor = "multi_thread")]
async fn however_many_tasks_there_are_each_request_reads_as_much_as_with_a_hundred() {
    let world = World::new().await;
    let execution = world.begun_as("SHOP", Some("SHOP-1".to_owned()), Concurrency::OnePerTask).await;
    let pattern = items_of(world.database(), "SHOP-1");
    let mut paths = BTreeMap::new();
    for operation in operations().into_iter().filter(|operation| operation.method == Method::GET) {
        let sample = request(&world, &operation.name, About::Own, "admin").await;
        if let Some(Sample { path, body: None }) = sample {
            paths.insert(operation.name, path);
        }
    }
    paths.insert("list_open_executions".to_owned(), "/executions?state=open".to_owned());
    paths.insert("list_executions_of_project".to_owned(), "/executions?project=SHOP".to_owned());
    for state in ["succeeded", "failed"] {
        paths.insert(format!("list_tasks_{state}"), format!("/tasks?project=SHOP&state={state}"));
    }
    assert!(paths.len() > 25, "{paths:#?}");

    fill(world.database(), &pattern, &execution, 2..=FEW);
    // The configuration is in memory afterward.
    read_all(&world, &paths).await;
    let few = read_all(&world, &paths).await;
    fill(world.database(), &pattern, &execution, FEW + 1..=many());
    let many = read_all(&world, &paths).await;
    assert!(few["list_tasks"].items >= FEW, "a page of tasks is read: {:?}", few["list_tasks"]);
    for (name, many) in &many {
        assert!(!many.operations.iter().any(|operation| operation == "Scan"), "{name}: {many:?}");
        let few = &few[name];
        assert!(
            many.items * 10 <= few.items * 12,
            "{name} reads {} items of a hundred tasks, and {} of many: {many:?}",
            few.items,
            many.items
        );
        let (fewer, more) = (few.operations.len(), many.operations.len());
        assert!(more * 10 <= fewer * 12, "{name} asks the table {fewer} times, and {more} times of many");
        if name.starts_with("list_tasks") {
            assert!(
                many.bytes * 10 <= few.bytes * 12,
                "{name} reads {} bytes, and {}",
                few.bytes,
                many.bytes
            );
        }
    }
}
