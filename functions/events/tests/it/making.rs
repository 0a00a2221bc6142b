//! One writer makes the progress comment while others have something to show.

use crate::world::World;
use domain::Clock;
use domain::reference::References;
use records::ProgressPlace;
use serde_json::json;
use std::time::Duration;

/// An execution whose comment another function is about to make.
async fn being_made() -> (World, String) {
    let world = World::new().await;
    world.table.put_references(&References::default()).await.unwrap();
    world.clock.stand_still();
    let name = world.begin_by_label().await;
    let now = world.clock.now();
    world.table.claim_progress_edit(&name, "first", now, Duration::ZERO, None, now).await.unwrap();
    (world, name)
}

#[tokio::test]
async fn what_changes_while_the_comment_is_made_is_left_to_its_maker() {
    let (world, name) = being_made().await;
    world.changed(&name).await;
    assert!(world.comments("SHOP-1").is_empty(), "{:?}", world.comments("SHOP-1"));
    let place = ProgressPlace {
        provider: "jira".parse().unwrap(),
        container: "SHOP-1".to_owned(),
        id: "1".to_owned(),
    };
    let made = world.table.progress_edited(&name, "first", &place, false).await.unwrap();
    assert!(made.outdated, "whoever makes the comment is told that there is more to show");
    assert!(!world.table.leave_to_maker(&name).await.unwrap(), "who comes later edits it");
}

#[tokio::test]
async fn the_maker_looks_again_only_if_something_was_left_to_it() {
    let mut calls = Vec::new();
    for is_left in [false, true] {
        let (world, name) = being_made().await;
        if is_left {
            assert!(world.table.leave_to_maker(&name).await.unwrap());
        }
        // The other function is gone.
        world.clock.advance_minutes(1);
        let before = world.calls();
        world.status_change(&name, json!({})).await;
        calls.push(world.calls() - before);
        assert!(world.comments("SHOP-1")[0].contains("is at work"), "{:?}", world.comments("SHOP-1"));
        assert_eq!(world.ticket("SHOP-1")["labels"], json!([]), "the start is acknowledged");
        let progress = world.table.progress(&name).await.unwrap().unwrap();
        assert!(progress.acknowledged && progress.place.is_some(), "{progress:?}");
    }
    assert_eq!(calls[1] - calls[0], 1, "{calls:?}");
}
