//! While a signing secret is rotated, signatures of the old one and the new one are accepted.

use crate::world::{World, send, sign};
use serde_json::json;

#[tokio::test]
async fn what_either_of_two_secrets_signs_is_accepted_while_one_is_rotated() {
    let world = World::new().await;
    world.aws.lock().unwrap().secrets = json!({"jira": ["new", "old"]});
    let payload = json!({"webhookEvent": "jira:issue_updated", "issue": {"key": "SHOP-1"}}).to_string();
    let post = async |secret: &str| {
        let signature = format!("sha256={}", sign(secret, &[payload.as_bytes()]));
        send(world.post("jira", payload.clone()).header("x-hub-signature", signature)).await.0
    };
    for (secret, refused) in [("new", false), ("old", false), ("older", true), ("", true)] {
        assert_eq!(post(secret).await == 401, refused, "{secret}");
    }
}
