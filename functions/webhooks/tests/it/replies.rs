//! Answers to people: recorded once per delivery, and sent by `events`.

use crate::world::{World, configuration, id_of, labelled, routes, sent_as};
use domain::Clock;
use domain::SourceName;
use domain::configuration::Role;
use records::{OwnAccount, Reply, ReplyPlace};
use serde_json::{Value, json};

/// A world in which ada may approve, `/ticketsmith` is typed where words start work, and a comment in Jira can.
async fn world() -> World {
    let mut configuration = configuration();
    configuration.users[0].roles = [Role::Developer, Role::Approver].into_iter().collect();
    World::with(configuration, routes()).await
}

async fn reply_to(world: &World, source: &str, delivery: &str) -> Option<Reply> {
    world.table.reply(&format!("{source}#{delivery}")).await.unwrap()
}

/// The text that answers a delivery of Jira, without the marks of Markdown.
pub(crate) async fn answer(world: &World, delivery: &str, payload: &Value) -> Option<String> {
    world.jira(delivery, payload).await;
    let reply = reply_to(world, "jira", &id_of(&sent_as(delivery, payload))).await?;
    Some(reply.text.replace(['\\', '\u{2060}', '`', '*'], ""))
}

fn comment(ticket: &str, body: &str, account: &str) -> Value {
    json!({
        "webhookEvent": "comment_created",
        "issue": {"key": ticket},
        "comment": {"id": "1", "author": {"accountId": account, "displayName": "Mal"}, "body": body},
    })
}

fn on_ticket(ticket: &str) -> ReplyPlace {
    ReplyPlace::Ticket { task_id: ticket.to_owned(), restriction: None }
}

#[tokio::test]
async fn a_refused_label_is_answered_on_its_ticket_once() {
    let world = world().await;
    let payload = labelled("SHOP-1", "agent", "mallory");
    let first = answer(&world, "d1", &payload).await.unwrap();
    assert_eq!(
        first,
        "⛔ Ada may not start work on SHOP; members of engineering may, and people with the role developer or admin"
    );
    let id = id_of(&sent_as("d1", &payload));
    let reply = reply_to(&world, "jira", &id).await.unwrap();
    assert_eq!((reply.place.clone(), reply.sent_at), (on_ticket("SHOP-1"), None));
    world.clock.advance(60);
    answer(&world, "d1", &payload).await;
    assert_eq!(reply_to(&world, "jira", &id).await.unwrap(), reply, "it was not recorded anew");
    let several = json!([
        {"field": "labels", "fromString": "", "toString": "agent"},
        {"field": "status", "fromString": "To Do", "toString": "In Progress"},
    ]);
    let mut both = labelled("SHOP-1", "agent", "mallory");
    both["changelog"]["items"] = several;
    assert_eq!(answer(&world, "d2", &both).await.unwrap(), first, "two refusals are one answer");
}

#[tokio::test]
async fn nobody_elsewhere_learns_what_is_configured() {
    let world = world().await;
    assert_eq!(answer(&world, "d1", &labelled("OPS-1", "agent", "5b10")).await, None);
    assert_eq!(answer(&world, "d2", &comment("OPS-1", "@ticketsmith stop", "5b10")).await, None);
    assert_eq!(answer(&world, "d3", &comment("OPS-1", "@ticketsmith dance", "5b10")).await, None);
}

#[tokio::test]
async fn words_in_a_comment_are_answered() {
    let world = world().await;
    world.jira("d0", &labelled("SHOP-1", "agent", "5b10")).await;
    world.clock.advance(200);
    let ask =
        async |delivery: &str, body: &str| answer(&world, delivery, &comment("SHOP-1", body, "5b10")).await;
    let status = ask("d1", "@ticketsmith status").await.unwrap();
    assert!(status.contains("SHOP-1 · development · running · 3m 20s"), "{status}");
    let costs = ask("d2", "Hi @ticketsmith, costs please").await.unwrap();
    assert_eq!(costs, "SHOP-1: $0.0000 spent of $10.0000");
    let unknown = ask("d3", "@ticketsmith dance").await.unwrap();
    assert_eq!(unknown, "Unknown command dance. @ticketsmith help lists all commands.");
    let help = ask("d4", "@ticketsmith help").await.unwrap();
    assert!(help.contains("@ticketsmith stop stops the work on it"), "{help}");
    let refused = ask("d5", "@ticketsmith approve").await.unwrap();
    assert_eq!(refused, "⛔ nothing on SHOP-1 is waiting for an answer");
    assert_eq!(ask("d6", "I asked @ticketsmith yesterday").await, None, "it is spoken about");
    assert_eq!(ask("d7", "@ticketsmith stop").await, None, "the progress comment shows it");
}

