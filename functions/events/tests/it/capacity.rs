//! Reviewers' capacity: executions in line continue, oldest first, when a place is given back.

use crate::feedback::journal;
use crate::world::{World, arn};
use domain::configuration::{Capacity, CapacityPer};
use domain::event::SAID_ON;
use domain::{ActionId, Clock};
use events::EventInput;
use jiff::SignedDuration;
use records::{ClosedPullRequest, OpenedPullRequest, ReviewPlace, Topic};
use serde_json::{Value, json};

/// When the code host is first asked about a pull request. Five seconds pass whenever the clock is read.
const ASKED_AFTER: SignedDuration = SignedDuration::from_mins(50);

impl World {
    async fn allow(&self, open_pull_requests: Option<u32>) {
        let mut configuration = (*self.table.configuration(self.clock.now()).await.unwrap()).clone();
        configuration.projects[0].capacity =
            open_pull_requests.map(|limit| Capacity { open_pull_requests: limit, per: CapacityPer::Project });
        self.table.put_configuration(&configuration).await.unwrap();
        // It is read again after a minute.
        self.clock.advance(1);
    }

    async fn place_of(&self, name: &str) -> Option<ReviewPlace> {
        self.table.review_place("SHOP", name).await.unwrap()
    }

    /// A run that wants a place.
    async fn joins(&self, ticket: &str) -> ReviewPlace {
        // All of them report on a ticket that the tracker has.
        let event = json!({"task_id": ticket, SAID_ON: "SHOP-1"});
        // On the heap: a test's futures do not fit on a thread's stack otherwise.
        let name = Box::pin(self.begin("jira.labelled", ticket, event)).await;
        Box::pin(self.status_change(&name, json!({}))).await;
        self.knows(&name, json!({"status": "RUNNING"}));
        let place = ReviewPlace {
            run: name.clone(),
            execution: name,
            lines: vec!["project".into()],
            since: self.clock.now(),
            taken_at: None,
            ask_at: None,
            asked: 0,
        };
        self.table.wait_for_review_place("SHOP", &place).await.unwrap()
    }

    /// A run that has a place, with a pull request if it says so.
    async fn holds(&self, ticket: &str, number: Option<u64>) -> String {
        let place = self.joins(ticket).await;
        let now = self.clock.now();
        let taken = self.table.take_review_place("SHOP", &place, 9, now, now + ASKED_AFTER).await;
        assert!(taken.unwrap());
        let name = place.run;
        if let Some(number) = number {
            let output =
                json!({"number": number, "repository": "acme/shop", "created": true, "pr_url": "https://x"});
            journal(self, &name, ActionId::literal("create_pull_request"), output).await;
            let opened = OpenedPullRequest {
                repository: "acme/shop".parse().unwrap(),
                number,
                url: "https://x".into(),
                branch: "feature/x".parse().unwrap(),
                target: "main".parse().unwrap(),
                task_id: Some(ticket.to_owned()),
                project: "SHOP".into(),
                run: Some(name.clone()),
                at: self.clock.now(),
            };
            self.table.put_opened_pull_request(&opened).await.unwrap();
        }
        name
    }

    /// A run that is parked in line; its task token is the ticket.
    async fn waits(&self, ticket: &str) -> String {
        let name = self.joins(ticket).await.run;
        self.step_functions.lock().unwrap().open_tokens.insert(ticket.to_owned());
        let wait = self.wait(&name, &Topic::Capacity, |waiter| {
            waiter.key = format!("{}/AwaitCapacityInLine", arn(&name));
            waiter.token = ticket.to_owned().into();
        });
        Box::pin(wait).await;
        name
    }

    async fn question(&self, name: &str) -> Option<String> {
        self.table.execution(name).await.unwrap().unwrap().question
    }

    async fn closed(&self, number: u64, is_heard: bool) {
        let closed = ClosedPullRequest {
            repository: "acme/shop".parse().unwrap(),
            number,
            branch: "feature/x".into(),
            merged: true,
            opened_at: None,
            closed_at: self.clock.now(),
        };
        self.table.put_closed_pull_request(&closed).await.unwrap();
        if is_heard {
            let sk = format!("PULL_REQUEST#{number:010}");
            let change = EventInput::from_keys([("REPOSITORY#acme/shop", sk.as_str())]);
            Box::pin(self.events.handle(change)).await.unwrap();
        }
    }

    async fn reopened(&self, number: u64) {
        let repository = "acme/shop".parse().unwrap();
        let at = self.clock.now();
        assert!(self.table.put_reopened_pull_request(&repository, number, at).await.unwrap());
        let sk = format!("PULL_REQUEST#{number:010}");
        let change = EventInput::from_keys([("REPOSITORY#acme/shop", sk.as_str())]);
        Box::pin(self.events.handle(change)).await.unwrap();
    }

    /// The runs whose steps were told that they may look again, in order.
    fn let_pass(&self) -> Vec<String> {
        self.told().iter().map(|told| told["taskToken"].as_str().unwrap().to_owned()).collect()
    }

