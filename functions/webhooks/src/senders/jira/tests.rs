use super::*;
use crate::senders::testing::{Published, Vocabulary, check_any_delivery, check_signature};
use std::collections::BTreeSet;

const BOT: Bot<'_> = Bot { mention: "@ticketsmith", command: "/ticketsmith", account: Some("bot-1") };

pub(super) fn meaning_of(payload: Value) -> Meaning {
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
fn a_rule_of_automation_shows_the_secret() {
    let secret = SecretString::from("It's a Secret to Everybody");
    let check = |headers: &[(&'static str, &'static str)]| {
        verify(b"Hello World!", &crate::senders::testing::headers(headers), &secret, Timestamp::UNIX_EPOCH)
    };
    assert_eq!(check(&[(SHOWN_SECRET, "It's a Secret to Everybody")]), Ok(()));
    for wrong in
        ["", "It's a Secret to Everybod", "It's a Secret to Everybody!", "it's a Secret to Everybody"]
    {
        assert_eq!(check(&[(SHOWN_SECRET, wrong)]), Err(SignatureError::Wrong(SHOWN_SECRET)), "{wrong}");
    }
    assert_eq!(check(&[]), Err(SignatureError::Missing(SIGNATURE)));
    // A wrong signature is not made up for.
    let signed = (SIGNATURE, "sha256=a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c8");
    let both = check(&[signed, (SHOWN_SECRET, "It's a Secret to Everybody")]);
    assert_eq!(both, Err(SignatureError::Wrong(SIGNATURE)));
    let flips = (0..secret.expose_secret().len() * 8).map(|bit| (bit / 8, 1u8 << (bit % 8)));
    for (at, bit) in flips {
        let mut shown = secret.expose_secret().as_bytes().to_vec();
        shown[at] ^= bit;
        let Ok(value) = axum::http::HeaderValue::from_bytes(&shown) else { continue };
        let headers = HeaderMap::from_iter([(axum::http::HeaderName::from_static(SHOWN_SECRET), value)]);
        assert!(verify(b"x", &headers, &secret, Timestamp::UNIX_EPOCH).is_err(), "byte {at}");
    }
}

#[test]
fn what_the_documentation_lets_a_rule_send_is_understood() {
    let payload = json!({
        "webhookEvent": "jira:issue_updated", "timestamp": 1_772_442_000_000_i64,
        "user": {"accountId": "ada", "displayName": "Ada"},
        "issue": {"key": "SHOP-1", "fields": {"project": {"key": "SHOP"}}},
        "changelog": {"items": [{"field": "labels", "fromString": "", "toString": "agent"}]},
    });
    let Meaning::Events(events) = meaning_of(payload) else { panic!("no events") };
    assert_eq!(labels_of(&events), ["agent"]);
}

#[test]
fn data_center_reports_a_comment_as_an_update() {
    let payload = |kind: &str| {
        json!({
            "webhookEvent": "jira:issue_updated", "issue_event_type_name": kind, "timestamp": 1_772_442_000_000_i64,
            "user": {"name": "ada", "displayName": "Ada"},
            "issue": {"key": "SHOP-1", "fields": {"project": {"key": "SHOP"}}},
            "comment": {"self": "https://jira.acme.example/rest/api/2/issue/10001/comment/7", "body": "[~bot-1] plan it",
                        "author": {"name": "ada", "displayName": "Ada"}},
        })
    };
    let Meaning::Events(events) = meaning_of(payload("issue_commented")) else { panic!("no events") };
    assert_eq!((events.len(), &events[0].event.kind), (1, &COMMENTED));
    assert_eq!(events[0].words.as_deref(), Some("plan it"));
    assert_eq!(events[0].event.actor.as_ref().unwrap().id, "ada");
    assert!(matches!(meaning_of(payload("issue_comment_edited")), Meaning::Ignored(_)));
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

pub(super) fn labels_of(events: &[Received]) -> Vec<&str> {
    events.iter().filter_map(|received| received.event.fields.get("label")?.as_str()).collect()
}

fn only_event(payload: Value) -> Received {
    match meaning_of(payload) {
        Meaning::Events(mut events) if events.len() == 1 => events.remove(0),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_odd_item_hides_no_other() {
    let items = json!([
        {"field": "Sprint", "from": 12, "fromString": null, "to": 13, "toString": 7},
        {"field": 7}, "odd", null, [],
        {"field": "labels", "fromString": 5, "toString": "ask"},
    ]);
    assert_eq!(only_event(updated("ada", items)).event.fields["label"], "ask");
}

#[test]
fn a_ticket_may_be_created_with_the_label_and_in_the_status() {
    let payload = json!({
        "webhookEvent": "jira:issue_created",
        "user": {"accountId": "ada", "displayName": "Ada"},
        "issue": {"key": "SHOP-9", "fields": {
            "project": {"key": "SHOP"}, "labels": ["agent", 7, "docs"], "status": {"name": "Ready for Agent"}}},
    });
    let Meaning::Events(events) = meaning_of(payload) else { panic!("no events") };
    assert_eq!(labels_of(&events), ["agent", "docs"]);
    assert_eq!(
        (&events[2].event.kind, &events[2].event.fields["to"]),
        (&TRANSITIONED, &json!("Ready for Agent"))
    );
    assert_eq!(events[3].event.kind, CREATED);
    let deliveries: BTreeSet<_> = events.iter().map(|received| &received.event.delivery).collect();
    assert_eq!(deliveries.len(), 4);
}

#[test]
fn what_a_new_ticket_has_is_told_once_and_is_no_change() {
    let payload = |fields: Value| {
        json!({
            "webhookEvent": "jira:issue_created", "user": {"accountId": "ada"}, "issue": {"key": "SHOP-9", "fields": fields},
            "changelog": {"items": [
                {"field": "description", "fromString": null, "toString": "What is wanted"},
                {"field": "labels", "fromString": "", "toString": "agent"},
                {"field": "status", "fromString": null, "toString": "To Do"}]},
        })
    };
    let Meaning::Events(events) =
        meaning_of(payload(json!({"labels": ["agent"], "status": {"name": "To Do"}})))
    else {
        panic!("no events")
    };
    let kinds: Vec<_> = events.iter().map(|received| &received.event.kind).collect();
    assert_eq!(kinds, [&LABELLED, &TRANSITIONED, &CREATED]);
    assert_eq!(only_event(payload(Value::Null)).event.kind, CREATED, "whatever else is said of it");
}

#[test]
fn a_comment_may_come_with_another_change() {
    let payload = |kind: Value, updated: &str| {
        json!({
            "webhookEvent": "jira:issue_updated", "issue_event_type_name": kind, "user": {"name": "ada"}, "issue": {"key": "SHOP-1"},
            "changelog": {"items": [{"field": "status", "fromString": "To Do", "toString": "Done"}]},
            "comment": {"body": "@ticketsmith status", "author": {"name": "ada"},
                        "created": "2026-11-22T10:00:00.000+0000", "updated": updated},
        })
    };
    for (kind, updated, expected) in [
        (json!("issue_generic"), "2026-11-22T10:00:00.000+0000", vec![TRANSITIONED, COMMENTED]),
        (Value::Null, "2026-11-22T10:00:00.000+0000", vec![TRANSITIONED, COMMENTED]),
        (Value::Null, "2026-11-22T10:05:00.000+0000", vec![TRANSITIONED]),
        (json!("issue_comment_edited"), "2026-11-22T10:00:00.000+0000", vec![TRANSITIONED]),
    ] {
        let Meaning::Events(events) = meaning_of(payload(kind.clone(), updated)) else { panic!("no events") };
        let kinds: Vec<_> = events.into_iter().map(|received| received.event.kind).collect();
        assert_eq!(kinds, expected, "{kind} {updated}");
    }
}

fn data_center_comment(event: &str, kind: &str) -> Value {
    let ada = json!({"name": "ada", "key": "JIRAUSER10100", "displayName": "Ada"});
    json!({
        "webhookEvent": event, "issue_event_type_name": kind, "user": ada, "issue": {"key": "SHOP-1"},
        "comment": {"self": "https://jira.acme.example/rest/api/2/issue/1/comment/9", "author": ada, "body": "[~bot-1] approve"},
    })
}

#[test]
fn data_center_reports_a_comment_as_an_update_and_perhaps_twice() {
    let received = only_event(data_center_comment("jira:issue_updated", "issue_commented"));
    assert_eq!((received.event.kind, received.words.as_deref()), (COMMENTED, Some("approve")));
    assert_eq!(received.event.actor.unwrap().id, "ada");
    let as_comment = only_event(data_center_comment("comment_created", ""));
    assert_eq!(as_comment.event.delivery, received.event.delivery);
    for kind in ["issue_comment_edited", "issue_comment_deleted"] {
        let meaning = meaning_of(data_center_comment("jira:issue_updated", kind));
        assert!(matches!(meaning, Meaning::Ignored(_)), "{kind}: {meaning:?}");
    }
}

#[test]
fn an_answer_is_as_restricted_as_what_it_answers() {
    let comment = |more: Value| {
        let mut comment = json!({"body": "@ticketsmith status", "author": {"accountId": "ada"}});
        comment.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let payload =
            json!({"webhookEvent": "comment_created", "issue": {"key": "SHOP-1"}, "comment": comment});
        match only_event(payload).reply {
            Some(ReplyPlace::Ticket { restriction, .. }) => restriction,
            other => panic!("{other:?}"),
        }
    };
    let visibility = json!({"type": "role", "value": "Developers"});
    let restricted = Restriction { readers: Some(visibility.clone()), internal: false };
    assert_eq!(comment(json!({ "visibility": visibility, "jsdPublic": true })), Some(restricted));
    assert_eq!(comment(json!({"jsdPublic": false})), Some(Restriction { readers: None, internal: true }));
    assert_eq!(comment(json!({"jsdPublic": true})), None);
}

#[test]
fn apps_are_not_answered() {
    let author = json!({"accountId": "a", "accountType": "app"});
    let comment = json!({"body": "@ticketsmith dance", "author": author});
    let payload = json!({"webhookEvent": "comment_created", "issue": {"key": "SHOP-1"}, "comment": comment});
    assert_eq!(only_event(payload).reply, None);
}

#[test]
fn a_mention_in_a_document_is_one() {
    let mention = |id: &str, name: &str| json!({"type": "mention", "attrs": {"id": id, "text": name}});
    let body = |mention: Value| {
        let content = json!([mention, {"type": "text", "text": " approve"}]);
        let document = json!({"type": "doc", "content": [{"type": "paragraph", "content": content}]});
        json!({"webhookEvent": "comment_created", "issue": {"key": "SHOP-1"},
            "comment": {"body": document, "author": {"accountId": "ada"}}})
    };
    for known in [mention("bot-1", "@Some Bot"), mention("other", "@Ticketsmith")] {
        assert_eq!(only_event(body(known)).words.as_deref(), Some("approve"));
    }
    assert!(matches!(meaning_of(body(mention("7c", "@Grace"))), Meaning::Ignored(_)));
}

#[test]
fn each_newly_added_label_is_an_event() {
    let items = json!([{"field": "labels", "fromString": "old agent", "toString": "agent new docs"}]);
    let Meaning::Events(events) = meaning_of(updated("ada", items)) else { panic!("no events") };
    assert_eq!(labels_of(&events), ["docs", "new"]);
    assert_ne!(events[0].event.delivery, events[1].event.delivery);
    assert_eq!(events[0].event.task_id.as_deref(), Some("SHOP-1"));
    assert_eq!(events[0].event.fields["project"], "SHOP");
    assert_eq!(events[0].event.actor.as_ref().unwrap().display_name.as_deref(), Some("Ada"));
}

#[test]
fn a_status_is_an_event_when_it_changed() {
    let items = json!([{"field": "status", "fromString": "To Do", "toString": "Ready for Agent"}]);
    let Meaning::Events(events) = meaning_of(updated("ada", items)) else { panic!("no events") };
    assert_eq!(events[0].event.kind, TRANSITIONED);
    assert_eq!(
        (&events[0].event.fields["from"], &events[0].event.fields["to"]),
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
        assert_eq!(events[0].event.kind, COMMENTED);
        assert_eq!(events[0].event.fields["text"], "plan it", "as other trackers tell it");
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
        assert_eq!((&events[0].event.kind, &events[0].event.fields[field]), (&kind, &json!(value)));
        assert_eq!(events[0].event.task_id.as_deref(), Some("TES-41"));
    }
}

#[test]
fn a_file_that_is_attached_changes_the_ticket() {
    let events = |from: Value, to: Value| {
        let item =
            json!({"field": "Attachment", "fieldId": "attachment", "fromString": from, "toString": to});
        meaning_of(json!({
            "webhookEvent": "jira:issue_updated", "timestamp": 1_772_442_000_000_i64,
            "user": {"accountId": "ada"}, "issue": {"key": "SHOP-1", "fields": {"project": {"key": "SHOP"}}},
            "changelog": {"items": [item]},
        }))
    };
    let Meaning::Events(attached) = events(Value::Null, json!("till.log")) else { panic!("no events") };
    assert_eq!((attached.len(), &attached[0].event.kind), (1, &EDITED));
    assert!(
        matches!(events(json!("till.log"), Value::Null), Meaning::Ignored(_)),
        "nobody is shown what is gone"
    );
}
