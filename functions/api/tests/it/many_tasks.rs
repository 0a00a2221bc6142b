//! What the API reads does not grow with the number of tasks: counts, not times. `TICKETSMITH_TASKS` says how many there are instead of
//! ten thousand; `./check full tasks` has a hundred thousand.

use crate::permissions::{About, Sample, request};
use crate::reads::Asked;
use crate::statuses::operations;
use crate::world::World;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use axum::http::Method;
use futures::stream::{self, StreamExt};
use std::collections::{BTreeMap, HashMap};

type Item = HashMap<String, AttributeValue>;

const TABLE: &str = "ticketsmith";

/// How many tasks there are unless `TICKETSMITH_TASKS` says otherwise.
const MANY: usize = 10_000;

/// How many tasks the large table is compared with: a page has no more.
const FEW: usize = 100;

/// How many batches are written at once.
const AT_ONCE: usize = 4;

fn many() -> usize {
    let given = std::env::var("TICKETSMITH_TASKS").ok();
    given.map_or(MANY, |text| text.parse().unwrap())
}

/// The items of the table that are about one task: its record, and those of its execution.
async fn items_of(client: &Client, task_id: &str) -> Vec<Item> {
    let (mut items, mut after) = (Vec::new(), None);
    loop {
        let page = client.scan().table_name(TABLE).set_exclusive_start_key(after).send().await.unwrap();
        after = page.last_evaluated_key.filter(|key| !key.is_empty());
        items.extend(page.items.unwrap_or_default().into_iter().filter(|item| is_about(item, task_id)));
        if after.is_none() {
            return items;
        }
    }
}

fn is_about(item: &Item, task_id: &str) -> bool {
    item.values().any(|value| value.as_s().is_ok_and(|text| text.contains(task_id)))
}

/// The same item about another task.
fn copy(item: &Item, names: &[(&str, String)]) -> Item {
    let renamed = |text: &String| names.iter().fold(text.clone(), |text, (from, to)| text.replace(from, to));
    let copied = item.iter().map(|(key, value)| match value {
        AttributeValue::S(text) => (key.clone(), AttributeValue::S(renamed(text))),
        other => (key.clone(), other.clone()),
    });
    copied.collect()
}

/// Adds tasks until there are so many. The items of the first one are the pattern.
async fn fill(client: &Client, pattern: &[Item], execution: &str, there: usize, wanted: usize) {
    let numbers: Vec<usize> = (there + 1..=wanted).collect();
    let batches = numbers.chunks((25 / pattern.len()).max(1)).map(<[usize]>::to_vec);
    let write = |batch: Vec<usize>| async move {
        let mut puts = Vec::new();
        for number in batch {
            // The execution's name has the task's in it.
            let names = [(execution, format!("run-{number}-of-many")), ("SHOP-1", format!("SHOP-{number}"))];
            for item in pattern {
                let put = PutRequest::builder().set_item(Some(copy(item, &names))).build().unwrap();
                puts.push(WriteRequest::builder().put_request(put).build());
            }
        }
        let written = client.batch_write_item().request_items(TABLE, puts).send().await.unwrap();
        assert!(written.unprocessed_items.is_none_or(|left| left.is_empty()));
    };
    stream::iter(batches).map(write).buffer_unordered(AT_ONCE).collect::<Vec<()>>().await;
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
    let client = world.table_client();
    world.task("SHOP").await;
    let pattern = items_of(&client, "SHOP-1").await;
    let execution =
        pattern.iter().find_map(|item| item.get("latest_execution")?.as_s().ok()).unwrap().clone();
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

    fill(&client, &pattern, &execution, 1, FEW).await;
    // The configuration is in memory afterward.
    read_all(&world, &paths).await;
    let few = read_all(&world, &paths).await;
    fill(&client, &pattern, &execution, FEW, many()).await;
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
