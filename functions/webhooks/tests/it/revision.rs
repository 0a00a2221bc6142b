//! Requests for revisions of pull requests that runs opened.

use crate::world::{World, configuration, numbered, routes};
use domain::Clock;
use records::{OpenedPullRequest, ReplyPlace};
use serde_json::{Value, json};

/// A world in which #7 is the pull request of SHOP-1, and #8 that of a ticket of no project.
pub(crate) async fn world() -> World {
    let mut routes = routes();
    for (name, workflow) in [
        (
            "revision",
            json!({"title": "Revision", "inputs": {"task_id": {"type": "string"}, "comments": {"type": "string"}},
                "triggers": [{"on": "revision.requested"}]}),
        ),
        (
            "review",
            json!({"title": "Review", "inputs": {"number": {"type": "integer"}},
                "triggers": [{"on": "github.commented", "conditions": {"command": "review"}}]}),
        ),
    ] {
        routes.workflows.insert(name.into(), serde_json::from_value(workflow).unwrap());
    }
    let world = World::with(configuration(), routes).await;
    for (number, ticket) in [(7, "SHOP-1"), (8, "OPS-1")] {
        let opened = OpenedPullRequest {
            repository: "acme/shop".parse().unwrap(),
            number,
            url: format!("https://github.com/acme/shop/pull/{number}"),
            branch: format!("feature/{ticket}").parse().unwrap(),
            target: "main".parse().unwrap(),
            task_id: Some(ticket.to_owned()),
            project: "SHOP".into(),
            run: None,
            at: world.clock.now(),
        };
        world.table.put_opened_pull_request(&opened).await.unwrap();
    }
    world
}

/// A review with only remarks on lines.
pub(crate) fn review() -> Value {
    json!({
        "action": "submitted",
        "sender": {"login": "ada-hub"},
        "repository": {"full_name": "acme/shop"},
        "pull_request": {"number": 7},
        "review": {"id": null, "state": "changes_requested", "body": null},
    })
}

pub(crate) fn comment(number: u64, body: &str) -> Value {
    json!({
        "action": "created",
        "sender": {"login": "ada-hub"},
        "repository": {"full_name": "acme/shop"},
        "issue": {"number": number, "pull_request": {"url": "u"}},
        "comment": {"id": null, "body": body},
    })
}

/// The answer to the author of a GitHub delivery, and its place.
pub(crate) async fn told(world: &World, delivery: &str, payload: &Value) -> Option<(String, ReplyPlace)> {
    let said = if payload["review"].is_null() { "comment" } else { "review" };
    let id = format!("github#acme/shop {said} {}", numbered(delivery, payload)[said]["id"]);
    world.table.reply(&id).await.unwrap().map(|reply| (reply.text, reply.place))
}

pub(crate) fn on_pull_request() -> ReplyPlace {
    ReplyPlace::Ticket { task_id: "acme/shop#7".to_owned(), restriction: None }
}

#[tokio::test]
async fn a_review_without_words_is_a_request_and_is_told_where_work_goes_on() {
    let world = world().await;
    let (_, answer) = world.github("pull_request_review", "d1", &review()).await;
    assert_eq!(answer["results"][0]["result"], "pending", "{answer}");
    let execution = world.execution_on("SHOP-1").await;
    assert_eq!(execution.workflow, "revision");
    assert_eq!(execution.input.inputs["comments"], "");
    assert_eq!(execution.input.event["said_on"], "acme/shop#7");
    let (_, answer) = world.github("pull_request_review", "d2", &review()).await;
    assert_eq!(answer["results"][0]["result"], "recorded", "{answer}");
    let (text, place) = told(&world, "d2", &review()).await.unwrap();
    assert!(text.contains("takes this in with its next step"), "{text}");
    assert_eq!(place, on_pull_request());
    assert_eq!(told(&world, "d1", &review()).await, None);
}

/// GitHub also sends a review's remarks one by one.
#[tokio::test]
async fn a_remark_of_a_review_is_part_of_what_the_review_started() {
    let world = world().await;
    let mut review = review();
    review["review"]["id"] = json!(70);
    let (_, answer) = world.github("pull_request_review", "d1", &review).await;
    assert_eq!(answer["results"][0]["result"], "pending", "{answer}");
    let remark = |id: u64, review: u64| {
        json!({
            "action": "created",
            "sender": {"login": "ada-hub"},
            "repository": {"full_name": "acme/shop"},
            "pull_request": {"number": 7},
            "comment": {"id": id, "body": "@ticketsmith rename it", "path": "a.py", "line": 3, "pull_request_review_id": review},
        })
    };
    let (_, answer) = world.github("pull_request_review_comment", "d2", &remark(9, 70)).await;
    assert_eq!(answer["results"][0]["result"], "duplicate", "{answer}");
    // A single one is for the agent at work.
    let (_, answer) = world.github("pull_request_review_comment", "d3", &remark(10, 71)).await;
    assert_eq!(answer["results"][0]["result"], "recorded", "{answer}");
}

#[tokio::test]
async fn two_programs_that_answer_each_other_stop_at_the_limit() {
    let world = world().await;
    for round in 0..20 {
        let words = comment(7, "@ticketsmith rename it once more");
        let (_, answer) = world.github("issue_comment", &format!("round {round}"), &words).await;
        assert_eq!(answer["results"][0]["result"], "started", "{answer}");
        world.end(answer["results"][0]["execution"].as_str().unwrap()).await;
        world.clock.advance(60);
    }
    let words = comment(7, "@ticketsmith rename it once more");
    for _ in 0..2 {
        let (_, answer) = world.github("issue_comment", "too many", &words).await;
        assert_eq!(answer["results"][0]["result"], "refused", "{answer}");
    }
    let (text, _) = told(&world, "too many", &words).await.unwrap();
    assert!(text.contains("revisions") && text.contains("24 hours"), "{text}");
    // One that came before is not refused when it comes again.
    let (_, answer) = world.github("issue_comment", "round 19", &words).await;
    assert_eq!(answer["results"][0]["result"], "duplicate", "{answer}");
    world.clock.advance(24 * 60 * 60);
    let (_, answer) = world.github("issue_comment", "next day", &words).await;
    assert_eq!(answer["results"][0]["result"], "started", "{answer}");
}

#[tokio::test]
async fn what_is_said_on_a_pull_request_is_about_its_ticket_and_reported_there() {
    let world = world().await;
    let (_, answer) = world.github("issue_comment", "d1", &comment(7, "@ticketsmith review")).await;
    assert_eq!(answer["results"][0]["workflow"], "review", "{answer}");
    let execution = world.execution_on("SHOP-1").await;
    assert_eq!(execution.input.event["said_on"], "acme/shop#7");
    let stop = comment(7, "@ticketsmith stop");
    let (_, answer) = world.github("issue_comment", "d2", &stop).await;
    assert_eq!(answer["results"][0]["result"], "recorded", "{answer}");
    assert!(world.execution_on("SHOP-1").await.stop_requested_by.is_some());
    let (text, place) = told(&world, "d2", &stop).await.unwrap();
    assert!(text.contains("is being stopped"), "{text}");
    assert_eq!(place, on_pull_request());
}

#[tokio::test]
async fn a_pull_request_whose_ticket_is_of_no_project_is_answered() {
    let world = world().await;
    let words = comment(8, "@ticketsmith status");
    let (_, answer) = world.github("issue_comment", "d1", &words).await;
    assert_eq!(answer["results"][0]["result"], "answered", "{answer}");
    assert!(told(&world, "d1", &words).await.is_some());
    assert!(world.starts().is_empty());
}
