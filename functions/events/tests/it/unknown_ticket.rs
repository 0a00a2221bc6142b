//! Commands in a chat about tickets that do not exist.

use crate::feedback::journal;
use crate::world::World;
use domain::ActionId;
use serde_json::json;

#[tokio::test]
async fn a_channel_is_not_told_of_work_on_a_ticket_that_does_not_exist() {
    let world = World::new().await;
    let event = json!({"text": "run shop-99999", "channel": "C012AB3CD", "actor": "U012AB3CD"});
    let name = world.begin("slack.command", "SHOP-99999", event).await;
    let messages = || world.services.state()["slack"]["messages"].as_array().unwrap().clone();
    world.status_change(&name, json!({})).await;
    world.step(&name, "GetTask", ActionId::literal("get_task")).await;
    assert_eq!(messages(), [json!(null); 0], "nobody is at work on it");
    let cause = json!({"errorType": "Rejected", "errorMessage": "Jira has no ticket SHOP-99999"}).to_string();
    world.status_change(&name, json!({"status": "FAILED", "error": "Rejected", "cause": cause})).await;
    let told = messages();
    assert_eq!(told.len(), 1, "{told:?}");
    // As a command that is refused at once.
    let text = told[0]["text"].as_str().unwrap();
    assert!(text.starts_with("⛔ Jira has no ticket SHOP-99999\n") && !text.contains("failed"), "{text}");
    let asked = || world.services.log().into_iter().filter(|entry| entry.path.contains("SHOP-99999")).count();
    let before = asked();
    world.changed(&name).await;
    assert_eq!(messages(), told, "what is seen later does not change it");
    assert!(before > 0 && asked() == before, "the ticket is not asked for again: {before} and {}", asked());
}

#[tokio::test]
async fn what_was_done_is_shown_even_if_the_ticket_does_not_exist() {
    let world = World::new().await;
    let event = json!({"text": "run shop-99999", "channel": "C012AB3CD", "actor": "U012AB3CD"});
    let name = world.begin("slack.command", "SHOP-99999", event).await;
    world.status_change(&name, json!({})).await;
    world.step(&name, "CreateBranch", ActionId::literal("create_branch")).await;
    journal(&world, &name, ActionId::literal("create_branch"), json!({})).await;
    let cause = json!({"errorType": "Rejected", "errorMessage": "Jira has no ticket SHOP-99999"}).to_string();
    world.status_change(&name, json!({"status": "FAILED", "error": "Rejected", "cause": cause})).await;
    let messages = world.services.state()["slack"]["messages"].as_array().unwrap().clone();
    assert_eq!(messages.len(), 1, "{messages:?}");
    let text = messages[0]["text"].as_str().unwrap();
    assert!(text.contains("failed") && text.contains("Create branch"), "{text}");
}
