//! Killed at any moment, `serve` goes on where it was, and nothing happens twice.
//!
//! The moments are drawn from a seed that is printed; `TICKETSMITH_SEED` repeats them.

use crate::support::{EXECUTION_LIMIT, WorldFile, eventually};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::Value;

/// How many kills one test performs, each in a world of its own.
const KILLS: u64 = 4;

/// The requests to the services that one undisturbed run makes, about; kills are spread over them.
const REQUESTS: usize = 70;

fn seed() -> u64 {
    std::env::var("TICKETSMITH_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or_else(rand::random)
}

fn succeeded(entries: &[Value]) -> usize {
    entries.iter().filter(|entry| entry["status"].as_u64().is_some_and(|status| status < 300)).count()
}

#[tokio::test]
async fn killed_at_any_moment_it_goes_on_and_nothing_happens_twice() {
    let seed = seed();
    println!("TICKETSMITH_SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    for kill in 0..KILLS {
        let after = random.random_range(0..REQUESTS);
        println!("kill {kill}: after {after} requests");
        killed_after(after).await;
    }
}

async fn killed_after(requests: usize) {
    let mut world = WorldFile::quick_shop().start().await;
    let name = world.start_by("jira-label").await;
    eventually("the moment of the kill", EXECUTION_LIMIT, async || {
        let log = world.log().await;
        let over = log
            .iter()
            .any(|entry| entry["path"].as_str().is_some_and(|path| path.ends_with("chat.postMessage")));
        (log.len() >= requests || over).then_some(())
    })
    .await;
    world.kill().await;
    world.serve().await;
    let ended = world.ended(&name).await;
    assert_eq!(ended["outcome"], "succeeded", "{ended:#}");
    world.told(&name).await;

    let state = world.state().await;
    let repository = &state["github"]["repositories"][0];
    assert_eq!(repository["pull_requests"].as_array().unwrap().len(), 1);
    assert_eq!(repository["pull_requests"][0]["commits"], 1, "one commit");
    assert_eq!(succeeded(&world.requests("github", "POST", "/git/refs").await), 1, "one branch is made");
    assert_eq!(succeeded(&world.requests("github", "POST", "/pulls").await), 1, "one pull request is opened");
    assert_eq!(state["slack"]["messages"].as_array().unwrap().len(), 1, "one message");
    let comments = state["jira"].as_array().unwrap().iter().find(|ticket| ticket["key"] == "SHOP-1").unwrap()
        ["comments"]
        .as_array()
        .unwrap();
    let with = |text: &str| {
        comments.iter().filter(|comment| comment["text"].as_str().unwrap().contains(text)).count()
    };
    assert_eq!(with(&name), 1, "one progress comment: {comments:#?}");
    assert_eq!(with("is ready for review"), 1, "one comment that links the pull request");
    world.finish().await;
}
