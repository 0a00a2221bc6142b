//! The first page of a list reads as much however long the list is: counts, not times.

use super::*;
use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use domain::routes::Concurrency;
use records::TaskState;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

type Item = HashMap<String, AttributeValue>;

/// Bytes that passed to the database and back.
#[derive(Default)]
struct Passed {
    sent: AtomicUsize,
    answered: AtomicUsize,
}

impl Passed {
    fn take(&self) -> [usize; 2] {
        [&self.sent, &self.answered].map(|counter| counter.swap(0, Ordering::SeqCst))
    }
}

/// An address that leads to another, and counts what passes.
async fn counted(to: SocketAddr) -> (SocketAddr, Arc<Passed>) {
    let passed = Arc::new(Passed::default());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let counting = Arc::clone(&passed);
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let (mut from_client, mut to_client) = client.into_split();
            let (mut from_server, mut to_server) = TcpStream::connect(to).await.unwrap().into_split();
            let (sending, answering) = (Arc::clone(&counting), Arc::clone(&counting));
            tokio::spawn(async move {
                let mut part = vec![0; 64 * 1024];
                while let Ok(length @ 1..) = from_client.read(&mut part).await {
                    sending.sent.fetch_add(length, Ordering::SeqCst);
                    to_server.write_all(&part[..length]).await.unwrap();
                }
            });
            tokio::spawn(async move {
                let mut part = vec![0; 64 * 1024];
                while let Ok(length @ 1..) = from_server.read(&mut part).await {
                    answering.answered.fetch_add(length, Ordering::SeqCst);
                    to_client.write_all(&part[..length]).await.unwrap();
                }
            });
        }
    });
    (address, passed)
}

/// The record of `SHOP-1` as that of another ticket.
fn copy(item: &Item, number: usize) -> Item {
    let name = format!("SHOP-{number}");
    let renamed = item.iter().map(|(key, value)| match value {
        AttributeValue::S(text) => (key.clone(), AttributeValue::S(text.replace("SHOP-1", &name))),
        other => (key.clone(), other.clone()),
    });
    renamed.collect()
}

#[tokio::test]
async fn the_first_page_of_ten_thousand_tickets_reads_no_more_than_that_of_a_hundred() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let database = listener.local_addr().unwrap();
    tokio::spawn(dynoxide::server::serve_on(listener, dynoxide::Database::memory().unwrap()));
    let direct = client_of(database);
    let (address, passed) = counted(database).await;
    let table = Table::new(client_of(address), "ticketsmith");
    table.create_table().await.unwrap();
    table.begin(&execution_for("SHOP-1", "d1"), Concurrency::OnePerTask).await.unwrap();
    let key = |text: &str| AttributeValue::S(text.to_owned());
    let first = direct.get_item().table_name("ticketsmith");
    let first = first.key("pk", key("TASK#SHOP-1")).key("sk", key("TASK")).send().await.unwrap();
    let first = first.item.unwrap();

    let mut reads = Vec::new();
    let mut there = 1;
    for wanted in [100, 10_000] {
        let fresh: Vec<usize> = (there + 1..=wanted).collect();
        for part in fresh.chunks(25) {
            let puts = part.iter().map(|number| {
                let put = PutRequest::builder().set_item(Some(copy(&first, *number))).build().unwrap();
                WriteRequest::builder().put_request(put).build()
            });
            let written = direct.batch_write_item().request_items("ticketsmith", puts.collect()).send().await;
            assert!(written.unwrap().unprocessed_items.is_none_or(|left| left.is_empty()));
        }
        there = wanted;
        passed.take();
        let page = table.list_tasks("SHOP", TaskState::AtWork, None, 50).await.unwrap();
        assert_eq!(page.items.len(), 50);
        assert!(page.next.is_some());
        reads.push(passed.take());
    }
    let [few, many] = &reads[..] else { panic!("two lists were read") };
    for (few, many) in few.iter().zip(many) {
        assert!(*few > 0 && *many * 10 <= *few * 12, "{few} bytes of a hundred, {many} of ten thousand");
    }
}
