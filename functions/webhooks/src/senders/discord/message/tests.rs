use super::*;
use crate::senders::discord::SPEC;
use crate::senders::testing::{Vocabulary, check_any_delivery};

const BOT: Bot<'_> = Bot { mention: "@ticketsmith", command: "/ticketsmith", account: None };

/// A message of ada's in a channel, with these fields.
fn written(more: Value) -> Value {
    let mut message = json!({
        "id": "900", "type": 0, "channel_id": "290", "author": {"id": "175", "username": "ada"}, "content": "<@128> run SHOP-1",
        "timestamp": "2026-11-22T10:00:00.123000+00:00", "edited_timestamp": null, "attachments": [],
    });
    message.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    message
}

fn delivery_in(place: Value, more: Value) -> Delivery {
    let event = json!({"t": "MESSAGE_CREATE", "d": written(more), "own_account": "128", "place": place});
    parse(event.to_string().as_bytes(), &BOT).unwrap()
}

fn meaning_of(more: Value) -> Meaning {
    delivery_in(json!({"channel": "290", "channel_name": "shop-dev", "thread": null}), more).meaning
}

fn mention_of(more: Value) -> Received {
    match meaning_of(more) {
        Meaning::Events(mut events) => events.remove(0),
        other => panic!("{other:?}"),
    }
}

fn said_in_thread(place: Value, more: Value) -> Received {
    match delivery_in(place, more).meaning {
        Meaning::InThread(received) => *received,
        other => panic!("{other:?}"),
    }
}

/// A reply to a message of an account.
fn reply_to(author: &str, text: &str) -> Value {
    json!({"type": 19, "content": text, "referenced_message": {"id": "800", "author": {"id": author, "bot": true}}})
}

#[test]
fn whatever_arrives_is_read() {
    let vocabulary = Vocabulary {
        headers: &[&[("content-type", "application/json")]],
        names: &[
            "t",
            "d",
            "id",
            "type",
            "channel_id",
            "author",
            "bot",
            "content",
            "timestamp",
            "attachments",
            "filename",
            "url",
            "referenced_message",
            "own_account",
            "place",
            "channel",
            "thread",
        ],
        words: &["MESSAGE_CREATE", "<@128> run SHOP-1", "128", "290"],
    };
    check_any_delivery(&SPEC, &vocabulary);
}

#[test]
fn a_mention_carries_its_place_and_words() {
    let place = json!({"channel": "290", "channel_name": "shop-dev", "thread": null});
    assert_eq!(delivery_in(place, json!({})).id, "290/900");
    let Received { event, words, reply, .. } = mention_of(json!({}));
    assert_eq!((&event.kind, words.as_deref()), (&MENTIONED, Some("run SHOP-1")));
    for (name, value) in [
        ("text", "run SHOP-1"),
        ("channel", "290"),
        ("channel_name", "shop-dev"),
        ("thread", "900"),
        ("message", "900"),
        ("said_at", "2026-11-22T10:00:00.123Z"),
    ] {
        assert_eq!(event.fields[name], value, "{name}");
    }
    assert_eq!(reply, Some(ReplyPlace::Thread { channel: "290".into(), thread: "900".into() }));
    let actor = event.actor.unwrap();
    assert_eq!((actor.id.as_str(), actor.display_name.as_deref()), ("175", Some("ada")));
}

#[test]
fn what_is_said_to_the_bot_is_understood() {
    for text in
        ["<@!128> stop SHOP-1", "Hi <@128>, please stop SHOP-1", "> is it at work?\n<@128> stop SHOP-1"]
    {
        assert_eq!(mention_of(json!({"content": text})).words.as_deref(), Some("stop SHOP-1"), "{text}");
    }
    assert_eq!(mention_of(json!({"content": "<@5> ask <@128> to stop SHOP-1"})).words, None);
    assert_eq!(mention_of(json!({"content": "`<@128> stop SHOP-1` is how"})).words, None);
}

