//! Deliveries about checks: each is partial, so the code host is asked for the rest.

use crate::world::{World, configuration, routes};
use domain::routes::Routes;
use serde_json::{Value, json};

fn suite(repository: &str, action: &str, by: &str) -> Value {
    json!({
        "action": action,
        "check_suite": {"head_sha": "0a1b", "head_branch": "feature/SHOP-1", "conclusion": "success"},
        "repository": {"full_name": repository},
        "sender": {"login": by},
    })
}

fn status(state: &str) -> Value {
    json!({
        "sha": "0a1b", "state": state, "context": "ci/build",
        "branches": [{"name": "main", "commit": {"sha": "ffff"}}, {"name": "feature/SHOP-1", "commit": {"sha": "0a1b"}}],
        "repository": {"full_name": "acme/shop"},
        "sender": {"login": "ci"},
    })
}

fn with_checks() -> Routes {
    let mut routes = routes();
    let checks = json!({"title": "Checks", "inputs": {"sha": {"type": "string"}},
        "triggers": [{"on": "github.checks_completed", "conditions": {"conclusion": "success"}}]});
    routes.workflows.insert("checks".into(), serde_json::from_value(checks).unwrap());
    routes
}

#[tokio::test]
async fn one_apps_checks_start_nothing_by_themselves() {
    let world = World::with(configuration(), with_checks()).await;
    let key = "github.checks_completed/acme/shop/0a1b";
    let (_, requested) = world.github("check_suite", "d0", &suite("acme/shop", "requested", "ada-hub")).await;
    assert_eq!(requested["results"][0]["result"], "ignored");
    // The sender is the account that pushed, usually the bot itself.
    let own = suite("acme/shop", "completed", "ticketsmith[bot]");
    let (_, told) = world.github("check_suite", "d1", &own).await;
    assert_eq!(told["results"][0]["result"], "recorded", "{told}");
    let inquiry = world.table.inquiry(key).await.unwrap().unwrap();
    assert!(inquiry.reported && inquiry.by.is_none(), "{inquiry:?}");
    assert_eq!(inquiry.fields["branch"], "feature/SHOP-1");
    world.table.end_inquiry(&inquiry).await.unwrap();

    let (_, pending) = world.github("status", "d2", &status("pending")).await;
    assert_eq!(pending["results"][0]["reason"], "the status is pending");
    world.github("status", "d3", &status("error")).await;
    let inquiry = world.table.inquiry(key).await.unwrap().unwrap();
    assert_eq!(
        (&inquiry.fields["branch"], &inquiry.fields["conclusion"]),
        (&json!("feature/SHOP-1"), &json!("failure"))
    );
    assert_eq!(inquiry.by.unwrap().id, "ci");
    assert!(world.starts().is_empty());
}

#[tokio::test]
async fn nobody_is_asked_about_what_nobody_wants_to_know() {
    let unwanted = World::new().await;
    let (_, told) = unwanted.github("check_suite", "d1", &suite("acme/shop", "completed", "ada-hub")).await;
    assert_eq!(
        told["results"][0]["reason"],
        "no workflow has a trigger for github.checks_completed, and no step waits for it"
    );
    let elsewhere = World::with(configuration(), with_checks()).await;
    let (_, told) = elsewhere.github("check_suite", "d1", &suite("acme/other", "completed", "ada-hub")).await;
    assert!(told["results"][0]["reason"].as_str().unwrap().contains("acme/other does not belong"), "{told}");
    for world in [unwanted, elsewhere] {
        assert!(world.table.inquiries().await.unwrap().is_empty());
    }
}
