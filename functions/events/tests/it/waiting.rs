//! Steps that wait for events: which event meets which.

use crate::world::{World, arn};
use domain::event::EventSpec;
use domain::{Clock, EventKey, EventName};
use events::EventInput;
use records::{Occurrence, Topic, Waiter};
use serde_json::{Value, json};

const KEY: &str = "github.commented/acme/shop/7";

fn key() -> EventKey {
    let spec = EventSpec::new(EventName::from_static("github.commented"), "Somebody commented.")
        .matched_by(["repository", "number"]);
    let fields = json!({"repository": "acme/shop", "number": 7});
    EventKey::new(&spec, fields.as_object().unwrap()).unwrap().unwrap()
}

impl World {
    /// A comment of a delivery arrives. The stream tells of it, unless it is lost.
    async fn commented(&self, delivery: &str, is_heard: bool) {
        let fields = json!({"repository": "acme/shop", "number": 7, "text": delivery});
        let fields = fields.as_object().unwrap().clone();
        let occurrence =
            Occurrence { fields, at: self.clock.now(), delivery: delivery.into(), stranger: None };
        self.table.put_occurrences(&[key()], &occurrence).await.unwrap();
        if is_heard {
            let pk = format!("EVENT#{KEY}");
            self.events.handle(EventInput::from_keys([(pk.as_str(), "EVENT#x")])).await.unwrap();
        }
    }

    /// Asks a question for a step with this token; gives the keys of its record, and the record.
    async fn ask(&self, name: &str, state: &str, token: &str) -> ((String, String), Waiter) {
        let (key, token) = (format!("{}/{state}", arn(name)), token.to_owned());
        let change = |waiter: &mut Waiter| (waiter.key, waiter.token) = (key, token.into());
        let waiter = self.wait(name, &Topic::Approval(name.to_owned()), change).await;
        ((format!("WAITER#{}", waiter.topic), format!("WAITER#{}", waiter.key)), waiter)
    }

    async fn wait_in(&self, name: &str, state: &str) -> Waiter {
        let key = format!("{}/{state}", arn(name));
        self.wait(name, &Topic::Event(key_topic()), |waiter| waiter.key = key).await
    }

    /// The texts of the comments that resumed a step, in order.
    fn resumed_by(&self) -> Vec<String> {
        let text = |told: &Value| -> Value {
            serde_json::from_str(told["output"].as_str().unwrap_or("null")).unwrap()
        };
        self.told().iter().map(|told| text(told)["text"].as_str().unwrap_or_default().to_owned()).collect()
    }
}

fn key_topic() -> EventKey {
    key()
}

#[tokio::test]
async fn each_wait_of_a_run_is_met_by_an_event_of_its_own() {
    let world = World::new().await;
    let name = world.begin_by_label().await;
    // Two comments before anybody waits: the first wait takes the first.
    for delivery in ["one", "two"] {
        world.commented(delivery, true).await;
    }
    world.wait_in(&name, "Wait.0").await;
    world.wait_in(&name, "Wait.1").await;
    assert_eq!(world.resumed_by(), ["one", "two"]);
    world.wait_in(&name, "Wait.2").await;
    world.commented("two", true).await;
    assert_eq!(world.resumed_by(), ["one", "two"], "a resent comment is the same event");
    world.commented("three", true).await;
    assert_eq!(world.resumed_by(), ["one", "two", "three"]);
}

#[tokio::test]
async fn a_run_does_not_resume_on_what_started_it() {
    let world = World::new().await;
    let event = json!({"repository": "acme/shop", "number": 7, "text": "trigger"});
    let name = world.begin("github.commented", "SHOP-1", event.clone()).await;
    // `begin` names the delivery after the event.
    world.commented(&event.to_string(), true).await;
    world.wait_in(&name, "Wait").await;
    assert_eq!(world.resumed_by(), Vec::<String>::new());
    world.commented("answer", true).await;
    assert_eq!(world.resumed_by(), ["answer"]);
}

#[tokio::test]
async fn an_event_that_nobody_heard_of_is_found_by_the_sweeper() {
    let world = World::new().await;
    let name = world.begin_by_label().await;
    world.wait_in(&name, "Wait").await;
    world.commented("unheard", false).await;
    assert_eq!(world.resumed_by(), Vec::<String>::new());
    world.knows(&name, json!({"status": "RUNNING"}));
    world.clock.advance(1);
    world.sweep().await;
    assert_eq!(world.resumed_by(), ["unheard"]);
}

#[tokio::test]
async fn a_decision_does_not_wait_for_the_comment_about_another_question() {
    let world = World::new().await;
    let name = world.begin_by_label().await;
    let (first, _) = world.ask(&name, "A", "other").await;
    let (second, waiter) = world.ask(&name, "B", "token").await;
    world.table.answer_waiter(&waiter, &world.answer(true)).await.unwrap();
    // The comment is out of date.
    let action = domain::ActionId::literal("get_task");
    world.table.start_step(&name, "Other", &action, world.clock.now()).await.unwrap();
    world.clock.advance_minutes(1);
    let edits = || world.writes().iter().filter(|write| write.starts_with("jira")).count();
    let before = edits();
    let keys = [&first, &second].map(|(pk, sk)| (pk.as_str(), sk.as_str()));
    let mut handled = std::pin::pin!(world.events.handle(EventInput::from_keys(keys)));
    let told = async {
        while world.told().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        biased;
        () = told => {}
        handled = &mut handled => panic!("nothing was told: {handled:?}"),
    }
    assert_eq!(edits(), before, "the decision waited for the comment");
    handled.await.unwrap();
    assert!(edits() > before, "the comment shows the change");
}

#[tokio::test]
async fn a_change_that_fails_does_not_drop_the_others() {
    let world = World::new().await;
    let name = world.begin_by_label().await;
    let (first, broken) = world.ask(&name, "A", "broken").await;
    let (second, waiter) = world.ask(&name, "B", "token").await;
    for waiter in [broken, waiter] {
        world.table.answer_waiter(&waiter, &world.answer(true)).await.unwrap();
    }
    let keys = [&first, &second].map(|(pk, sk)| (pk.as_str(), sk.as_str()));
    world.events.handle(EventInput::from_keys(keys)).await.unwrap_err();
    let told = world.told();
    assert_eq!(told.iter().map(|told| &told["taskToken"]).collect::<Vec<_>>(), [&json!("token")]);
}
