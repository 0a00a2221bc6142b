//! What Discord's refusals mean.

use crate::{CHANNEL, DISCORD, discord, message, messages, simulation, with_options, world};
use domain::plugins::Communication;
use domain::{ActionError, ErrorKind};
use http_client::read_credentials;
use provider_discord::{Discord, SPEC};
use provider_testing::{assert_contract, mark, options, start};
use serde_json::json;
use simulators::Simulation;
use simulators::fault::Fault;
use std::time::Duration;

async fn failing(simulation: &Simulation, with: Fault) -> ActionError {
    DISCORD.fault(simulation, "/messages$", with);
    discord(simulation).send_message(&message(CHANNEL, "x"), &mark("m")).await.unwrap_err()
}

#[tokio::test]
async fn refusals_mean_what_they_mean_everywhere() {
    assert_contract(async |with| failing(&start(world(), None, None).await, with).await).await;
}

#[tokio::test]
async fn a_limit_says_to_the_fraction_how_long_to_wait() {
    let simulation = simulation().await;
    let body = json!({"message": "You are being rate limited.", "retry_after": 64.57, "global": false});
    let stated =
        failing(&simulation, Fault { status: Some(429), body: Some(body), ..Fault::default() }).await;
    assert_eq!(stated.retry_after, Some(Duration::from_secs_f64(64.57)));
}

#[tokio::test]
async fn a_bucket_that_is_empty_is_waited_for() {
    let mut world = world();
    let section: &mut simulators::discord::World = world.section_mut("discord").unwrap();
    section.messages_in_five_seconds = 1;
    let simulation = DISCORD.described_simulation_of(world).await;
    let discord = discord(&simulation);
    discord.send_message(&message(CHANNEL, "one"), &mark("one")).await.unwrap();
    let error = discord.send_message(&message(CHANNEL, "two"), &mark("two")).await.unwrap_err();
    assert_eq!((error.kind, error.retry_after), (ErrorKind::Throttled, Some(Duration::from_millis(1_250))));
    assert_eq!(messages(&simulation).len(), 1);
}

#[tokio::test]
async fn refusals_say_what_to_do() {
    let simulation = simulation().await;
    let discord = discord(&simulation);
    let refused = async |channel: &str| {
        discord.send_message(&message(channel, "x"), &mark("m")).await.unwrap_err().message
    };
    let unknown = refused("#nowhere").await;
    assert!(unknown.contains("`#nowhere`"), "{unknown}");
    let id = refused("290926798999357777").await;
    assert!(id.contains("Unknown Channel") && id.contains("does not exist"), "{id}");
    let denied = refused("#announcements").await;
    assert!(denied.contains("Missing Permissions") && denied.contains("Send Messages"), "{denied}");
    let nested = json!({"message": "Invalid Form Body", "code": 50035,
        "errors": {"content": {"_errors": [{"code": "X", "message": "Not like this."}]}}});
    let nested =
        failing(&simulation, Fault { status: Some(400), body: Some(nested), ..Fault::default() }).await;
    assert!(nested.message.contains("content: Not like this."), "{nested}");
}

#[tokio::test]
async fn a_message_whose_answer_was_lost_is_found() {
    let simulation = simulation().await;
    let discord = discord(&simulation);
    let lost = Fault { method: Some("POST".into()), truncated: true, after_effect: true, ..Fault::default() };
    DISCORD.fault(&simulation, "/messages$", lost);
    let mark = mark("run/SendMessage");
    let error = discord.send_message(&message("#shop-dev", "x"), &mark).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable);
    assert!(discord.find_message("#shop-dev", None, &mark).await.unwrap().is_some());
    discord.send_message(&message("#shop-dev", "x"), &mark).await.unwrap();
    assert_eq!(messages(&simulation).len(), 1, "its nonce is known");
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_not_waited_for() {
    let simulation = simulation().await;
    DISCORD.fault(&simulation, "/messages$", Fault { delay_ms: 600_000, ..Fault::default() });
    let discord = with_options(&simulation, &options().request_timeout(Duration::from_millis(200)));
    let error = discord.send_message(&message(CHANNEL, "x"), &mark("m")).await.unwrap_err();
    assert!(error.kind == ErrorKind::Unavailable && error.message.contains("within 0.2 s"), "{error}");
}

#[tokio::test]
async fn a_wrong_token_is_said_and_not_shown() {
    let simulation = simulation().await;
    let secret = r#"{"bot_token": "hunter2-token"}"#.into();
    let credentials = read_credentials("ticketsmith/discord", &secret, &SPEC.secret_forms()).unwrap();
    let settings = json!({"base_url": format!("{}/api/v10", simulation.url("discord"))});
    let discord = Discord::new(&serde_json::from_value(settings).unwrap(), credentials, &options()).unwrap();
    let error = discord.send_message(&message(CHANNEL, "x"), &mark("m")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Rejected);
    assert!(error.message.contains("credentials") && !error.message.contains("hunter2"), "{error}");
    assert!(!format!("{discord:?}").contains("hunter2"));
}
