//! Events that are delivered twice count once.

use crate::evidence::{has_label, pull_request, repository, ticket};
use crate::support::{WorldFile, comments, eventually};
use std::time::Duration;

#[tokio::test]
async fn one_delivery_fifty_times_in_parallel_starts_exactly_one() {
    let world = WorldFile::quick_shop().start().await;
    let delivery = world.capture("jira-label").await;
    let answers = futures::future::join_all((0..50).map(|_| world.send(&delivery))).await;
    let refused: Vec<_> = answers.iter().filter(|answer| answer.status() != 200).collect();
    assert_eq!((answers.len(), refused.len()), (50, 0), "{refused:?}");

    let executions = world.executions().await;
    assert_eq!(executions.len(), 1, "{executions:#?}");
    let name = executions[0]["execution"].as_str().unwrap();
    assert_eq!(world.ended(name).await["outcome"], "succeeded");
    world.told(name).await;
    // Once more after its end, as Jira does when an answer was lost.
    assert_eq!(world.send(&delivery).await.status(), 200);
    assert_eq!(world.executions().await.len(), 1);
    let state = world.state().await;
    pull_request(repository(&state, "acme/shop"), "feature/SHOP-1");
    assert_eq!(comments(&state).iter().filter(|text| text.contains(name)).count(), 1);
    assert_eq!(world.requests("github", "POST", "/git/refs").await.len(), 1);
    assert_eq!(world.requests("slack", "POST", "chat.postMessage").await.len(), 1);
    world.finish().await;
}

#[tokio::test]
async fn a_ticket_that_is_at_work_is_not_started_again() {
    let world = WorldFile::quick_shop().start().await;
    let name = world.start_by("jira-label").await;
    // Taken off by the program and put on again by a person, while the first is at work: another delivery of the same wish.
    let put_on_again = async || {
        let state = world.state().await;
        let labels = ticket(&state, "SHOP-1")["labels"].clone();
        (!has_label(&labels, "agent")).then_some(())
    };
    eventually("the removal of the label", Duration::from_secs(20), put_on_again).await;
    let again = world.deliver("jira-label").await;
    assert_eq!(again["status"], 200, "{again}");
    assert!(again["body"].to_string().contains(&name), "{again} should say who is at work");
    // The same wish from elsewhere.
    let elsewhere = world.deliver("slack-command").await;
    assert!(elsewhere["body"].to_string().contains(&name), "{elsewhere} should say who is at work");

    assert_eq!(world.executions().await.len(), 1);
    assert_eq!(world.ended(&name).await["outcome"], "succeeded");
    world.told(&name).await;
    assert_eq!(world.requests("github", "POST", "/pulls").await.len(), 1);
    assert_eq!(world.executions().await.len(), 1);
    world.finish().await;
}
