//! Slack over HTTP, against the simulator.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail by panicking; the lint knows only test functions"
)]

use domain::plugins::{Communication, Message, MessageBody, MessageButton};
use domain::{ActionError, ErrorKind};
use http_client::read_credentials;
use provider_slack::{SPEC, Slack};
use provider_testing::{Service, assert_contract, assert_described, mark, options, secret};
use serde_json::{Value, json};
use simulators::Simulation;
use simulators::delivery::Delivery;
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
    let body = MessageBody { text: text.into(), buttons: Vec::new() };
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

    let changed = MessageBody { text: "Done".into(), buttons: Vec::new() };
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
        let changed = MessageBody { text: text.into(), buttons: Vec::new() };
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
        let changed = MessageBody { text: "word ".repeat(700), buttons: Vec::new() };
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

/// Somebody uploads a file: its page, as Slack shows it with the message.
fn uploaded(simulation: &Simulation, channel: &str, file: &Value) -> String {
    let mention =
        json!({"kind": "slack-mention", "text": "see", "by": "ada", "channel": channel, "files": [file]});
    let body = simulation.act(&Delivery::new(mention).unwrap()).unwrap().body;
    let event: Value = serde_json::from_slice(&body).unwrap();
    event["event"]["files"][0]["permalink"].as_str().unwrap().to_owned()
}

/// The project's channel, as it is configured.
fn here() -> [String; 1] {
    ["#shop-dev".to_owned()]
}

#[tokio::test]
async fn a_file_of_another_public_channel_is_read_only_where_it_was_linked_there() {
    let mut world = provider_testing::built_in();
    let section = world.section_mut::<simulators::slack::World>("slack").unwrap();
    section.channels[1].bot_is_member = true;
    let simulation = provider_testing::start(world, None, None).await;
    let slack = slack(&simulation);
    let log = json!({"name": "salaries.txt", "text": "total 0"});
    let page = uploaded(&simulation, "random", &log);
    let file = &slack.files_in(&page)[0];
    for channels in [Vec::new(), here().to_vec()] {
        let error = slack.read_attachment(file, &channels, 100).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Rejected);
        assert!(error.message.contains("neither in the project's channel nor in the one"), "{error}");
    }
    assert!(!simulation.log().iter().any(|entry| entry.path.contains("/files-pri/")), "nor is it asked for");
    let both = [here().to_vec(), vec!["C061EG9T2".to_owned()]].concat();
    assert_eq!(slack.read_attachment(file, &both, 100).await.unwrap(), b"total 0");
}

#[tokio::test]
async fn a_channel_that_is_not_there_keeps_no_file_of_another_from_being_read() {
    let simulation = SLACK.simulation().await;
    let slack = slack(&simulation);
    let page = uploaded(&simulation, "shop-dev", &json!({"name": "till.log", "text": "total 0"}));
    let file = &slack.files_in(&page)[0];
    let channels = ["#gone".to_owned(), "shop-dev".to_owned()];
    for _ in 0..3 {
        assert_eq!(slack.read_attachment(file, &channels, 100).await.unwrap(), b"total 0");
    }
    let error = slack.read_attachment(file, &channels[..1], 100).await.unwrap_err();
    let says = |words: &str| error.message.contains(words);
    assert!(says("neither in the project's channel") && says("Slack has no channel `#gone`"), "{error}");
    let log = simulation.log();
    let listed = log.iter().filter(|entry| entry.path.ends_with("/conversations.list")).count();
    assert_eq!(listed, 1, "many files do not list the channels as often");
}

