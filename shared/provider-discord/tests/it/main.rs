//! Discord over HTTP, against the simulator.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail by panicking; the lint knows only test functions"
)]

mod gateway;
mod refusals;

use domain::ErrorKind;
use domain::configuration::{Configuration, Project};
use domain::plugins::{Communication, FileChannels, Message, MessageBody, MessageButton, RepositoryAccess};
use http_client::read_credentials;
use provider_discord::{Discord, SPEC, custom_id};
use provider_testing::{HOSTILE, Service, assert_described, mark, options, secret};
use serde_json::{Value, json};
use simulators::delivery::Delivery;
use simulators::discord::World as DiscordWorld;
use simulators::{Simulation, World};

pub(crate) const DISCORD: Service = Service { name: "discord", descriptions: &["discord.json"] };
pub(crate) const CHANNEL: &str = "290926798999357250";
const ADA: &str = "175928847299117063";
const BOT: &str = "1283052984719360041";

pub(crate) fn world() -> World {
    World::parse(include_str!("world.yaml"), std::path::PathBuf::new()).unwrap()
}

pub(crate) async fn simulation() -> Simulation {
    DISCORD.described_simulation_of(world()).await
}

pub(crate) fn discord(simulation: &Simulation) -> Discord {
    with_options(simulation, &options())
}

pub(crate) fn with_options(simulation: &Simulation, options: &http_client::Options) -> Discord {
    let settings = json!({"base_url": format!("{}/api/v10", simulation.url("discord"))});
    let secret = secret(simulation, "ticketsmith/discord");
    let credentials = read_credentials("ticketsmith/discord", &secret, &SPEC.secret_forms()).unwrap();
    Discord::new(&serde_json::from_value(settings).unwrap(), credentials, options).unwrap()
}

pub(crate) fn message(channel: &str, text: &str) -> Message {
    let body = MessageBody { text: text.into(), buttons: Vec::new(), rest: None };
    Message { channel: channel.into(), thread: None, body }
}

pub(crate) fn messages(simulation: &Simulation) -> Vec<Value> {
    simulation.state()["discord"]["messages"].as_array().unwrap().clone()
}

/// The text of a message without its hidden mark.
pub(crate) fn shown(message: &Value) -> String {
    let content = message["content"].as_str().unwrap();
    content.trim_end_matches(['\u{200b}', '\u{200c}', '\u{200d}', '\u{2060}']).to_owned()
}

fn button(action: &str, value: &str) -> MessageButton {
    MessageButton { label: action.to_uppercase(), action: action.into(), value: value.into(), url: None }
}

#[tokio::test]
async fn a_message_is_sent_once_and_changed_in_place() {
    let simulation = simulation().await;
    let discord = discord(&simulation);
    let mark_of_it = mark("run/SendMessage");
    assert_eq!(discord.find_message("#shop-dev", None, &mark_of_it).await.unwrap(), None);
    let mut first = message("#shop-dev", "**Plan** for @everyone 😀 שלום");
    first.body.buttons = vec![button("approve", "execution key"), button("deny", "execution key")];
    let sent = discord.send_message(&first, &mark_of_it).await.unwrap();
    assert_eq!(sent.channel, CHANNEL);
    discord.send_message(&message(CHANNEL, "another"), &mark("run/Other")).await.unwrap();
    assert_eq!(discord.find_message("#shop-dev", None, &mark_of_it).await.unwrap().as_ref(), Some(&sent));
    // Within minutes, Discord itself knows that it is the same message.
    let again = discord.send_message(&first, &mark_of_it).await.unwrap();
    assert_eq!((again, messages(&simulation).len()), (sent.clone(), 2));

    let changed = MessageBody { text: "Done".into(), buttons: Vec::new(), rest: None };
    discord.update_message(&sent, &changed, None).await.unwrap();
    assert_eq!(discord.find_message("shop-dev", None, &mark_of_it).await.unwrap().as_ref(), Some(&sent));
    discord.update_message(&sent, &changed, Some(&mark_of_it)).await.unwrap();
    let seen = messages(&simulation);
    assert_eq!(seen.iter().map(shown).collect::<Vec<_>>(), ["Done", "another"]);
    assert_eq!(seen[0]["components"], json!([]), "the buttons are gone");
    assert!(seen.iter().all(|message| message["mention_everyone"] == false));
    assert_described(&simulation);
}

