//! Every delivery five times, from many clients at once, while `serve` is killed again and again: nothing is lost, and nothing happens twice.

use crate::announce;
use crate::support::{World, eventually};
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use std::collections::BTreeMap;
use std::ops::Range;
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
/// So many deliveries come at once, and the next when they are done.
const WAVE: usize = 500;
/// How long a wave may take to be done: each kill costs leases and retries.
const WAVE_LIMIT: Duration = Duration::from_secs(1200);
/// How long a sender retries.
const SENDER_LIMIT: Duration = Duration::from_secs(300);

struct Storm {
    /// The numbers of the deliveries in the order in which they are sent.
    order: Vec<usize>,
    next: AtomicUsize,
    accepted: AtomicUsize,
    address: RwLock<String>,
}

impl Storm {
    /// Sends everything that nobody has sent yet, until it is accepted, as senders do.
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
                // Senders wait before they try again; while `serve` starts, connections are refused at once.
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
    let mut world = announce::world(deliveries).start().await;
    let waves: Vec<_> =
        (0..deliveries).step_by(WAVE).map(|first| first..deliveries.min(first + WAVE)).collect();
    for (number, wave) in waves.iter().enumerate() {
        // Three kills in total: in one wave, or in the first of each third of them.
        let kills = match waves.len() {
            1 => KILLS,
            all => usize::from(number % all.div_ceil(KILLS) == 0),
        };
        send(&mut world, wave.clone(), kills, &mut random).await;
        told(&world, wave.end).await;
    }
    let outcomes = async || {
        let outcomes = announce::outcomes(&world).await;
        outcomes.keys().all(|outcome| outcome == "succeeded").then_some(())
    };
    eventually("the end of every execution", SENDER_LIMIT, outcomes).await;
    let twice: BTreeMap<_, _> =
        announce::announced(&world).await.into_iter().filter(|(_, times)| *times != 1).collect();
    assert_eq!(twice, BTreeMap::new(), "these were announced so often");
    world.finish().await;
}

/// Sends every delivery of a wave five times, and kills `serve` this often in the meantime.
async fn send(world: &mut World, wave: Range<usize>, kills: usize, random: &mut StdRng) {
    let mut order: Vec<_> = (0..TIMES).flat_map(|_| wave.clone()).collect();
    order.shuffle(random);
    let all = order.len();
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
    for kill in 0..kills {
        let moment = all * kill / kills + random.random_range(0..all / kills);
        let reached = async || (storm.accepted.load(Ordering::SeqCst) >= moment).then_some(());
        eventually("the moment of the kill", SENDER_LIMIT, reached).await;
        world.kill().await;
        world.serve().await;
        (*storm.address.write().unwrap()).clone_from(&world.address);
    }
    while let Some(sender) = senders.join_next().await {
        sender.unwrap();
    }
    assert_eq!(storm.accepted.load(Ordering::SeqCst), all);
}

/// Waits for messages about this many tickets.
async fn told(world: &World, wanted: usize) {
    let begun = Instant::now();
    loop {
        let looked = Instant::now();
        let told = announce::announced(world).await.len();
        if told >= wanted {
            return;
        }
        assert!(begun.elapsed() < WAVE_LIMIT, "the team was told of {told} of {wanted} tickets");
        // A look reads everything that the services know, so it takes longer with every ticket. Most of the time is left to the work.
        tokio::time::sleep(looked.elapsed() * 4 + Duration::from_millis(200)).await;
    }
}
