//! No number of functions at once spends more than a limit, and every reservation is settled once.

use super::*;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::plugins::Usage;
use domain::{ActionError, ActionId, ErrorKind, MicroUsd};
use futures::future::join_all;
use records::{
    BudgetExceeded, Cost, CostTotal, LimitOf, Limits, RecordsError, Reservation, ReserveError, Settlement,
    Spending,
};

pub(crate) const LIMITS: Limits = Limits {
    per_task: MicroUsd(1_000),
    per_month: MicroUsd(5_000),
    per_project_month: None,
    per_workflow_month: None,
};

pub(crate) fn reservation(id: &str, task: &str, amount: u64) -> Reservation {
    Reservation {
        id: id.into(),
        amount: MicroUsd(amount),
        account: "ada".into(),
        project: Some("SHOP".into()),
        task_id: Some(task.into()),
        workflow: None,
        execution: format!("jira-{task}-ab"),
        state: "Generate".into(),
        action: ActionId::literal("generate_code_implementation"),
        provider: "anthropic".into(),
        model: "claude-sonnet-5-5".into(),
        reserved_at: start(),
    }
}

pub(crate) fn paid(amount: u64) -> Settlement {
    let usage = Usage { input_tokens: 10, output_tokens: 20, ..Usage::default() };
    Settlement { price: Some(MicroUsd(amount)), usage: Some(usage), ..unknown() }
}

fn unknown() -> Settlement {
    Settlement::unknown(start())
}

pub(crate) async fn of_task(table: &Table, task: &str) -> Spending {
    table.spending(&LimitOf::Task(task.into())).await.unwrap()
}

