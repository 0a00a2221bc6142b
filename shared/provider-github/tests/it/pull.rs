//! What happens on GitHub, fetched: from the lists of a repository, and from the log of an App's deliveries.

use crate::apps::{TurnedClock, app_world_with, connect};
use crate::{github, shop};
use async_trait::async_trait;
use domain::ActionError;
use domain::plugins::RepositoryAccess;
use provider::{Pull, PulledDelivery, Receiver};
use provider_github::Github;
use provider_testing::{built_in, start};
use serde_json::{Value, json};
use simulators::Simulation;
use simulators::delivery::Delivery;
use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

/// Remembers what it was handed, and the places.
#[derive(Default)]
struct Hand {
    taken: Mutex<Vec<(String, Value)>>,
    places: Mutex<HashMap<String, Value>>,
}

#[async_trait]
impl Receiver for Hand {
    async fn receive(&self, delivery: PulledDelivery) -> Result<Value, ActionError> {
        let event = delivery.headers.iter().find(|(name, _)| *name == "x-github-event").unwrap().1.clone();
        self.taken.lock().unwrap().push((event, serde_json::from_str(&delivery.body).unwrap()));
        Ok(Value::Null)
    }

    async fn place(&self, of: &str) -> Result<Option<Value>, ActionError> {
        Ok(self.places.lock().unwrap().get(of).cloned())
    }

    async fn keep_place(&self, of: &str, place: Value) -> Result<(), ActionError> {
        self.places.lock().unwrap().insert(of.to_owned(), place);
        Ok(())
    }
}

impl Hand {
    /// Fetches once; gives the events with their actions that are new.
    async fn pull(&self, github: &Github) -> Vec<String> {
        github.pull(&[shop()], self).await.unwrap();
        let taken = std::mem::take(&mut *self.taken.lock().unwrap());
        taken
            .iter()
            .map(|(event, payload)| format!("{event} {}", payload["action"].as_str().unwrap()))
            .collect()
    }
}

fn comment(simulation: &Simulation, text: &str) {
    let comment =
        json!({"kind": "github-comment", "repository": "acme/shop", "issue": 1, "text": text, "by": "ada"});
    simulation.act(&Delivery::new(comment).unwrap()).unwrap();
}

#[tokio::test]
async fn what_happened_in_a_repository_is_handed_over_once_and_in_order() {
    let simulation = start(built_in(), None, None).await;
    let (github, hand) = (github(&simulation), Hand::default());
    hand.pull(&github).await;
    assert_eq!(hand.pull(&github).await, Vec::<String>::new());

    simulation.prepare("github-label").unwrap();
    comment(&simulation, "@ticketsmith status");
    github.pull(&[shop()], &hand).await.unwrap();
    let taken = std::mem::take(&mut *hand.taken.lock().unwrap());
    let [(label_event, label), (comment_event, said)] = &taken[..] else { panic!("{taken:#?}") };
    assert_eq!((label_event.as_str(), comment_event.as_str()), ("issues", "issue_comment"));
    assert_eq!(label["label"]["name"], "agent");
    assert_eq!((&label["sender"]["login"], &label["issue"]["number"]), (&json!("ada"), &json!(1)));
    assert_eq!(said["comment"]["body"], "@ticketsmith status");
    assert_eq!(said["repository"]["full_name"], "acme/shop");
    assert!(said["issue"].get("pull_request").is_none(), "{said}");
    assert_eq!(hand.pull(&github).await, Vec::<String>::new());
}

#[tokio::test]
async fn the_log_of_an_app_is_read_too_and_lists_go_back_further() {
    let clock = TurnedClock(Arc::new(AtomicI64::new(1_772_442_000)));
    let permissions = json!({"contents": "write", "issues": "write", "pull_requests": "write"});
    let (simulation, secret) = app_world_with(&clock, permissions).await;
    let github = connect(&simulation, &secret, RepositoryAccess::ReadConversations, &clock);
    let hand = Hand::default();
    hand.pull(&github).await;
    clock.0.fetch_add(60, Ordering::SeqCst);
    simulation.prepare("github-label").unwrap();
    assert_eq!(hand.pull(&github).await, ["issues labeled"; 2], "by both roads");
    assert_eq!(hand.pull(&github).await, Vec::<String>::new());
    // What happens in the same second is not taken for known.
    comment(&simulation, "Please.");
    assert_eq!(hand.pull(&github).await, ["issue_comment created"; 2], "by both roads");
    clock.0.fetch_add(300, Ordering::SeqCst);
    assert_eq!(hand.pull(&github).await, Vec::<String>::new());
    let asked =
        || simulation.log().iter().filter(|entry| entry.path.starts_with("/repos/acme/shop/")).count();
    let before = asked();
    assert_eq!(hand.pull(&github).await, Vec::<String>::new());
    assert_eq!(asked(), before + 1, "while nothing is updated, one list is asked for");
    // After more than three days the log has forgotten it.
    comment(&simulation, "@ticketsmith status");
    clock.0.fetch_add(4 * 24 * 3_600, Ordering::SeqCst);
    assert_eq!(hand.pull(&github).await, ["issue_comment created"]);
}
