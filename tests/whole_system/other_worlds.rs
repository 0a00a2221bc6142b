//! Nothing in the program knows the built-in world: with other names, other things come out.

use crate::support::{WorldFile, comments};

#[tokio::test]
async fn another_world_has_another_outcome() {
    let world = WorldFile::quick_shop()
        .replace("SHOP", "CART")
        .replace("acme/shop", "umbrella/store")
        .replace("Code Review", "Peer Check")
        .replace("shop-dev", "cart-team")
        .replace("Add discount codes to the cart", "Teach the cart about vouchers")
        .start()
        .await;
    let name = world.start_by("jira-label").await;
    let ended = world.ended(&name).await;
    assert_eq!(ended["outcome"], "succeeded", "{ended:#}");
    let state = world.state().await;
    let tickets = state["jira"].as_array().unwrap();
    let ticket = tickets.iter().find(|ticket| ticket["key"] == "CART-1").unwrap();
    assert_eq!(ticket["status"], "Peer Check");
    let repository = &state["github"]["repositories"][0];
    assert_eq!(repository["full_name"], "umbrella/store");
    assert_eq!(repository["pull_requests"][0]["head"]["ref"], "feature/CART-1");
    assert_eq!(repository["pull_requests"][0]["title"], "CART-1: Teach the cart about vouchers");
    assert!(comments(&state).iter().any(|text| text.contains("umbrella/store/pull/")));
    world.finish().await;
}