#[tokio::test]
async fn a_message_is_found_far_back_in_the_channel() {
    let simulation = simulation().await;
    let discord = discord(&simulation);
    let first = discord.send_message(&message(CHANNEL, "first"), &mark("run/First")).await.unwrap();
    for number in 0..120 {
        discord.send_message(&message(CHANNEL, "more"), &mark(&format!("run/{number}"))).await.unwrap();
    }
    assert_eq!(discord.find_message(CHANNEL, None, &mark("run/First")).await.unwrap(), Some(first));
    assert_eq!(discord.find_message(CHANNEL, None, &mark("run/None")).await.unwrap(), None);
    assert_described(&simulation);
}

#[tokio::test]
async fn a_mark_counts_only_on_what_our_own_bot_posted() {
    let simulation = simulation().await;
    let mark = mark("run/SendMessage");
    discord(&simulation).send_message(&message(CHANNEL, "x"), &mark).await.unwrap();
    let other = discord(&simulation);
    let body = json!({"id": ADA, "username": "ada"});
    let fault = simulators::fault::Fault { status: Some(200), body: Some(body), ..Default::default() };
    DISCORD.fault(&simulation, "/users/@me$", fault);
    assert_eq!(other.find_message(CHANNEL, None, &mark).await.unwrap(), None);
}

#[tokio::test]
async fn a_button_that_is_pressed_says_what_it_is_about() {
    let simulation = simulation().await;
    let discord = discord(&simulation);
    for value in ["execution key".to_owned(), format!("execution {}", "k".repeat(1_900))] {
        let mut asked = message("#shop-dev", "May I?");
        asked.body.buttons = vec![button("approve", &value), button("deny", &value)];
        let sent = discord.send_message(&asked, &mark(&value)).await.unwrap();
        let pressed = json!({"kind": "discord-button", "action": "deny", "message": sent.id, "by": "ada", "channel": "shop-dev"});
        let delivery = simulators::delivery::Delivery::new(pressed).unwrap();
        let outgoing = simulation.act(&delivery).unwrap();
        let payload: Value = serde_json::from_slice(&outgoing.body).unwrap();
        assert_eq!(payload["data"]["custom_id"], custom_id("deny", &value));
        let footer = &payload["message"]["embeds"][0]["footer"]["text"];
        assert_eq!(footer.as_str().unwrap_or_default() == value, value.len() > 100);
    }
    assert_described(&simulation);
}

#[tokio::test]
async fn a_message_to_a_thread_is_a_reply() {
    let simulation = simulation().await;
    let discord = discord(&simulation);
    let root = discord.send_message(&message("#shop-dev", "root"), &mark("root")).await.unwrap();
    let reply = Message { thread: Some(root.id.clone()), ..message("#shop-dev", "reply") };
    let sent = discord.send_message(&reply, &mark("reply")).await.unwrap();
    assert_eq!(messages(&simulation)[1]["message_reference"]["message_id"], root.id);
    assert_eq!(discord.find_message("#shop-dev", Some(&root.id), &mark("reply")).await.unwrap(), Some(sent));
    assert_described(&simulation);
}

#[tokio::test]
async fn a_reaction_is_added_once() {
    let simulation = simulation().await;
    let discord = discord(&simulation);
    let sent = discord.send_message(&message("#shop-dev", "text"), &mark("m")).await.unwrap();
    discord.react(&sent, "eyes").await.unwrap();
    discord.react(&sent, "eyes").await.unwrap();
    assert_eq!(messages(&simulation)[0]["reactions"][0]["emoji"]["name"], "👀");
    assert_eq!(messages(&simulation)[0]["reactions"].as_array().unwrap().len(), 1);
    let error = discord.react(&sent, "party").await.unwrap_err();
    assert!(error.message.contains("`party`") && error.message.contains("eyes"), "{error}");
    assert_described(&simulation);
}

