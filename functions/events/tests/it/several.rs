//! A step that waits for several events at once: the first one ends the wait, and the others find nobody.

use crate::world::{World, arn};
use domain::event::{Actor, EventSpec};
use domain::{Clock, EventKey, EventName, SourceName};
use events::EventInput;
use records::{Occurrence, Topic, Waiter, Word};
use serde_json::{Value, json};

fn closed() -> EventKey {
    let spec = EventSpec::new(EventName::from_static("pull_request.closed"), "It was closed.")
        .matched_by(["repository", "number"]);
    let fields = json!({"repository": "acme/shop", "number": 7});
    EventKey::new(&spec, fields.as_object().unwrap()).unwrap().unwrap()
}

/// An execution whose step `state` waits for a pull request's end and for words.
async fn waits(world: &World, name: &str, state: &str) -> [Waiter; 2] {
    let key = format!("{}/{state}", arn(name));
    let topics = [Topic::Event(closed()), Topic::Event(EventKey::words_waiting("shop-1"))];
    let [first, second] = topics;
    let token = format!("token of {state}");
    world.step_functions.lock().unwrap().open_tokens.insert(token.clone());
    let with = |waiter: &mut Waiter| {
        waiter.key.clone_from(&key);
        waiter.token = token.clone().into();
    };
    [world.wait(name, &first, with).await, world.wait(name, &second, with).await]
}

async fn say(world: &World, execution: &str, delivery: &str, may_trigger: bool) {
    let source = SourceName::from_static("jira");
    let word = Word {
        source: source.clone(),
        delivery: delivery.to_owned(),
        author: Actor { source, id: "712020:ada".into(), display_name: None, person: None },
        may_trigger,
        text: format!("words of {delivery}"),
        place: None,
        review: None,
        at: world.clock.now(),
    };
    world.table.put_word("SHOP-1", execution, &SourceName::from_static("revision"), &word).await.unwrap();
    world.events.handle(EventInput::from_keys([("INBOX#SHOP-1", "WORD#1")])).await.unwrap();
}

fn outputs(world: &World) -> Vec<Value> {
    let output = |told: &Value| serde_json::from_str(told["output"].as_str().unwrap()).unwrap();
    world.told().iter().map(output).collect()
}

async fn assert_nobody_waits(world: &World) {
    for key in [closed(), EventKey::words_waiting("SHOP-1")] {
        let waiters = world.table.waiters_for_event(key.as_str()).await.unwrap();
        assert!(waiters.is_empty(), "{waiters:?}");
    }
}

#[tokio::test]
async fn words_end_the_wait_and_stay_for_whoever_goes_on() {
    let world = World::new().await;
    let name = world.begin_by_label().await;
    waits(&world, &name, "Wait").await;
    say(&world, &name, "stranger", false).await;
    assert!(world.told().is_empty(), "who may not start work causes none");
    say(&world, &name, "ada", true).await;
    assert_eq!(outputs(&world), [json!({"event": "words.waiting", "task_id": "SHOP-1"})]);
    assert_nobody_waits(&world).await;
    assert_eq!(world.table.inbox("SHOP-1").await.unwrap().words.len(), 2);
    // As long as they wait, another wait ends at once, too.
    waits(&world, &name, "Again").await;
    assert_eq!(outputs(&world).len(), 2);
}

#[tokio::test]
async fn another_event_ends_the_wait_and_later_words_find_nobody() {
    let world = World::new().await;
    let name = world.begin_by_label().await;
    let [_, of_words] = waits(&world, &name, "Wait").await;
    let fields = json!({"repository": "acme/shop", "number": 7, "merged": true});
    let occurrence = Occurrence {
        fields: fields.as_object().unwrap().clone(),
        at: world.clock.now(),
        delivery: "d1".into(),
        stranger: None,
    };
    world.table.put_occurrences(&[closed()], &occurrence).await.unwrap();
    let pk = format!("EVENT#{}", closed().as_str());
    world.events.handle(EventInput::from_keys([(pk.as_str(), "EVENT#x")])).await.unwrap();
    assert_eq!(outputs(&world)[0]["event"], "pull_request.closed");
    assert_nobody_waits(&world).await;
    say(&world, &name, "ada", true).await;
    assert_eq!(outputs(&world).len(), 1);

    // What a crash left of the same wait is swept when its turn comes, and nothing is told twice.
    world.table.put_waiter(&of_words).await.unwrap();
    world.step_functions.lock().unwrap().open_tokens.clear();
    world.waiter_changed(&of_words).await;
    assert_eq!(outputs(&world).len(), 1);
    assert_nobody_waits(&world).await;
}

#[tokio::test]
async fn words_of_a_stranger_that_a_step_waited_for_are_noted_before_it_goes_on() {
    let world = World::new().await;
    let name = world.begin_by_label().await;
    let begun = world.table.execution(&name).await.unwrap().unwrap().begun_at;
    waits(&world, &name, "Wait").await;
    let occurrence = Occurrence {
        fields: json!({"repository": "acme/shop", "number": 7}).as_object().unwrap().clone(),
        at: world.clock.now(),
        delivery: "d1".into(),
        stranger: Some("mallory".into()),
    };
    world.table.put_occurrences(&[closed()], &occurrence).await.unwrap();
    let pk = format!("EVENT#{}", closed().as_str());
    world.events.handle(EventInput::from_keys([(pk.as_str(), "EVENT#x")])).await.unwrap();
    let noted = world.table.strangers_since_approval("s", "SHOP-1", begun).await.unwrap();
    assert_eq!((noted[0].by.as_str(), noted[0].place.as_str()), ("mallory", "pull_request.closed"));
}
