//! `serve --pull`: what happens at services that reach no address of ours, from a person's deed to the pull request.

use crate::support::{World, WorldFile, eventually};
use serde_json::{Value, json};
use std::time::Duration;

/// How long it takes until something is fetched: a few times the pause between two looks.
const FETCHED: Duration = Duration::from_secs(60);

/// The first execution that starts by itself.
async fn started(world: &World) -> String {
    let first = async || Some(world.executions().await.first()?["execution"].as_str()?.to_owned());
    eventually("an execution", FETCHED, first).await
}

/// The number of times that GitHub was asked for a list since the start.
async fn looks(world: &World, path: &str) -> usize {
    world.requests("github", "GET", path).await.len()
}

/// Waits until GitHub was looked at twice more from now on: what had happened by now was fetched.
async fn looked_twice(world: &World, path: &str) {
    let before = looks(world, path).await;
    let twice = async || (looks(world, path).await >= before + 2).then_some(());
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
    looked_twice(&world, "/repos/acme/shop/issues?").await;
    assert_eq!(world.executions().await.len(), 1);
    world.finish().await;
}

#[tokio::test]
async fn what_happened_while_nothing_ran_is_fetched_and_acts_once() {
    let mut world = WorldFile::quick_shop().simulate().await;
    world.serve_with(&["--pull"]).await;
    looked_twice(&world, "/repos/acme/shop/issues?").await;
    world.kill().await;
    let label = world.capture("github-label").await;
    world.serve_with(&["--pull"]).await;
    let name = started(&world).await;
    // In the middle of it, and again.
    world.kill().await;
    world.serve_with(&["--pull"]).await;
    let execution = world.ended(&name).await;
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

/// Waits until everything that was sent over the socket is acknowledged; gives what it was acknowledged with.
async fn acknowledged(world: &World, number: usize) -> Vec<Value> {
    let all = async || {
        let state = world.state().await;
        let sent = state["slack"]["socket"].as_array()?.clone();
        (sent.len() == number && sent.iter().all(|one| !one["acknowledged"].is_null())).then_some(sent)
    };
    eventually("acknowledgments", FETCHED, all).await
}

/// Waits until Slack's socket is open.
async fn connected(world: &World, times: usize) {
    let open = async || {
        let opened = world.requests("slack", "GET", "/link").await.len();
        (opened >= times).then_some(())
    };
    eventually("a connection to Slack", FETCHED, open).await;
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
    // The same by the other road.
    let answer = world.send(&command).await.text().await.unwrap();
    assert!(answer.contains("SHOP-1"), "{answer}");
    assert_eq!(world.executions().await.len(), 1);

    world.kill().await;
    let mention = json!({"kind": "slack-mention", "text": "run SHOP-2", "by": "ada", "channel": "shop-dev"});
    world.capture(mention).await;
    world.serve_with(&["--pull"]).await;
    let both = async || (world.executions().await.len() == 2).then_some(());
    eventually("what was said while nothing ran", FETCHED, both).await;
    // It is read again after the next start, and acts no more.
    world.kill().await;
    world.serve_with(&["--pull"]).await;
    connected(&world, 3).await;
    let later = json!({"kind": "slack-mention", "text": "status SHOP-2", "by": "ada", "channel": "shop-dev"});
    world.capture(later).await;
    acknowledged(&world, 2).await;
    assert_eq!(world.executions().await.len(), 2);
    world.finish().await;
}
