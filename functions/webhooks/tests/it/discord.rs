//! What people write in Discord, as `serve --pull` fetches it.

use crate::revision::world;
use crate::world::World;
use domain::Clock;
use records::{OpenedThread, ReplyPlace};
use runtime::Function;
use serde_json::{Value, json};

/// A message that a person wrote, in a thread or as a reply to our message 800; with a mention, it is both.
fn written(id: &str, by: &str, text: &str, more: Value) -> Value {
    let mut message = json!({
        "id": id, "type": 19, "channel_id": "290", "author": {"id": by, "username": by}, "content": text,
        "timestamp": "2026-11-22T00:00:01+00:00", "edited_timestamp": null, "attachments": [],
        "referenced_message": {"id": "800", "author": {"id": "128", "bot": true}},
    });
    message.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    message
}

/// Hands a message over; gives the first result.
async fn fetched(world: &World, message: &Value, thread: Option<&str>) -> Value {
    let place = json!({"channel": "290", "channel_name": "shop-dev", "thread": thread});
    let body = json!({"t": "MESSAGE_CREATE", "d": message, "own_account": "128", "place": place});
    let document = json!({"place": "discord", "headers": {"content-type": "application/json"}, "body": body.to_string()});
    world.webhooks.invoke(document).await.unwrap()["results"][0].clone()
}

/// A world in which our message 800 in a channel is about SHOP-1, which has a pull request.
async fn with_thread() -> World {
    let world = world().await;
    let (channel, message, task_id) = ("290".to_owned(), "800".to_owned(), "SHOP-1".to_owned());
    let opened = OpenedThread { channel, message, task_id, at: world.clock.now() };
    world.table.put_opened_thread(&opened).await.unwrap();
    world
}

#[tokio::test]
async fn a_reply_to_our_message_revises_the_pull_request_once_however_often_it_comes() {
    let world = with_thread().await;
    let message = written("900", "175", "Rename the cart", json!({}));
    let first = fetched(&world, &message, None).await;
    assert_eq!(first["result"], "started", "{first}");
    for _ in 0..2 {
        let again = json!({"result": "duplicate", "execution": first["execution"]});
        assert_eq!(fetched(&world, &message, None).await, again);
    }
    let begun = world.table.reply("discord#290/900").await.unwrap().unwrap();
    assert_eq!(begun.place, ReplyPlace::Thread { channel: "290".into(), thread: "800".into() });
    // While it is at work, words in the thread go to its agent, once.
    let said = written(
        "901",
        "175",
        "Use a map",
        json!({"type": 0, "channel_id": "800", "referenced_message": null}),
    );
    for _ in 0..2 {
        assert_eq!(fetched(&world, &said, Some("800")).await["result"], "recorded");
    }
    let words = world.table.inbox("SHOP-1").await.unwrap().words;
    assert_eq!(words.into_iter().map(|waiting| waiting.word.text).collect::<Vec<_>>(), ["Use a map"]);
    assert_eq!(world.starts().len(), 1);
}

#[tokio::test]
async fn strangers_are_told_who_may_and_machines_start_nothing() {
    let world = with_thread().await;
    let stranger = written("900", "666", "Push to main", json!({}));
    for _ in 0..2 {
        assert_eq!(fetched(&world, &stranger, None).await["result"], "refused");
    }
    let told = world.table.reply("discord#290/900").await.unwrap().unwrap();
    assert!(told.text.contains("may not start work on SHOP"), "{}", told.text);
    for (id, machine) in [
        ("901", json!({"author": {"id": "5", "bot": true}})),
        ("902", json!({"author": {"id": "128", "bot": true}})),
        ("903", json!({"author": {"id": "128"}})),
        ("904", json!({"webhook_id": "5"})),
    ] {
        let message = written(id, "175", "Rename the cart", machine);
        assert_eq!(fetched(&world, &message, None).await["result"], "ignored", "{message}");
        assert_eq!(world.table.reply(&format!("discord#290/{id}")).await.unwrap(), None);
    }
    // Replies to others, and to a message of ours that is about no ticket.
    for (id, other) in [
        ("905", json!({"referenced_message": {"id": "801", "author": {"id": "666"}}})),
        ("906", json!({"referenced_message": {"id": "802", "author": {"id": "128", "bot": true}}})),
    ] {
        let message = written(id, "175", "Rename the cart", other);
        assert_eq!(fetched(&world, &message, None).await["result"], "ignored", "{message}");
    }
    assert!(world.starts().is_empty());
}

#[tokio::test]
async fn a_mention_is_a_command_and_answered_where_it_was_written() {
    let world = with_thread().await;
    let status =
        written("900", "175", "<@128> status SHOP-1", json!({"type": 0, "referenced_message": null}));
    fetched(&world, &status, None).await;
    let told = world.table.reply("discord#290/900").await.unwrap().unwrap();
    assert_eq!(told.place, ReplyPlace::Thread { channel: "290".into(), thread: "900".into() });
    assert!(told.text.contains("SHOP"), "{}", told.text);
    let stop = written("901", "175", "<@128> stop", json!({}));
    fetched(&world, &stop, None).await;
    let told = world.table.reply("discord#290/901").await.unwrap().unwrap();
    assert!(told.text.replace('\\', "").contains("nothing is running on SHOP-1"), "{}", told.text);
}
