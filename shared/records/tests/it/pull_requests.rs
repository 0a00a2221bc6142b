//! Pull requests: opened for a ticket, closed, and opened again.

use super::*;
use crate::feedback::after;
use domain::RepositoryName;
use records::{ClosedPullRequest, OpenedPullRequest};

#[tokio::test]
async fn a_pull_request_and_its_ticket_are_found_from_each_other() {
    let table = table().await;
    let repository: RepositoryName = "acme/shop".parse().unwrap();
    let opened = |number: u64, task_id: Option<&str>| OpenedPullRequest {
        repository: repository.clone(),
        number,
        url: format!("https://github.com/acme/shop/pull/{number}"),
        branch: "feature/SHOP-1".parse().unwrap(),
        target: "main".parse().unwrap(),
        task_id: task_id.map(str::to_owned),
        project: "SHOP".into(),
        run: None,
        at: after(0),
    };
    for pull_request in [opened(7, Some("SHOP-1")), opened(8, None), opened(9, Some("SHOP-1"))] {
        table.put_opened_pull_request(&pull_request).await.unwrap();
    }
    // GitHub writes names as their owner did, and the configuration as somebody typed them.
    let typed: RepositoryName = "Acme/Shop".parse().unwrap();
    assert_eq!(table.opened_pull_request(&typed, 7).await.unwrap(), Some(opened(7, Some("SHOP-1"))));
    assert_eq!(table.opened_pull_request(&typed, 8).await.unwrap(), Some(opened(8, None)));
    assert_eq!(table.opened_pull_request(&typed, 10).await.unwrap(), None);
    let newest = table.pull_request_of_task(&typed, "SHOP-1").await.unwrap();
    assert_eq!(newest.map(|opened| opened.number), Some(9));
    assert_eq!(table.pull_request_of_task(&typed, "SHOP-2").await.unwrap(), None);
}

#[tokio::test]
async fn closed_pull_requests_are_kept_for_figures() {
    let table = table().await;
    let closed = |number, merged| ClosedPullRequest {
        repository: "acme/shop".parse().unwrap(),
        number,
        branch: "feature/SHOP-1".into(),
        merged,
        opened_at: None,
        closed_at: after(1),
    };
    for (number, merged) in [(10, false), (9, true), (10, true)] {
        table.put_closed_pull_request(&closed(number, merged)).await.unwrap();
    }
    let found = table.closed_pull_requests(&"acme/shop".parse().unwrap()).await.unwrap();
    assert_eq!(found, [closed(9, true), closed(10, true)]);
}

#[tokio::test]
async fn what_was_closed_and_is_open_again_is_not_closed() {
    let table = table().await;
    let repository = "acme/shop".parse().unwrap();
    let closed = |at| ClosedPullRequest {
        repository: "acme/shop".parse().unwrap(),
        number: 7,
        branch: "feature/SHOP-1".into(),
        merged: false,
        opened_at: None,
        closed_at: after(at),
    };
    assert!(!table.put_reopened_pull_request(&repository, 7, after(1)).await.unwrap(), "nobody closed it");
    table.put_closed_pull_request(&closed(2)).await.unwrap();
    assert!(table.was_closed(&repository, 7).await.unwrap());
    assert!(!table.put_reopened_pull_request(&repository, 7, after(1)).await.unwrap(), "that was before");
    assert!(table.put_reopened_pull_request(&repository, 7, after(3)).await.unwrap());
    assert!(!table.put_reopened_pull_request(&repository, 7, after(3)).await.unwrap(), "it is known");
    assert!(!table.was_closed(&repository, 7).await.unwrap());
    assert_eq!(table.closed_pull_requests(&repository).await.unwrap(), [], "no figure counts it");
    // The earlier end is reported again.
    table.put_closed_pull_request(&closed(2)).await.unwrap();
    assert!(!table.was_closed(&repository, 7).await.unwrap());
    table.put_closed_pull_request(&closed(4)).await.unwrap();
    assert!(table.was_closed(&repository, 7).await.unwrap());
}
