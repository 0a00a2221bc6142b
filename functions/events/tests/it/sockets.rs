//! What happens is sent to the sockets that follow it, at an account's gateway: each frame once and in order, to whoever may see it.

use crate::clock::BusyClock;
use crate::world::World;
use domain::configuration::Configuration;
use domain::{ActionId, Clock};
use events::EventInput;
use jiff::SignedDuration;
use records::{OpenSocket, SocketHolder};
use serde_json::{Value, json};
use simulators::gateway::Gateway;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

const SUBJECT: &str = "person:ada";

/// A gateway that holds every request against its description.
pub(crate) async fn gateway(clock: Arc<BusyClock>) -> Gateway {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/descriptions/apigatewaymanagementapi.json");
    Gateway::start(Path::new(file), Arc::new(move || clock.now())).await.unwrap()
}

/// Every test of sockets asks the gateway only for what its description allows.
impl Drop for World {
    fn drop(&mut self) {
        let violations = self.gateway.violations();
        assert!(violations.is_empty() || std::thread::panicking(), "{violations:#?}");
    }
}

fn session_of(person: &str, world: &World) -> SocketHolder {
    let now = world.clock.now();
    SocketHolder::Session {
        person: Some(person.to_owned()),
        subject: SUBJECT.to_owned(),
        id: "session".to_owned(),
        begun_at: now,
        ends_at: now + SignedDuration::from_hours(12),
    }
}

/// Opens a socket as the gateway's function records it; gives the change that the stream tells.
async fn record(world: &World, id: &str, socket: OpenSocket, after: u64) -> EventInput {
    let last = socket.execution.iter().map(|name| (name.clone(), after)).collect();
    world.table.open_socket(&socket, last).await.unwrap();
    let topic = match (&socket.execution, &socket.project) {
        (Some(name), _) => format!("execution/{name}"),
        (None, project) => format!("project/{}", project.as_deref().unwrap().to_lowercase()),
    };
    EventInput::from_keys([(format!("SOCKET#{topic}").as_str(), format!("SOCKET#{id}").as_str())])
}

/// Follows an execution from the frame after `after` on.
async fn follow(world: &World, id: &str, execution: &str, after: u64) {
    world.gateway.establish(id);
    let socket = of_execution(world, id, execution);
    let change = record(world, id, socket, after).await;
    world.events.handle(change).await.unwrap();
}

fn of_execution(world: &World, id: &str, execution: &str) -> OpenSocket {
    OpenSocket {
        id: id.to_owned(),
        holder: session_of("ada", world),
        execution: Some(execution.to_owned()),
        project: None,
        opened_at: world.clock.now(),
    }
}

/// What the stream tells when something was told of an execution.
fn told(execution: &str) -> EventInput {
    EventInput::from_keys([(format!("FEED#{execution}").as_str(), "TOLD")])
}

async fn running(world: &World) -> String {
    let name = world.begin_by_label().await;
    world.status_change(&name, json!({})).await;
    name
}

async fn step(world: &World, execution: &str, state: &str) {
    world.step(execution, state, ActionId::literal("get_task")).await;
    world.events.handle(told(execution)).await.unwrap();
}