#[tokio::test]
async fn an_uploaded_file_is_read_from_a_public_channel() {
    let mut world = provider_testing::built_in();
    let section = world.section_mut::<simulators::slack::World>("slack").unwrap();
    section.channels[1].private = true;
    section.channels[1].bot_is_member = true;
    let simulation = provider_testing::start(world, None, None).await;
    let slack = slack(&simulation);
    let log = json!({"name": "Till log.txt", "text": "total 0"});
    let page = uploaded(&simulation, "shop-dev", &log);
    let files = slack.files_in(&format!("Look at [Till log.txt]({page})"));
    assert_eq!(files[0].name, "Till log.txt");
    assert_eq!(slack.read_attachment(&files[0], &here(), 100).await.unwrap(), b"total 0");
    let read = async |page: &str, most| {
        let files = slack.files_in(page);
        slack.read_attachment(&files[0], &here(), most).await.unwrap_err()
    };
    let large = read(&page, 6).await;
    assert!(large.message.contains("has 7 bytes, and at most 6 are read"), "{large}");
    let deleted = uploaded(&simulation, "shop-dev", &json!({"name": "a.txt", "text": "x", "deleted": true}));
    let gone = read(&deleted, 100).await;
    assert!(gone.message.contains("it is gone"), "{gone}");
    let private = read(&uploaded(&simulation, "random", &log), 100).await;
    assert!(private.message.contains("in no public channel"), "{private}");
    for error in [large, gone, private] {
        assert_eq!(error.kind, ErrorKind::Rejected);
    }
    // The content was asked for once: what is known before is refused before.
    let contents = simulation.log().into_iter().filter(|entry| entry.path.contains("/files-pri/"));
    assert_eq!(contents.count(), 1);
}

#[tokio::test]
async fn without_the_scope_a_file_is_not_read_and_the_scope_is_named() {
    let mut world = provider_testing::built_in();
    let section = world.section_mut::<simulators::slack::World>("slack").unwrap();
    section.app.scopes.retain(|scope| scope != "files:read");
    let simulation = provider_testing::start(world, None, None).await;
    let slack = slack(&simulation);
    let page = uploaded(&simulation, "shop-dev", &json!({"name": "a.txt", "text": "x"}));
    let error = slack.read_attachment(&slack.files_in(&page)[0], &here(), 100).await.unwrap_err();
    assert!(error.kind == ErrorKind::Rejected && error.message.contains("missing_scope"), "{error}");
    let problems = slack.permission_problems(Some("#shop-dev"), "x", &Default::default()).await.unwrap();
    assert!(problems.iter().any(|problem| problem.permission == "files:read"), "{problems:?}");
}

#[tokio::test]
async fn a_file_is_read_from_slacks_own_hosts_with_the_token_and_from_no_other() {
    let simulation = SLACK.simulation().await;
    let slack = slack(&simulation);
    let page = uploaded(&simulation, "shop-dev", &json!({"name": "a.txt", "text": "x"}));
    let file = &slack.files_in(&page)[0];
    let info = |address: &str| {
        let file = json!({"channels": ["C012AB3CD"], "size": 1, "url_private_download": address});
        Fault { status: Some(200), body: Some(json!({"ok": true, "file": file})), ..Fault::default() }
    };
    for address in ["https://evil.example/files-pri/a", "https://files.slack.com.evil.example/a"] {
        SLACK.fault(&simulation, "/files.info$", info(address));
        let error = slack.read_attachment(file, &here(), 100).await.unwrap_err();
        assert!(error.message.contains("at a foreign address"), "{error}");
    }
    // A page in place of the content asks for a sign-in.
    let address = format!("{}/files-pri/T012AB3C4-F9999999999/download/a", simulation.url("slack"));
    for with in [
        Fault {
            status: Some(302),
            headers: [("location".into(), "https://acme.slack.com/".into())].into(),
            ..Fault::default()
        },
        Fault {
            status: Some(200),
            headers: [("content-type".into(), "text/html".into())].into(),
            ..Fault::default()
        },
    ] {
        SLACK.fault(&simulation, "/files.info$", info(&address));
        SLACK.fault(&simulation, "/files-pri/", with);
        let error = slack.read_attachment(file, &here(), 100).await.unwrap_err();
        assert!(error.message.contains("asks for a sign-in"), "{error}");
    }
    SLACK.fault(&simulation, "/files.info$", info(&address));
    let error = slack.read_attachment(file, &here(), 100).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Rejected, "{error}");
}
