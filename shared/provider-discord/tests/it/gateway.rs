//! What people write, over the Gateway.

use crate::{CHANNEL, DISCORD, discord, message, world};
use async_trait::async_trait;
use domain::plugins::Communication;
use domain::{ActionError, ErrorKind};
use provider::{Pull, PulledDelivery, Receiver};
use provider_discord::Discord;
use provider_testing::{assert_described, mark};
use serde_json::{Value, json};
use simulators::Simulation;
use simulators::delivery::Delivery;
use simulators::discord::World as DiscordWorld;
use std::sync::Mutex;
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

const BOT: &str = "1283052984719360041";

/// Passes on what is handed over, and remembers how far that was.
struct Hand {
    deliveries: UnboundedSender<Value>,
    kept: UnboundedSender<()>,
    place: Mutex<Option<Value>>,
}

#[async_trait]
impl Receiver for Hand {
    async fn receive(&self, delivery: PulledDelivery) -> Result<Value, ActionError> {
        self.deliveries.send(serde_json::from_str(&delivery.body).unwrap()).unwrap();
        Ok(json!({"type": 4, "data": {"content": "👀", "flags": 64}}))
    }

    async fn place(&self, _: &str) -> Result<Option<Value>, ActionError> {
        Ok(self.place.lock().unwrap().clone())
    }

    async fn keep_place(&self, _: &str, place: Value) -> Result<(), ActionError> {
        *self.place.lock().unwrap() = Some(place);
        self.kept.send(()).unwrap();
        Ok(())
    }
}

/// A server, the bot, and what was handed over of it.
struct Listening {
    simulation: Simulation,
    discord: Discord,
    hand: Hand,
    deliveries: UnboundedReceiver<Value>,
    kept: UnboundedReceiver<()>,
}

impl Listening {
    async fn to(change: impl FnOnce(&mut DiscordWorld)) -> Self {
        let mut world = world();
        let section: &mut DiscordWorld = world.section_mut("discord").unwrap();
        section.gateway.seconds_between_sessions = 0;
        change(section);
        let simulation = DISCORD.described_simulation_of(world).await;
        let discord = discord(&simulation);
        let ((sender, deliveries), (keeper, kept)) = (unbounded_channel(), unbounded_channel());
        let hand = Hand { deliveries: sender, kept: keeper, place: Mutex::default() };
        Self { simulation, discord, hand, deliveries, kept }
    }

    /// Listens once, and does this when the session has begun or is resumed; gives how listening ended.
    async fn once(
        &mut self,
        act: impl AsyncFnOnce(&Simulation, &mut UnboundedReceiver<Value>),
    ) -> Result<Duration, ActionError> {
        let Self { simulation, discord, hand, deliveries, kept } = self;
        // What was kept before says nothing about this connection.
        while kept.try_recv().is_ok() {}
        let acting = async {
            kept.recv().await.unwrap();
            act(simulation, deliveries).await;
        };
        let (ended, ()) = tokio::join!(discord.pull(&[], hand), acting);
        ended
    }

    fn gateway(&self) -> Value {
        self.simulation.state()["discord"]["gateway"].clone()
    }

    /// How often a connection was opened.
    fn connections(&self) -> usize {
        self.simulation.log().iter().filter(|entry| entry.path.ends_with("socket")).count()
    }
}

fn act(simulation: &Simulation, delivery: Value) {
    simulation.act(&Delivery::new(delivery).unwrap()).unwrap();
}

fn trouble(simulation: &Simulation, does: Value) {
    act(simulation, json!({"kind": "discord-gateway", "does": does}));
}

fn writes(simulation: &Simulation, kind: &str, text: &str) {
    let mut written = json!({"kind": kind, "text": text, "by": "ada", "channel": "shop-dev"});
    if kind != "discord-mention" {
        written["about"] = "ready".into();
    }
    act(simulation, written);
}

