//! Sockets of `serve`, opened over the network.

use crate::world::World;
use axum::http::Method;
use jiff::SignedDuration;
use records::{NewFrame, Told};
use serde_json::json;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The most sockets of one person.
const MOST: usize = 64;

/// Asks for a socket that follows a project; gives the head of the answer, and the connection.
async fn open(world: &World, host: &str, person: &str) -> (String, TcpStream) {
    // A session may be used only so often in a second.
    world.advance(SignedDuration::from_secs(1));
    let session = world.session(person);
    let given = world.ask(Method::POST, "/api/v1/events/tickets", Some(&session), None).await.json();
    let ticket = given["ticket"].as_str().unwrap();
    let request = format!(
        "GET /ws?ticket={ticket}&project=SHOP HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    let mut stream = TcpStream::connect(host).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    (String::from_utf8(head).unwrap().to_lowercase(), stream)
}

#[tokio::test(flavor = "multi_thread")]
async fn one_person_has_64_sockets_and_others_still_have_theirs() {
    let world = World::new().await;
    let host = world.serve().await;
    let mut kept = Vec::new();
    for _ in 0..MOST {
        let (head, stream) = open(&world, &host, "shop-viewer").await;
        assert!(head.starts_with("http/1.1 101 "), "{head}");
        kept.push(stream);
    }
    let (head, _) = open(&world, &host, "shop-viewer").await;
    assert!(head.starts_with("http/1.1 429 ") && head.contains("\r\nretry-after: 30\r\n"), "{head}");
    let (head, _) = open(&world, &host, "shop-developer").await;
    assert!(head.starts_with("http/1.1 101 "), "{head}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_follows_a_project_is_sent_what_happened_seconds_before() {
    let world = World::new().await;
    let host = world.serve().await;
    let name = world.execution("SHOP").await;
    let frames = [NewFrame { event: "execution.started", data: json!({}) }];
    assert!(world.table.tell(&name, Told::default(), BTreeMap::new(), &frames, world.now()).await.unwrap());
    world.news.tell(&name);
    let (head, mut stream) = open(&world, &host, "shop-viewer").await;
    assert!(head.starts_with("http/1.1 101 "), "{head}");
    let mut received = Vec::new();
    let told = async {
        while !String::from_utf8_lossy(&received).contains(&name) {
            received.push(stream.read_u8().await.unwrap());
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(10), told).await.is_ok(), "nothing is sent");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_closes_a_socket_is_answered() {
    let world = World::new().await;
    let host = world.serve().await;
    let (_, mut stream) = open(&world, &host, "shop-viewer").await;
    // The code 1000, masked with zeros.
    stream.write_all(&[0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8]).await.unwrap();
    let mut answer = Vec::new();
    let received = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut answer)).await;
    received.unwrap().unwrap();
    assert_eq!(answer, [0x88, 0x02, 0x03, 0xe8]);
}
