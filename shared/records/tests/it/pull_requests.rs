//! Pull requests: opened for a ticket, closed, and opened again.

use super::*;
use crate::feedback::after;
use aws_sdk_dynamodb::types::AttributeValue;
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
async fn what_was_merged_in_a_month_is_found_by_its_time() {
    let (table, client) = table_and_client().await;
    let repository: RepositoryName = "acme/shop".parse().unwrap();
    let closed = |number, at: &str, merged| ClosedPullRequest {
        repository: "acme/shop".parse().unwrap(),
        number,
        branch: "feature/SHOP-1".into(),
        merged,
        opened_at: None,
        closed_at: at.parse().unwrap(),
    };
    let (first, last) = ("2026-11-01T00:00:00Z", "2026-11-30T23:59:59.999Z");
    for (number, at, merged) in [
        (1, "2026-10-31T23:59:59Z", true),
        (3, first, true),
        (2, last, true),
        (4, "2026-12-01T00:00:00Z", true),
        (5, "2026-11-10T00:00:00Z", false),
        // Reported with two times; the latest report wins.
        (6, "2026-11-11T00:00:00Z", true),
        (6, "2026-11-12T00:00:00Z", true),
        (7, "2026-11-13T00:00:00Z", true),
        (7, "2026-12-13T00:00:00Z", true),
        (8, "2026-11-14T00:00:00Z", true),
    ] {
        table.put_closed_pull_request(&closed(number, at, merged)).await.unwrap();
    }
    let reopened = "2026-11-15T00:00:00Z".parse().unwrap();
    assert!(table.put_reopened_pull_request(&repository, 8, reopened).await.unwrap());
    let expected = [closed(3, first, true), closed(6, "2026-11-12T00:00:00Z", true), closed(2, last, true)];
    assert_eq!(table.merged_pull_requests(&repository, "2026-11").await.unwrap(), expected);
    assert_eq!(table.merged_pull_requests(&repository, "2026-09").await.unwrap(), []);

    // As an earlier version left it.
    let configuration = serde_json::json!({"projects": [{"key": "SHOP", "repository": "acme/shop"}]});
    table.put_configuration(&serde_json::from_value(configuration).unwrap()).await.unwrap();
    let sk = AttributeValue::S("MERGED#2026-11-01T00:00:00.000000000Z#0000000003".to_owned());
    let delete = client.delete_item().table_name("ticketsmith").key("sk", sk);
    delete.key("pk", AttributeValue::S("REPOSITORY#acme/shop".to_owned())).send().await.unwrap();
    assert_eq!(table.merged_pull_requests(&repository, "2026-11").await.unwrap(), expected[1..]);
    let listed = table.backfill(after(60)).await.unwrap().pull_requests;
    assert_eq!((listed, table.backfill(after(60)).await.unwrap().pull_requests), (1, 0));
    assert_eq!(table.merged_pull_requests(&repository, "2026-11").await.unwrap(), expected);
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
