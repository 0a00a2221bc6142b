//! Executions are begun once, one at a time per task, and end once.

use super::*;
use domain::execution::Outcome;
use domain::routes::Concurrency;
use futures::future::join_all;
use jiff::SignedDuration;
use records::{BeginResult, ExecutionEnd, FinishResult, RecordsError};

fn succeeded(seconds: i64) -> ExecutionEnd {
    ExecutionEnd {
        outcome: Outcome::Succeeded,
        error: None,
        cause: None,
        output: Some(json!({"pull_request": "https://example.com/1", "nothing": null})),
        at: start() + SignedDuration::from_secs(seconds),
    }
}

#[tokio::test]
async fn an_execution_is_read_back_as_it_was_begun() {
    let table = table().await;
    let new = execution_for("SHOP-1", "d1");
    let BeginResult::Begun(begun) = table.begin(&new, Concurrency::OnePerTask).await.unwrap() else {
        panic!("not begun");
    };
    assert_eq!(begun.outcome, Outcome::Pending);
    assert_eq!(begun.input, new.input);
    assert_eq!(table.execution(&new.name).await.unwrap(), Some(*begun));
    let task = table.task("SHOP-1").await.unwrap().unwrap();
    assert_eq!(task.open_execution, Some(new.name.clone()));
    let delivery = table.delivery(&SourceName::from_static("jira"), "d1").await.unwrap().unwrap();
    assert_eq!((delivery.execution, delivery.already_at_work), (new.name, false));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_delivery_fifty_times_at_once_begins_one() {
    let table = table().await;
    let begun = join_all((0..50).map(|_| {
        let table = table.clone();
        tokio::spawn(async move {
            table.begin(&execution_for("SHOP-1", "d1"), Concurrency::OnePerTask).await.unwrap()
        })
    }))
    .await;
    let (mut new, mut duplicates) = (0, 0);
    for begun in begun {
        match begun.unwrap() {
            BeginResult::Begun(_) => new += 1,
            BeginResult::Duplicate(_) => duplicates += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((new, duplicates), (1, 49));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_fifty_deliveries_for_one_task_one_is_at_work() {
    let table = table().await;
    let begun = join_all((0..50).map(|number| {
        let table = table.clone();
        tokio::spawn(async move {
            let new = execution_for("SHOP-1", &format!("d{number}"));
            (new.name.clone(), table.begin(&new, Concurrency::OnePerTask).await.unwrap())
        })
    }))
    .await;
    let begun: Vec<_> = begun.into_iter().map(Result::unwrap).collect();
    let winners: Vec<_> = begun
        .iter()
        .filter(|(_, begun)| matches!(begun, BeginResult::Begun(_)))
        .map(|(name, _)| name)
        .collect();
    assert_eq!(winners.len(), 1);
    for (_, begun) in &begun {
        if let BeginResult::AlreadyAtWork { execution } = begun {
            assert_eq!(execution, winners[0]);
        }
    }
    assert_eq!(table.executions_of_task("SHOP-1", None, 100).await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_ended_execution_frees_its_task_and_never_changes() {
    let table = table().await;
    let first = execution_for("SHOP-1", "d1");
    let second = execution_for("SHOP-1", "d2");
    table.begin(&first, Concurrency::OnePerTask).await.unwrap();
    table.mark_started(&first.name, "arn:1", start()).await.unwrap();
    let refused = table.begin(&second, Concurrency::OnePerTask).await.unwrap();
    assert_eq!(refused, BeginResult::AlreadyAtWork { execution: first.name.clone() });

    let FinishResult::Finished(ended) = table.finish(&first.name, &succeeded(60)).await.unwrap() else {
        panic!("not finished");
    };
    assert_eq!(table.execution(&first.name).await.unwrap(), Some(*ended.clone()));
    assert_eq!((ended.outcome, ended.arn.as_deref()), (Outcome::Succeeded, Some("arn:1")));
    assert_eq!(table.task("SHOP-1").await.unwrap().unwrap().open_execution, None);

    let failed = ExecutionEnd { outcome: Outcome::Failed, ..succeeded(90) };
    assert_eq!(table.finish(&first.name, &failed).await.unwrap(), FinishResult::Already(ended.clone()));
    table.mark_started(&first.name, "arn:2", start()).await.unwrap();
    table.mark_waiting(&first.name, "Ship it?", start()).await.unwrap();
    assert_eq!(table.execution(&first.name).await.unwrap(), Some(*ended));

    // The delivery that was told "already at work" starts nothing when it is sent again.
    let again = table.begin(&second, Concurrency::OnePerTask).await.unwrap();
    assert_eq!(again, BeginResult::AlreadyAtWork { execution: first.name.clone() });
    // Neither does the one that began it.
    let again = table.begin(&first, Concurrency::OnePerTask).await.unwrap();
    assert!(matches!(again, BeginResult::Duplicate(_)));
    // A new one does.
    let third = execution_for("SHOP-1", "d3");
    assert!(matches!(table.begin(&third, Concurrency::OnePerTask).await.unwrap(), BeginResult::Begun(_)));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_ends_at_once_one_counts() {
    let table = table().await;
    let new = execution_for("SHOP-1", "d1");
    table.begin(&new, Concurrency::OnePerTask).await.unwrap();
    let ends = join_all((0..20).map(|second| {
        let (table, name) = (table.clone(), new.name.clone());
        tokio::spawn(async move { table.finish(&name, &succeeded(second)).await.unwrap() })
    }))
    .await;
    let counted = ends.into_iter().filter(|end| matches!(end, Ok(FinishResult::Finished(_)))).count();
    assert_eq!(counted, 1);
}

#[tokio::test]
async fn any_concurrency_neither_claims_nor_is_stopped_by_a_claim() {
    let table = table().await;
    for (delivery, concurrency) in
        [("d1", Concurrency::OnePerTask), ("d2", Concurrency::Any), ("d3", Concurrency::Any)]
    {
        let begun = table.begin(&execution_for("SHOP-1", delivery), concurrency).await.unwrap();
        assert!(matches!(begun, BeginResult::Begun(_)), "{delivery}: {begun:?}");
    }
    let holder = execution_for("SHOP-1", "d1").name;
    table.finish(&execution_for("SHOP-1", "d2").name, &succeeded(1)).await.unwrap();
    assert_eq!(table.task("SHOP-1").await.unwrap().unwrap().open_execution, Some(holder));
}

#[tokio::test]
async fn what_never_was_and_what_is_too_large_is_refused() {
    let table = table().await;
    let missing = table.finish("nobody", &succeeded(1)).await.unwrap_err();
    assert_eq!(missing.to_string(), "there is no execution `nobody`");
    let missing = table.mark_started("nobody", "arn", start()).await.unwrap_err();
    assert!(matches!(missing, RecordsError::Missing(_)));
    let running = ExecutionEnd { outcome: Outcome::Running, ..succeeded(1) };
    assert!(matches!(table.finish("nobody", &running).await, Err(RecordsError::Invalid(_))));
    let mut large = execution_for("SHOP-1", "d1");
    large.input.event.insert("text".into(), "x".repeat(records::INPUT_LIMIT).into());
    let error = table.begin(&large, Concurrency::OnePerTask).await.unwrap_err();
    assert!(error.to_string().contains("at most 204800 are accepted"), "{error}");
    assert_eq!(table.execution(&large.name).await.unwrap(), None);
}

#[tokio::test]
async fn the_sweeper_finds_what_is_open_and_due_at_growing_intervals() {
    let table = table().await;
    let new = execution_for("SHOP-1", "d1");
    table.begin(&new, Concurrency::OnePerTask).await.unwrap();
    let due = async |now: Timestamp| table.open_due(now, 100).await.unwrap();
    assert_eq!(due(start() + SignedDuration::from_secs(59)).await, []);
    let mut now = start() + SignedDuration::from_secs(60);
    let mut waits = Vec::new();
    for _ in 0..8 {
        let found = due(now).await;
        assert_eq!(found.len(), 1, "due at {now}");
        table.postpone_check(&found[0], now).await.unwrap();
        // Reported twice by two sweepers, it is postponed once.
        table.postpone_check(&found[0], now).await.unwrap();
        let next = table.execution(&new.name).await.unwrap().unwrap().check_at.unwrap();
        waits.push(next.duration_since(now).as_secs() / 60);
        now = next;
    }
    assert_eq!(waits, [2, 4, 8, 16, 32, 60, 60, 60]);

    table.mark_started(&new.name, "arn", now).await.unwrap();
    table.mark_waiting(&new.name, "Ship it?", now).await.unwrap();
    assert_eq!(due(now + SignedDuration::from_mins(9)).await, []);
    let (mut at, mut waits) = (now + SignedDuration::from_mins(10), Vec::new());
    for _ in 0..4 {
        let parked = due(at).await;
        assert_eq!(parked[0].outcome, Outcome::Waiting);
        table.postpone_check(&parked[0], at).await.unwrap();
        let next = table.execution(&new.name).await.unwrap().unwrap().check_at.unwrap();
        waits.push(next.duration_since(at).as_secs() / 60);
        at = next;
    }
    assert_eq!(waits, [20, 40, 60, 60]);
    table.mark_running(&new.name, now).await.unwrap();
    assert_eq!(due(now + SignedDuration::from_secs(60)).await.len(), 1);

    table.finish(&new.name, &succeeded(9)).await.unwrap();
    assert_eq!(due(now + SignedDuration::from_hours(999)).await, []);
}

#[tokio::test]
async fn executions_are_listed_newest_first() {
    let table = table().await;
    for (number, day) in ["2026-10-31", "2026-11-01", "2026-11-20"].into_iter().enumerate() {
        let mut new = execution_for(&format!("SHOP-{number}"), &format!("d{number}"));
        new.begun_at = at(&format!("{day}T08:00:00Z"));
        table.begin(&new, Concurrency::OnePerTask).await.unwrap();
    }
    let tasks = |found: Vec<records::ExecutionRecord>| -> Vec<String> {
        found.into_iter().filter_map(|execution| execution.task_id).collect()
    };
    let of_project = async |key: &str, after: Option<&str>, limit: usize| {
        let list = records::ExecutionList::OfProject(key.to_owned());
        table.list_executions(&list, after, limit, start()).await.unwrap()
    };
    assert_eq!(tasks(of_project("SHOP", None, 10).await.items), ["SHOP-2", "SHOP-1", "SHOP-0"]);
    let newest = of_project("SHOP", None, 1).await;
    let older = of_project("SHOP", newest.next.as_deref(), 1).await;
    assert_eq!(tasks(older.items), ["SHOP-1"]);
    let recent = table.recent_executions(start(), 10).await.unwrap();
    assert_eq!(tasks(recent), ["SHOP-2", "SHOP-1", "SHOP-0"]);
    assert_eq!(tasks(table.recent_executions(start(), 1).await.unwrap()), ["SHOP-2"]);
    assert_eq!(of_project("OTHER", None, 10).await.items, []);
}
