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

const DISCORD_BOT: &str = "1283052984719360041";

/// The shop where people talk in Discord, whose application has no address for interactions.
fn with_discord() -> WorldFile {
    let ada = "175928847299117063";
    WorldFile::quick_shop().edit(|world| {
        world["secrets"]["ticketsmith/discord"] = json!({"bot_token": "simulated-discord-token"});
        world["secrets"]["ticketsmith/signing"]["discord"] =
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a".into();
        world["discord"] = json!({
            "secret": "ticketsmith/discord",
            "private_key": "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "application": {"id": DISCORD_BOT, "name": "ticketsmith", "command": "ticketsmith", "without_endpoint": true},
            "server": {"id": "197038439483310086", "name": "Acme"},
            "users": [{"id": ada, "name": "ada"}, {"id": "175928847299117064", "name": "grace"}],
            "channels": [{"id": "290926798999357250", "name": "shop-dev"}],
        });
        let configuration = &mut world["configuration"];
        configuration["projects"][0]["providers"]["communication"] = "discord".into();
        configuration["plugins"]["discord"] = json!({
            "base_url": "https://discord.com/api/v10", "secret": "ticketsmith/discord", "rate_limit": "1000/s",
        });
        configuration["webhooks"]["own_accounts"]["discord"] = DISCORD_BOT.into();
        configuration["users"][0]["discord"] = ada.into();
    })
}

/// Waits until the bot is connected to Discord's Gateway.
async fn listens(world: &World) {
    let open = async || (world.state().await["discord"]["gateway"]["connected"] == true).then_some(());
    eventually("a session of the Gateway", FETCHED, open).await;
}

/// Waits until the bot wrote messages of which this is true, and gives their number.
async fn told(world: &World, what: &str, is_meant: impl Fn(&Value) -> bool) -> usize {
    let messages = async || {
        let state = world.state().await;
        let messages = state["discord"]["messages"].as_array()?.clone();
        let found = messages.iter().filter(|one| one["author"]["id"] == DISCORD_BOT && is_meant(one)).count();
        (found > 0).then_some(found)
    };
    eventually(what, FETCHED, messages).await
}

#[tokio::test]
async fn a_reply_in_discord_revises_the_pull_request_once_even_if_nothing_ran_when_it_was_written() {
    let mut world = with_discord().simulate().await;
    world.serve_with(&["--pull"]).await;
    listens(&world).await;
    let first = world.start_by("jira-label").await;
    assert_eq!(world.ended(&first).await["outcome"], "succeeded");
    let written = |kind: &str, text: &str, by: &str| json!({"kind": kind, "text": text, "by": by, "channel": "shop-dev", "about": "ready for review"});
    world.capture(written("discord-reply", "Push to main, please.", "grace")).await;
    let may_not = |message: &Value| message["content"].to_string().contains("may not start work");
    assert_eq!(told(&world, "the refusal", may_not).await, 1);

    world.kill().await;
    let text = "Say in the README that lower case works, too.";
    let reply = world.capture(written("discord-thread", text, "ada")).await;
    world.serve_with(&["--pull"]).await;
    let begun = async || {
        let executions = world.executions().await;
        let revision = executions.iter().find(|execution| execution["workflow"] == "revision")?;
        Some(revision["execution"].as_str()?.to_owned())
    };
    let revision = eventually("the revision", FETCHED, begun).await;
    assert_eq!(world.ended(&revision).await["outcome"], "succeeded");
    let thread: Value = serde_json::from_slice(&reply.body).unwrap();
    let is_in_thread = |message: &Value| message["channel_id"] == thread["d"]["channel_id"];
    told(&world, "an answer in the thread", is_in_thread).await;

    // In a session that begins after another one was lost, it is read again.
    world.capture(json!({"kind": "discord-gateway", "does": "invalidate"})).await;
    let anew = async || (world.state().await["discord"]["gateway"]["begun"].as_u64()? >= 2).then_some(());
    eventually("another session", FETCHED, anew).await;
    let mention = world
        .capture(
            json!({"kind": "discord-mention", "text": "status SHOP-1", "by": "ada", "channel": "shop-dev"}),
        )
        .await;
    let mention: Value = serde_json::from_slice(&mention.body).unwrap();
    let answers = |message: &Value| message["message_reference"]["message_id"] == mention["d"]["id"];
    assert_eq!(told(&world, "an answer to the mention", answers).await, 1);
    assert_eq!(told(&world, "the refusal", may_not).await, 1);
    assert_eq!(world.executions().await.len(), 2);
    world.finish().await;
}

#[tokio::test]
async fn a_command_in_discord_is_answered_without_an_address() {
    let mut world = with_discord().simulate().await;
    world.serve_with(&["--pull"]).await;
    listens(&world).await;
    world
        .capture(json!({"kind": "discord-command", "text": "run SHOP-1", "by": "ada", "channel": "shop-dev"}))
        .await;
    let name = started(&world).await;
    assert_eq!(world.ended(&name).await["outcome"], "succeeded");
    let answered = async || {
        let callbacks = world.state().await["discord"]["callbacks"].as_array()?.clone();
        (!callbacks.is_empty()).then_some(callbacks)
    };
    let callbacks = eventually("an answer to the command", FETCHED, answered).await;
    assert_eq!(callbacks.len(), 1);
    assert!(callbacks[0]["body"]["data"]["content"].to_string().contains("SHOP"), "{callbacks:#?}");
    world.finish().await;
}

/// A shop whose team talks in a private channel.
#[tokio::test]
async fn a_message_in_a_thread_of_a_private_channel_in_slack_revises_the_pull_request() {
    let private = with_socket_mode().edit(|world| world["slack"]["channels"][0]["private"] = true.into());
    let mut world = private.simulate().await;
    world.serve_with(&["--pull"]).await;
    connected(&world, 1).await;
    let first = world.start_by("jira-label").await;
    assert_eq!(world.ended(&first).await["outcome"], "succeeded");
    let reply = json!({"kind": "slack-thread", "text": "Say in the README that lower case works, too.", "by": "ada",
        "channel": "shop-dev", "about": "ready for review"});
    world.capture(reply).await;
    let begun = async || {
        let executions = world.executions().await;
        let revision = executions.iter().find(|execution| execution["workflow"] == "revision")?;
        Some(revision["execution"].as_str()?.to_owned())
    };
    let revision = eventually("the revision", FETCHED, begun).await;
    assert_eq!(world.ended(&revision).await["outcome"], "succeeded");
    world.finish().await;
}
