//! The claim on a ticket, whatever happens at the same time and wherever a function is killed: no word is lost or taken up twice, no
//! revision is begun twice, and when all is over the ticket is free.
//!
//! People comment, stop, and close; checks end; executions are begun, go on, and end. The real functions `webhooks` and `events` handle
//! it on the real table. Each request to the table is held until a scheduler lets it through, one at a time and in an order drawn from a
//! seed, so that every step of one function can come between any two of another. Now and then the function that made the request is killed,
//! before or after the table carried it out; then its event is delivered again, as Lambda and senders do.
//!
//! `TICKETSMITH_SEED` repeats one interleaving, `TICKETSMITH_SEEDS` says how many there are.

mod aws;
mod model;
mod turnstile;
mod workflow;

use aws::Work;
use model::Model;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use turnstile::Fate;

/// The default number of interleavings.
const INTERLEAVINGS: u64 = 15;
/// One kill in so many requests.
const KILLS: u32 = 40;
/// An interleaving with more requests than this never ends.
const MOST_REQUESTS: usize = 20_000;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[tokio::test]
async fn no_word_is_lost_no_revision_doubled_and_no_ticket_left_claimed() {
    let only = number("TICKETSMITH_SEED");
    let first: u64 = only.unwrap_or_else(rand::random);
    let count = if only.is_some() { 1 } else { number("TICKETSMITH_SEEDS").unwrap_or(INTERLEAVINGS) };
    let mut model = Model::start().await;
    for seed in (0..count).map(|more| first.wrapping_add(more)) {
        println!("TICKETSMITH_SEED={seed}");
        interleave(&mut model, seed).await;
    }
}

async fn interleave(model: &mut Model, seed: u64) {
    let mut random = StdRng::seed_from_u64(seed);
    model.begin_scene(&mut random).await;
    let mut requests = 0;
    loop {
        model.settle().await;
        let held = model.held();
        let idle = model.idle();
        let startable = if idle.is_some() { model.waiting_work() } else { 0 };
        if held.is_empty() && startable == 0 {
            // The sweeper finds lost messages; it runs until it finds nothing.
            if model.is_over() {
                break;
            }
            model.push(Work::Sweep);
            continue;
        }
        requests += 1;
        assert!(requests < MOST_REQUESTS, "it never ends");
        let choice = random.random_range(0..held.len() + startable);
        match (held.get(choice).copied(), idle) {
            (Some(slot), _) => {
                let fate = match random.random_range(0..KILLS) {
                    0 => Fate::KilledBefore,
                    1 => Fate::KilledAfter,
                    _ => Fate::Passes,
                };
                model.decide(slot, fate).await;
            }
            (None, Some(slot)) => model.start_work(slot, choice - held.len()),
            (None, None) => unreachable!("only an idle slot begins work"),
        }
    }
    model.assert_all_is_well().await;
}
