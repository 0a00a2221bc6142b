//! Deliveries whose bodies take their time.

use crate::world::{World, configuration, labelled, sent_as, sign};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Posts a delivery as Jira signs it, with its body only when its head was read and `meanwhile` is done. Returns how the answer begins.
async fn posted_slowly(
    world: &World,
    delivery: &str,
    payload: &Value,
    meanwhile: impl AsyncFnOnce(),
) -> String {
    let body = sent_as(delivery, payload);
    let signature = sign("jira-secret", &[body.as_bytes()]);
    let address = world.post("jira", "").build().unwrap().url().clone();
    let (host, path) = (format!("127.0.0.1:{}", address.port().unwrap()), address.path());
    let mut connection = TcpStream::connect(&host).await.unwrap();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         x-atlassian-webhook-identifier: {delivery}\r\nx-hub-signature: sha256={signature}\r\n\r\n",
        body.len()
    );
    let before = world.calls();
    connection.write_all(head.as_bytes()).await.unwrap();
    while world.calls() == before {
        tokio::task::yield_now().await;
    }
    meanwhile().await;
    connection.write_all(body.as_bytes()).await.unwrap();
    let mut answer = vec![0; 12];
    connection.read_exact(&mut answer).await.unwrap();
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn the_configuration_is_read_once_for_a_delivery_that_arrives_at_once() {
    let world = World::new().await;
    let mut calls = Vec::new();
    for number in 1..=4 {
        let before = world.calls();
        world.jira(&format!("d{number}"), &labelled(&format!("SHOP-{number}"), "agent", "5b10")).await;
        calls.push(world.calls() - before);
    }
    assert_eq!(world.starts().len(), 4);
    // The first ones read what the others find in memory.
    assert_eq!(calls.iter().min(), Some(&11), "{calls:?}");
}

#[tokio::test]
async fn who_may_no_longer_start_work_when_the_body_is_there_starts_none() {
    let world = World::new().await;
    let change = async || {
        let mut changed = configuration();
        changed.groups.clear();
        world.table.put_configuration(&changed).await.unwrap();
        // The file's part of the configuration is kept in memory for a minute.
        world.clock.advance(61);
    };
    let answer = posted_slowly(&world, "d1", &labelled("SHOP-1", "agent", "5b10"), change).await;
    assert_eq!((answer.as_str(), world.starts().len()), ("HTTP/1.1 200", 0));
}
