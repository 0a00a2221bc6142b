//! The table through the real client, against an embedded DynamoDB on loopback.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail by panicking; the lint knows only test functions"
)]

mod accounts;
mod admission;
mod audit;
mod capacity;
mod circuit;
mod collisions;
mod configured;
mod continuation;
mod decisions;
mod documents;
mod effects;
mod executions;
mod feedback;
mod forget;
mod identity;
mod inbox;
mod large;
mod limits;
mod line;
mod lists;
mod local_turns;
mod money;
mod planned;
mod pull_requests;
mod put_back;
mod rate;
mod sessions;
mod sockets;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Config, Credentials, Region};
use domain::configuration::Rate;
use domain::event::{Actor, EventName, SourceName};
use domain::execution::ExecutionInput;
use jiff::Timestamp;
use records::{LocalTurns, NewExecution, Pass, Patience, PutOff, Table};
use serde_json::{Map, json};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// A new table in a separate database. The server ends with the test's runtime.
async fn table() -> Table {
    let table = Table::new(client().await, "ticketsmith");
    table.create_table().await.unwrap();
    table
}

/// The same, with a client of the database, for operations that the table has no method for.
async fn table_and_client() -> (Table, Client) {
    let client = client().await;
    let table = Table::new(client.clone(), "ticketsmith");
    table.create_table().await.unwrap();
    (table, client)
}

/// The same table in two processes, each with its own memory.
async fn tables() -> [Table; 2] {
    let (here, client) = table_and_client().await;
    [here, Table::new(client, "ticketsmith")]
}

/// A new table, and another one that decides turns at providers in memory.
async fn both() -> [Table; 2] {
    let turns = Arc::new(LocalTurns::new(Timestamp::UNIX_EPOCH));
    [table().await, table().await.with_local_turns(turns)]
}

async fn client() -> Client {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let database = dynoxide::Database::memory().unwrap();
    tokio::spawn(dynoxide::server::serve_on(listener, database));
    client_of(address)
}

fn client_of(address: SocketAddr) -> Client {
    let credentials = Credentials::builder()
        .access_key_id("local")
        .secret_access_key("local")
        .provider_name("test")
        .build();
    let config = Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new("us-east-1"))
        .credentials_provider(credentials)
        .endpoint_url(format!("http://{address}"))
        .build();
    Client::from_conf(config)
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Asks for a turn without patience.
async fn ask(table: &Table, provider: &str, rate: Rate, now: Timestamp) -> Result<Pass, PutOff> {
    table.pass(&instance(provider), rate, Patience::Of(Duration::ZERO), now).await.unwrap()
}

/// The moment at which every test begins.
fn instance(name: &str) -> domain::configuration::InstanceName {
    name.parse().unwrap()
}

fn start() -> Timestamp {
    at("2026-11-22T12:00:00Z")
}

fn ada() -> Actor {
    Actor {
        source: SourceName::from_static("jira"),
        id: "5b10".into(),
        display_name: None,
        person: Some("ada".into()),
    }
}

/// An execution of `development` for a task, caused by a delivery.
fn execution_for(task: &str, delivery: &str) -> NewExecution {
    let mut inputs = Map::new();
    inputs.insert("task_id".into(), json!(task));
    let input = ExecutionInput {
        inputs,
        event: Map::new(),
        project: Some("SHOP".into()),
        actor: Some(ada()),
        parent: None,
        grant: None,
        token: None,
    };
    let (delivery, task) = (delivery.to_owned(), Some(task.to_owned()));
    NewExecution::new(
        EventName::from_static("jira.labelled"),
        delivery,
        "development".into(),
        task,
        input,
        start(),
    )
}

#[tokio::test]
async fn creating_the_table_again_changes_nothing() {
    let table = table().await;
    table.create_table().await.unwrap();
    assert_eq!(table.execution("nobody").await.unwrap(), None);
}

#[tokio::test]
async fn a_table_that_is_not_there_is_named() {
    let table = Table::new(client().await, "elsewhere");
    let error = table.execution("x").await.unwrap_err();
    assert!(matches!(error, records::RecordsError::Refused(_)), "{error:?}");
    assert!(error.to_string().contains("ResourceNotFoundException"), "{error}");
}
