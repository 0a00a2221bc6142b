//! Fetched events act like delivered ones, and once by both routes.

use crate::world::{World, send, sign};
use domain::ErrorKind;
use runtime::Function;
use serde_json::{Value, json};

/// A label on an issue, last changed at this second of the day's first minute.
fn label(second: u8) -> Value {
    json!({
        "action": "labeled",
        "sender": {"login": "ada-hub"},
        "repository": {"full_name": "acme/tes"},
        "issue": {
            "number": 1,
            "created_at": "2026-11-20T00:00:00Z",
            "updated_at": format!("2026-11-22T00:00:{second:02}Z"),
        },
        "label": {"name": "agent"},
    })
}

/// Delivers to the webhook; gives the first result.
async fn delivered(world: &World, event: &str, payload: &Value) -> Value {
    let body = payload.to_string();
    let signature = format!("sha256={}", sign("github-secret", &[body.as_bytes()]));
    let request = world.post("github", body).header("x-github-event", event);
    send(request.header("x-hub-signature-256", signature)).await.1["results"][0].clone()
}

fn document(event: &str, payload: &Value) -> Value {
    // Fetched events have other fields, too.
    let mut payload = payload.clone();
    payload["fetched"] = json!(true);
    json!({"place": "github", "headers": {"x-github-event": event}, "body": payload.to_string()})
}

/// Hands over fetched events; returns the first result.
async fn fetched(world: &World, event: &str, payload: &Value) -> Value {
    world.webhooks.invoke(document(event, payload)).await.unwrap()["results"][0].clone()
}

#[tokio::test]
async fn one_label_by_both_roads_starts_one_execution() {
    // A list's time of a label and a webhook's time of its issue may differ a little.
    for (delivered_at, fetched_at) in [(10, 10), (10, 8), (10, 12)] {
        let world = World::new().await;
        let first = fetched(&world, "issues", &label(fetched_at)).await;
        assert_eq!(first["result"], "started", "{first}");
        // It has ended before the other route brings it.
        world.end(first["execution"].as_str().unwrap()).await;
        let again = json!({"result": "duplicate", "execution": first["execution"]});
        assert_eq!(delivered(&world, "issues", &label(delivered_at)).await, again);
        assert_eq!(fetched(&world, "issues", &label(fetched_at)).await, again);
        assert_eq!(world.starts().len(), 1);
        // Another label is another matter.
        assert_eq!(delivered(&world, "issues", &label(delivered_at + 6)).await["result"], "started");
    }
}

#[tokio::test]
async fn one_comment_and_one_review_by_both_roads_are_one() {
    let world = World::new().await;
    let comment = json!({
        "action": "created",
        "sender": {"login": "ada-hub"},
        "repository": {"full_name": "acme/tes"},
        "issue": {"number": 2, "pull_request": {}},
        "comment": {"id": 7, "body": "@ticketsmith revise", "created_at": "2026-11-22T00:00:00Z"},
    });
    let review = json!({
        "action": "submitted",
        "sender": {"login": "ada-hub"},
        "repository": {"full_name": "acme/tes"},
        "pull_request": {"number": 3},
        "review": {"id": 8, "state": "changes_requested", "body": "No."},
    });
    for (event, payload) in [("issue_comment", comment), ("pull_request_review", review)] {
        let first = delivered(&world, event, &payload).await;
        let second = fetched(&world, event, &payload).await;
        assert_eq!(second["result"], "duplicate", "{first} {second}");
        assert_eq!(second["execution"], first["execution"]);
    }
}

#[tokio::test]
async fn what_makes_no_sense_is_left_out_and_what_cannot_be_taken_comes_again() {
    let world = World::new().await;
    let invoke = async |document: Value| world.webhooks.invoke(document).await;
    let nonsense = json!({"place": "github", "headers": {"x-github-event": "issues"}, "body": "no json"});
    assert!(invoke(nonsense).await.unwrap()["error"].as_str().unwrap().contains("JSON"));
    for document in [json!({}), json!({"place": "nobody", "headers": {}, "body": ""})] {
        assert_eq!(invoke(document).await.unwrap_err().kind, ErrorKind::Rejected);
    }
}
