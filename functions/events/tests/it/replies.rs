//! How the authors of deliveries are answered.

use crate::world::World;
use domain::plugins::Restriction;
use domain::{Clock, SourceName};
use events::EventInput;
use records::{Reply, ReplyPlace};
use serde_json::{Value, json};
use simulators::fault::Fault;

impl World {
    async fn record_reply(&self, source: &'static str, delivery: &str, place: ReplyPlace) {
        let reply = Reply {
            source: SourceName::from_static(source),
            delivery: delivery.to_owned(),
            place,
            text: "⛔ grace may not **do** that".to_owned(),
            at: self.clock.now(),
            sent_at: None,
            not_before: None,
        };
        self.table.put_reply(&reply).await.unwrap();
    }

    /// Records a reply that could not be sent, and may be tried again now.
    async fn record_waiting(&self, source: &'static str, delivery: &str, place: ReplyPlace) {
        self.record_reply(source, delivery, place).await;
        let reply = self.table.reply(&format!("{source}#{delivery}")).await.unwrap().unwrap();
        self.table.postpone_reply(&reply, self.clock.now()).await.unwrap();
    }

    async fn sent_at(&self, id: &str) -> Option<jiff::Timestamp> {
        self.table.reply(id).await.unwrap().unwrap().sent_at
    }

    /// Handles a reply that the stream reports; returns whether it was handled.
    async fn reply_changed(&self, id: &str) -> bool {
        let pk = format!("REPLY#{id}");
        self.events.handle(EventInput::from_keys([(pk.as_str(), "REPLY")])).await.is_ok()
    }

    fn last_comment(&self) -> Value {
        self.ticket("SHOP-1")["comments"].as_array().unwrap().last().unwrap().clone()
    }

    /// An address at which somebody who used a slash command is answered.
    fn address(&self) -> String {
        let form = String::from_utf8(self.services.prepare("slack-command").unwrap().body).unwrap();
        let fields: Vec<(String, String)> = serde_urlencoded::from_str(&form).unwrap();
        fields.into_iter().find(|(name, _)| name == "response_url").unwrap().1
    }

    /// How often an answer was sent to an address, whether or not it arrived.
    fn attempts(&self) -> usize {
        self.services.log().iter().filter(|entry| entry.path.contains("/commands/")).count()
    }

    async fn sweep_a_minute_later(&self) {
        self.clock.advance_minutes(1);
        self.sweep().await;
    }

    fn responses(&self) -> Vec<Value> {
        self.services.state()["slack"]["responses"].as_array().unwrap().clone()
    }
}

fn on_ticket(restriction: Option<Restriction>) -> ReplyPlace {
    ReplyPlace::Ticket { task_id: "SHOP-1".to_owned(), restriction }
}

#[tokio::test]
async fn a_refusal_is_one_comment_however_often_it_is_told() {
    let world = World::new().await;
    world.record_reply("jira", "d1", on_ticket(None)).await;
    for _ in 0..3 {
        assert!(world.reply_changed("jira#d1").await);
    }
    assert_eq!(world.comments("SHOP-1"), ["⛔ grace may not *do* that"]);
    assert!(world.services.violations().is_empty(), "{:?}", world.services.violations());
}

#[tokio::test]
async fn a_comment_whose_answer_was_lost_is_not_written_twice() {
    let world = World::new().await;
    world.record_reply("jira", "d1", on_ticket(None)).await;
    let lost = Fault {
        method: Some("POST".into()),
        path: "/comment$".into(),
        truncated: true,
        after_effect: true,
        times: 1,
        ..Fault::default()
    };
    world.services.add_fault(lost).unwrap();
    assert!(world.reply_changed("jira#d1").await);
    world.sweep_a_minute_later().await;
    assert_eq!(world.comments("SHOP-1").len(), 1);
    assert!(world.table.reply("jira#d1").await.unwrap().unwrap().sent_at.is_some());
    assert_eq!(world.table.waiting_replies().await.unwrap(), []);
}

