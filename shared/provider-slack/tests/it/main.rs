//! Slack over HTTP, against the simulator.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail by panicking; the lint knows only test functions"
)]

mod files;
mod private;

use domain::plugins::{Communication, Message, MessageBody, MessageButton};
use domain::{ActionError, ErrorKind};
use http_client::read_credentials;
use provider_slack::{SPEC, Slack};
use provider_testing::{Service, assert_contract, assert_described, mark, options, secret};
use serde_json::{Value, json};
use simulators::Simulation;
use simulators::fault::Fault;
use std::time::Duration;

const SLACK: Service = Service { name: "slack", descriptions: &[] };

fn slack(simulation: &Simulation) -> Slack {
    let settings = json!({"base_url": format!("{}/api", simulation.url("slack"))});
    let credentials =
        read_credentials("ticketsmith/slack", &secret(simulation, "ticketsmith/slack"), &SPEC.secret_forms())
            .unwrap();
    Slack::new(&serde_json::from_value(settings).unwrap(), credentials, &options()).unwrap()
}

fn message(channel: &str, text: &str) -> Message {
    let body = MessageBody { text: text.into(), buttons: Vec::new(), rest: None };
    Message { channel: channel.into(), thread: None, body }
}

fn messages(simulation: &Simulation) -> Vec<Value> {
    simulation.state()["slack"]["messages"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_message_is_sent_once_and_changed_in_place() {
    let simulation = SLACK.simulation().await;
    let slack = slack(&simulation);
    let mark_of_it = mark("run/SendMessage");
    assert_eq!(slack.find_message("#shop-dev", None, &mark_of_it).await.unwrap(), None);
    let mut first = message("#shop-dev", "**Plan** for <!channel>");
    first.body.buttons.push(MessageButton {
        label: "Approve".into(),
        action: "approve".into(),
        value: "token".into(),
        url: None,
    });
    let sent = slack.send_message(&first, &mark_of_it).await.unwrap();
    assert_eq!(sent.channel, "C012AB3CD");
    slack.send_message(&message("C012AB3CD", "another"), &mark("run/Other")).await.unwrap();
    assert_eq!(slack.find_message("#shop-dev", None, &mark_of_it).await.unwrap().as_ref(), Some(&sent));

    let changed = MessageBody { text: "Done".into(), buttons: Vec::new(), rest: None };
    slack.update_message(&sent, &changed, None).await.unwrap();
    assert_eq!(slack.find_message("shop-dev", None, &mark_of_it).await.unwrap().as_ref(), Some(&sent));
    let seen = messages(&simulation);
    let texts: Vec<_> = seen.iter().map(|message| message["text"].as_str().unwrap()).collect();
    assert_eq!(texts, ["Done", "another"]);
    assert_eq!(seen[0]["blocks"].as_array().unwrap().len(), 1, "the buttons are gone");
    assert_eq!(seen[0]["blocks"][0]["text"], json!({"type": "mrkdwn", "text": "Done", "verbatim": true}));
    assert_described(&simulation);
}

#[tokio::test]
async fn a_thread_is_answered_and_searched_by_itself() {
    let simulation = SLACK.simulation().await;
    let slack = slack(&simulation);
    let root = slack.send_message(&message("#shop-dev", "root"), &mark("root")).await.unwrap();
    let reply = Message { thread: Some(root.id.clone()), ..message("#shop-dev", "reply") };
    let sent = slack.send_message(&reply, &mark("reply")).await.unwrap();
    assert_eq!(slack.find_message("#shop-dev", Some(&root.id), &mark("reply")).await.unwrap(), Some(sent));
    assert_eq!(slack.find_message("#shop-dev", None, &mark("reply")).await.unwrap(), None);
}

#[tokio::test]
async fn a_person_is_answered_alone_and_without_the_token() {
    let simulation = SLACK.simulation().await;
    let slack = slack(&simulation);
    let error = slack.respond("http://hooks.example/x", "no").await.unwrap_err();
    assert_eq!(error.message, "Slack: the response_url is not an https address");
    let expired = format!("{}/commands/T1/1/x", simulation.url("slack"));
    let error = slack.respond(&expired, "no").await.unwrap_err();
    assert!(error.kind == ErrorKind::Rejected && error.message.contains("expired_url"), "{error}");
    let form = String::from_utf8(simulation.prepare("slack-command").unwrap().body).unwrap();
    let fields: Vec<(String, String)> = serde_urlencoded::from_str(&form).unwrap();
    let (_, address) = fields.iter().find(|(name, _)| name == "response_url").unwrap();
    slack.respond(address, "**you** may not").await.unwrap();
    let answered = &simulation.state()["slack"]["responses"][0]["body"];
    assert_eq!(answered["response_type"], "ephemeral", "{answered}");
    assert_eq!((&answered["text"], &answered["replace_original"]), (&json!("*you* may not"), &json!(false)));
}

#[tokio::test]
async fn a_reaction_is_added_once() {
    let simulation = SLACK.simulation().await;
    let slack = slack(&simulation);
    let sent = slack.send_message(&message("#shop-dev", "text"), &mark("m")).await.unwrap();
    slack.react(&sent, "eyes").await.unwrap();
    slack.react(&sent, "eyes").await.unwrap();
    assert_eq!(messages(&simulation)[0]["reactions"][0]["count"], 1);
}

#[tokio::test]
async fn refusals_say_what_to_do() {
    let simulation = SLACK.simulation().await;
    let slack = slack(&simulation);
    let error = slack.send_message(&message("#nowhere", "x"), &mark("m")).await.unwrap_err();
    assert!(error.kind == ErrorKind::Rejected && error.message.contains("`#nowhere`"), "{error}");
    let error = slack.send_message(&message("#random", "x"), &mark("m")).await.unwrap_err();
    assert!(error.message.contains("not_in_channel") && error.message.contains("/invite"), "{error}");

    let settings = json!({"base_url": format!("{}/api", simulation.url("slack"))});
    let credentials =
        read_credentials("ticketsmith/slack", &r#"{"bot_token": "hunter2"}"#.into(), &SPEC.secret_forms())
            .unwrap();
    let slack = Slack::new(&serde_json::from_value(settings).unwrap(), credentials, &options()).unwrap();
    let error = slack.send_message(&message("C012AB3CD", "x"), &mark("m")).await.unwrap_err();
    assert!(error.message.contains("invalid_auth") && !error.message.contains("hunter2"), "{error}");
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_not_waited_for() {
    let simulation = SLACK.simulation().await;
    SLACK.fault(&simulation, "/chat.postMessage$", Fault { delay_ms: 600_000, ..Fault::default() });
    let settings = json!({"base_url": format!("{}/api", simulation.url("slack"))});
    let secret = secret(&simulation, "ticketsmith/slack");
    let credentials = read_credentials("ticketsmith/slack", &secret, &SPEC.secret_forms()).unwrap();
    let options = options().request_timeout(Duration::from_millis(200));
    let slack = Slack::new(&serde_json::from_value(settings).unwrap(), credentials, &options).unwrap();
    let error = slack.send_message(&message("C012AB3CD", "x"), &mark("m")).await.unwrap_err();
    assert!(error.kind == ErrorKind::Unavailable && error.message.contains("within 0.2 s"), "{error}");
}

async fn failing(simulation: &Simulation, with: Fault) -> ActionError {
    SLACK.fault(simulation, "/chat.postMessage$", with);
    slack(simulation).send_message(&message("C012AB3CD", "x"), &mark("m")).await.unwrap_err()
}

#[tokio::test]
async fn refusals_mean_what_they_mean_everywhere() {
    assert_contract(async |with| failing(&SLACK.simulation().await, with).await).await;
}

#[tokio::test]
async fn faults_are_named_for_what_to_do_next() {
    let simulation = SLACK.simulation().await;
    let failing = async |with| failing(&simulation, with).await;
    let status = |status| Fault { status: Some(status), ..Fault::default() };
    let throttled = Fault { headers: [("retry-after".into(), "30".into())].into(), ..status(429) };
    let throttled = failing(throttled).await;
    assert_eq!(
        (throttled.kind, throttled.retry_after),
        (ErrorKind::Throttled, Some(Duration::from_secs(30)))
    );
    assert_eq!(failing(status(500)).await.kind, ErrorKind::Unavailable);
    assert_eq!(failing(Fault { truncated: true, ..Fault::default() }).await.kind, ErrorKind::Unavailable);
    let says = |code: &str| Fault { body: Some(json!({"ok": false, "error": code})), ..status(200) };
    assert_eq!(failing(says("internal_error")).await.kind, ErrorKind::Unavailable);
    assert_eq!(failing(says("ratelimited")).await.kind, ErrorKind::Throttled);
    assert_eq!(failing(says("is_archived")).await.kind, ErrorKind::Rejected);
}

#[tokio::test]
async fn a_message_whose_answer_was_lost_is_found() {
    let simulation = SLACK.simulation().await;
    let slack = slack(&simulation);
    SLACK.fault(
        &simulation,
        "/chat.postMessage$",
        Fault { truncated: true, after_effect: true, ..Fault::default() },
    );
    let mark = mark("run/SendMessage");
    let error = slack.send_message(&message("#shop-dev", "x"), &mark).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable);
    assert!(slack.find_message("#shop-dev", None, &mark).await.unwrap().is_some());
}

#[tokio::test]
async fn a_text_that_is_too_long_is_cut_and_sent_again() {
    let simulation = SLACK.simulation().await;
    let slack = slack(&simulation);
    let code = format!("before\n\n```python\n{}```\n", "größe = 1  # a line of code\n".repeat(500));
    let emoji = "😀".repeat(9_000);
    for text in [code.as_str(), emoji.as_str()] {
        let sent = slack.send_message(&message("#shop-dev", text), &mark(&text[..4])).await.unwrap();
        let changed = MessageBody { text: text.into(), buttons: Vec::new(), rest: None };
        slack.update_message(&sent, &changed, None).await.unwrap();
    }
    let updates = simulation.log().iter().filter(|entry| entry.path.ends_with("/chat.update")).count();
    assert_eq!(updates, 2, "a text that is cut well is not refused");
    for code in ["msg_too_long", "msg_blocks_too_long"] {
        let refused =
            Fault { status: Some(200), body: Some(json!({"ok": false, "error": code})), ..Fault::default() };
        SLACK.fault(&simulation, "/chat.postMessage$", refused.clone());
        let sent =
            slack.send_message(&message("#shop-dev", &"word ".repeat(500)), &mark(code)).await.unwrap();
        SLACK.fault(&simulation, "/chat.update$", refused);
        let changed = MessageBody { text: "word ".repeat(700), buttons: Vec::new(), rest: None };
        slack.update_message(&sent, &changed, None).await.unwrap();
    }
    for message in messages(&simulation) {
        let text = message["text"].as_str().unwrap();
        assert!(text.len() <= 4_000 && text.ends_with("… (cut)"), "{text}");
        let blocks = message["blocks"].as_array().unwrap();
        let blocks = blocks.iter().map(|block| block["text"]["text"].as_str().unwrap());
        for part in blocks.chain([text]) {
            assert_eq!(part.matches("```").count() % 2, 0, "{part}");
        }
    }
}

#[tokio::test]
async fn channels_are_listed_once_and_again_when_one_was_made_anew() {
    let simulation = SLACK.simulation().await;
    let slack = slack(&simulation);
    let listed =
        || simulation.log().iter().filter(|entry| entry.path.ends_with("/conversations.list")).count();
    for text in ["one", "two", "three"] {
        slack.send_message(&message("#shop-dev", text), &mark(text)).await.unwrap();
        slack.find_message("shop-dev", None, &mark(text)).await.unwrap().unwrap();
    }
    assert_eq!(listed(), 1);
    let gone = Fault {
        status: Some(200),
        body: Some(json!({"ok": false, "error": "channel_not_found"})),
        ..Fault::default()
    };
    SLACK.fault(&simulation, "/chat.postMessage$", gone);
    slack.send_message(&message("#shop-dev", "four"), &mark("four")).await.unwrap();
    assert_eq!((listed(), messages(&simulation).len()), (2, 4));
}

#[tokio::test]
async fn a_mark_counts_only_on_what_our_own_bot_posted() {
    let simulation = SLACK.simulation().await;
    let mark = mark("run/SendMessage");
    let sent = slack(&simulation).send_message(&message("#shop-dev", "x"), &mark).await.unwrap();
    // To another app, our message is one of somebody who copied its mark.
    let other = slack(&simulation);
    let body = json!({"ok": true, "user_id": "U0OTHER"});
    SLACK.fault(
        &simulation,
        "/auth.test$",
        Fault { status: Some(200), body: Some(body), ..Fault::default() },
    );
    assert_eq!(other.find_message("#shop-dev", None, &mark).await.unwrap(), None);
    let ours = slack(&simulation);
    for _ in 0..2 {
        assert_eq!(ours.find_message("#shop-dev", None, &mark).await.unwrap().as_ref(), Some(&sent));
    }
    let asked = simulation.log().into_iter().filter(|entry| entry.path.ends_with("/auth.test")).count();
    assert_eq!(asked, 2, "each client asks once who we are");
}
