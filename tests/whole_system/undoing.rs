//! Undo: previewed, confirmed by a button, and done once however often the program is killed; a pull request reverts merged changes.

use crate::crash::{RECOVERY_LIMIT, key, seed, tickets};
use crate::evidence::{branches, pull_request, repository};
use crate::support::{EXECUTION_LIMIT, World, eventually};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};

/// How many undos are cut off.
const KILLS: usize = 10;

/// How many requests an undo makes of the services, about.
const REQUESTS: usize = 14;

/// Asks for an undo, and presses the button under its preview.
pub(crate) async fn undo(world: &World, task: &str) -> String {
    let words = format!("undo {task}");
    let typed = json!({"kind": "slack-command", "text": words, "by": "ada", "channel": "shop-dev"});
    let shown = world.deliver(typed).await["body"].clone();
    let blocks = shown["blocks"].as_array().unwrap_or_else(|| panic!("{shown}"));
    let value = blocks.last().unwrap()["elements"][0]["value"].clone();
    assert!(value.is_string(), "{shown}");
    let press = json!({"kind": "slack-answer-button", "action_id": "undo", "value": value, "by": "ada",
                       "channel": "shop-dev"});
    let pressed = world.deliver(press).await;
    assert_eq!(pressed["body"]["results"][0]["result"], "recorded", "{pressed}");
    shown.to_string()
}

/// The undo that is or was at work on a ticket.
pub(crate) async fn undo_of(world: &World, task: &str) -> String {
    let found = async || {
        let executions = world.executions().await;
        let is_meant = |one: &&Value| one["workflow"] == "undo" && one["task"] == task;
        executions.iter().find(is_meant).map(|one| one["execution"].as_str().unwrap().to_owned())
    };
    eventually("the undo", EXECUTION_LIMIT, found).await
}

/// The pull requests that revert another one.
fn reverts(repository: &Value, number: u64) -> Vec<Value> {
    let begins = format!("revert-{number}-");
    let all = repository["pull_requests"].as_array().unwrap().iter();
    all.filter(|pull| pull["head"]["ref"].as_str().unwrap().starts_with(&begins)).cloned().collect()
}

async fn developed(world: &World, task: &str) -> u64 {
    let trigger = json!({"kind": "jira-label", "ticket": task, "label": "agent", "by": "ada"});
    let name = world.start_by(trigger).await;
    let ended = world.ended_within(&name, RECOVERY_LIMIT).await;
    assert_eq!(ended["outcome"], "succeeded", "{ended:#}");
    let state = world.state().await;
    pull_request(repository(&state, "acme/shop"), &format!("feature/{task}"))["number"].as_u64().unwrap()
}

async fn merge(world: &World, number: u64) {
    let close = json!({"kind": "github-close", "repository": "acme/shop", "pull_request": number, "merge": true,
                       "by": "ada"});
    world.deliver(close).await;
}

#[tokio::test]
async fn a_merged_pull_request_is_reverted_by_another_one() {
    let world = tickets(1).start().await;
    let number = developed(&world, "SHOP-1").await;
    merge(&world, number).await;
    let (code, printed, errors) = world.command(&["undo", "SHOP-1", "--dry-run"]).await;
    assert!(code == 0 && printed.contains("create pull request"), "{printed}{errors}");
    assert!(reverts(repository(&world.state().await, "acme/shop"), number).is_empty(), "it was only shown");

    let shown = undo(&world, "SHOP-1").await;
    assert!(shown.contains("create pull request") && shown.contains(&format!("/pull/{number}")), "{shown}");
    let ended = world.ended(&undo_of(&world, "SHOP-1").await).await;
    assert_eq!(ended["outcome"], "succeeded", "{ended:#}");
    let state = world.state().await;
    let shop = repository(&state, "acme/shop");
    let found = reverts(shop, number);
    let [revert] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((&revert["state"], &revert["base"]["ref"]), (&json!("open"), &json!("main")), "{revert:#}");
    let receipt = ended["cause"].as_str().unwrap();
    assert!(
        receipt.contains("To be reverted: Create pull request (")
            && receipt.contains(&format!("/pull/{}", revert["number"])),
        "{receipt}"
    );
    world.finish().await;
}

#[tokio::test]
async fn what_somebody_took_back_before_is_told_as_gone() {
    let world = tickets(1).start().await;
    let number = developed(&world, "SHOP-1").await;
    let close =
        json!({"kind": "github-close", "repository": "acme/shop", "pull_request": number, "by": "ada"});
    world.deliver(close).await;
    undo(&world, "SHOP-1").await;
    let ended = world.ended(&undo_of(&world, "SHOP-1").await).await;
    assert_eq!(ended["outcome"], "succeeded", "{ended:#}");
    let receipt = ended["cause"].as_str().unwrap();
    assert!(receipt.contains("Already gone: Create pull request."), "{receipt}");
    assert!(receipt.contains("Taken back: "), "{receipt}");
    world.finish().await;
}

#[tokio::test]
async fn killed_in_the_middle_of_an_undo_each_effect_is_taken_back_once() {
    let seed = seed();
    println!("TICKETSMITH_SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let mut world = tickets(KILLS).start().await;
    let mut numbers = Vec::new();
    for at in 0..KILLS {
        numbers.push(developed(&world, &key(at)).await);
    }
    merge(&world, numbers[0]).await;
    for at in 0..KILLS {
        let requests = random.random_range(0..REQUESTS);
        println!("kill {at}: after {requests} requests");
        let before = world.log().await.len();
        undo(&world, &key(at)).await;
        let name = undo_of(&world, &key(at)).await;
        let reached = async || {
            let is_over = !world.execution(&name).await["ended_at"].is_null();
            (is_over || world.log().await.len() >= before + requests).then_some(())
        };
        eventually("the moment of the kill", RECOVERY_LIMIT, reached).await;
        world.kill().await;
        world.serve().await;
    }
    for (at, number) in numbers.iter().enumerate() {
        let ended = world.ended_within(&undo_of(&world, &key(at)).await, RECOVERY_LIMIT).await;
        assert_eq!(ended["outcome"], "succeeded", "{ended:#}");
        let closing = world.requests("github", "PATCH", &format!("/pulls/{number}")).await;
        let closed = closing.iter().filter(|entry| entry["status"] == 200).count();
        assert_eq!(closed, usize::from(at > 0), "{}: {closing:?}", key(at));
    }
    let state = world.state().await;
    let shop = repository(&state, "acme/shop");
    assert_eq!(reverts(shop, numbers[0]).len(), 1);
    let left: Vec<_> = branches(shop).into_iter().filter(|branch| !branch.starts_with("revert-")).collect();
    assert_eq!(left, ["main"]);
    world.finish().await;
}
