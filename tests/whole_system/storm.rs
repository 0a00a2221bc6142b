//! Every delivery five times, from many clients at once, while `serve` is killed again and again: nothing is lost, and nothing happens twice.

use crate::announce;
use crate::support::eventually;
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// Set by `./check full`: how many deliveries.
const WHOLE: &str = "TICKETSMITH_STORM";
/// As many in `./check`.
const SMALL: usize = 150;
const TIMES: usize = 5;
const CLIENTS: usize = 64;
const KILLS: usize = 3;
/// How long a sender goes on trying.
const SENDER_LIMIT: Duration = Duration::from_secs(300);

struct Storm {
    /// The numbers of the deliveries in the order in which they are sent.
    order: Vec<usize>,
    next: AtomicUsize,
    accepted: AtomicUsize,
    address: RwLock<String>,
}

impl Storm {
    /// Sends what nobody has sent yet, each until it is accepted, as senders do.
    async fn send(&self) {
        let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(10)).build().unwrap();
        while let Some(number) = self.order.get(self.next.fetch_add(1, Ordering::SeqCst)) {
            let (headers, body) = announce::delivery(*number);
            let begun = Instant::now();
            loop {
                let url = format!("{}/webhooks/jira", self.address.read().unwrap());
                let answer = client.post(url).headers(headers.clone()).body(body.clone()).send().await;
                match answer.map(|answer| answer.status().as_u16()) {
                    Ok(200) => break,
                    Ok(status) => assert!(status >= 500, "delivery {number} was refused: {status}"),
                    // Killed, or not listening yet.
                    Err(_) => {}
                }
                assert!(begun.elapsed() < SENDER_LIMIT, "delivery {number} is not accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            self.accepted.fetch_add(1, Ordering::SeqCst);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_delivery_five_times_among_kills_leads_to_one_message() {
    let whole: Option<usize> = std::env::var(WHOLE).ok().map(|deliveries| deliveries.parse().unwrap());
    let deliveries = whole.unwrap_or(SMALL);
    let seed = std::env::var("TICKETSMITH_SEED").ok().and_then(|text| text.parse().ok());
    let seed: u64 = seed.unwrap_or_else(rand::random);
    println!("TICKETSMITH_SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let mut order: Vec<_> = (0..TIMES).flat_map(|_| 0..deliveries).collect();
    order.shuffle(&mut random);
    let all = order.len();

    let mut world = announce::world(deliveries).start().await;
    let storm = Arc::new(Storm {
        order,
        next: AtomicUsize::new(0),
        accepted: AtomicUsize::new(0),
        address: RwLock::new(world.address.clone()),
    });
    let mut senders = JoinSet::new();
    for _ in 0..CLIENTS {
        let storm = Arc::clone(&storm);
        senders.spawn(async move { storm.send().await });
    }
    for kill in 0..KILLS {
        let moment = all * kill / KILLS + random.random_range(0..all / KILLS);
        let reached = async || (storm.accepted.load(Ordering::SeqCst) >= moment).then_some(());
        eventually("the moment of the kill", SENDER_LIMIT * 12, reached).await;
        world.kill().await;
        world.serve().await;
        (*storm.address.write().unwrap()).clone_from(&world.address);
    }
    while let Some(sender) = senders.join_next().await {
        sender.unwrap();
    }
    assert_eq!(storm.accepted.load(Ordering::SeqCst), all);

    let limit = Duration::from_secs(900) + Duration::from_secs(1) * u32::try_from(deliveries).unwrap();
    let told = async || (announce::announced(&world).await.len() == deliveries).then_some(());
    eventually("the message of every delivery", limit, told).await;
    let over = async || {
        let outcomes = announce::outcomes(&world).await;
        outcomes.keys().all(|outcome| outcome == "succeeded").then_some(())
    };
    eventually("the end of every execution", limit, over).await;
    let twice: BTreeMap<_, _> =
        announce::announced(&world).await.into_iter().filter(|(_, times)| *times != 1).collect();
    assert_eq!(twice, BTreeMap::new(), "these were announced so often");
    world.finish().await;
}
