//! Connected as a GitHub App, its tokens are kept from one step to the next.

use crate::world::World;
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use std::path::Path;

fn private_key() -> String {
    let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let der: Pkcs8V1Der<'_> = pair.as_der().unwrap();
    format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(der.as_ref()))
}

/// The built-in world with an App in place of the token.
async fn world() -> World {
    let secret = json!({"app_id": "77", "installation_id": "99", "private_key": private_key()}).to_string();
    let app = json!({"slug": "ticketsmith", "permissions": {"contents": "write", "issues": "write", "pull_requests": "write"}});
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/simulators/worlds");
    let text = std::fs::read_to_string(folder.join("shop.yaml")).unwrap();
    let text = text
        .replace("{ token: simulated-github-token }", &secret)
        .replace("  bot: ticketsmith-bot\n", &format!("  app: {app}\n"));
    World::start_with(|world| *world = simulators::World::parse(&text, folder).unwrap()).await
}

#[tokio::test]
async fn each_kind_of_access_asks_for_one_token() {
    let world = world().await;
    let tokens =
        || world.simulation.log().iter().filter(|entry| entry.path.ends_with("/access_tokens")).count();
    for state in ["First", "Second"] {
        world.step(state, "get_repository_info", json!({})).await.unwrap();
    }
    assert_eq!(tokens(), 1);
    let input = json!({"branch": "feature/x"});
    world.step("Branch", "create_branch", input).await.unwrap();
    assert_eq!(tokens(), 2, "what may write has a token of its own");
    world.assert_no_violations();
}
