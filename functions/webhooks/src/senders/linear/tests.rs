use super::super::testing::{Published, Vocabulary, check_any_delivery, check_signature};
use super::*;

const BOT: Bot<'_> = Bot { mention: "@ticketsmith", command: "/ticketsmith", account: Some("bot-1") };

/// Linear publishes no vector; its SDK accepts this one (`shared/simulators/tests/it/verifiers.rs`).
fn published() -> Published {
    Published {
        secret: "lin_wh_0123456789abcdef",
        headers: vec![(SIGNATURE, "0a9f09b03d7b289d5277e74a7c679d280f17c16e1bdb61e8977ff1f388848c07")],
        body: r#"{"action":"update","type":"Issue","data":{"identifier":"ENG-7"},"webhookTimestamp":1531420618000}"#,
        at: 1_531_420_618,
    }
}

fn delivery(payload: &Value) -> Delivery {
    parse(&HeaderMap::new(), payload.to_string().as_bytes(), &BOT).unwrap()
}

fn ignored(payload: &Value) -> String {
    match delivery(payload).meaning {
        Meaning::Ignored(reason) => reason,
        other => panic!("{other:?}"),
    }
}

fn events_of(payload: &Value) -> Vec<Received> {
    match delivery(payload).meaning {
        Meaning::Events(events) => events,
        other => panic!("{other:?}"),
    }
}

fn issue(action: &str, before: Value) -> Value {
    json!({
        "action": action, "type": "Issue", "createdAt": "2026-03-02T09:00:00.000Z", "webhookTimestamp": 1,
        "actor": {"id": "u-1", "type": "user", "name": "Ada"},
        "data": {
            "id": "i-1", "identifier": "ENG-7", "team": {"id": "t", "key": "ENG"},
            "labels": [{"id": "l-1", "name": "cart"}, {"id": "l-2", "name": "agent"}, {"id": "l-3", "name": "docs"}],
            "state": {"id": "s-2", "name": "In Progress"},
        },
        "updatedFrom": before,
    })
}

fn comment(body: &str) -> Value {
    json!({
        "action": "create", "type": "Comment", "createdAt": "2026-03-02T09:00:00.000Z",
        "actor": {"id": "u-1", "type": "user", "name": "Ada"},
        "data": {"id": "c-1", "body": body, "issue": {"id": "i-1", "identifier": "ENG-7", "team": {"key": "ENG"}}},
    })
}

#[test]
fn the_signature_is_believed_and_no_other() {
    check_signature(verify, &published());
}

#[test]
fn it_is_believed_for_a_minute() {
    let published = published();
    for (after, accepted) in [(0, true), (60, true), (61, false), (-60, true), (-61, false)] {
        let result = published.check_at(verify, published.at + after);
        assert_eq!(result.is_ok(), accepted, "{after}: {result:?}");
    }
}

#[test]
fn a_signed_body_without_a_time_is_refused() {
    let secret = SecretString::from("s");
    // The HMAC of `{}` with the key `s`.
    let signature = "143ca8d517ba1b181025d732b1cf275d90104fca57bb02a565542978aa18c4b6";
    let headers = super::super::testing::headers(&[(SIGNATURE, signature)]);
    let refused = verify(b"{}", &headers, &secret, Timestamp::UNIX_EPOCH).unwrap_err();
    assert_eq!(refused, SignatureError::StaleBody(SENT_AT));
}

#[test]
fn whatever_arrives_is_read() {
    let vocabulary = Vocabulary {
        headers: &[&[]],
        names: &[
            "action",
            "type",
            "actor",
            "id",
            "data",
            "identifier",
            "number",
            "url",
            "user",
            "creatorId",
            "botActor",
            "title",
            "labels",
            "name",
            "state",
            "team",
            "key",
            "body",
            "issue",
            "updatedFrom",
            "labelIds",
            "stateId",
            "webhookTimestamp",
            "createdAt",
        ],
        words: &[
            "update",
            "create",
            "Issue",
            "Comment",
            "ENG-7",
            "@ticketsmith revise",
            "https://linear.app/acme/issue/ENG-7#comment-1",
        ],
    };
    check_any_delivery(&SPEC, &vocabulary);
}

