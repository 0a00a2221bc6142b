//! Lost items come back from a copy of the table; existing items stay as they are.

use super::*;
use domain::routes::Concurrency;
use jiff::SignedDuration;

async fn table_and_copy() -> (Table, Table) {
    let client = client().await;
    let (table, copy) = (Table::new(client.clone(), "ticketsmith"), Table::new(client, "copy"));
    table.create_table().await.unwrap();
    copy.create_table().await.unwrap();
    (table, copy)
}

async fn begin(table: &Table, task: &str) -> String {
    let new = execution_for(task, &format!("delivery of {task}"));
    table.begin(&new, Concurrency::OnePerTask).await.unwrap();
    new.name
}

#[tokio::test]
async fn what_is_missing_comes_back_and_nothing_else_changes() {
    let (table, copy) = table_and_copy().await;
    let kept = begin(&copy, "SHOP-0").await;
    begin(&table, "SHOP-0").await;
    // After the copy's moment it went on.
    table.mark_started(&kept, "arn:of:it", start()).await.unwrap();
    let went_on = table.execution(&kept).await.unwrap();
    let mut names = Vec::new();
    for number in 1..=60 {
        names.push(begin(&copy, &format!("SHOP-{number}")).await);
    }
    ask(&copy, "jira", Rate::per_second(1), start()).await.unwrap();

    let lost = table.lost_since(&copy, start()).await.unwrap();
    let by_kind = lost.by_kind();
    assert_eq!(by_kind["EXECUTION"], 60);
    assert!(by_kind["TASK"] > 60, "the task and its list: {by_kind:?}");
    assert!(!by_kind.contains_key("PROVIDER"), "the pace is of the moment: {by_kind:?}");
    let count = table.put_back(&copy, &lost).await.unwrap();
    assert_eq!(count, by_kind.values().sum::<usize>());

    for name in &names {
        let there = table.execution(name).await.unwrap();
        assert!(there.is_some() && there == copy.execution(name).await.unwrap(), "{name}");
    }
    assert_eq!(table.execution(&kept).await.unwrap(), went_on);
    assert!(table.lost_since(&copy, start()).await.unwrap().is_empty());
    assert_eq!(table.put_back(&copy, &lost).await.unwrap(), 0);
}

#[tokio::test]
async fn what_has_expired_stays_away() {
    let (table, copy) = table_and_copy().await;
    begin(&copy, "SHOP-1").await;
    let at = |days: i64| start() + SignedDuration::from_hours(24 * days);
    let fresh = table.lost_since(&copy, at(29)).await.unwrap();
    let late = table.lost_since(&copy, at(31)).await.unwrap();
    assert_eq!(fresh.by_kind()["DELIVERY"], 1);
    assert!(!late.by_kind().contains_key("DELIVERY") && !late.is_empty());
}

#[tokio::test]
async fn a_copy_that_is_not_there_is_an_error() {
    let (table, _) = table_and_copy().await;
    let nowhere = Table::new(client().await, "nowhere");
    let error = table.lost_since(&nowhere, start()).await.unwrap_err();
    assert!(error.to_string().contains("ResourceNotFoundException"), "{error}");
}