fn sequences(received: &[Value]) -> Vec<u64> {
    received.iter().map(|frame| frame["sequence"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn every_frame_is_sent_once_and_in_order_and_the_end_closes_the_socket() {
    let world = World::new().await;
    let name = running(&world).await;
    follow(&world, "L0SM9cOFvHcCIhw=", &name, 0).await;
    let received = || world.gateway.received("L0SM9cOFvHcCIhw=");
    assert_eq!(received().len(), 1, "{:?}", received());
    let frame = &received()[0];
    assert_eq!((&frame["event"], &frame["execution"]), (&json!("execution.started"), &json!(name)));
    assert_eq!((&frame["project"], &frame["sequence"]), (&json!("SHOP"), &json!(1)));
    assert!(frame["at"].is_string() && frame["data"].is_object(), "{frame}");
    step(&world, &name, "GetTask").await;
    // The stream may tell it again, and two invocations at once.
    let (one, other) = tokio::join!(world.events.handle(told(&name)), world.events.handle(told(&name)));
    one.and(other).unwrap();
    step(&world, &name, "Another").await;
    assert_eq!(sequences(&received()), [1, 2, 3]);
    world.status_change(&name, json!({"status": "SUCCEEDED", "stopDate": 1_795_000_000_000_i64})).await;
    world.events.handle(told(&name)).await.unwrap();
    let all = world.table.frames(&name, 0, 100).await.unwrap();
    assert_eq!(sequences(&received()), all.iter().map(|frame| frame.sequence).collect::<Vec<_>>());
    assert_eq!(received().last().unwrap()["event"], "execution.ended");
    assert_eq!(world.gateway.closed_with("L0SM9cOFvHcCIhw="), Some(1000));
    assert!(world.table.sockets_about(&name, None).await.unwrap().is_empty());
}

#[tokio::test]
async fn who_asks_for_what_follows_is_sent_what_follows() {
    let world = World::new().await;
    let name = running(&world).await;
    step(&world, &name, "GetTask").await;
    step(&world, &name, "Another").await;
    follow(&world, "c", &name, 2).await;
    assert_eq!(sequences(&world.gateway.received("c")), [3]);
    let everything = OpenSocket {
        execution: None,
        project: Some("SHOP".to_owned()),
        ..of_execution(&world, "all", &name)
    };
    world.gateway.establish("all");
    let other = OpenSocket { id: "other".into(), project: Some("WEB".to_owned()), ..everything.clone() };
    world.gateway.establish("other");
    for (id, socket) in [("all", everything), ("other", other)] {
        let change = record(&world, id, socket, 0).await;
        world.events.handle(change).await.unwrap();
    }
    step(&world, &name, "Last").await;
    let last = world.gateway.received("all").pop().unwrap();
    assert_eq!((&last["data"]["step_name"], &last["sequence"]), (&json!("Last"), &json!(4)));
    assert!(world.gateway.received("other").is_empty(), "it follows another project");
}

#[tokio::test]
async fn a_connection_is_waited_for_until_it_is_established_and_forgotten_when_it_is_gone() {
    let world = World::new().await;
    let name = running(&world).await;
    let change = record(&world, "c", of_execution(&world, "c", &name), 0).await;
    assert!(world.events.handle(change.clone()).await.is_err(), "it is told again");
    world.gateway.establish("c");
    world.events.handle(change).await.unwrap();
    assert_eq!(sequences(&world.gateway.received("c")), [1]);
    world.gateway.leave("c");
    step(&world, &name, "GetTask").await;
    assert!(world.table.sockets_about(&name, None).await.unwrap().is_empty());
}

#[tokio::test]
async fn whoever_lost_access_is_sent_nothing_anymore() {
    let world = World::new().await;
    let name = running(&world).await;
    // Somebody who has no role opens a socket, and so does somebody who is not configured.
    let mut configuration: Configuration = serde_saphyr::from_str(&world.services.configuration()).unwrap();
    configuration
        .users
        .push(serde_json::from_value(json!({"name": "grace", "jira": "712020:grace"})).unwrap());
    world.table.put_configuration(&configuration).await.unwrap();
    world.clock.advance(1);
    for person in ["grace", "mallory"] {
        world.gateway.establish(person);
        let socket = OpenSocket { holder: session_of(person, &world), ..of_execution(&world, person, &name) };
        let change = record(&world, person, socket, 0).await;
        world.events.handle(change).await.unwrap();
        assert!(world.gateway.received(person).is_empty() && !world.gateway.is_open(person), "{person}");
    }
    follow(&world, "c", &name, 0).await;
    follow(&world, "idle", &name, 0).await;
    let now = world.clock.now();
    world.table.end_session(SUBJECT, "session", now + SignedDuration::from_hours(12)).await.unwrap();
    // Without anything to send, the sweeper finds it.
    world.events.handle(EventInput::Sweep).await.unwrap();
    assert!(!world.gateway.is_open("c") && !world.gateway.is_open("idle"));
    step(&world, &name, "GetTask").await;
    assert_eq!(sequences(&world.gateway.received("c")), [1]);
}

#[tokio::test]
async fn a_reader_that_takes_nothing_is_cut_off_and_resumes_without_a_gap() {
    let world = World::new().await;
    let name = running(&world).await;
    follow(&world, "c", &name, 0).await;
    world.gateway.stick("c");
    step(&world, &name, "GetTask").await;
    assert!(!world.gateway.is_open("c"));
    let mut received = world.gateway.received("c");
    follow(&world, "again", &name, sequences(&received).pop().unwrap()).await;
    received.extend(world.gateway.received("again"));
    assert_eq!(sequences(&received), [1, 2]);
}

#[tokio::test]
async fn a_sender_that_never_came_back_costs_its_reader_the_socket_and_nothing_else() {
    let world = World::new().await;
    let name = running(&world).await;
    follow(&world, "c", &name, 0).await;
    let socket = world.table.socket_of_connection("c").await.unwrap().unwrap();
    let taken = world.table.take_socket(&socket, "crashed", &name, world.clock.now()).await.unwrap();
    assert_eq!(taken, records::SocketTurn::Mine(BTreeMap::from([(name.clone(), 1)])));
    step(&world, &name, "GetTask").await;
    assert_eq!(sequences(&world.gateway.received("c")), [1], "it is left to whoever has the turn");
    world.clock.advance(1);
    world.events.handle(EventInput::Sweep).await.unwrap();
    assert!(!world.gateway.is_open("c"));
    follow(&world, "again", &name, 1).await;
    assert_eq!(sequences(&world.gateway.received("again")), [2]);
}
