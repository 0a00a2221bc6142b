//! Sockets at an account's gateway: who is admitted, and what is recorded about them.

use crate::world::World;
use api::GatewaySockets;
use axum::http::Method;
use domain::configuration::Role;
use jiff::SignedDuration;
use records::{OpenSocket, SocketHolder};
use runtime::Function;
use serde_json::{Value, json};
use std::sync::Arc;

fn gateway(world: &World) -> GatewaySockets {
    GatewaySockets::new(world.table.clone(), Arc::clone(&world.clock) as _)
}

/// What API Gateway invokes its function with when a socket is opened, as its documentation shows it.
fn connect(id: &str, query: &[(&str, &str)], origin: Option<&str>) -> Value {
    let single: serde_json::Map<String, Value> =
        query.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    let multiple: serde_json::Map<String, Value> =
        query.iter().map(|(name, value)| ((*name).to_owned(), json!([value]))).collect();
    let mut headers = json!({
        "Host": "0a1b2c3d.execute-api.us-east-1.amazonaws.com", "Sec-WebSocket-Version": "13", "X-Forwarded-Port": "443",
    });
    if let Some(origin) = origin {
        headers["Origin"] = json!(origin);
    }
    json!({
        "headers": headers,
        "multiValueHeaders": {},
        "queryStringParameters": single,
        "multiValueQueryStringParameters": multiple,
        "requestContext": {
            "routeKey": "$connect", "eventType": "CONNECT", "extendedRequestId": "e", "messageDirection": "IN", "stage": "live",
            "connectedAt": 1_764_417_600_000_i64, "identity": {"sourceIp": "192.0.2.1"}, "requestId": "e", "connectionId": id,
            "domainName": "0a1b2c3d.execute-api.us-east-1.amazonaws.com", "apiId": "0a1b2c3d",
        },
        "isBase64Encoded": false,
    })
}

fn later(id: &str, event: &str) -> Value {
    json!({"requestContext": {"eventType": event, "connectionId": id, "stage": "live"}, "isBase64Encoded": false})
}

async fn status(world: &World, document: Value) -> u64 {
    gateway(world).invoke(document).await.unwrap()["statusCode"].as_u64().unwrap()
}

async fn ticket(world: &World, token: &str) -> String {
    let answer = world.ask_account(Method::POST, "/api/v1/events/tickets", token).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let body = answer.json();
    assert_eq!((&body["url"], &body["path"]), (&json!("wss://gateway.example/live"), &json!("/live")));
    body["ticket"].as_str().unwrap().to_owned()
}

async fn opened(world: &World, id: &str) -> Option<OpenSocket> {
    world.table.socket_of_connection(id).await.unwrap()
}

#[tokio::test]
async fn a_ticket_opens_one_socket_which_is_recorded_without_its_credential() {
    let world = World::new().await;
    let name = world.execution("SHOP").await;
    let token = world.session("viewer");
    let ticket = ticket(&world, &token).await;
    let query = [("ticket", ticket.as_str()), ("execution", name.as_str()), ("after", "3")];
    assert_eq!(status(&world, connect("L0SM9cOFvHcCIhw=", &query, None)).await, 200);
    let socket = opened(&world, "L0SM9cOFvHcCIhw=").await.unwrap();
    assert_eq!((socket.execution.as_deref(), socket.project.as_deref()), (Some(name.as_str()), None));
    let SocketHolder::Session { person, subject, .. } = &socket.holder else { panic!("{socket:?}") };
    assert_eq!((person.as_deref(), subject.as_str()), (Some("viewer"), "person:viewer"));
    assert!(!serde_json::to_string(&socket).unwrap().contains(&token));
    let turn = world.table.take_socket(&socket, "me", &name, world.now()).await.unwrap();
    assert_eq!(turn, records::SocketTurn::Mine([(name.clone(), 3)].into()));
    assert_eq!(status(&world, connect("another", &query, None)).await, 401, "it was used");
    assert_eq!(opened(&world, "another").await, None);
    assert_eq!(status(&world, later("L0SM9cOFvHcCIhw=", "MESSAGE")).await, 200);
    assert_eq!(status(&world, later("L0SM9cOFvHcCIhw=", "DISCONNECT")).await, 200);
    assert_eq!(opened(&world, "L0SM9cOFvHcCIhw=").await, None);
    assert_eq!(status(&world, later("L0SM9cOFvHcCIhw=", "DISCONNECT")).await, 200, "it may be told twice");
}

#[tokio::test]
async fn pages_of_other_origins_are_refused_and_cost_the_ticket() {
    let world = World::new().await;
    let (token, id) = world.machine_token("viewer", &[Role::Viewer], None).await;
    let own = ticket(&world, &token).await;
    let query = [("ticket", own.as_str()), ("project", "SHOP")];
    assert_eq!(status(&world, connect("own", &query, Some("https://127.0.0.1:8081"))).await, 200);
    let socket = opened(&world, "own").await.unwrap();
    assert_eq!((socket.holder, socket.project.as_deref()), (SocketHolder::Token { id }, Some("SHOP")));
    for origin in ["https://evil.example", "null", "https://0a1b2c3d.execute-api.us-east-1.amazonaws.com"] {
        let stolen = ticket(&world, &token).await;
        let query = [("ticket", stolen.as_str()), ("project", "SHOP")];
        assert_eq!(status(&world, connect("page", &query, Some(origin))).await, 403, "{origin}");
        assert_eq!(opened(&world, "page").await, None);
    }
}

#[tokio::test]
async fn what_is_not_asked_right_opens_nothing() {
    let world = World::new().await;
    let token = world.session("viewer");
    let good = ticket(&world, &token).await;
    let long = "e".repeat(81);
    let wrong: &[&[(&str, &str)]] = &[
        &[("execution", "e")],
        &[("ticket", &good)],
        &[("ticket", &good), ("execution", "e"), ("project", "SHOP")],
        &[("ticket", &good), ("execution", "e"), ("after", "-1")],
        &[("ticket", &good), ("execution", "e"), ("before", "1")],
        &[("ticket", &good), ("execution", "")],
        &[("ticket", &good), ("execution", &long)],
    ];
    for query in wrong {
        assert_eq!(status(&world, connect("c", query, None)).await, 400, "{query:?}");
    }
    assert_eq!(status(&world, connect("c", &[("ticket", "guessed"), ("execution", "e")], None)).await, 401);
    world.advance(SignedDuration::from_secs(60));
    assert_eq!(status(&world, connect("c", &[("ticket", &good), ("execution", "e")], None)).await, 401);
    assert_eq!(opened(&world, "c").await, None);
    assert!(gateway(&world).invoke(json!({})).await.is_err());
}