#[test]
fn each_newly_added_label_is_an_event() {
    let events = events_of(&issue("update", json!({"labelIds": ["l-1", "l-9"]})));
    let labels: Vec<_> =
        events.iter().map(|received| received.event.fields["label"].as_str().unwrap()).collect();
    assert_eq!(labels, ["agent", "docs"]);
    assert_ne!(events[0].event.delivery, events[1].event.delivery);
    let event = &events[0].event;
    assert_eq!(
        (event.kind.clone(), event.task_id.as_deref(), event.project.as_deref()),
        (LABELLED, Some("ENG-7"), Some("ENG"))
    );
    assert_eq!(event.actor.as_ref().unwrap().display_name.as_deref(), Some("Ada"));
    assert!(events[0].reply.is_some());
}

#[test]
fn a_status_is_an_event_when_it_changed() {
    let events = events_of(&issue("update", json!({"stateId": "s-1", "sortOrder": 1.5})));
    assert_eq!((events.len(), &events[0].event.kind), (1, &TRANSITIONED));
    assert_eq!(events[0].event.fields["to"], "In Progress");
}

#[test]
fn a_new_ticket_has_labels_and_a_status() {
    let kinds: Vec<_> =
        events_of(&issue("create", Value::Null)).into_iter().map(|received| received.event.kind).collect();
    assert_eq!(kinds, [LABELLED, LABELLED, LABELLED, TRANSITIONED, CREATED]);
}

#[test]
fn a_delivery_that_is_sent_again_is_the_same() {
    let mut again = issue("update", json!({"stateId": "s-1"}));
    let first = delivery(&again).id;
    again["webhookTimestamp"] = 60_001.into();
    assert_eq!(delivery(&again).id, first);
    again["createdAt"] = "2026-03-02T09:00:01.000Z".into();
    assert_ne!(delivery(&again).id, first);
}

#[test]
fn a_ticket_is_known_by_its_team_and_number_or_by_its_page() {
    let named = |by: Value| {
        let mut payload = issue("update", json!({"stateId": "s-1"}));
        payload["data"].as_object_mut().unwrap().shift_remove("identifier");
        payload["data"].as_object_mut().unwrap().shift_remove("team");
        let data = payload["data"].as_object_mut().unwrap();
        data.extend(by["data"].as_object().cloned().unwrap_or_default());
        payload["url"] = by["url"].clone();
        delivery(&payload).meaning
    };
    let page = "https://linear.app/acme/issue/ENG-12/a-title";
    for (by, expected) in [
        (json!({"data": {"number": 12, "team": {"key": "ENG"}}}), Some("ENG-12")),
        (json!({"data": {"number": 12}, "url": page}), Some("ENG-12")),
        (json!({"url": "https://linear.app/acme/issue/ENG-12#comment-c7"}), Some("ENG-12")),
        (json!({"url": "https://linear.app/acme/issue/ENG-12"}), Some("ENG-12")),
        (json!({"url": "https://linear.app/acme/document/ENG-12"}), None),
        (json!({"url": "https://linear.app/acme/issue/new"}), None),
        (json!({"url": "https://linear.app/acme/issue/-1"}), None),
        (json!({"url": "https://other.example/acme/issue/ENG-12"}), None),
        (json!({"data": {"number": 12}}), None),
    ] {
        match (named(by.clone()), expected) {
            (Meaning::Events(events), Some(key)) => {
                let event = &events[0].event;
                assert_eq!(
                    (event.task_id.as_deref(), event.project.as_deref()),
                    (Some(key), Some("ENG")),
                    "{by}"
                );
            }
            (Meaning::Ignored(reason), None) => assert!(reason.contains("name a ticket"), "{by}: {reason}"),
            (other, _) => panic!("{by}: {other:?}"),
        }
    }
}

#[test]
fn without_an_actor_it_was_the_author_or_the_creator() {
    let actor = |payload: &Value| events_of(payload)[0].event.actor.clone().map(|actor| actor.id);
    let mut said = comment("@ticketsmith plan it");
    said["actor"] = Value::Null;
    said["data"]["user"] = json!({"id": "u-2", "name": "Grace"});
    assert_eq!(actor(&said).as_deref(), Some("u-2"));
    let mut made = issue("create", Value::Null);
    made["actor"] = Value::Null;
    made["data"]["creatorId"] = "u-3".into();
    assert_eq!(actor(&made).as_deref(), Some("u-3"));
    made["action"] = "update".into();
    made["updatedFrom"] = json!({"stateId": "s-1"});
    assert_eq!(actor(&made), None, "who changed a ticket is not who created it");
    said["data"]["user"]["id"] = BOT.account.unwrap().into();
    assert_eq!(ignored(&said), "the bot did it itself");
}