#[tokio::test]
async fn a_person_is_answered_alone_and_without_the_token() {
    let simulation = simulation().await;
    let discord = discord(&simulation);
    for wrong in
        ["https://evil.example/x", "/webhooks/1/../users/@me", "/webhooks/x/y", "/webhooks/1/", "/users/@me"]
    {
        let error = discord.respond(wrong, "no").await.unwrap_err();
        assert_eq!(error.message, "Discord: the address is not that of an interaction", "{wrong}");
    }
    let expired = discord.respond(&format!("/webhooks/{BOT}/x"), "no").await.unwrap_err();
    assert!(expired.kind == ErrorKind::Rejected && expired.message.contains("Unknown Webhook"), "{expired}");
    let body = simulation.prepare("command").unwrap().body;
    let payload: Value = serde_json::from_slice(&body).unwrap();
    let address = format!("/webhooks/{BOT}/{}", payload["token"].as_str().unwrap());
    discord.respond(&address, &format!("**you** may not @everyone {}", "x".repeat(3_000))).await.unwrap();
    let answered = &simulation.state()["discord"]["responses"][0]["body"];
    assert_eq!((&answered["flags"], &answered["allowed_mentions"]), (&json!(64), &json!({"parse": []})));
    assert!(answered["content"].as_str().unwrap().starts_with("**you** may not @"), "{answered}");
    let log = simulation.log();
    let sent = log.iter().rfind(|entry| entry.path.contains("/webhooks/")).unwrap();
    assert!(!format!("{sent:?}").contains("simulated-discord-token"), "{sent:?}");
    assert_described(&simulation);
}

#[tokio::test]
async fn texts_over_the_limit_are_cut() {
    let simulation = simulation().await;
    let discord = discord(&simulation);
    let code = format!("before\n\n```python\n{}```\n", "größe = 1  # a line of code\n".repeat(500));
    for text in [code, "😀".repeat(9_000), "שלום עולם ".repeat(900), "a_ ".repeat(3_000)] {
        let key: String = text.chars().take(4).collect();
        let sent = discord.send_message(&message("#shop-dev", &text), &mark(&key)).await.unwrap();
        let changed = MessageBody { text: text.clone(), buttons: Vec::new(), rest: None };
        discord.update_message(&sent, &changed, None).await.unwrap();
        assert_eq!(discord.find_message("#shop-dev", None, &mark(&key)).await.unwrap(), Some(sent));
    }
    for message in messages(&simulation) {
        let content = message["content"].as_str().unwrap();
        assert!(content.encode_utf16().count() <= 2_000, "{}", content.len());
        let shown = shown(&message);
        assert!(shown.ends_with("… (cut)"), "{shown}");
        assert_eq!(shown.matches("```").count() % 2, 0, "{shown}");
    }
    assert_described(&simulation);
}

#[tokio::test]
async fn a_long_plan_ends_with_a_whole_task_and_says_where_the_others_are() {
    let simulation = simulation().await;
    let discord = discord(&simulation);
    let criteria = "  - Carts of two people become one\n".repeat(3);
    let tasks: String =
        (1..=40).map(|task| format!("- {task}: Share a cart (M, about $1.00)\n{criteria}")).collect();
    let mut plan = message("#shop-dev", &format!("**May this become tickets?**\n\n**Carts**\n\n{tasks}"));
    plan.body.rest = Some("`ticketsmith approval list` shows all of it".into());
    let sent = discord.send_message(&plan, &mark("plan")).await.unwrap();
    discord.update_message(&sent, &plan.body, None).await.unwrap();
    let shown = shown(&messages(&simulation)[0]);
    let (tasks, note) = shown.rsplit_once("\n\n").unwrap();
    let count = tasks.matches("Share a cart").count();
    let left = 40 - count;
    assert_eq!(note, format!("\u{2026} and {left} more; `ticketsmith approval list` shows all of it"));
    assert!(tasks.ends_with("Carts of two people become one") && count > 5, "{tasks}");
    assert_eq!(tasks.matches("two people").count(), 3 * count, "the last task is whole");
}

