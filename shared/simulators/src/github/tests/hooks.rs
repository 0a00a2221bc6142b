//! Webhooks of a repository and of the App.

use super::*;

const URL: &str = "https://tickets.example/webhooks/github";

#[tokio::test]
async fn a_repositorys_webhook_is_made_and_changed_by_who_administers_it() {
    let mut world = world();
    world["repositories"][0]["collaborators"]["robot"] = json!("admin");
    let server = Server::with(world, json!({ "github": { "token": TOKEN } })).await;
    let body =
        json!({ "events": ["issues"], "config": { "url": URL, "content_type": "json", "secret": "s" } });
    let made = server.ok("POST", "/hooks", Some(body.clone())).await;
    assert_eq!((&made["active"], &made["config"]["secret"]), (&json!(true), &json!("********")));
    assert_eq!(server.refused("POST", "/hooks", Some(body)).await.0, 422);
    let path = format!("/hooks/{}", made["id"]);
    let changed = server.ok("PATCH", &path, Some(json!({ "events": ["issues", "status"] }))).await;
    assert_eq!(changed["events"], json!(["issues", "status"]));
    assert_eq!(server.get("/hooks").await.as_array().unwrap().len(), 1);
    let near = json!({ "config": { "url": "http://127.0.0.1:8080/webhooks/github" } });
    assert!(server.refused("POST", "/hooks", Some(near)).await.1.contains("public Internet"));
}
