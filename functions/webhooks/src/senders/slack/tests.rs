use super::super::testing::{Vocabulary, check_any_delivery, headers};
use super::*;

const BOT: Bot<'_> = Bot { mention: "@ticketsmith", command: "/ticketsmith", account: Some("UBOT") };

fn parsed(content_type: &'static str, body: &str) -> Delivery {
    parse(&headers(&[("content-type", content_type)]), body.as_bytes(), &BOT).unwrap()
}

#[test]
fn whatever_arrives_is_read() {
    let vocabulary = Vocabulary {
        headers: &[
            &[("content-type", "application/json")],
            &[("content-type", "application/x-www-form-urlencoded")],
        ],
        names: &["type", "event", "user", "text", "channel", "event_id", "actions", "action_id", "value"],
        words: &["event_callback", "app_mention", "block_actions", "a b", "@ticketsmith revise"],
    };
    check_any_delivery(&SPEC, &vocabulary);
}

fn form(fields: &[(&str, &str)]) -> Delivery {
    parsed("application/x-www-form-urlencoded", &serde_urlencoded::to_string(fields).unwrap())
}

fn mention_by(user: &str) -> Delivery {
    mention_with(user, "<@UBOT> run SHOP-1", json!({}))
}

fn mention_with(user: &str, text: &str, more: Value) -> Delivery {
    let event = json!({"type": "app_mention", "user": user, "text": text, "channel": "C1", "ts": "1.2"});
    let mut body = json!({"type": "event_callback", "event_id": "Ev1", "event": event});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    parsed("application/json", &body.to_string())
}

