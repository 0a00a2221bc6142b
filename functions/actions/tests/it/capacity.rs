//! Reviewers' capacity: who passes at once, who waits, and with whom a ticket is counted.

use crate::world::{EXECUTION, RUN, World};
use domain::{Clock, ErrorKind};
use jiff::SignedDuration;
use records::{FIRST_ASKED_OF_REVIEW, OpenedPullRequest, ReviewPlace, Topic};
use serde_json::{Value, json};

const OWNERS: &str = "* @acme/shop @Ada\n/docs/ @writer\n/src/ @acme/core\n";

/// The built-in world whose project has this `capacity`.
async fn world(capacity: Value) -> World {
    let world = World::start_with(|world| world.configuration["projects"][0]["capacity"] = capacity).await;
    world.begin().await;
    world
}

fn per(per: &str) -> Value {
    json!({"open_pull_requests": 1, "per": per})
}

impl World {
    async fn awaits(&self, input: Value) -> Result<Value, domain::ActionError> {
        self.step("AwaitCapacity", "await_capacity", input).await
    }

    async fn places(&self) -> Vec<ReviewPlace> {
        self.table.review_places("SHOP").await.unwrap()
    }

    async fn lines(&self) -> Vec<String> {
        self.places().await.into_iter().find(|place| place.run == EXECUTION).unwrap().lines
    }

    /// Another run with a place in these lines.
    async fn other(&self, run: &str, lines: &[String]) -> ReviewPlace {
        let now = self.clock.now() - SignedDuration::from_hours(1);
        let place = ReviewPlace {
            run: run.to_owned(),
            execution: run.to_owned(),
            lines: lines.to_vec(),
            since: now,
            taken_at: None,
            ask_at: None,
            asked: 0,
        };
        self.table.wait_for_review_place("SHOP", &place).await.unwrap();
        let taken = self.table.take_review_place("SHOP", &place, 9, now, now + FIRST_ASKED_OF_REVIEW).await;
        assert!(taken.unwrap());
        place
    }
}

#[tokio::test]
async fn without_a_limit_nobody_is_counted() {
    let world = World::start().await;
    world.begin().await;
    assert_eq!(world.awaits(json!({})).await.unwrap(), json!({"counted": false}));
    assert!(world.places().await.is_empty());
    assert!(world.simulation.log().is_empty(), "no service was asked");
}

#[tokio::test]
async fn who_finds_no_room_waits_and_passes_when_there_is_some() {
    let world = world(per("project")).await;
    let other = world.other("other", &["project".to_owned()]).await;
    let error = world.awaits(json!({})).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::AtCapacity);
    assert!(
        error
            .message
            .starts_with("It is first in line of 1: at most 1 of our pull requests is open for SHOP"),
        "{error}"
    );
    let payload = json!({
        "v": 1, "run": RUN, "key": format!("{RUN}/AwaitCapacityInLine"), "project": "SHOP",
        "actor": {"source": "jira", "id": "712020:ada"}, "input": {"reason": "{}"}, "task_token": "token",
    });
    world.dispatch("await_capacity", payload).await.unwrap();
    let waiters = world.table.waiters(&Topic::Capacity).await.unwrap();
    assert_eq!(waiters.len(), 1);
    let execution = world.table.execution(EXECUTION).await.unwrap().unwrap();
    assert_eq!(execution.question, Some(error.message));
    // Its turn is the same however often it asks.
    let since = world.table.review_place("SHOP", EXECUTION).await.unwrap().unwrap().since;
    world.awaits(json!({})).await.unwrap_err();
    assert_eq!(world.table.review_place("SHOP", EXECUTION).await.unwrap().unwrap().since, since);
    assert!(world.table.give_back_review_place("SHOP", &other).await.unwrap());
    for _ in 0..2 {
        assert_eq!(world.awaits(json!({})).await.unwrap(), json!({"counted": true}));
    }
    assert_eq!(world.places().await.len(), 1);
}

