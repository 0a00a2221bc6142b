//! What happens on GitHub, fetched: from the lists of a repository, and from the log of an App's deliveries.

use crate::apps::{TurnedClock, app_world_with, connect};
use crate::code::new_pull_request;
use crate::{github, shop};
use async_trait::async_trait;
use domain::ActionError;
use domain::plugins::{RepositoryAccess, TaskManagement};
use provider::{Pull, PulledDelivery, Receiver};
use provider_github::Github;
use provider_testing::{built_in, start};
use serde_json::{Value, json};
use simulators::Simulation;
use simulators::delivery::Delivery;
use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

/// Records its inputs, and the places.
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
    /// Fetches once; returns the new events with their actions.
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
async fn what_is_closed_or_opened_again_and_titles_are_handed_over() {
    let simulation = start(built_in(), None, None).await;
    let (github, hand) = (github(&simulation), Hand::default());
    let number = new_pull_request(&github).await;
    hand.pull(&github).await;
    let act = |kind: &str| {
        let delivery = json!({"kind": kind, "repository": "acme/shop", "pull_request": number, "by": "ada"});
        simulation.act(&Delivery::new(delivery).unwrap()).unwrap();
    };
    act("github-close");
    github.pull(&[shop()], &hand).await.unwrap();
    let taken = std::mem::take(&mut *hand.taken.lock().unwrap());
    let [(event, closed)] = &taken[..] else { panic!("{taken:#?}") };
    assert_eq!((event.as_str(), &closed["action"]), ("pull_request", &json!("closed")));
    assert_eq!(closed["sender"]["login"], "ada", "whoever closed it: {closed}");
    act("github-reopen");
    github.pull(&[shop()], &hand).await.unwrap();
    let taken = std::mem::take(&mut *hand.taken.lock().unwrap());
    let [(event, reopened)] = &taken[..] else { panic!("{taken:#?}") };
    assert_eq!((event.as_str(), &reopened["action"]), ("pull_request", &json!("reopened")));
    assert_eq!(
        (&reopened["pull_request"]["number"], &reopened["sender"]["login"]),
        (&json!(number), &json!("ada"))
    );
    assert!(reopened["pull_request"]["updated_at"].is_string(), "{reopened}");

    for (status, action) in [("closed", "closed"), ("open", "reopened")] {
        github.update_status("acme/shop#1", status).await.unwrap();
        assert_eq!(hand.pull(&github).await, [format!("issues {action}")]);
    }
    assert_eq!(hand.pull(&github).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_comment_on_a_line_is_handed_over_and_a_remark_of_a_review_is_not() {
    let simulation = start(built_in(), None, None).await;
    let (github, hand) = (github(&simulation), Hand::default());
    let number = new_pull_request(&github).await;
    hand.pull(&github).await;
    let act = |mut delivery: Value| {
        delivery["repository"] = "acme/shop".into();
        delivery["pull_request"] = number.into();
        delivery["by"] = "ada".into();
        simulation.act(&Delivery::new(delivery).unwrap()).unwrap();
    };
    act(json!({"kind": "github-line-comment", "path": "a", "line": 1, "text": "@ticketsmith say more"}));
    act(json!({"kind": "github-review", "verdict": "changes_requested", "text": "Not yet.",
               "comments": [{"path": "a", "line": 1, "body": "@ticketsmith say less"}]}));
    github.pull(&[shop()], &hand).await.unwrap();
    let taken = std::mem::take(&mut *hand.taken.lock().unwrap());
    let events: Vec<&str> = taken.iter().map(|(event, _)| event.as_str()).collect();
    assert_eq!(events, ["pull_request_review", "pull_request_review_comment", "pull_request_review"]);
    let said = &taken[1].1;
    assert_eq!(
        (&said["comment"]["body"], &said["comment"]["path"]),
        (&json!("@ticketsmith say more"), &json!("a"))
    );
    assert_eq!((&said["sender"]["login"], &said["pull_request"]["number"]), (&json!("ada"), &json!(number)));
    assert!(said["comment"]["id"].is_u64(), "{said}");
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
    // Events in the same second are not mistaken for known ones.
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
