use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::Harness;

fn page(title: &str, body: &str) -> Value {
    json!({"spaceId": "32800", "status": "current", "title": title,
           "body": {"representation": "storage", "value": body}})
}

#[tokio::test]
async fn a_call_without_the_right_token_is_401() {
    let world = Harness::start().await;
    let url = format!("{}/wiki/api/v2/spaces", world.simulation.url("confluence"));
    let response =
        world.client.get(url).basic_auth("bot@example.com", Some("jira-token")).send().await.unwrap();
    assert_eq!(response.status(), 401);
}

#[tokio::test]
async fn pages_are_created_found_and_deleted() {
    let world = Harness::start().await;
    let spaces = world.confluence(Method::GET, "/api/v2/spaces?keys=DOC", None).await.body;
    assert_eq!(spaces["results"][0]["id"], "32800");
    let none = world.confluence(Method::GET, "/api/v2/spaces?keys=NOPE", None).await.body;
    assert_eq!(none["results"], json!([]));

    let created = world.confluence(Method::POST, "/api/v2/pages", Some(page("New", "<p>one</p>"))).await;
    assert_eq!(created.status, 200);
    assert_eq!(created.body["parentId"], spaces["results"][0]["homepageId"]);
    let id = created.body["id"].as_str().unwrap().to_owned();
    let again = world.confluence(Method::POST, "/api/v2/pages", Some(page("New", "<p>two</p>"))).await;
    assert_eq!(again.status, 400);
    assert!(again.body["errors"][0]["title"].as_str().unwrap().contains("already exists"));
    let broken = world.confluence(Method::POST, "/api/v2/pages", Some(page("Broken", "<p>a & b</p>"))).await;
    assert_eq!(broken.status, 400);

    let found = world
        .confluence(Method::GET, "/api/v2/pages?space-id=32800&title=New&body-format=storage", None)
        .await;
    assert_eq!(found.body["results"][0]["body"]["storage"]["value"], "<p>one</p>");

    let path = format!("/api/v2/pages/{id}");
    assert_eq!(world.confluence(Method::DELETE, &path, None).await.status, 204);
    assert_eq!(world.confluence(Method::DELETE, &path, None).await.status, 404);
    let found = world.confluence(Method::GET, "/api/v2/pages?space-id=32800&title=New", None).await;
    assert_eq!(found.body["results"], json!([]));
}
