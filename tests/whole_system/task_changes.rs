//! Tickets are created and changed through the API, by actions that are journaled like all others.

use crate::support::{World, WorldFile};
use serde_json::Value;

/// Runs a command that starts an execution, and waits until that has succeeded.
async fn done(world: &World, arguments: &[&str]) -> String {
    let command = [arguments, &["--as", "ada", "--jq", ".execution"]].concat();
    let (code, execution, errors) = world.command(&command).await;
    assert_eq!(code, 0, "{errors}");
    let ended = world.ended(execution.trim()).await;
    assert_eq!(ended["outcome"], "succeeded", "{ended:#}");
    execution.trim().to_owned()
}

/// The ticket that says something.
async fn ticket_with(world: &World, words: &str) -> Option<Value> {
    let state = world.state().await;
    let mut tickets = state["jira"].as_array().unwrap().iter();
    tickets.rfind(|ticket| ticket.to_string().contains(words)).cloned()
}

#[tokio::test]
async fn a_ticket_is_created_changed_and_taken_back() {
    let world = WorldFile::quick_shop().start().await;
    let create =
        ["task", "create", "Hold carts for an hour", "--description", "Sixty minutes.", "--label", "cart"];
    done(&world, &create).await;
    let ticket = ticket_with(&world, "Hold carts for an hour").await.expect("the ticket was created");
    assert!(
        ticket.to_string().contains("Sixty minutes.") && ticket.to_string().contains("cart"),
        "{ticket:#}"
    );
    let key = ticket["key"].as_str().unwrap();
    let edited =
        done(&world, &["task", "edit", key, "--status", "In Progress", "--comment", "Begun by hand."]).await;
    let changed = ticket_with(&world, "Begun by hand.").await.expect("the comment was made");
    assert_eq!(changed["key"], key);
    assert!(changed.to_string().contains("In Progress"), "{changed:#}");
    done(&world, &["task", "edit", key, "--comment", "And a word."]).await;
    assert!(ticket_with(&world, "And a word.").await.is_some());

    let (code, _, errors) = world.command(&["task", "edit", "NOPE-1", "--comment", "x", "--as", "ada"]).await;
    assert_eq!(code, 5, "{errors}");
    let (code, _, errors) = world.command(&["undo", &edited, "--as", "ada", "--yes"]).await;
    assert_eq!(code, 0, "{errors}");
    assert!(
        !ticket_with(&world, "Hold carts for an hour").await.unwrap().to_string().contains("In Progress")
    );
    world.finish().await;
}
