use super::*;
use crate::senders::testing::{Published, Vocabulary, check_any_delivery, check_signature};

const BOT: Bot<'_> = Bot { mention: "@ticketsmith", command: "/ticketsmith", account: Some("bot-1") };

fn meaning_of(payload: Value) -> Meaning {
    parse(&HeaderMap::new(), payload.to_string().as_bytes(), &BOT).unwrap().meaning
}

#[test]
fn the_published_signature_is_believed_and_no_other() {
    let published = Published {
        secret: "It's a Secret to Everybody",
        headers: vec![(
            "x-hub-signature",
            "sha256=a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9",
        )],
        body: "Hello World!",
        at: 1_531_420_618,
    };
    check_signature(verify, &published);
}

#[test]
fn whatever_arrives_is_read() {
    let vocabulary = Vocabulary {
        headers: &[&[]],
        names: &[
            "webhookEvent",
            "user",
            "accountId",
            "issue",
            "key",
            "fields",
            "project",
            "changelog",
            "items",
            "field",
            "fromString",
            "toString",
            "comment",
            "author",
            "body",
        ],
        words: &["jira:issue_updated", "comment_created", "labels", "status", "a b", "@ticketsmith revise"],
    };
    check_any_delivery(&SPEC, &vocabulary);
}

#[test]
fn what_is_no_delivery_is_told_from_what_is_not_for_us() {
    for (body, expected) in [
        (&b"{"[..], true),
        (b"", true),
        (b"[]", true),
        (b"[\"jira:issue_updated\"]", true),
        (b"null", true),
        (b"\xff", true),
        (b"{\"webhookEvent\": 1, \"x\": }", true),
        (b"{\"webhookEvent\": 1}", false),
        (b"{\"webhookEvent\": \"jira:version_released\"}", false),
        (b" {}", false),
    ] {
        let result = parse(&HeaderMap::new(), body, &BOT);
        assert_eq!(result.is_err(), expected, "{}", String::from_utf8_lossy(body));
        if let Ok(delivery) = result {
            assert!(matches!(delivery.meaning, Meaning::Ignored(_)));
        }
    }
}

fn updated(user: &str, items: Value) -> Value {
    json!({
        "webhookEvent": "jira:issue_updated",
        "user": {"accountId": user, "displayName": "Ada"},
        "issue": {"key": "SHOP-1", "fields": {"project": {"key": "SHOP"}}},
        "changelog": {"id": 7, "items": items},
    })
}

#[test]
fn each_newly_added_label_is_an_event() {
    let items = json!([{"field": "labels", "fromString": "old agent", "toString": "agent new docs"}]);
    let Meaning::Events(events) = meaning_of(updated("ada", items)) else { panic!("no events") };
    let labels: Vec<_> = events.iter().map(|event| event.fields["label"].as_str().unwrap()).collect();
    assert_eq!(labels, ["docs", "new"]);
    assert_ne!(events[0].delivery, events[1].delivery);
    assert_eq!(events[0].task_id.as_deref(), Some("SHOP-1"));
    assert_eq!(events[0].fields["project"], "SHOP");
    assert_eq!(events[0].actor.as_ref().unwrap().display_name.as_deref(), Some("Ada"));
}

#[test]
fn a_status_is_an_event_when_it_changed() {
    let items = json!([{"field": "status", "fromString": "To Do", "toString": "Ready for Agent"}]);
    let Meaning::Events(events) = meaning_of(updated("ada", items)) else { panic!("no events") };
    assert_eq!(events[0].kind, TRANSITIONED);
    assert_eq!(
        (&events[0].fields["from"], &events[0].fields["to"]),
        (&json!("To Do"), &json!("Ready for Agent"))
    );
}

#[test]
fn our_own_changes_and_removed_labels_are_ignored() {
    let added = json!([{"field": "labels", "fromString": "", "toString": "agent"}]);
    assert_eq!(meaning_of(updated("bot-1", added)), Meaning::Ignored("the bot did it itself".into()));
    let removed = json!([{"field": "labels", "fromString": "agent", "toString": ""}]);
    assert!(matches!(meaning_of(updated("ada", removed)), Meaning::Ignored(_)));
}

#[test]
fn a_comment_that_mentions_the_bot_is_an_event() {
    let comment = |body: &str| {
        json!({
            "webhookEvent": "comment_created",
            "issue": {"key": "SHOP-1"},
            "comment": {"body": body, "author": {"accountId": "ada"}},
        })
    };
    for body in ["@ticketsmith plan it", "hello [~accountid:bot-1] plan it"] {
        let Meaning::Events(events) = meaning_of(comment(body)) else { panic!("no events: {body}") };
        assert_eq!(events[0].kind, COMMENTED);
        assert!(events[0].fields["text"].as_str().unwrap().contains("@ticketsmith"));
    }
    assert!(matches!(meaning_of(comment("@ticketsmith-dev plan")), Meaning::Ignored(_)));
}

#[test]
fn recorded_deliveries_are_understood() {
    for (file, kind, field, value) in [
        ("jira-issue-labelled.json", LABELLED, "label", "sad"),
        ("jira-issue-transitioned.json", TRANSITIONED, "to", "In Progress"),
    ] {
        let Some(path) = test_inputs::sample("reading a recorded delivery of Jira", file) else {
            continue;
        };
        let body = std::fs::read(path).unwrap();
        let delivery = parse(&HeaderMap::new(), &body, &BOT).unwrap();
        let Meaning::Events(events) = delivery.meaning else { panic!("{file}: no events") };
        assert_eq!(events.len(), 1);
        assert_eq!((&events[0].kind, &events[0].fields[field]), (&kind, &json!(value)));
        assert_eq!(events[0].task_id.as_deref(), Some("TES-41"));
    }
}