#[test]
fn a_reply_to_a_message_of_ours_is_about_it() {
    let place = || json!({"channel": "290", "channel_name": "shop-dev", "thread": null});
    let Received { event, words, reply, .. } = said_in_thread(place(), reply_to("128", "Name it well"));
    assert_eq!((&event.kind, words.as_deref()), (&REPLIED, Some("Name it well")));
    assert_eq!(reply, Some(ReplyPlace::Thread { channel: "290".into(), thread: "800".into() }));
    // With a mention, it is a command for the same thread.
    let mention = mention_of(reply_to("128", "<@128> stop"));
    assert_eq!((&mention.event.fields["thread"], mention.words.as_deref()), (&json!("800"), Some("stop")));
    for other in [reply_to("5", "Name it well"), json!({"content": "Name it well"})] {
        assert_eq!(meaning_of(other), Meaning::Ignored("the message is not for the bot".into()));
    }
    assert!(matches!(meaning_of(reply_to("128", "<@5> look at it")), Meaning::Ignored(_)));
}

#[test]
fn a_message_in_a_thread_is_about_the_message_that_it_began_on() {
    let place = || json!({"channel": "290", "channel_name": "shop-dev", "thread": "800"});
    let said = json!({"channel_id": "800", "content": "Name it well"});
    let Received { event, reply, .. } = said_in_thread(place(), said);
    assert_eq!(event.delivery, "800/900");
    assert_eq!(reply, Some(ReplyPlace::Thread { channel: "290".into(), thread: "800".into() }));
    assert_eq!(event.fields["message"], "800/900", "a thread is a channel of its own");
    let mention = delivery_in(place(), json!({"channel_id": "800", "content": "<@128> stop"})).meaning;
    let Meaning::Events(events) = mention else { panic!("no mention") };
    assert_eq!(
        (&events[0].event.fields["channel"], &events[0].event.fields["thread"]),
        (&json!("290"), &json!("800"))
    );
}

#[test]
fn machines_changes_and_silence_start_nothing() {
    for machine in [
        json!({"author": {"id": "5", "bot": true}}),
        json!({"author": {"id": "128"}}),
        json!({"author": {"id": "5", "system": true}}),
        json!({"webhook_id": "5"}),
    ] {
        assert_eq!(
            meaning_of(machine.clone()),
            Meaning::Ignored("the message is from a bot".into()),
            "{machine}"
        );
    }
    for other in [
        json!({"type": 7}),
        json!({"edited_timestamp": "2026-11-22T10:05:00+00:00"}),
        json!({"author": {}}),
        reply_to("128", ""),
    ] {
        assert!(matches!(meaning_of(other.clone()), Meaning::Ignored(_)), "{other}");
    }
    let deleted = json!({"t": "MESSAGE_DELETE", "d": {"id": "900", "channel_id": "290"}});
    let meaning = parse(deleted.to_string().as_bytes(), &BOT).unwrap().meaning;
    assert_eq!(meaning, Meaning::Ignored("Discord's event `MESSAGE_DELETE` is not used".into()));
}

#[test]
fn what_is_uploaded_with_a_message_is_linked() {
    let url = "https://cdn.discordapp.com/attachments/290/42/till.png?ex=1&is=2&hm=3";
    let files = json!([{"id": "42", "filename": "till.png", "url": url}, 7]);
    let uploads = format!("Uploaded with this: [till.png]({url})");
    let mut reply = reply_to("128", "Like this");
    reply["attachments"] = files.clone();
    let place = json!({"channel": "290", "channel_name": "shop-dev", "thread": null});
    let said = said_in_thread(place.clone(), reply.clone());
    assert_eq!((said.words.as_deref(), &said.event.fields["uploads"]), (Some("Like this"), &json!(uploads)));
    // A picture says something without words, but only to an agent at work.
    reply["content"] = "".into();
    assert_eq!(said_in_thread(place, reply).words, Some(format!("tell {uploads}")));
    let status = mention_of(json!({"content": "<@128> status", "attachments": files}));
    assert_eq!((status.words.as_deref(), &status.event.fields["uploads"]), (Some("status"), &json!(uploads)));
}
