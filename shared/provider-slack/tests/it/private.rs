//! Private channels.

use crate::files::{here, said_in, uploaded};
use crate::{message, slack};
use domain::ErrorKind;
use domain::plugins::{Communication, FileChannels, Message};
use provider_testing::mark;
use serde_json::json;
use simulators::Simulation;

/// A workspace in which the bot is a member of the private channel `random`, in an app without some scopes.
async fn with_private_channel(without: &[&str]) -> Simulation {
    let mut world = provider_testing::built_in();
    let section = world.section_mut::<simulators::slack::World>("slack").unwrap();
    section.channels[1].private = true;
    section.channels[1].bot_is_member = true;
    section.app.scopes.retain(|scope| !without.contains(&scope.as_str()));
    provider_testing::start(world, None, None).await
}

#[tokio::test]
async fn a_file_of_a_private_channel_is_read_only_where_it_is_linked_there() {
    let simulation = with_private_channel(&[]).await;
    let slack = slack(&simulation);
    let page = uploaded(&simulation, "random", &json!({"name": "till.log", "text": "total 0"}));
    let file = &slack.files_in(&page)[0];
    for there in ["C061EG9T2", "#random"] {
        assert_eq!(slack.read_attachment(file, &said_in(there), 100).await.unwrap(), b"total 0", "{there}");
    }
    // It is the project's channel, and whoever links the file on a ticket need not be a member of it.
    let project = FileChannels { project: Some("#random".into()), said_in: None };
    for channels in [here(), said_in("#shop-dev"), project] {
        let error = slack.read_attachment(file, &channels, 100).await.unwrap_err();
        let says = error.message.contains("a link to a file of a private channel counts only there");
        assert!(error.kind == ErrorKind::Rejected && says, "{channels:?}: {error}");
    }
}

#[tokio::test]
async fn a_message_in_a_private_channel_is_sent_once() {
    let simulation = with_private_channel(&[]).await;
    let slack = slack(&simulation);
    let root = slack.send_message(&message("#random", "root"), &mark("root")).await.unwrap();
    assert_eq!(slack.find_message("#random", None, &mark("root")).await.unwrap().as_ref(), Some(&root));
    let reply = Message { thread: Some(root.id.clone()), ..message("#random", "reply") };
    let sent = slack.send_message(&reply, &mark("reply")).await.unwrap();
    assert_eq!(slack.find_message("#random", Some(&root.id), &mark("reply")).await.unwrap(), Some(sent));
}

#[tokio::test]
async fn doctor_asks_for_the_scopes_of_private_channels_only_for_a_private_one() {
    let lacks = async |without: &[&str], channel: &str| {
        let simulation = with_private_channel(without).await;
        let problems =
            slack(&simulation).permission_problems(Some(channel), "x", &Default::default()).await.unwrap();
        problems.into_iter().map(|problem| problem.permission).collect::<Vec<_>>()
    };
    let groups = ["groups:read", "groups:history"];
    assert_eq!(lacks(&groups, "#shop-dev").await, Vec::<String>::new());
    assert_eq!(lacks(&[], "#random").await, Vec::<String>::new());
    assert_eq!(lacks(&groups[1..], "#random").await, ["groups:history"]);
    // Without the scope, Slack does not say that there is such a channel.
    for channel in ["#random", "C061EG9T2"] {
        let simulation = with_private_channel(&groups).await;
        let slack = slack(&simulation);
        let problems = slack.permission_problems(Some(channel), "x", &Default::default()).await.unwrap();
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].to_string().contains("groups:read"), "{problems:?}");
    }
}
