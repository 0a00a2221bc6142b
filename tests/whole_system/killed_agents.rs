//! Killed at any moment of an agent's work and of a revision, `serve` goes on: each edit is made once, each word is taken in once, and what
//! was paid for is booked.
//!
//! The moments are drawn from a seed that is printed; `TICKETSMITH_SEED` repeats them. `TICKETSMITH_KILLS` says how many there are.

use crate::crash::{RECOVERY_LIMIT, key, seed, tickets};
use crate::evidence::{micro_usd, pull_request, repository};
use crate::support::{World, comments, eventually};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};
use std::process::Command;

const KILLS: usize = 10;
/// Kills of one ticket: in its development, and in its revision.
const EACH: usize = 2;
/// How many requests a development and a revision make of the services, about.
const REQUESTS: [usize; EACH] = [44, 20];
/// The most that one reply of the scripted model can cost whose worst case stays booked, in micro-dollars.
const WORST_REPLY: u64 = 500_000;

fn kills() -> usize {
    std::env::var("TICKETSMITH_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(KILLS)
}

fn words(at: usize) -> String {
    format!("Mind wish {at:03} well.")
}

/// Waits for the moment, or until the execution is over before it.
async fn moment(world: &World, name: &str, requests: usize) {
    let wanted = world.log().await.len() + requests;
    let reached = async || {
        let is_over = !world.execution(name).await["ended_at"].is_null();
        (is_over || world.log().await.len() >= wanted).then_some(())
    };
    eventually("the moment of the kill", RECOVERY_LIMIT, reached).await;
}

async fn killed(world: &mut World, name: &str, random: &mut StdRng, requests: usize) {
    let requests = random.random_range(0..requests);
    println!("{name}: killed after {requests} requests");
    moment(world, name, requests).await;
    world.kill().await;
    world.serve().await;
}

#[tokio::test]
async fn killed_at_any_moment_an_agent_makes_each_edit_and_hears_each_word_once() {
    let seed = seed();
    println!("TICKETSMITH_SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let count = kills().div_ceil(EACH);
    let mut world = tickets(count).start().await;
    let mut names = Vec::new();
    for at in 0..count {
        let trigger = json!({"kind": "jira-label", "ticket": key(at), "label": "agent", "by": "ada"});
        let name = world.start_by(trigger).await;
        let text = format!("[~accountid:712020:ticketsmith] tell {}", words(at));
        world.deliver(json!({"kind": "jira-comment", "ticket": key(at), "by": "ada", "text": text})).await;
        killed(&mut world, &name, &mut random, REQUESTS[0]).await;
        names.push(name);
    }
    for name in &names {
        let ended = world.ended_within(name, RECOVERY_LIMIT).await;
        assert_eq!(ended["outcome"], "succeeded", "{ended:#}");
    }
    let mut revisions = Vec::new();
    for at in 0..count {
        let state = world.state().await;
        let number =
            pull_request(repository(&state, "acme/shop"), &format!("feature/{}", key(at)))["number"].clone();
        let text = "@ticketsmith Say in the README that lower case works, too.";
        let comment = json!({"kind": "github-comment", "repository": "acme/shop", "issue": number, "text": text, "by": "ada"});
        let name = world.start_by(comment).await;
        killed(&mut world, &name, &mut random, REQUESTS[1]).await;
        revisions.push(name);
    }
    for name in &revisions {
        let ended = world.ended_within(name, RECOVERY_LIMIT).await;
        assert_eq!(ended["outcome"], "succeeded", "{ended:#}");
    }
    each_edit_once(&world, count).await;
    each_word_once(&world, count).await;
    what_was_paid_for_is_booked(&world, count * EACH).await;
    world.finish().await;
}

async fn each_edit_once(world: &World, count: usize) {
    let state = world.state().await;
    let said = comments(&state);
    let folder = tempfile::tempdir().unwrap();
    let clone = folder.path().join("shop");
    world.export("acme/shop", &clone).await;
    for at in 0..count {
        let branch = format!("feature/{}", key(at));
        assert_eq!(pull_request(repository(&state, "acme/shop"), &branch)["commits"], 2, "{branch}");
        let checked_out =
            Command::new("git").args(["checkout", "--quiet", &branch]).current_dir(&clone).status().unwrap();
        assert!(checked_out.success(), "{branch}");
        let readme = std::fs::read_to_string(clone.join("README.md")).unwrap();
        assert_eq!(readme.matches("in upper or lower case").count(), 1, "{branch}: {readme}");
    }
    assert_eq!(said.iter().filter(|text| text.contains("Revised in ")).count(), count, "{said:#?}");
}

async fn each_word_once(world: &World, count: usize) {
    let asked = world.asked_of_model().await;
    for at in 0..count {
        let times: Vec<usize> =
            asked.iter().map(|entry| entry["request"].to_string().matches(&words(at)).count()).collect();
        assert!(times.contains(&1), "nobody heard the words on {}", key(at));
        assert!(times.iter().all(|times| *times <= 1), "the words on {} were said twice", key(at));
    }
}

/// The ledger is never below the bill, and above it by no more than one reply for each kill.
async fn what_was_paid_for_is_booked(world: &World, kills: usize) {
    let bill = micro_usd(&world.state().await["claude"]["billed"]["usd"]);
    let (mut booked, mut unsettled, mut calls) = (0, 0, 0);
    for execution in world.executions().await {
        let view: Value = world.execution(execution["execution"].as_str().unwrap()).await;
        booked += micro_usd(&view["cost_usd"]);
        unsettled += view["cost_unknown_calls"].as_u64().unwrap();
        calls += view["steps"].as_array().map_or(0, Vec::len) as u64;
    }
    assert!(unsettled <= kills as u64, "{unsettled} replies were lost in {kills} kills");
    assert!(booked >= bill, "booked {booked}, billed {bill}");
    // Each call is rounded up for itself.
    assert!(
        booked <= bill + unsettled * WORST_REPLY + calls,
        "booked {booked}, billed {bill}, {unsettled} unsettled"
    );
}