#[tokio::test]
async fn no_hostile_text_notifies_anybody() {
    let simulation = simulation().await;
    let discord = discord(&simulation);
    for text in HOSTILE {
        discord.send_message(&message(CHANNEL, text), &mark(text)).await.unwrap();
    }
    for message in messages(&simulation) {
        assert_eq!(message["mention_everyone"], false, "{message}");
        assert_eq!(message["flags"], 4, "no page of a link is shown");
    }
    assert_described(&simulation);
}

async fn told(world: World, channel: Option<&str>, claims: provider::Claims) -> Vec<String> {
    let simulation = DISCORD.described_simulation_of(world).await;
    let configuration: Configuration = serde_json::from_value(json!({
        "projects": [], "plugins": {"discord": {"base_url": format!("{}/api/v10", simulation.url("discord"))}},
    }))
    .unwrap();
    let project = json!({"key": "SHOP", "repository": "acme/shop", "providers": {}, "channel": channel});
    let project: Project = serde_json::from_value(project).unwrap();
    let secret = secret(&simulation, "ticketsmith/discord");
    let instance = configuration.instance("discord").unwrap();
    let mut connector = SPEC.connector(instance, options(), secret, RepositoryAccess::ReadMetadata);
    connector.claims = claims;
    let problems = (SPEC.probe)(&connector, &project).await.unwrap();
    assert_described(&simulation);
    problems.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn doctor_hears_what_the_bot_may_do() {
    let sends = || provider::Claims { sends_webhooks: true, ..provider::Claims::default() };
    assert_eq!(told(world(), Some("#shop-dev"), sends()).await, Vec::<String>::new());
    let denied = told(world(), Some("#announcements"), sends()).await;
    assert!(denied.len() == 1 && denied[0].contains("Send Messages in #announcements"), "{denied:?}");
    let unknown = told(world(), Some("#nowhere"), sends()).await;
    assert!(unknown.len() == 1 && unknown[0].contains("the channel #nowhere"), "{unknown:?}");
    assert!(told(world(), None, sends()).await[0].contains("projects.channel"));

    let mut unregistered = world();
    let section: &mut DiscordWorld = unregistered.section_mut("discord").unwrap();
    section.application.command = None;
    section.application.permissions |= 1 << 3;
    let claims = provider::Claims {
        own_account: Some(ADA.into()),
        people: vec![("ada".into(), ADA.into()), ("grace".into(), "175928847299117064".into())],
        ..sends()
    };
    let wrong = told(unregistered, Some("#shop-dev"), claims).await.join("\n");
    for part in ["a slash command", "Interactions Endpoint URL", "Administrator", BOT, "of grace"] {
        assert!(wrong.contains(part), "{part}: {wrong}");
    }
}

#[tokio::test]
async fn a_file_that_is_given_to_the_command_is_read_without_the_token() {
    let simulation = simulation().await;
    let discord = discord(&simulation);
    let given = |file: Value| {
        let command = json!({"kind": "discord-command", "text": "tell SHOP-1 see", "by": "ada", "channel": "shop-dev",
                             "files": [file]});
        let body = simulation.act(&Delivery::new(command).unwrap()).unwrap().body;
        let payload: Value = serde_json::from_slice(&body).unwrap();
        let attachments = payload["data"]["resolved"]["attachments"].as_object().unwrap();
        attachments.values().next().unwrap()["url"].as_str().unwrap().to_owned()
    };
    // The store refuses requests with credentials.
    let files = discord
        .files_in(&format!("See [till.log]({})", given(json!({"name": "till.log", "text": "total 0"}))));
    assert_eq!(files[0].name, "till.log");
    assert_eq!(discord.read_attachment(&files[0], &FileChannels::default(), 7).await.unwrap(), b"total 0");
    let large = discord.read_attachment(&files[0], &FileChannels::default(), 6).await.unwrap_err();
    assert!(large.message.contains("more than 6 bytes"), "{large}");
    let gone = discord.files_in(&given(json!({"name": "a.txt", "text": "x", "deleted": true})));
    let gone = discord.read_attachment(&gone[0], &FileChannels::default(), 7).await.unwrap_err();
    assert!(gone.kind == ErrorKind::Rejected && gone.message.contains("has expired"), "{gone}");
    assert_described(&simulation);
}
