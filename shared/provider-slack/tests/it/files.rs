//! Files that people upload.

use crate::{SLACK, slack};
use domain::ErrorKind;
use domain::plugins::{Communication, FileChannels};
use serde_json::{Value, json};
use simulators::Simulation;
use simulators::delivery::Delivery;
use simulators::fault::Fault;

/// Somebody uploads a file: its page, as Slack shows it with the message.
pub(crate) fn uploaded(simulation: &Simulation, channel: &str, file: &Value) -> String {
    let mention =
        json!({"kind": "slack-mention", "text": "see", "by": "ada", "channel": channel, "files": [file]});
    let body = simulation.act(&Delivery::new(mention).unwrap()).unwrap().body;
    let event: Value = serde_json::from_slice(&body).unwrap();
    event["event"]["files"][0]["permalink"].as_str().unwrap().to_owned()
}

/// The project's channel, as it is configured.
pub(crate) fn here() -> FileChannels {
    FileChannels { project: Some("#shop-dev".into()), said_in: None }
}

/// The same where the words were written in a channel.
pub(crate) fn said_in(channel: &str) -> FileChannels {
    FileChannels { said_in: Some(channel.into()), ..here() }
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
    for channels in [FileChannels::default(), here()] {
        let error = slack.read_attachment(file, &channels, 100).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Rejected);
        assert!(error.message.contains("neither in the project's channel nor in the one"), "{error}");
    }
    assert!(!simulation.log().iter().any(|entry| entry.path.contains("/files-pri/")), "nor is it asked for");
    assert_eq!(slack.read_attachment(file, &said_in("C061EG9T2"), 100).await.unwrap(), b"total 0");
}

#[tokio::test]
async fn a_channel_that_is_not_there_keeps_no_file_of_another_from_being_read() {
    let simulation = SLACK.simulation().await;
    let slack = slack(&simulation);
    let page = uploaded(&simulation, "shop-dev", &json!({"name": "till.log", "text": "total 0"}));
    let file = &slack.files_in(&page)[0];
    let gone = FileChannels { project: Some("#gone".into()), said_in: None };
    let channels = FileChannels { said_in: Some("shop-dev".into()), ..gone.clone() };
    for _ in 0..3 {
        assert_eq!(slack.read_attachment(file, &channels, 100).await.unwrap(), b"total 0");
    }
    let error = slack.read_attachment(file, &gone, 100).await.unwrap_err();
    let says = |words: &str| error.message.contains(words);
    assert!(says("neither in the project's channel") && says("Slack has no channel `#gone`"), "{error}");
    let log = simulation.log();
    let listed = log.iter().filter(|entry| entry.path.ends_with("/conversations.list")).count();
    assert_eq!(listed, 1, "many files do not list the channels as often");
}

#[tokio::test]
async fn an_uploaded_file_is_read_from_a_public_channel() {
    let simulation = SLACK.simulation().await;
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
    let direct = json!({"ok": true, "file": {"channels": [], "groups": [], "ims": ["D012AB3CD"], "size": 7}});
    SLACK.fault(
        &simulation,
        "/files.info$",
        Fault { status: Some(200), body: Some(direct), ..Fault::default() },
    );
    let direct = read(&page, 100).await;
    assert!(direct.message.contains("files of direct messages are not read"), "{direct}");
    for error in [large, gone, direct] {
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
