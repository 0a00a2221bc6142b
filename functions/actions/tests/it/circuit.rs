//! A provider that keeps failing is left alone, and then tried again with one request.

use crate::world::World;
use domain::{ActionError, ErrorKind};
use jiff::SignedDuration;
use serde_json::{Value, json};

async fn ask(world: &World) -> Result<Value, ActionError> {
    world.step("FetchTask", "get_task", json!({"task_id": "SHOP-1"})).await
}

/// Asks, expects an error, and gives its kind and how many requests were sent.
async fn fails(world: &World) -> (ErrorKind, usize) {
    let before = world.simulation.log().len();
    let error = ask(world).await.unwrap_err();
    assert_eq!(error.message.contains("keeps failing"), error.kind == ErrorKind::Throttled, "{error}");
    (error.kind, world.simulation.log().len() - before)
}

#[tokio::test]
async fn who_keeps_failing_is_left_alone_for_a_minute() {
    let world = World::start().await;
    world.fault(json!({"service": "jira", "path": "/rest/api/3/issue/", "status": 503, "times": 6}));
    for _ in 0..5 {
        assert_eq!(fails(&world).await, (ErrorKind::Unavailable, 1));
    }
    assert_eq!(fails(&world).await, (ErrorKind::Throttled, 0));
    let info = world.step("Look", "get_repository_info", json!({})).await;
    info.unwrap();

    world.clock.advance(SignedDuration::from_mins(1));
    assert_eq!(fails(&world).await, (ErrorKind::Unavailable, 1));
    assert_eq!(fails(&world).await, (ErrorKind::Throttled, 0));

    world.clock.advance(SignedDuration::from_mins(1));
    ask(&world).await.unwrap();
    ask(&world).await.unwrap();
    world.assert_no_violations();
}
