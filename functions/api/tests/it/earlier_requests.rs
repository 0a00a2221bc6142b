//! Requests with an `Idempotency-Key` that an earlier version performed, and that are sent again after an update.

use crate::world::World;
use axum::http::Method;
use serde_json::json;
use sha2::{Digest, Sha256};

#[tokio::test(flavor = "multi_thread")]
async fn what_an_earlier_version_performed_is_not_performed_again() {
    let world = World::new().await;
    // Its fields are not in alphabetical order.
    let body = json!({"key": "GIFT", "repository": "acme/gift", "providers": {"version_control": "github"}});
    let digest = hex::encode(Sha256::digest(json!(["create project", body]).to_string()));
    let key = json!(["admin", "once"]).to_string();
    world.table.claim_request(&key, &digest, world.now()).await.unwrap();
    let answer = json!({"location": "/api/v1/projects/R0lGVA", "body": {"key": "GIFT"}, "created": "\"1\""});
    world.table.answer_request(&key, &answer.to_string()).await.unwrap();
    let headers = [
        ("authorization", format!("Bearer {}", world.session("admin"))),
        ("idempotency-key", "once".to_owned()),
    ];
    let create = async |body| world.send(Method::POST, "/api/v1/projects", &headers, Some(body)).await;
    let again = create(body.clone()).await;
    assert_eq!((again.status, again.json()), (201, json!({"key": "GIFT"})), "{}", again.text);
    let mut other = body;
    other["key"] = json!("OTHER");
    assert_eq!(create(other).await.paths(), ["idempotency-key"]);
}