#[test]
fn a_comment_is_the_same_whichever_webhook_tells_of_it() {
    let mut said = comment("@ticketsmith plan it");
    said["webhookId"] = "w-1".into();
    let first = events_of(&said).remove(0).event.delivery;
    said["webhookId"] = "w-2".into();
    assert_eq!(events_of(&said).remove(0).event.delivery, first);
    said["data"]["id"] = "c-2".into();
    assert_ne!(events_of(&said).remove(0).event.delivery, first);
    assert!(events_of(&said)[0].reply.is_some());
    said["data"]["botActor"] = json!({"id": "b-1", "type": "github"});
    assert_eq!(events_of(&said)[0].reply, None, "an integration could answer in turn");
}

#[test]
fn whoever_changes_a_ticket_that_an_integration_created_is_answered() {
    let is_answered = |action: &str| {
        let mut payload = issue(action, json!({"labelIds": ["l-1"]}));
        payload["data"]["botActor"] = json!({"id": "b-1", "type": "slack"});
        events_of(&payload)[0].reply.is_some()
    };
    assert!(is_answered("update"));
    assert!(!is_answered("create"), "an integration could answer in turn");
}

#[test]
fn words_that_are_what_they_were_are_not_edited() {
    let update = |data: Value, before: Value| {
        let mut payload = issue("update", before);
        payload["data"].as_object_mut().unwrap().extend(data.as_object().unwrap().clone());
        delivery(&payload).meaning
    };
    for (data, before, is_edited) in [
        (json!({}), json!({"title": null, "description": null}), false),
        (json!({"description": ""}), json!({"description": null, "descriptionData": null}), false),
        (json!({"title": "A", "description": "b"}), json!({"title": "A", "description": "b"}), false),
        (json!({"title": "A"}), json!({"title": "B"}), true),
        (json!({"description": null}), json!({"description": "b"}), true),
    ] {
        let meaning = update(data.clone(), before.clone());
        let edited = matches!(&meaning, Meaning::Events(events) if events[0].event.kind == EDITED);
        assert_eq!(edited, is_edited, "{data} {before}: {meaning:?}");
    }
}

#[test]
fn what_nobody_waits_for_is_ignored() {
    let mut ours = issue("update", json!({"stateId": "s-1"}));
    ours["actor"]["id"] = "BOT-1".into();
    assert_eq!(ignored(&ours), "the bot did it itself");
    assert!(ignored(&issue("update", json!({"priority": 1}))).contains("neither status nor text changed"));
    for edited in [json!({"title": "x"}), json!({"description": "x"}), json!({"descriptionData": "x"})] {
        let events = events_of(&issue("update", edited));
        assert_eq!((events.len(), &events[0].event.kind), (1, &EDITED));
    }
    assert!(ignored(&issue("remove", Value::Null)).contains("`Issue remove` is not used"));
    assert!(
        ignored(&json!({"action": "create", "type": "Comment", "data": {"body": "x"}}))
            .contains("name a ticket")
    );
    let mut machine = issue("update", json!({"stateId": "s-1"}));
    machine["actor"]["type"] = "integration".into();
    assert_eq!(events_of(&machine)[0].reply, None);
}

#[test]
fn a_comment_that_mentions_the_bot_is_an_event() {
    for body in ["@ticketsmith plan it", "hello\n\nhttps://linear.app/acme/profiles/ticketsmith plan it"] {
        let events = events_of(&comment(body));
        assert_eq!((events.len(), &events[0].event.kind), (1, &COMMENTED), "{body}");
        assert_eq!(events[0].event.fields["text"], "plan it", "as other trackers tell it");
        assert_eq!(events[0].words.as_deref(), Some("plan it"), "{body}");
    }
    assert!(ignored(&comment("@ticketsmith-dev plan")).contains("does not mention"));
    assert!(ignored(&comment("https://linear.app/acme/profiles/ada plan")).contains("does not mention"));
    assert!(ignored(&comment("> @ticketsmith plan")).contains("does not mention"));
    let mut wordless = comment("");
    for body in [json!(null), json!({"type": "doc"})] {
        wordless["data"]["body"] = body;
        assert!(ignored(&wordless).contains("does not mention"), "it is no new ticket: {wordless}");
    }
}