#[tokio::test]
async fn what_people_write_to_the_bot_is_handed_over_and_its_own_messages_are_not() {
    let mut listening = Listening::to(|_| {}).await;
    let ours = listening.discord.clone();
    let ended = listening
        .once(async |simulation, deliveries| {
            let root = ours.send_message(&message("#shop-dev", "It is ready"), &mark("root")).await.unwrap();
            writes(simulation, "discord-mention", "status SHOP-1");
            let mention = deliveries.recv().await.unwrap();
            assert_eq!((&mention["t"], &mention["own_account"]), (&json!("MESSAGE_CREATE"), &json!(BOT)));
            assert_eq!(mention["d"]["content"], format!("<@{BOT}> status SHOP-1"));
            let place = json!({"channel": CHANNEL, "channel_name": "shop-dev", "thread": null});
            assert_eq!(mention["place"], place);
            writes(simulation, "discord-reply", "Name it well");
            let reply = deliveries.recv().await.unwrap();
            assert_eq!(
                (&reply["d"]["type"], &reply["d"]["referenced_message"]["id"]),
                (&json!(19), &json!(root.id))
            );
            writes(simulation, "discord-thread", "And test it");
            let threaded = deliveries.recv().await.unwrap();
            assert_eq!(threaded["d"]["content"], "And test it");
            let place = json!({"channel": CHANNEL, "channel_name": "shop-dev", "thread": root.id});
            assert_eq!(threaded["place"], place);
            trouble(simulation, json!("ask_for_heartbeat"));
            trouble(simulation, json!("reconnect"));
        })
        .await;
    assert_eq!(ended.unwrap(), Duration::from_secs(1));
    assert_eq!(listening.deliveries.try_recv().ok(), None);
    assert_described(&listening.simulation);
}

#[tokio::test]
async fn what_goes_to_a_message_with_a_thread_is_sent_there_and_found_again() {
    let mut listening = Listening::to(|_| {}).await;
    let ours = listening.discord.clone();
    let root = ours.send_message(&message("#shop-dev", "It is ready"), &mark("root")).await.unwrap();
    listening
        .once(async |simulation, deliveries| {
            writes(simulation, "discord-thread", "Name it well");
            let said = deliveries.recv().await.unwrap()["d"]["id"].as_str().unwrap().to_owned();
            let answer =
                domain::plugins::Message { thread: Some(root.id.clone()), ..message(CHANNEL, "👀") };
            let sent = ours.send_message(&answer, &mark("answer")).await.unwrap();
            assert_eq!(sent.channel, root.id);
            let found = ours.find_message(CHANNEL, Some(&root.id), &mark("answer")).await.unwrap();
            assert_eq!(found.as_ref(), Some(&sent));
            assert_eq!(ours.find_message(CHANNEL, None, &mark("answer")).await.unwrap(), None);
            let told = domain::plugins::SentMessage {
                channel: CHANNEL.into(),
                id: format!("{}/{said}", root.id),
                url: None,
            };
            ours.react(&told, "eyes").await.unwrap();
            trouble(simulation, json!("reconnect"));
        })
        .await
        .unwrap();
    let messages = crate::messages(&listening.simulation);
    assert_eq!(messages[1]["reactions"][0]["emoji"]["name"], "👀");
    assert_described(&listening.simulation);
}

#[tokio::test]
async fn a_session_is_resumed_and_hands_over_what_it_missed() {
    let mut listening = Listening::to(|_| {}).await;
    for code in [json!("reconnect"), json!({"close": 4000}), json!({"close": 1000})] {
        let ended = listening.once(async |simulation, _| trouble(simulation, code.clone())).await;
        assert_eq!(ended.unwrap(), Duration::from_secs(1), "{code}");
        writes(&listening.simulation, "discord-mention", "status SHOP-1");
        listening
            .once(async |simulation, deliveries| {
                let missed = deliveries.recv().await.unwrap();
                assert_eq!(missed["d"]["content"], format!("<@{BOT}> status SHOP-1"));
                trouble(simulation, json!("reconnect"));
            })
            .await
            .unwrap();
    }
    assert_eq!(listening.gateway()["begun"], 1);
    assert_eq!(listening.deliveries.try_recv().ok(), None);
    assert_described(&listening.simulation);
}

#[tokio::test]
async fn what_was_said_before_another_session_began_is_read_from_channels_and_threads() {
    let mut listening = Listening::to(|_| {}).await;
    let ours = listening.discord.clone();
    ours.send_message(&message("#shop-dev", "It is ready"), &mark("root")).await.unwrap();
    listening.once(async |simulation, _| trouble(simulation, json!("forget"))).await.unwrap();
    for (kind, text) in [
        ("discord-mention", "status SHOP-1"),
        ("discord-reply", "Name it well"),
        ("discord-thread", "And test it"),
    ] {
        writes(&listening.simulation, kind, text);
    }
    // The session that is to be resumed is gone.
    let ended = listening.once(async |_, _| {}).await;
    assert_eq!(ended.unwrap(), Duration::from_secs(5));
    listening
        .once(async |simulation, deliveries| {
            let mut said = Vec::new();
            for _ in 0..3 {
                said.push(deliveries.recv().await.unwrap()["d"]["content"].as_str().unwrap().to_owned());
            }
            let mention = format!("<@{BOT}> status SHOP-1");
            assert_eq!(said, [mention.as_str(), "Name it well", "And test it"]);
            trouble(simulation, json!("reconnect"));
        })
        .await
        .unwrap();
    assert_eq!(listening.gateway()["begun"], 2);
    assert_described(&listening.simulation);
}