#[tokio::test]
async fn the_second_command_of_a_comment_is_told_of() {
    let world = world().await;
    world.jira("d0", &labelled("SHOP-1", "agent", "5b10")).await;
    world.clock.advance(200);
    let ask = async |delivery: &str, body: &str, by: &str| {
        answer(&world, delivery, &comment("SHOP-1", body, by)).await
    };
    let told = "Only the first command of a comment is carried out; write stop in a separate comment.";
    let both = ask("d1", "@ticketsmith status\n@ticketsmith stop", "5b10").await.unwrap();
    assert!(both.contains("running") && both.ends_with(told), "{both}");
    // The effect of a command is otherwise shown only on the ticket.
    let stopped = ask("d2", "@ticketsmith stop\n@ticketsmith costs", "5b10").await.unwrap();
    assert_eq!(stopped, told.replace("write stop", "write costs"));
}

#[tokio::test]
async fn a_mention_is_known_without_a_setting() {
    let mut configuration = configuration();
    configuration.webhooks.own_accounts.clear();
    let world = World::with(configuration, routes()).await;
    let payload = comment("SHOP-1", "[~accountid:712020:robot] status", "5b10");
    assert_eq!(answer(&world, "d1", &payload).await, None, "nobody knows that account yet");
    let own =
        OwnAccount { account: Some("712020:robot".into()), at: "2026-11-22T12:00:00Z".parse().unwrap() };
    world.table.put_own_account("jira", &own).await.unwrap();
    assert!(answer(&world, "d2", &payload).await.is_some());
    let (_, own) = world.jira("d3", &labelled("SHOP-1", "agent", "712020:robot")).await;
    assert_eq!(own["results"][0], json!({"result": "ignored", "reason": "the bot did it itself"}));
}

#[tokio::test]
async fn a_comment_that_a_step_waits_for_is_no_unknown_word() {
    let world = world().await;
    let (_, begun) = world.jira("d0", &labelled("SHOP-1", "agent", "5b10")).await;
    let execution = begun["results"][0]["execution"].as_str().unwrap();
    let topic = "event/jira.commented/shop-1".to_owned();
    let waiter = json!({
        "topic": topic, "key": "run/Wait", "execution": execution, "token": "t", "since": "2026-11-22T12:00:00Z",
    });
    world.table.put_waiter(&serde_json::from_value(waiter).unwrap()).await.unwrap();
    let words = comment("SHOP-1", "@ticketsmith tomorrow is fine", "5b10");
    assert_eq!(answer(&world, "d1", &words).await, None);
    // The records of an ended execution take nobody's words.
    world.end(execution).await;
    assert!(answer(&world, "d2", &words).await.is_some());
}

#[tokio::test]
async fn who_presses_a_button_in_vain_is_told_alone() {
    let world = world().await;
    let press = async |trigger: &str, user: &str| {
        let payload = json!({"type": "block_actions", "trigger_id": trigger, "user": {"id": user, "username": "mal"},
            "response_url": "https://hooks.slack.com/actions/1", "actions": [{"action_id": "approve", "value": "e k"}]});
        let form = serde_urlencoded::to_string([("payload", payload.to_string())]).unwrap();
        world.slack("application/x-www-form-urlencoded", &form).await
    };
    press("t1", "U9").await;
    let reply = reply_to(&world, "slack", "t1").await.unwrap();
    assert_eq!(reply.place, ReplyPlace::Address { address: "https://hooks.slack.com/actions/1".into() });
    assert_eq!(reply.text, "⛔ nothing is waiting for this button");
}

#[tokio::test]
async fn a_mention_in_a_chat_is_answered_in_its_thread() {
    let world = world().await;
    let begun = world.clock.now().as_second();
    let sent_at = |id: &str| format!("{}.{id}", begun + 1);
    let mention = async |id: &str, text: &str| {
        let ts = sent_at(id);
        let event = json!({"type": "app_mention", "user": "U1", "channel": "C1", "ts": ts, "text": text});
        let body = json!({"type": "event_callback", "event_id": id, "event": event});
        world.slack("application/json", &body.to_string()).await;
        reply_to(&world, "slack", &format!("C1/{ts}")).await
    };
    world.jira("d0", &labelled("SHOP-1", "agent", "5b10")).await;
    let stopped = mention("1", "<@U0>: stop SHOP-1").await.unwrap();
    assert_eq!(stopped.place, ReplyPlace::Thread { channel: "C1".into(), thread: sent_at("1") });
    assert!(stopped.text.starts_with("development on SHOP-1 is being stopped."), "{}", stopped.text);
    let status = mention("2", "<@U0> status SHOP-1").await.unwrap();
    assert!(status.text.contains("SHOP-1 · development"), "{}", status.text);
    assert!(mention("3", "<@U0> dance").await.unwrap().text.starts_with("Unknown command `dance`"));
    assert_eq!(mention("4", "<@U5> dance with <@U0>").await, None);
    let source: SourceName = "slack".parse().unwrap();
    assert_eq!(status.source, source);
}
