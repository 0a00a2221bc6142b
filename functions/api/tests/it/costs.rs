//! What was spent, by the pull requests that came of it.

use crate::world::World;
use axum::http::Method;
use records::{ClosedPullRequest, OpenedPullRequest};

/// A pull request of ours, merged or closed on the first of a month.
async fn ended(world: &World, number: u64, month: &str, merged: bool) {
    let at = format!("{month}-01T12:00:00Z").parse().unwrap();
    let opened = OpenedPullRequest {
        repository: "acme/shop".parse().unwrap(),
        number,
        url: format!("https://github.com/acme/shop/pull/{number}"),
        branch: "feature/x".parse().unwrap(),
        target: "main".parse().unwrap(),
        task_id: Some(format!("SHOP-{number}")),
        project: "SHOP".into(),
        run: None,
        at,
    };
    world.table.put_opened_pull_request(&opened).await.unwrap();
    let closed = ClosedPullRequest {
        repository: opened.repository,
        number,
        branch: "feature/x".into(),
        merged,
        opened_at: None,
        closed_at: at,
    };
    world.table.put_closed_pull_request(&closed).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pull_requests_of_other_months_are_not_read() {
    let world = World::new().await;
    let session = world.session("admin");
    let path = "/api/v1/costs?by=pull_request&month=2026-11";
    let names = async || {
        let answer = world.ask(Method::GET, path, Some(&session), None).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let items = answer.json()["items"].as_array().unwrap().clone();
        items.iter().map(|item| item["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    ended(&world, 1, "2026-11", true).await;
    ended(&world, 2, "2026-11", false).await;
    // The configuration is in memory afterward.
    assert_eq!(names().await, ["acme/shop#1"]);
    world.reads.take();
    names().await;
    let few = world.reads.take();
    for number in 10..60 {
        ended(&world, number, "2026-10", number % 2 == 0).await;
    }
    world.reads.take();
    assert_eq!(names().await, ["acme/shop#1"]);
    let many = world.reads.take();
    assert_eq!((many.items, many.operations), (few.items, few.operations));
}