#[tokio::test]
async fn a_reply_to_a_service_that_does_not_answer_waits_for_the_sweeper_and_causes_no_further_attempt() {
    let world = World::new().await;
    for number in 1..=8 {
        // Slack takes five answers at one address.
        let place = ReplyPlace::Address { address: world.address() };
        world.record_reply("slack", &format!("t{number}"), place).await;
    }
    // Five failures open the circuit, and one more is the attempt a minute later.
    let down = Fault { path: "/commands/".into(), status: Some(503), times: 6, ..Fault::default() };
    world.services.add_fault(down).unwrap();
    world.clock.stand_still();
    for _ in 0..3 {
        // Each write of a reply's record is told.
        for number in 1..=8 {
            assert!(world.reply_changed(&format!("slack#t{number}")).await);
        }
    }
    assert_eq!(world.attempts(), 5, "then the circuit is open");
    assert_eq!(world.table.waiting_replies().await.unwrap().len(), 8);
    world.sweep_a_minute_later().await;
    assert_eq!(world.attempts(), 6, "one attempt says that the service does not answer yet");
    assert_eq!(world.table.waiting_replies().await.unwrap().len(), 8);

    world.clock.go_on();
    for _ in 0..8 {
        world.sweep_a_minute_later().await;
    }
    assert_eq!(world.responses().len(), 8);
    assert_eq!(world.table.waiting_replies().await.unwrap(), []);
}

#[tokio::test]
async fn replies_that_wait_are_sent_by_several_sweeps_and_the_longest_waiting_comes_first() {
    let world = World::new().await;
    let ids: Vec<String> = (1..=6).map(|number| format!("jira#d{number}")).collect();
    world.record_waiting("jira", "d1", on_ticket(None)).await;
    let address = ReplyPlace::Address { address: world.address() };
    world.record_waiting("slack", "t1", address).await;
    for number in 2..=6 {
        world.record_waiting("jira", &format!("d{number}"), on_ticket(None)).await;
    }
    // Five seconds pass whenever the clock is read, twice or more for each reply, so that one sweep has time for at most six.
    world.sweep().await;
    assert!(world.sent_at(&ids[0]).await.is_some() && world.sent_at(&ids[5]).await.is_none());
    world.sweep().await;
    assert!(world.sent_at("slack#t1").await.is_some());
    for _ in 0..6 {
        world.sweep().await;
    }
    let mut sent = Vec::new();
    for id in &ids {
        sent.push(world.sent_at(id).await.unwrap_or_else(|| panic!("{id} is not sent")));
    }
    assert!(sent.is_sorted(), "{sent:?}");
    assert_eq!(world.table.waiting_replies().await.unwrap(), []);
    assert_eq!((world.comments("SHOP-1").len(), world.responses().len()), (6, 1));
}

#[tokio::test]
async fn an_answer_is_read_by_those_alone_who_may_read_the_question() {
    let world = World::new().await;
    let readers = json!({"type": "role", "value": "Developers"});
    let restriction = Restriction { readers: Some(readers.clone()), internal: true };
    world.record_reply("jira", "d1", on_ticket(Some(restriction.clone()))).await;
    world.reply_changed("jira#d1").await;
    let comment = world.last_comment();
    assert_eq!((&comment["visibility"], &comment["public"]), (&readers, &json!(false)), "{comment}");

    let event = json!({"text": "@ticketsmith go", "restriction": restriction});
    let name = world.begin("jira.commented", "SHOP-1", event).await;
    world.status_change(&name, json!({})).await;
    world.status_change(&name, json!({"status": "SUCCEEDED", "output": "{}"})).await;
    let progress = world.last_comment();
    assert!(progress["text"].as_str().unwrap().contains("is done"), "{progress}");
    assert_eq!((&progress["visibility"], &progress["public"]), (&readers, &json!(false)), "{progress}");
}

#[tokio::test]
async fn who_pressed_a_button_is_told_alone_and_once() {
    let world = World::new().await;
    let address = world.address();
    world.record_reply("slack", "t1", ReplyPlace::Address { address }).await;
    let down = Fault { path: "/commands/".into(), status: Some(503), times: 1, ..Fault::default() };
    world.services.add_fault(down).unwrap();
    world.clock.stand_still();
    for _ in 0..3 {
        assert!(world.reply_changed("slack#t1").await);
    }
    assert_eq!(world.responses(), [] as [Value; 0], "it is not tried again at once");
    for _ in 0..2 {
        world.sweep_a_minute_later().await;
    }
    let responses = world.responses();
    assert_eq!(responses.len(), 1, "{responses:?}");
    assert_eq!(responses[0]["body"]["response_type"], "ephemeral");
}

