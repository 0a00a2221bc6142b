//! All limits at once, and people's additions to them.

use super::*;
use crate::money::{LIMITS, of_task, paid, reservation};
use domain::MicroUsd;
use futures::future::join_all;
use records::{Cost, LimitOf, Limits, Reservation, ReserveError};

/// One of a thousand calls: its person, and its cost.
fn one_of_many(number: usize) -> Reservation {
    let ticket = number % 10;
    Reservation {
        account: ["ada", "bob"][ticket % 2].into(),
        project: Some(["SHOP", "LIB", "DOCS"][ticket % 3].into()),
        workflow: Some(["development", "revision"][number % 4 / 3].into()),
        execution: format!("execution-{ticket}"),
        ..reservation(&number.to_string(), &format!("T-{ticket}"), amount(number))
    }
}

fn amount(number: usize) -> u64 {
    20 + (number * 37 % 91) as u64
}

fn price(number: usize) -> u64 {
    amount(number) * (number % 10) as u64 / 10
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_at_once_with_crashes_never_spend_a_micro_dollar_too_much() {
    const CALLS: usize = 1_000;
    // Each is the tightest one for some of the calls.
    let limits = Limits {
        per_task: MicroUsd(1_400),
        per_month: MicroUsd(6_001),
        per_project_month: Some(MicroUsd(4_203)),
        per_workflow_month: Some(MicroUsd(7_907)),
    };
    let table = table().await;
    let all: std::collections::HashSet<LimitOf> = (0..CALLS)
        .flat_map(|number| {
            let one = one_of_many(number);
            let (project, workflow) = (one.project.as_deref(), one.workflow.as_deref());
            let task_id = one.task_id.as_deref();
            records::Spender { account: &one.account, task_id, project, workflow }.limits(start())
        })
        .collect();
    assert_eq!(all.len(), 10 + 2 + 3 + 2);
    let work = join_all((0..CALLS).map(|number| {
        let table = table.clone();
        let call = tokio::spawn(async move {
            let reservation = one_of_many(number);
            match table.reserve(&reservation, limits).await {
                Ok(()) => {}
                Err(ReserveError::Exceeded(exceeded)) => return Some(exceeded.of),
                Err(error) => panic!("{error}"),
            }
            match number % 5 {
                // It ended between its reservation and its settlement.
                0 => {}
                1 => assert!(table.release(&reservation, start()).await.unwrap()),
                _ => drop(table.settle(&reservation, paid(price(number))).await.unwrap()),
            }
            None
        });
        async move {
            // Some end at any point, with an unknown outcome of their last write.
            if number % 11 == 7 {
                for _ in 0..number % 40 {
                    tokio::task::yield_now().await;
                }
                call.abort();
            }
            match call.await {
                Ok(refused_by) => refused_by,
                Err(ended) if ended.is_cancelled() => None,
                Err(failed) => panic!("{failed}"),
            }
        }
    }));
    let watch = async {
        loop {
            for (of, spending) in table.spendings(&all).await.unwrap() {
                let limit = limits.of(&of).unwrap();
                assert!(spending.committed <= limit, "{of}: {} of {limit}", spending.committed);
            }
            // The calls have most of the time.
            for _ in 0..300 {
                tokio::task::yield_now().await;
            }
        }
    };
    let refused_by = tokio::select! { refused_by = work => refused_by, () = watch => unreachable!() };
    let kinds: std::collections::HashSet<_> =
        refused_by.iter().flatten().map(std::mem::discriminant).collect();
    assert_eq!(kinds.len(), 4, "each kind of limit refused somebody");

    // The sweeper comes again and again: requests that a call sent before it ended may arrive after it. In the end it finds nothing.
    for round in 0..5 {
        for ticket in 0..10 {
            let settled = table.settle_open(&format!("execution-{ticket}"), start()).await.unwrap();
            assert!(round < 4 || settled.is_empty(), "{settled:?}");
        }
    }
    let mut bill = std::collections::HashMap::<LimitOf, u64>::new();
    for ticket in 0..10 {
        for cost in table.costs_of_execution(&format!("execution-{ticket}")).await.unwrap() {
            let number: usize = cost.id.parse().unwrap();
            let expected = match cost.cost {
                Cost::Priced(_) => price(number),
                Cost::Unknown { .. } => amount(number),
            };
            assert_eq!(cost.cost.booked(), MicroUsd(expected), "{cost:?}");
            let one = one_of_many(number);
            let (project, workflow) = (one.project.as_deref(), one.workflow.as_deref());
            let task_id = one.task_id.as_deref();
            let spender = records::Spender { account: &one.account, task_id, project, workflow };
            for of in spender.limits(start()) {
                *bill.entry(of).or_default() += expected;
            }
        }
    }
    assert!(bill.values().sum::<u64>() > 0);
    for (of, spending) in table.spendings(&all).await.unwrap() {
        assert_eq!(spending.committed, spending.spent, "{of}: something is still reserved");
        assert_eq!(spending.spent.0, bill.get(&of).copied().unwrap_or_default(), "{of}");
        assert!(spending.spent <= limits.of(&of).unwrap(), "{of}");
    }
}

#[tokio::test]
async fn what_people_add_to_a_limit_counts_once_and_for_it_alone() {
    let table = table().await;
    let wanted = Reservation { workflow: Some("development".into()), ..reservation("1", "SHOP-1", 1_200) };
    table.reserve(&wanted, LIMITS).await.unwrap_err();
    let refusal = table.refusals([&*wanted.execution]).await.unwrap().remove(&wanted.execution).unwrap();
    let missing = table.room(LIMITS, start()).missing(&refusal).await.unwrap();
    let [short] = missing.as_slice() else { panic!("{missing:?}") };
    assert_eq!((&short.of, short.missing), (&LimitOf::Task("SHOP-1".into()), MicroUsd(200)));
    let waiter = |token: &str| records::Waiter {
        topic: records::Topic::Budget.to_string(),
        key: "run/Think".into(),
        execution: wanted.execution.clone(),
        token: token.to_owned().into(),
        since: start(),
        until: None,
        telling: None,
        over: None,
        question: None,
        approvers: Vec::new(),
        moves: records::Moves::default(),
        message: None,
        answer: None,
        told: None,
        details: None,
        terms: records::Terms::default(),
        votes: Vec::new(),
        reminded_at: None,
    };
    let limits = [short.of.clone()];
    assert!(!table.add_to_limits(&waiter("a"), &limits, MicroUsd(9)).await.unwrap(), "nobody asks");
    table.put_waiter(&waiter("a")).await.unwrap();
    assert!(table.add_to_limits(&waiter("a"), &limits, MicroUsd(199)).await.unwrap());
    assert!(!table.add_to_limits(&waiter("a"), &limits, MicroUsd(199)).await.unwrap());
    let error = table.reserve(&wanted, LIMITS).await.unwrap_err();
    assert!(error.to_string().contains("is $0.0012"), "{error}");
    table.put_waiter(&waiter("b")).await.unwrap();
    assert!(table.add_to_limits(&waiter("b"), &limits, MicroUsd(1)).await.unwrap());
    table.reserve(&wanted, LIMITS).await.unwrap();
    assert_eq!(of_task(&table, "SHOP-1").await.added, MicroUsd(200));
    assert!(table.reserve(&reservation("2", "SHOP-2", 1_001), LIMITS).await.is_err());
}
