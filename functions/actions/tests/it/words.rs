//! People's messages to an agent at work: in its next request, once, with their authors, whatever is killed and repeated.

use crate::session_script::{call, change, finish, reply, three_turns, world};
use crate::sessions::put_agent;
use crate::world::{EXECUTION, World, now};
use domain::event::{Actor, EventName, SourceName};
use domain::execution::ExecutionInput;
use domain::routes::Concurrency;
use records::{NewExecution, PutWordResult, Word};
use serde_json::{Map, Value, json};

fn word(delivery: &str, text: &str) -> Word {
    let source = SourceName::from_static("jira");
    Word {
        source: source.clone(),
        delivery: delivery.to_owned(),
        author: Actor { source, id: "5b10".into(), display_name: None, person: Some("ada".into()) },
        may_trigger: true,
        text: text.to_owned(),
        place: None,
        review: None,
        at: now(),
    }
}

impl World {
    /// Begins the execution, which holds the ticket.
    pub(crate) async fn begin_on_ticket(&self) {
        self.begin_as_asked(Map::new(), Map::new()).await;
    }

    /// The same for an execution that these inputs and this event started.
    pub(crate) async fn begin_as_asked(&self, inputs: Map<String, Value>, event: Map<String, Value>) {
        let input = ExecutionInput { event, ..ExecutionInput::new(inputs, Some("SHOP".into()), None) };
        let trigger = EventName::from_static("jira.labelled");
        let ticket = Some("SHOP-1".to_owned());
        let new = NewExecution::new(trigger, "1".into(), "development".into(), ticket, input, now());
        let new = NewExecution { name: EXECUTION.into(), ..new };
        self.table.begin(&new, Concurrency::OnePerTask).await.unwrap();
    }

    /// Says something on the ticket while the execution is at work.
    pub(crate) async fn say(&self, delivery: &str, text: &str) {
        let source = SourceName::from_static("revision");
        let put = self.table.put_word("SHOP-1", EXECUTION, &source, &word(delivery, text)).await.unwrap();
        assert_eq!(put, PutWordResult::Put);
    }
}

/// How often the conversation has these words.
fn times(conversation: &[String], words: &str) -> usize {
    conversation.iter().map(|said| said.matches(words).count()).sum()
}

#[tokio::test]
async fn words_are_in_the_next_request_once_with_their_author() {
    let world = world(three_turns()).await;
    world.begin_on_ticket().await;
    world.say("d0", "Keep the cents.").await;
    let opened = world.open("Develop").await.unwrap();
    let first = world.conversation(&opened["session"]).await;
    assert!(first[0].contains("Keep the cents.") && first[0].contains("ada"), "{first:?}");
    let thought = world.next("Develop", &opened).await.unwrap();
    world.say("d1", "Use a map.").await;
    let report = world.next("Develop", &thought).await.unwrap();
    let conversation = world.conversation(&report["session"]).await;
    assert!(conversation.last().unwrap().contains("Use a map."), "{conversation:?}");
    let report = world.until_it_stops("Develop", report).await.unwrap();
    let conversation = world.conversation(&report["session"]).await;
    assert_eq!((times(&conversation, "Keep the cents."), times(&conversation, "Use a map.")), (1, 1));
    assert!(world.table.inbox("SHOP-1").await.unwrap().is_empty());
    world.assert_no_violations();
}

#[tokio::test]
async fn an_agent_that_is_done_has_one_more_turn_for_what_came_meanwhile() {
    let world = world(json!([
        reply(Some("Use a map."), &[finish("nothing_to_do")]),
        reply(None, &[call("list_files", json!({})), finish("blocked")]),
    ]))
    .await;
    world.begin_on_ticket().await;
    let opened = world.open("Develop").await.unwrap();
    let thought = world.next("Develop", &opened).await.unwrap();
    world.say("d1", "Use a map.").await;
    let report = world.next("Develop", &thought).await.unwrap();
    assert_eq!(report["next"], "think", "{report}");
    let conversation = world.conversation(&report["session"]).await;
    assert!(conversation.last().unwrap().contains("Not handed over yet"), "{conversation:?}");
    let report = world.until_it_stops("Develop", report).await.unwrap();
    assert_eq!((&report["result"]["outcome"], &report["turns"]), (&json!("nothing_to_do"), &json!(2)));
    world.assert_no_violations();
}

#[tokio::test]
async fn what_comes_in_the_last_turn_waits_and_the_work_is_handed_over() {
    let world = world(json!([reply(None, &[finish("nothing_to_do")])])).await;
    put_agent(&world, |agent| agent.max_turns = 1).await;
    world.begin_on_ticket().await;
    let opened = world.open("Develop").await.unwrap();
    let thought = world.next("Develop", &opened).await.unwrap();
    world.say("d1", "Use a map.").await;
    let report = world.next("Develop", &thought).await.unwrap();
    let ended = (&report["next"], &report["result"]["outcome"]);
    assert_eq!(ended, (&json!("done"), &json!("nothing_to_do")), "{report}");
    assert!(!world.table.inbox("SHOP-1").await.unwrap().is_empty());
}

#[tokio::test]
async fn the_next_generation_is_told_what_people_asked_for() {
    let world = world(three_turns()).await;
    world.begin_on_ticket().await;
    let opened = world.open("Develop").await.unwrap();
    let thought = world.next("Develop", &opened).await.unwrap();
    world.say("d1", "Use a map.").await;
    let report = world.next("Develop", &thought).await.unwrap();
    let mut agent = domain::AgentDefinition::named("development");
    agent.max_turns = 50;
    world.table.put_agents(&std::collections::BTreeMap::from([(agent.name.clone(), agent)])).await.unwrap();
    let report = world.next("Develop", &report).await.unwrap();
    let conversation = world.conversation(&report["session"]).await;
    assert_eq!(times(&conversation[..1], "Use a map."), 1, "{conversation:?}");
}

#[tokio::test]
async fn words_are_taken_in_once_whichever_write_is_the_last_before_a_kill() {
    let world = World::start_gated(|world| change(world, three_turns())).await;
    world.begin_on_ticket().await;
    let mut kills = 0;
    for write in 0.. {
        let state = format!("Killed{write}");
        let said = format!("Words number {write}.");
        world.say(&state, &said).await;
        world.gate.kill_after(write);
        let mut report: Option<Value> = None;
        while report.as_ref().is_none_or(|report| report["next"] != "done") {
            let tried = match &report {
                None => world.gate.unless_killed(world.open(&state)).await,
                Some(report) => world.gate.unless_killed(world.next(&state, report)).await,
            };
            match tried {
                Some(given) => report = Some(given.unwrap()),
                None => kills += 1,
            }
        }
        let conversation = world.conversation(&report.unwrap()["session"]).await;
        assert_eq!(times(&conversation, &said), 1, "{state}: {conversation:?}");
        assert!(world.table.inbox("SHOP-1").await.unwrap().is_empty(), "{state}");
        if world.gate.open() {
            break;
        }
    }
    assert!(kills > 25, "{kills} were killed");
    world.assert_no_violations();
}