#[tokio::test]
async fn an_answer_that_cannot_be_given_is_given_up() {
    let world = World::new().await;
    let address = "http://hooks.example/x".to_owned();
    world.record_reply("slack", "t1", ReplyPlace::Address { address }).await;
    assert!(world.reply_changed("slack#t1").await);
    assert!(world.table.reply("slack#t1").await.unwrap().unwrap().sent_at.is_some());
    world.record_reply("jira", "d1", on_ticket(None)).await;
    world.clock.advance(1);
    assert!(world.reply_changed("jira#d1").await);
    assert!(world.comments("SHOP-1").is_empty(), "nobody waits for it any more");
}

#[tokio::test]
async fn a_mention_in_a_chat_is_answered_in_its_thread() {
    let world = World::new().await;
    let mention = world.services.prepare("slack-mention").unwrap();
    let mention: Value = serde_json::from_slice(&mention.body).unwrap();
    let text = |key: &str| mention["event"][key].as_str().unwrap().to_owned();
    let place = ReplyPlace::Thread { channel: text("channel"), thread: text("ts") };
    world.record_reply("slack", "Ev1", place).await;
    for _ in 0..2 {
        assert!(world.reply_changed("slack#Ev1").await);
    }
    let state = world.services.state();
    let messages = state["slack"]["messages"].as_array().unwrap();
    let answers: Vec<_> = messages.iter().filter(|message| message["thread_ts"] == text("ts")).collect();
    assert_eq!(answers.len(), 1, "{messages:?}");
}

/// In some chats, people reply to single messages of ours rather than in the thread that these belong to.
#[tokio::test]
async fn an_answer_in_a_thread_about_a_ticket_is_about_it_too() {
    let world = World::new().await;
    let mention = world.services.prepare("slack-mention").unwrap();
    let mention: Value = serde_json::from_slice(&mention.body).unwrap();
    let text = |key: &str| mention["event"][key].as_str().unwrap().to_owned();
    let (channel, thread) = (text("channel"), text("ts"));
    let about = async |message: &str| {
        let opened = world.table.opened_thread(&channel, message).await.unwrap();
        opened.map(|opened| opened.task_id)
    };
    let answer = || {
        let state = world.services.state();
        let messages = state["slack"]["messages"].as_array().unwrap().clone();
        let newest = messages.iter().rfind(|message| message["thread_ts"] == thread.as_str()).unwrap();
        newest["ts"].as_str().unwrap().to_owned()
    };
    let place = || ReplyPlace::Thread { channel: channel.clone(), thread: thread.clone() };
    world.record_reply("slack", "Ev1", place()).await;
    assert!(world.reply_changed("slack#Ev1").await);
    assert_eq!(about(&answer()).await, None, "the thread is about no ticket");
    let (message, task_id) = (thread.clone(), "SHOP-1".to_owned());
    let opened = records::OpenedThread { channel: channel.clone(), message, task_id, at: world.clock.now() };
    world.table.put_opened_thread(&opened).await.unwrap();
    world.record_reply("slack", "Ev2", place()).await;
    assert!(world.reply_changed("slack#Ev2").await);
    assert_eq!(about(&answer()).await.as_deref(), Some("SHOP-1"));
}

#[tokio::test]
async fn the_bots_account_is_learned_where_no_setting_names_it() {
    let world = World::new().await;
    world.sweep().await;
    assert_eq!(world.table.own_account("jira").await.unwrap(), None, "it is configured");
    let configuration = world.table.configuration(world.clock.now()).await.unwrap();
    let mut configuration = domain::configuration::Configuration::clone(&configuration);
    configuration.webhooks.own_accounts.clear();
    world.table.put_configuration(&configuration).await.unwrap();
    world.clock.advance(1);
    world.sweep().await;
    let own = world.table.own_account("jira").await.unwrap().unwrap();
    assert_eq!(own.account.as_deref(), Some("712020:ticketsmith"));
    let asked = || world.services.log().iter().filter(|entry| entry.path.ends_with("/myself")).count();
    world.sweep().await;
    assert_eq!(asked(), 1, "it is known for a day");
    world.clock.advance(25);
    world.sweep().await;
    assert_eq!(asked(), 2);
}