    async fn sweeps(&self) {
        Box::pin(self.sweep()).await;
    }

    async fn ends(&self, name: &str, status: &str) {
        Box::pin(self.status_change(name, json!({"status": status}))).await;
    }
}

#[tokio::test]
async fn merges_and_closes_let_the_oldest_pass_and_the_others_are_told_their_turn() {
    let world = World::new().await;
    world.allow(Some(2)).await;
    world.holds("SHOP-1", Some(101)).await;
    world.holds("SHOP-2", Some(102)).await;
    let (third, fourth) = (world.waits("SHOP-3").await, world.waits("SHOP-4").await);
    assert_eq!(world.let_pass(), Vec::<String>::new());
    let question = world.question(&fourth).await.unwrap();
    assert!(
        question.starts_with("It is second in line of 2: at most 2 of our pull requests are open for SHOP"),
        "{question}"
    );
    world.closed(101, true).await;
    assert_eq!(world.let_pass(), ["SHOP-3"]);
    assert!(world.place_of(&third).await.unwrap().is_taken());
    assert_eq!(world.question(&third).await, None);
    let question = world.question(&fourth).await.unwrap();
    assert!(question.starts_with("It is first in line of 1"), "{question}");
    // Told twice, and once by somebody who knows nothing of it.
    world.closed(101, true).await;
    world.closed(7, true).await;
    assert_eq!(world.let_pass(), ["SHOP-3"]);
    world.closed(102, true).await;
    assert_eq!(world.let_pass(), ["SHOP-3", "SHOP-4"]);
}

#[tokio::test]
async fn the_line_is_read_once_for_those_who_pass_and_those_who_are_told_their_turn() {
    let world = World::new().await;
    world.allow(Some(1)).await;
    world.holds("SHOP-1", Some(101)).await;
    world.waits("SHOP-2").await;
    let third = world.waits("SHOP-3").await;
    let before = world.lines_read();
    assert!(before > 0);
    world.closed(101, true).await;
    assert_eq!(world.let_pass(), ["SHOP-2"]);
    let question = world.question(&third).await.unwrap();
    assert!(question.starts_with("It is first in line of 1"), "{question}");
    assert_eq!(world.lines_read() - before, 1);
}

#[tokio::test]
async fn a_run_that_ends_without_a_pull_request_gives_its_place_back() {
    let world = World::new().await;
    world.allow(Some(1)).await;
    let first = world.holds("SHOP-1", None).await;
    world.waits("SHOP-2").await;
    world.ends(&first, "FAILED").await;
    assert_eq!((world.place_of(&first).await, world.let_pass()), (None, vec!["SHOP-2".to_owned()]));
}

#[tokio::test]
async fn a_run_that_ends_with_an_open_pull_request_keeps_its_place() {
    let world = World::new().await;
    world.allow(Some(1)).await;
    let first = world.holds("SHOP-1", Some(101)).await;
    let second = world.waits("SHOP-2").await;
    world.ends(&first, "SUCCEEDED").await;
    assert_eq!(world.let_pass(), Vec::<String>::new());
    // A run that is stopped in line leaves it.
    world.waits("SHOP-3").await;
    world.ends(&second, "ABORTED").await;
    assert_eq!(world.place_of(&second).await, None);
    world.closed(101, true).await;
    assert_eq!(world.let_pass(), ["SHOP-3"]);
}

#[tokio::test]
async fn a_lost_delivery_keeps_nobody_waiting() {
    let world = World::new().await;
    world.allow(Some(1)).await;
    world.holds("SHOP-1", Some(101)).await;
    world.waits("SHOP-2").await;
    let asked = || world.services.log().iter().filter(|entry| entry.path.ends_with("/pulls/101")).count();
    world.sweeps().await;
    assert_eq!((asked(), world.let_pass().len()), (0, 0), "it took its place just now");
    // The code host does not know it, so nobody can review it. New ones may be unknown for a moment, so it is asked more than once.
    world.clock.advance(1);
    world.sweeps().await;
    assert!(asked() >= 1);
    assert_eq!(world.let_pass(), ["SHOP-2"]);
}

#[tokio::test]
async fn what_was_recorded_and_not_heard_needs_no_question() {
    let world = World::new().await;
    world.allow(Some(1)).await;
    world.holds("SHOP-1", Some(101)).await;
    world.waits("SHOP-2").await;
    world.closed(101, false).await;
    world.clock.advance(1);
    world.sweeps().await;
    assert_eq!(world.let_pass(), ["SHOP-2"]);
    assert!(world.services.log().iter().all(|entry| !entry.path.ends_with("/pulls/101")));
}