async fn of_month(table: &Table) -> Spending {
    table.spending(&LimitOf::month("ada", start())).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_at_once_reserve_exactly_what_fits() {
    let table = table().await;
    let tries = join_all((0..50).map(|number| {
        let table = table.clone();
        tokio::spawn(
            async move { table.reserve(&reservation(&number.to_string(), "SHOP-1", 90), LIMITS).await },
        )
    }))
    .await;
    let mut fitted = 0;
    for tried in tries {
        match tried.unwrap() {
            Ok(()) => fitted += 1,
            Err(ReserveError::Exceeded(exceeded)) => {
                assert_eq!(exceeded.of, LimitOf::Task("SHOP-1".into()));
                assert!(exceeded.committed + exceeded.wanted > exceeded.limit, "{exceeded}");
            }
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(fitted, 11);
    assert_eq!(of_task(&table, "SHOP-1").await.committed, MicroUsd(990));
    assert_eq!(table.open_reservations("jira-SHOP-1-ab").await.unwrap().len(), 11);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_month_limits_all_tasks_together() {
    let table = table().await;
    let tries = join_all((0..50).map(|number| {
        let table = table.clone();
        let reservation = reservation("one", &format!("SHOP-{number}"), 400);
        tokio::spawn(async move { table.reserve(&reservation, LIMITS).await })
    }))
    .await;
    let fitted = tries.into_iter().filter(|tried| matches!(tried, Ok(Ok(())))).count();
    assert_eq!(fitted, 12);
    assert_eq!(of_month(&table).await.committed, MicroUsd(4_800));
    // A reservation that the month refuses takes nothing from its task.
    let exceeded = table.reserve(&reservation("two", "SHOP-99", 201), LIMITS).await.unwrap_err();
    assert_eq!(
        exceeded,
        ReserveError::Exceeded(BudgetExceeded {
            of: LimitOf::Month { account: "ada".into(), month: "2026-11".into() },
            limit: MicroUsd(5_000),
            committed: MicroUsd(4_800),
            wanted: MicroUsd(201),
        })
    );
    assert_eq!(ActionError::from(exceeded).kind, ErrorKind::BudgetExceeded);
    assert_eq!(of_task(&table, "SHOP-99").await, Spending::default());
    // The next month is another.
    let december =
        Reservation { reserved_at: at("2026-12-01T00:00:00Z"), ..reservation("two", "SHOP-99", 201) };
    table.reserve(&december, LIMITS).await.unwrap();
}

#[tokio::test]
async fn what_was_refused_is_kept_until_there_is_room() {
    let table = table().await;
    let wanted = reservation("1", "SHOP-1", 1_001);
    table.reserve(&wanted, LIMITS).await.unwrap_err();
    let refusal = table.refusals([&*wanted.execution]).await.unwrap().remove(&wanted.execution).unwrap();
    let has_room = async |limits, now| table.room(limits, now).take(&refusal).await.unwrap();
    assert_eq!((refusal.wanted, refusal.task_id.as_deref()), (MicroUsd(1_001), Some("SHOP-1")));
    let raised = Limits { per_task: MicroUsd(2_000), ..LIMITS };
    assert!(!has_room(LIMITS, start()).await);
    assert!(has_room(raised, start()).await);
    let mut room = table.room(raised, start());
    assert!(room.take(&refusal).await.unwrap());
    assert!(!room.take(&refusal).await.unwrap(), "the first took the room of the second");
    // Another one, with the limits raised, uses the month up; the next month has room.
    for (number, task) in ["SHOP-2", "SHOP-3", "SHOP-4"].into_iter().enumerate() {
        table.reserve(&reservation(&number.to_string(), task, 1_500), raised).await.unwrap();
    }
    assert!(!has_room(raised, start()).await);
    assert!(has_room(raised, at("2026-12-01T00:00:00Z")).await);
}

#[tokio::test]
async fn more_than_the_whole_limit_is_refused() {
    let table = table().await;
    let error = table.reserve(&reservation("1", "SHOP-1", 1_001), LIMITS).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the limit of task SHOP-1 is $0.0010; $0.0000 of it is spent or reserved, and this call may cost up to $0.0010"
    );
    table.reserve(&reservation("1", "SHOP-1", 1_000), LIMITS).await.unwrap();
}

#[tokio::test]
async fn the_same_reservation_again_is_no_second_one() {
    let table = table().await;
    let first = reservation("1", "SHOP-1", 100);
    table.reserve(&first, LIMITS).await.unwrap();
    table.reserve(&first, LIMITS).await.unwrap();
    assert_eq!(of_task(&table, "SHOP-1").await.committed, MicroUsd(100));
    let other = Reservation { amount: MicroUsd(5), ..first.clone() };
    let conflict = table.reserve(&other, LIMITS).await.unwrap_err();
    assert!(matches!(conflict, ReserveError::Records(RecordsError::Conflict(_))), "{conflict}");
    table.settle(&first, paid(50)).await.unwrap();
    assert!(table.reserve(&first, LIMITS).await.is_err());
    assert_eq!(of_task(&table, "SHOP-1").await.committed, MicroUsd(50));
}

#[tokio::test]
async fn what_nobody_settled_counts_with_all_that_was_reserved() {
    let table = table().await;
    for (id, amount) in [("told", 100), ("died", 200), ("never-made", 300)] {
        table.reserve(&reservation(id, "SHOP-1", amount), LIMITS).await.unwrap();
    }
    table.settle(&reservation("told", "SHOP-1", 100), paid(50)).await.unwrap();
    table.release(&reservation("never-made", "SHOP-1", 300), start()).await.unwrap();
    let settled = table.settle_open("jira-SHOP-1-ab", start()).await.unwrap();
    let ids: Vec<_> = settled.iter().map(|cost| cost.id.as_str()).collect();
    assert_eq!(ids, ["died"]);
    assert_eq!(settled[0].cost, Cost::Unknown { booked: MicroUsd(200) });
    assert_eq!(table.settle_open("jira-SHOP-1-ab", start()).await.unwrap(), []);
    let expected =
        Spending { committed: MicroUsd(250), spent: MicroUsd(250), unknown_calls: 1, ..Spending::default() };
    assert_eq!(of_task(&table, "SHOP-1").await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_settlement_counts_once_and_frees_the_rest() {
    let table = table().await;
    let reservation = reservation("1", "SHOP-1", 900);
    table.reserve(&reservation, LIMITS).await.unwrap();
    let settled = join_all((0..20).map(|_| {
        let (table, reservation) = (table.clone(), reservation.clone());
        tokio::spawn(async move { table.settle(&reservation, paid(300)).await.unwrap() })
    }))
    .await;
    let records: Vec<_> = settled.into_iter().filter_map(Result::unwrap).collect();
    assert_eq!(records.len(), 1);
    let expected =
        Spending { committed: MicroUsd(300), spent: MicroUsd(300), unknown_calls: 0, ..Spending::default() };
    assert_eq!(of_task(&table, "SHOP-1").await, expected);
    assert_eq!(of_month(&table).await, expected);
    assert_eq!(table.open_reservations("jira-SHOP-1-ab").await.unwrap(), []);
    // One record, found from all four sides.
    for found in [
        table.costs_of_execution("jira-SHOP-1-ab").await.unwrap(),
        table.costs_of_task("SHOP-1").await.unwrap(),
        table.costs_of_account("ada", start()).await.unwrap(),
        table.costs_of_project("SHOP", start()).await.unwrap(),
    ] {
        assert_eq!(found, records);
    }
    let october = at("2026-10-31T00:00:00Z");
    assert_eq!(table.costs_of_account("ada", october).await.unwrap(), []);
    assert_eq!(table.costs_of_project("SHOP", october).await.unwrap(), []);
}

#[tokio::test]
async fn single_costs_expire_and_budgets_stay() {
    let (table, client) = table_and_client().await;
    let spent = reservation("1", "SHOP-1", 900);
    table.reserve(&spent, LIMITS).await.unwrap();
    table.settle(&spent, Settlement { at: start(), ..paid(300) }).await.unwrap();
    let (mut costs, mut budgets) = (0, 0);
    for partition in ["EXECUTION#jira-SHOP-1-ab", "TASK#SHOP-1", "PERSON#ada", "PROJECT#SHOP"] {
        let query = client.query().table_name("ticketsmith").key_condition_expression("pk = :pk");
        let partition = AttributeValue::S(partition.to_owned());
        let found = query.expression_attribute_values(":pk", partition).send().await.unwrap();
        for item in found.items() {
            let expires = item.get("expires_at").is_some();
            match item["sk"].as_s().unwrap() {
                sk if sk.starts_with("COST#") => costs += usize::from(expires),
                sk if sk.starts_with("BUDGET") => budgets += usize::from(!expires),
                _ => {}
            }
        }
    }
    assert_eq!(costs, 4);
    assert!(budgets >= 2, "{budgets}");
}

#[tokio::test]
async fn a_cost_counts_in_the_month_of_its_limit() {
    let table = table().await;
    let (reserved, settled) = (at("2026-11-30T23:59:59Z"), at("2026-12-01T00:04:00Z"));
    let late = Reservation { reserved_at: reserved, ..reservation("1", "SHOP-1", 900) };
    table.reserve(&late, LIMITS).await.unwrap();
    table.settle(&late, Settlement { at: settled, ..paid(300) }).await.unwrap();
    for (within, booked) in [(reserved, 300), (settled, 0)] {
        let spent = table.spending(&LimitOf::month("ada", within)).await.unwrap().spent;
        let of_account = CostTotal::of(&table.costs_of_account("ada", within).await.unwrap()).booked();
        let of_project = CostTotal::of(&table.costs_of_project("SHOP", within).await.unwrap()).booked();
        assert_eq!([spent, of_account, of_project], [MicroUsd(booked); 3], "{within}");
    }
}

#[tokio::test]
async fn an_unknown_price_is_booked_at_its_worst_case_and_never_as_zero() {
    let table = table().await;
    let unpriced = reservation("1", "SHOP-1", 400);
    let priced = reservation("2", "SHOP-1", 400);
    table.reserve(&unpriced, LIMITS).await.unwrap();
    table.reserve(&priced, LIMITS).await.unwrap();
    let record = table.settle(&unpriced, unknown()).await.unwrap().unwrap();
    assert_eq!(record.cost, Cost::Unknown { booked: MicroUsd(400) });
    table.settle(&priced, paid(10)).await.unwrap();
    assert_eq!(
        of_task(&table, "SHOP-1").await,
        Spending { committed: MicroUsd(410), spent: MicroUsd(410), unknown_calls: 1, ..Spending::default() }
    );
    let costs = table.costs_of_execution("jira-SHOP-1-ab").await.unwrap();
    let total = CostTotal::of(&costs);
    assert_eq!(total, CostTotal { priced: MicroUsd(10), unknown_booked: MicroUsd(400), unknown_calls: 1 });
}

#[tokio::test]
async fn a_price_above_the_worst_case_is_booked_in_full() {
    let table = table().await;
    let low = reservation("1", "SHOP-1", 100);
    table.reserve(&low, LIMITS).await.unwrap();
    table.settle(&low, paid(1_500)).await.unwrap();
    assert_eq!(of_task(&table, "SHOP-1").await.committed, MicroUsd(1_500));
    assert!(table.reserve(&reservation("2", "SHOP-1", 1), LIMITS).await.is_err());
}

#[tokio::test]
async fn a_released_reservation_leaves_nothing() {
    let table = table().await;
    let reservation = reservation("1", "SHOP-1", 400);
    let missing = table.release(&reservation, start()).await;
    assert!(matches!(missing, Err(RecordsError::Missing(_))), "{missing:?}");
    let missing = table.settle(&reservation, paid(1)).await;
    assert!(matches!(missing, Err(RecordsError::Missing(_))), "{missing:?}");
    table.reserve(&reservation, LIMITS).await.unwrap();
    assert!(table.release(&reservation, start()).await.unwrap());
    assert!(!table.release(&reservation, start()).await.unwrap());
    assert_eq!(table.settle(&reservation, paid(1)).await.unwrap(), None);
    assert_eq!(of_task(&table, "SHOP-1").await, Spending::default());
    assert_eq!(of_month(&table).await, Spending::default());
}

#[tokio::test]
async fn without_a_task_the_month_still_limits() {
    let table = table().await;
    let reservation = Reservation { task_id: None, project: None, ..reservation("1", "none", 4_000) };
    table.reserve(&reservation, LIMITS).await.unwrap();
    table.settle(&reservation, paid(4_000)).await.unwrap();
    let error = table.reserve(&Reservation { id: "2".into(), ..reservation }, LIMITS).await;
    assert!(matches!(error, Err(ReserveError::Exceeded(_))));
}