#[tokio::test]
async fn nobody_passes_one_who_waits_longer() {
    let world = world(per("project")).await;
    let before = ReviewPlace { taken_at: None, ..world.other("other", &["project".to_owned()]).await };
    assert!(world.table.give_back_review_place("SHOP", &before).await.unwrap());
    world.table.wait_for_review_place("SHOP", &before).await.unwrap();
    let error = world.awaits(json!({})).await.unwrap_err();
    assert!(error.message.contains("second in line of 2"), "{error}");
}

#[tokio::test]
async fn a_ticket_with_an_open_pull_request_and_a_run_that_has_one_never_wait() {
    let world = world(per("project")).await;
    let earlier = world.other("earlier", &["project".to_owned()]).await;
    let ticket = world.step("FetchTask", "get_task", json!({"task_id": "SHOP-1"})).await.unwrap();
    let opened = OpenedPullRequest {
        repository: "acme/shop".parse().unwrap(),
        number: 7,
        url: "https://x".into(),
        branch: "feature/x".parse().unwrap(),
        target: "main".parse().unwrap(),
        task_id: ticket["task"]["task_id"].as_str().map(str::to_owned),
        project: "SHOP".into(),
        run: Some(earlier.run.clone()),
        at: world.clock.now(),
    };
    world.table.put_opened_pull_request(&opened).await.unwrap();
    let input = domain::execution::ExecutionInput::new(serde_json::Map::new(), Some("SHOP".into()), None);
    let (trigger, task) = (domain::EventName::API_RUN, Some("SHOP-1".to_owned()));
    let new = records::NewExecution::new(
        trigger,
        "again".into(),
        "development".into(),
        task,
        input,
        world.clock.now(),
    );
    world.table.begin(&new, domain::routes::Concurrency::Any).await.unwrap();
    let run = RUN.replace(EXECUTION, &new.name);
    let again = || json!({"v": 1, "run": run, "key": format!("{run}/AwaitCapacity"), "project": "SHOP", "actor": null, "input": {}});
    assert_eq!(world.dispatch("await_capacity", again()).await.unwrap(), json!({"counted": false}));
    // Once it is merged, the ticket is like any other.
    assert!(world.table.give_back_review_place("SHOP", &earlier).await.unwrap());
    assert_eq!(world.dispatch("await_capacity", again()).await.unwrap(), json!({"counted": true}));
}

#[tokio::test]
async fn a_ticket_is_counted_with_the_owners_of_what_it_touches() {
    for (input, expected) in [
        (json!({}), vec!["owner/@acme/shop", "owner/@ada"]),
        (json!({"paths": ["docs/a.md", "src/b.py"]}), vec!["owner/@writer", "owner/@acme/core"]),
        (json!({"paths": ["setup.py"]}), vec!["owner/@acme/shop", "owner/@ada"]),
    ] {
        let world = world(per("codeowner")).await;
        world.push_file(".github/CODEOWNERS", OWNERS);
        assert_eq!(world.awaits(input.clone()).await.unwrap(), json!({"counted": true}), "{input}");
        assert_eq!(world.lines().await, expected, "{input}");
        world.assert_no_violations();
    }
}

#[tokio::test]
async fn without_owners_a_ticket_is_counted_with_its_project_and_else_with_its_person() {
    let unowned = world(per("codeowner")).await;
    unowned.awaits(json!({})).await.unwrap();
    assert_eq!(unowned.lines().await, ["project"]);
    let person = world(per("person")).await;
    person.awaits(json!({})).await.unwrap();
    assert_eq!(person.lines().await, ["person/ada"]);
}

impl World {
    /// Puts a file on the base branch, as a person would.
    fn push_file(&self, path: &str, content: &str) {
        let push = json!({"kind": "github-push", "repository": "acme/shop", "branch": "main", "by": "ada",
            "message": "Name owners", "files": {path: content}});
        self.simulation.act(&serde_json::from_value(push).unwrap()).unwrap();
    }
}