#[tokio::test]
async fn whoever_ended_between_two_writes_blocks_nobody() {
    let world = World::new().await;
    world.allow(Some(1)).await;
    // It took a place, and its function ended before it told anybody.
    let first = world.waits("SHOP-1").await;
    assert_eq!(world.let_pass(), ["SHOP-1"]);
    let second = world.joins("SHOP-2").await;
    let third = world.waits("SHOP-3").await;
    let now = world.clock.now();
    world.table.give_back_review_place("SHOP", &world.place_of(&first).await.unwrap()).await.unwrap();
    assert!(world.table.take_review_place("SHOP", &second, 1, now, now).await.unwrap());
    world.ends(&second.run, "FAILED").await;
    assert_eq!(world.let_pass(), ["SHOP-1", "SHOP-3"]);
    // A place was taken for a run whose step was not told.
    let fourth = world.waits("SHOP-4").await;
    world.table.give_back_review_place("SHOP", &world.place_of(&third).await.unwrap()).await.unwrap();
    let place = world.place_of(&fourth).await.unwrap();
    assert!(
        world
            .table
            .take_review_place("SHOP", &place, 1, now, world.clock.now() + SignedDuration::from_hours(9))
            .await
            .unwrap()
    );
    world.sweeps().await;
    assert_eq!(world.let_pass(), ["SHOP-1", "SHOP-3", "SHOP-4"]);
}

#[tokio::test]
async fn who_waits_goes_on_when_the_limit_is_raised_or_taken_away() {
    let world = World::new().await;
    world.allow(Some(1)).await;
    world.holds("SHOP-1", None).await;
    for ticket in ["SHOP-2", "SHOP-3", "SHOP-4"] {
        world.waits(ticket).await;
    }
    world.allow(Some(2)).await;
    world.sweeps().await;
    assert_eq!(world.let_pass(), ["SHOP-2"]);
    world.allow(None).await;
    world.sweeps().await;
    let mut passed = world.let_pass();
    passed.sort();
    assert_eq!(passed, ["SHOP-2", "SHOP-3", "SHOP-4"]);
}

#[tokio::test]
async fn a_pull_request_that_is_open_is_asked_about_less_and_less() {
    let world = World::new().await;
    world.allow(Some(1)).await;
    let number = world.opens_pull_request().await;
    world.holds("SHOP-1", Some(number)).await;
    world.waits("SHOP-2").await;
    let path = format!("/pulls/{number}");
    let asked = || {
        world
            .services
            .log()
            .iter()
            .filter(|entry| entry.method == "GET" && entry.path.ends_with(&path))
            .count()
    };
    let before = asked();
    world.clock.advance(1);
    world.sweeps().await;
    assert_eq!((asked() - before, world.let_pass().len()), (1, 0));
    world.clock.advance(1);
    world.sweeps().await;
    assert_eq!(asked() - before, 2);
    // Merged, and no delivery says so.
    let merge = json!({"kind": "github-close", "repository": "acme/shop", "pull_request": number, "merge": true, "by": "ada"});
    world.services.act(&serde_json::from_value(merge).unwrap()).unwrap();
    world.clock.advance(2);
    world.sweeps().await;
    assert_eq!(world.let_pass(), ["SHOP-2"]);
}

impl World {
    /// Opens a pull request at the code host, as a run would.
    async fn opens_pull_request(&self) -> u64 {
        let client = reqwest::Client::builder().user_agent("test").no_proxy().build().unwrap();
        let post = async |path: &str, body: Value| -> Value {
            let url = format!("{}/repos/acme/shop/{path}", self.services.url("github"));
            let request = client.post(url).bearer_auth("simulated-github-token").json(&body);
            request.send().await.unwrap().json().await.unwrap()
        };
        let state = self.services.state();
        let main = &state["github"]["repositories"][0]["branches"]["main"];
        post("git/refs", json!({"ref": "refs/heads/feature/x", "sha": main})).await;
        let push = json!({"kind": "github-push", "repository": "acme/shop", "branch": "feature/x", "by": "ada",
            "message": "Change", "files": {"a.txt": "1"}});
        self.services.act(&serde_json::from_value(push).unwrap()).unwrap();
        let opened = post("pulls", json!({"title": "x", "head": "feature/x", "base": "main"})).await;
        opened["number"].as_u64().unwrap_or_else(|| panic!("{opened}"))
    }
}

#[tokio::test]
async fn a_pull_request_that_is_opened_again_counts_again() {
    let world = World::new().await;
    world.allow(Some(1)).await;
    let first = world.holds("SHOP-1", Some(101)).await;
    world.closed(101, true).await;
    assert_eq!(world.place_of(&first).await, None);
    world.reopened(101).await;
    assert!(world.place_of(&first).await.unwrap().is_taken());
    let second = world.waits("SHOP-2").await;
    assert_eq!(world.let_pass(), Vec::<String>::new(), "the line is full again");
    let question = world.question(&second).await.unwrap();
    assert!(question.starts_with("It is first in line of 1"), "{question}");
    world.closed(101, true).await;
    assert_eq!(world.let_pass(), ["SHOP-2"]);
    // Reopened beyond the limit: no run loses its place, and none passes.
    world.reopened(101).await;
    world.waits("SHOP-3").await;
    assert_eq!(world.let_pass(), ["SHOP-2"]);
}