#[tokio::test]
async fn what_discord_refuses_for_good_is_not_tried_again() {
    let mut listening = Listening::to(|_| {}).await;
    let ended = listening.once(async |simulation, _| trouble(simulation, json!({"close": 4014}))).await;
    let refused = ended.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Rejected);
    assert!(refused.message.contains("4014") && refused.message.contains("Message Content"), "{refused}");
    let (again, before) = (listening.discord.pull(&[], &listening.hand).await, listening.connections());
    assert_eq!(again.unwrap_err(), refused);
    assert_eq!((before, listening.connections()), (1, 1));
    assert_described(&listening.simulation);
}

#[tokio::test]
async fn without_the_intent_only_what_mentions_the_bot_is_known() {
    let mut listening = Listening::to(|world| world.application.message_content = false).await;
    let ours = listening.discord.clone();
    ours.send_message(&message("#shop-dev", "It is ready"), &mark("root")).await.unwrap();
    listening
        .once(async |simulation, deliveries| {
            for (kind, content) in [
                ("discord-mention", format!("<@{BOT}> status SHOP-1")),
                // A reply that notifies the author of the message mentions it.
                ("discord-reply", "status SHOP-1".to_owned()),
                ("discord-thread", String::new()),
            ] {
                writes(simulation, kind, "status SHOP-1");
                assert_eq!(deliveries.recv().await.unwrap()["d"]["content"], content, "{kind}");
            }
            trouble(simulation, json!("reconnect"));
        })
        .await
        .unwrap();
    assert_described(&listening.simulation);
}

#[tokio::test]
async fn a_connection_that_acknowledges_no_heartbeat_is_left_and_the_session_resumed() {
    let mut listening = Listening::to(|world| world.gateway.heartbeat_ms = 600).await;
    let ended = listening.once(async |simulation, _| trouble(simulation, json!("fall_silent"))).await;
    assert_eq!(ended.unwrap(), Duration::from_secs(1));
    listening.once(async |simulation, _| trouble(simulation, json!("reconnect"))).await.unwrap();
    let gateway = listening.gateway();
    assert_eq!((&gateway["begun"], &gateway["resumed"]), (&json!(1), &json!(1)), "{gateway}");
    assert_described(&listening.simulation);
}

#[tokio::test]
async fn no_session_begins_when_few_are_left() {
    let listening = Listening::to(|world| world.gateway.session_starts = 100).await;
    let refused = listening.discord.pull(&[], &listening.hand).await.unwrap_err();
    assert_eq!(
        (refused.kind, refused.retry_after),
        (ErrorKind::Throttled, Some(Duration::from_secs(14_400)))
    );
    assert_eq!(listening.connections(), 0);
    assert_described(&listening.simulation);
}

#[tokio::test]
async fn commands_and_buttons_come_over_the_gateway_where_no_address_is_set() {
    let mut listening = Listening::to(|world| world.application.without_endpoint = true).await;
    listening
        .once(async |simulation, deliveries| {
            act(
                simulation,
                json!({"kind": "discord-command", "text": "status", "by": "ada", "channel": "shop-dev"}),
            );
            assert_eq!(deliveries.recv().await.unwrap()["data"]["name"], "ticketsmith");
            trouble(simulation, json!("reconnect"));
        })
        .await
        .unwrap();
    let callbacks = listening.simulation.state()["discord"]["callbacks"].clone();
    assert_eq!(callbacks.as_array().map(Vec::len), Some(1), "{callbacks}");
    assert_eq!(callbacks[0]["body"]["data"]["content"], "👀");
    let log = listening.simulation.log();
    let answered = log.iter().find(|entry| entry.path.ends_with("/callback")).unwrap();
    assert!(!format!("{answered:?}").contains("simulated-discord-token"), "{answered:?}");
    assert_described(&listening.simulation);
}