/// The text of a mention and its command to the bot.
fn said(text: &str) -> (String, Option<String>) {
    match mention_with("U1", text, json!({})).meaning {
        Meaning::Events(mut events) => {
            let Received { event, words, .. } = events.remove(0);
            (event.fields["text"].as_str().unwrap().to_owned(), words)
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_challenge_is_handed_back() {
    let delivery = parsed("application/json", r#"{"type": "url_verification", "challenge": "abc"}"#);
    assert_eq!(delivery.meaning, Meaning::Handshake(json!({ "challenge": "abc" })));
}

#[test]
fn a_mention_carries_its_thread_and_words() {
    let delivery = mention_by("U1");
    assert_eq!(delivery.id, "Ev1");
    let Meaning::Events(events) = delivery.meaning else { panic!("no event") };
    assert_eq!(events[0].event.kind, MENTIONED);
    assert_eq!(events[0].event.fields["text"], "run SHOP-1");
    assert_eq!(events[0].event.fields["thread"], "1.2");
    let place = ReplyPlace::Thread { channel: "C1".into(), thread: "1.2".into() };
    assert_eq!(events[0].reply, Some(place));
    assert_eq!(mention_by("UBOT").meaning, Meaning::Ignored("the message is from a bot".into()));
}

#[test]
fn a_request_keeps_what_is_said_before_it() {
    let (_, words) = said("The total is &lt; 0.\n<@UBOT> revise SHOP-1 fix this");
    assert_eq!(
        words.as_deref(),
        Some("revise SHOP-1 fix this\n\n(earlier in the same message:)\n\nThe total is < 0.")
    );
    assert_eq!(said("Hi *<@UBOT>* approve SHOP-1").1.as_deref(), Some("approve SHOP-1"));
}

#[test]
fn a_command_knows_where_to_answer() {
    let delivery = form(&[
        ("command", "/ticketsmith"),
        ("text", " run SHOP-1 "),
        ("user_id", "U1"),
        ("channel_id", "C1"),
        ("channel_name", "shop-dev"),
        ("response_url", "https://hooks.slack.com/commands/1"),
        ("trigger_id", "T1"),
    ]);
    assert_eq!(delivery.id, "T1");
    let Meaning::SlashCommand(event) = delivery.meaning else { panic!("no command") };
    assert_eq!(event.fields["text"], "run SHOP-1");
    assert_eq!((&event.fields["channel"], &event.fields["channel_name"]), (&json!("C1"), &json!("shop-dev")));
    assert_eq!(event.fields["response_url"], "https://hooks.slack.com/commands/1");
    assert_eq!(event.actor.unwrap().id, "U1");
    assert_eq!(form(&[("ssl_check", "1")]).meaning, Meaning::Ping);
    assert!(matches!(form(&[("command", "/other"), ("user_id", "U1")]).meaning, Meaning::Ignored(_)));
}

#[test]
fn a_button_names_its_action_and_who_pressed_it() {
    let payload = json!({"type": "block_actions", "trigger_id": "T1", "user": {"id": "U1"},
        "response_url": "https://hooks.slack.com/actions/1",
        "actions": [{"action_id": "approve", "value": "x"}]});
    let delivery = form(&[("payload", &payload.to_string())]);
    let Meaning::Button(Button { action, value, actor, reply, .. }) = delivery.meaning else {
        panic!("no button")
    };
    assert_eq!((action.as_str(), value.as_str(), actor.id.as_str()), ("approve", "x", "U1"));
    assert_eq!(reply, Some(ReplyPlace::Address { address: "https://hooks.slack.com/actions/1".into() }));
}

#[test]
fn an_edited_mention_is_no_new_one() {
    let event = json!({"type": "app_mention", "user": "U1", "text": "<@UBOT> run SHOP-1", "channel": "C1", "ts": "1.2",
        "edited": {"user": "U1", "ts": "3.4"}});
    let meaning = mention_with("U1", "", json!({ "event": event })).meaning;
    assert!(matches!(&meaning, Meaning::Ignored(reason) if reason.contains("edited")), "{meaning:?}");
}

#[test]
fn what_is_said_to_the_bot_is_understood() {
    for text in [
        "<@UBOT>: stop SHOP-1",
        "<@UBOT>, stop SHOP-1",
        "Hi <@UBOT|ticketsmith> stop SHOP-1",
        "&gt; is it at work?\n<@UBOT> please stop SHOP-1",
        "Enough. <@UBOT> stop SHOP-1",
    ] {
        assert_eq!(said(text), ("stop SHOP-1".to_owned(), Some("stop SHOP-1".to_owned())), "{text}");
    }
    let other = "<@U2> stop SHOP-1, or ask <@UBOT> to";
    assert_eq!(said(other), ("<@U2> stop SHOP-1, or ask @ticketsmith to".to_owned(), None));
}

#[test]
fn slack_says_who_the_bot_is() {
    let authorizations = json!({"authorizations": [{"user_id": "U7", "is_bot": true}]});
    let body = |user: &str| mention_with(user, "<@U7> stop SHOP-1", authorizations.clone()).meaning;
    let Meaning::Events(events) = body("U1") else { panic!("no event") };
    assert_eq!(events[0].words.as_deref(), Some("stop SHOP-1"));
    assert_eq!(body("U7"), Meaning::Ignored("the message is from a bot".into()));
    let nobody = Bot { account: None, ..BOT };
    assert_eq!(named("<@U9> stop", &nobody), "@ticketsmith stop", "it is the only one who is mentioned");
    assert_eq!(named("<@U2> tell <@U9>", &nobody), "<@U2> tell <@U9>");
}

#[test]
fn words_are_as_they_were_typed() {
    let typed = "tell SHOP-1 use Vec<String> && &lt;";
    let sent = "tell SHOP-1 use Vec&lt;String&gt; &amp;&amp; &amp;lt;";
    assert_eq!(said(&format!("<@UBOT> {sent}")), (typed.to_owned(), Some(typed.to_owned())));
    let Meaning::SlashCommand(event) =
        form(&[("command", "/ticketsmith"), ("text", sent), ("user_id", "U1")]).meaning
    else {
        panic!("no command")
    };
    assert_eq!(event.fields["text"], typed);
    let replied = in_thread_as(None, sent);
    assert_eq!(replied.words.as_deref(), Some(typed));
    assert_eq!(replied.event.fields["text"], typed);
}

#[test]
fn what_is_said_with_a_file_counts_and_what_tells_of_changes_does_not() {
    for subtype in ["file_share", "me_message", "thread_broadcast"] {
        assert_eq!(
            in_thread_as(Some(subtype), "Name it well").words.as_deref(),
            Some("Name it well"),
            "{subtype}"
        );
    }
    for subtype in ["message_changed", "message_deleted", "bot_message", "channel_join", "tombstone"] {
        let meaning = thread_meaning(Some(subtype), "Name it well");
        assert!(matches!(meaning, Meaning::Ignored(_)), "{subtype}: {meaning:?}");
    }
}

#[test]
fn a_private_channel_has_threads_as_well() {
    let event = json!({"type": "message", "channel_type": "group", "user": "U1", "text": "Name it well", "channel": "G8PSS9T3V",
        "ts": "3.4", "thread_ts": "1.2"});
    let Meaning::InThread(received) = mention_with("U1", "", json!({ "event": event })).meaning else {
        panic!("no reply")
    };
    let place = ReplyPlace::Thread { channel: "G8PSS9T3V".into(), thread: "1.2".into() };
    assert_eq!((received.words.as_deref(), received.reply), (Some("Name it well"), Some(place)));
}

#[test]
fn what_is_uploaded_with_a_reply_is_linked() {
    let uploaded = |text: &str| {
        let files = json!([
            {"id": "F0S43PZDF1", "name": "till.png", "permalink": "https://acme.slack.com/files/U1/F0S43PZDF1/till.png"}, 7,
        ]);
        let event = json!({"type": "message", "subtype": "file_share", "user": "U1", "text": text, "channel": "C1",
            "ts": "1.3", "thread_ts": "1.2", "files": files});
        let body = json!({"type": "event_callback", "event_id": "Ev1", "event": event}).to_string();
        let Meaning::InThread(received) = parsed("application/json", &body).meaning else {
            panic!("no reply")
        };
        let fields = received.event.fields;
        (received.words.unwrap(), fields["uploads"].clone(), fields["text"].clone())
    };
    let uploads = "Uploaded with this: [till.png](https://acme.slack.com/files/U1/F0S43PZDF1/till.png)";
    let text = format!("Like this\n\n{uploads}");
    assert_eq!(uploaded("Like this"), ("Like this".to_owned(), json!(uploads), json!(text)));
    // A picture says something without words, but only to an agent at work.
    assert_eq!(uploaded(" "), (format!("tell {uploads}"), Value::Null, json!(uploads)));
}

#[test]
fn what_is_uploaded_with_a_mention_belongs_to_no_command() {
    let files = json!([{"id": "F0S43PZDF1", "name": "till.png"}]);
    let event = json!({"type": "app_mention", "user": "U1", "text": "<@UBOT> status", "channel": "C1", "ts": "1.2",
        "files": files});
    let Meaning::Events(events) = mention_with("U1", "", json!({ "event": event })).meaning else {
        panic!("no event")
    };
    assert_eq!(events[0].words.as_deref(), Some("status"));
    let uploads = "Uploaded with this: [till.png](https://slack.com/files/U1/F0S43PZDF1)";
    assert_eq!(events[0].event.fields["uploads"], uploads);
    assert_eq!(events[0].event.fields["text"], format!("status\n\n{uploads}"));
}

/// A picture turns neither thanks into a request nor a command into a sentence.
#[test]
fn praise_and_commands_with_a_picture_stay_what_they_are() {
    let words = |kind: &str, text: &str| {
        let event = json!({"type": kind, "subtype": "file_share", "user": "U1", "text": text, "channel": "C1", "ts": "1.3",
            "thread_ts": "1.2", "files": [{"id": "F0S43PZDF1", "name": "till.png"}]});
        let body = json!({"type": "event_callback", "event_id": "Ev1", "event": event}).to_string();
        match parsed("application/json", &body).meaning {
            Meaning::InThread(received) => received.words,
            Meaning::Events(mut events) => events.remove(0).words,
            other => panic!("{other:?}"),
        }
    };
    for said in ["Looks great, thanks!", "Danke sch\u{f6}n", "approve", "stop SHOP-1", "aprove it", "status"]
    {
        assert_eq!(words("message", said).as_deref(), Some(said));
        assert_eq!(words("app_mention", &format!("<@UBOT> {said}")).as_deref(), Some(said));
    }
}

fn thread_meaning(subtype: Option<&str>, text: &str) -> Meaning {
    let event = json!({"type": "message", "subtype": subtype, "user": "U1", "text": text, "channel": "C1", "ts": "3.4",
        "thread_ts": "1.2"});
    mention_with("U1", "", json!({ "event": event })).meaning
}

fn in_thread_as(subtype: Option<&str>, text: &str) -> Received {
    match thread_meaning(subtype, text) {
        Meaning::InThread(received) => *received,
        other => panic!("{other:?}"),
    }
}
