//! `serve --pull`: events of services that cannot reach us, from a person's action to the pull request.

use crate::crash::RECOVERY_LIMIT;
use crate::support::{Captured, World, WorldFile, eventually};
use serde_json::{Value, json};
use std::time::Duration;

/// How long it takes until something is fetched: a few times the pause between two looks.
const FETCHED: Duration = Duration::from_secs(60);

/// The first execution that starts automatically.
async fn started(world: &World) -> String {
    let first = async || Some(world.executions().await.first()?["execution"].as_str()?.to_owned());
    eventually("an execution", FETCHED, first).await
}

/// How often GitHub was asked for updates.
async fn looks(world: &World) -> usize {
    let asked = world.requests("github", "GET", "/repos/acme/shop/issues").await;
    asked.iter().filter(|entry| entry["path"] == "/repos/acme/shop/issues").count()
}

/// Waits for two more polls of GitHub: everything up to now was fetched.
async fn looked_twice(world: &World) {
    let before = looks(world).await;
    let twice = async || (looks(world).await >= before + 2).then_some(());
    eventually("two more looks at GitHub", FETCHED, twice).await;
}

#[tokio::test]
async fn a_label_becomes_a_pull_request_without_a_webhook() {
    let mut world = WorldFile::quick_shop().simulate().await;
    world.serve_with(&["--pull"]).await;
    // It is delivered elsewhere.
    let label = world.capture("github-label").await;
    let name = started(&world).await;
    let execution = world.ended(&name).await;
    assert_eq!(execution["outcome"], "succeeded", "{execution:#}");
    assert!(execution["output"]["pull_request"].as_str().unwrap().contains("/acme/shop/pull/"));
    // The webhook comes after all, and changes nothing.
    let answer: Value = world.send(&label).await.json().await.unwrap();
    assert_eq!(answer["results"][0], json!({ "result": "duplicate", "execution": name }));
    // As do the same events, fetched again.
    looked_twice(&world).await;
    assert_eq!(world.executions().await.len(), 1);
    world.finish().await;
}

#[tokio::test]
async fn what_happened_while_nothing_ran_is_fetched_and_acts_once() {
    let mut world = WorldFile::quick_shop().simulate().await;
    world.serve_with(&["--pull"]).await;
    looked_twice(&world).await;
    world.kill().await;
    let label = world.capture("github-label").await;
    world.serve_with(&["--pull"]).await;
    let name = started(&world).await;
    // In the middle of it, and again.
    world.kill().await;
    world.serve_with(&["--pull"]).await;
    let execution = world.ended_within(&name, RECOVERY_LIMIT).await;
    assert_eq!(execution["outcome"], "succeeded", "{execution:#}");
    let answer: Value = world.send(&label).await.json().await.unwrap();
    assert_eq!(answer["results"][0]["result"], "duplicate", "{answer}");
    assert_eq!(world.executions().await.len(), 1);
    world.finish().await;
}

/// A shop whose Slack app uses Socket Mode.
fn with_socket_mode() -> WorldFile {
    WorldFile::quick_shop().edit(|world| {
        world["secrets"]["ticketsmith/slack"]["app_token"] = json!("xapp-simulated-slack-token");
    })
}

/// Waits until so many envelopes are acknowledged; gives them.
async fn acknowledged(world: &World, number: usize) -> Vec<Value> {
    let all = async || {
        let state = world.state().await;
        let mut sent = state["slack"]["socket"].as_array()?.clone();
        sent.retain(|one| !one["acknowledged"].is_null());
        (sent.len() >= number).then_some(sent)
    };
    eventually("acknowledgments", FETCHED, all).await
}

/// Waits until Slack's socket was opened so often.
async fn connected(world: &World, times: usize) {
    let open = async || (world.requests("slack", "GET", "/link").await.len() >= times).then_some(());
    eventually("a connection to Slack", FETCHED, open).await;
}

/// Waits until the bot answers in the thread of a mention, and gives how often it did.
async fn answers(world: &World, mention: &Captured) -> usize {
    let delivery: Value = serde_json::from_slice(&mention.body).unwrap();
    let ts = delivery["event"]["ts"].clone();
    let in_thread = async || {
        let state = world.state().await;
        let messages = state["slack"]["messages"].as_array()?.clone();
        let answers =
            messages.iter().filter(|one| one["thread_ts"] == ts && !one["bot_id"].is_null()).count();
        (answers > 0).then_some(answers)
    };
    eventually("an answer to the mention", FETCHED, in_thread).await
}

#[tokio::test]
async fn a_command_over_socket_mode_is_answered_and_a_mention_from_before_is_read() {
    let mut world = with_socket_mode().simulate().await;
    world.serve_with(&["--pull"]).await;
    connected(&world, 1).await;
    let command = world.capture("slack-command").await;
    let sent = acknowledged(&world, 1).await;
    assert_eq!(sent[0]["type"], "slash_commands");
    assert!(sent[0]["acknowledged"].to_string().contains("SHOP-1"), "{sent:#?}");
    let name = started(&world).await;
    assert_eq!(world.ended(&name).await["outcome"], "succeeded");
    // The same by the other route.
    let answer = world.send(&command).await.text().await.unwrap();
    assert!(answer.contains("SHOP-1"), "{answer}");
    assert_eq!(world.executions().await.len(), 1);

    world.kill().await;
    let while_down = world.capture("slack-mention").await;
    world.serve_with(&["--pull"]).await;
    connected(&world, 2).await;
    assert_eq!(answers(&world, &while_down).await, 1);
    // It is read again after the next start, and is not answered again.
    world.kill().await;
    world.serve_with(&["--pull"]).await;
    connected(&world, 3).await;
    // Once after each start except the first, which had no place to continue from.
    let read_again = async || {
        let read = world.requests("slack", "GET", "/conversations.history").await;
        (read.iter().filter(|entry| !entry["query"].to_string().contains("metadata")).count() >= 2)
            .then_some(())
    };
    eventually("the channel's messages", FETCHED, read_again).await;
    let later = world.capture("slack-mention").await;
    assert_eq!(answers(&world, &later).await, 1);
    assert_eq!(answers(&world, &while_down).await, 1);
    world.finish().await;
}
