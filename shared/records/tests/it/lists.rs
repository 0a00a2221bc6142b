//! Lists are complete and in order page by page, whatever was written before they existed.

use super::*;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::execution::Outcome;
use domain::routes::Concurrency;
use domain::{ActionId, MicroUsd};
use futures::future::join_all;
use jiff::SignedDuration;
use records::{
    Answer, BackfillResult, BeginResult, CostTotal, ExecutionEnd, ExecutionList, Limits, Moves, NewFrame,
    RequestClaim, Reservation, Settlement, SpendBy, TaskState, Told, Topic, Waiter,
};
use std::collections::BTreeMap;

fn after(seconds: i64) -> Timestamp {
    start() + SignedDuration::from_secs(seconds)
}

fn waiter(topic: Topic, seconds: i64) -> Waiter {
    Waiter {
        topic: topic.to_string(),
        key: "arn:x:y/Step".into(),
        execution: "e".into(),
        token: "t".to_owned().into(),
        since: after(seconds),
        question: None,
        approvers: Vec::new(),
        moves: Moves::default(),
        message: None,
        answer: None,
        told: None,
        details: None,
        terms: records::Terms::default(),
        votes: Vec::new(),
        reminded_at: None,
        until: None,
        telling: None,
        over: None,
    }
}

fn reservation(id: &str, execution: &str) -> Reservation {
    Reservation {
        id: id.into(),
        amount: MicroUsd(500),
        account: "ada".into(),
        project: Some("SHOP".into()),
        task_id: Some("SHOP-1".into()),
        workflow: None,
        execution: execution.into(),
        state: "Generate".into(),
        action: ActionId::literal("generate_code_implementation"),
        provider: "anthropic".into(),
        model: "claude-sonnet-5-5".into(),
        reserved_at: start(),
    }
}

async fn begun(table: &Table, task: &str, seconds: i64) -> String {
    let new = NewExecution { begun_at: after(seconds), ..execution_for(task, &format!("{task} {seconds}")) };
    let result = table.begin(&new, Concurrency::OnePerTask).await.unwrap();
    assert!(matches!(result, BeginResult::Begun(_)), "{result:?}");
    new.name
}

async fn end(table: &Table, name: &str, outcome: Outcome, seconds: i64) {
    let end = ExecutionEnd { outcome, error: None, cause: None, output: None, at: after(seconds) };
    table.finish(name, &end).await.unwrap();
}

/// All names of a list, read by pages of two.
async fn names(table: &Table, list: &ExecutionList, now: Timestamp) -> Vec<String> {
    let (mut names, mut position) = (Vec::new(), None);
    loop {
        let page = table.list_executions(list, position.as_deref(), 2, now).await.unwrap();
        names.extend(page.items.into_iter().map(|execution| execution.name));
        position = page.next;
        if position.is_none() {
            return names;
        }
    }
}

#[tokio::test]
async fn executions_are_listed_page_by_page_over_months() {
    let table = table().await;
    let day = 24 * 3600;
    let mut expected = Vec::new();
    for days in [-200, -70, -40, -1, 0] {
        expected.insert(0, begun(&table, &format!("SHOP-{}", days + 300), days * day).await);
    }
    for list in [ExecutionList::OfAll, ExecutionList::OfProject("SHOP".into())] {
        assert_eq!(names(&table, &list, after(60)).await, expected, "{list}");
    }
    assert_eq!(names(&table, &ExecutionList::OfTask("SHOP-300".into()), start()).await, expected[..1]);
    let mut open = names(&table, &ExecutionList::Open, start()).await;
    open.reverse();
    assert_eq!(open, expected);
    end(&table, &expected[0], Outcome::Failed, 5).await;
    assert_eq!(names(&table, &ExecutionList::Open, start()).await.len(), 4);
    // A position that somebody made up leads nowhere, and fails nothing.
    for list in [ExecutionList::OfAll, ExecutionList::OfProject("SHOP".into()), ExecutionList::Open] {
        for position in ["", "x", "2026-11", "2026-11 x", "9999-99 #", "a#b"] {
            table.list_executions(&list, Some(position), 2, start()).await.unwrap();
        }
    }
}

async fn tasks(table: &Table, state: TaskState) -> Vec<String> {
    let (mut ids, mut position) = (Vec::new(), None);
    loop {
        let page = table.list_tasks("SHOP", state, position.as_deref(), 2).await.unwrap();
        ids.extend(page.items.into_iter().map(|task| task.task_id));
        position = page.next;
        if position.is_none() {
            return ids;
        }
    }
}

#[tokio::test]
async fn a_ticket_is_listed_under_its_state_alone() {
    let table = table().await;
    let mut names = Vec::new();
    for number in 1..=5 {
        names.push(begun(&table, &format!("SHOP-{number}"), number).await);
    }
    assert_eq!(tasks(&table, TaskState::AtWork).await, ["SHOP-5", "SHOP-4", "SHOP-3", "SHOP-2", "SHOP-1"]);
    end(&table, &names[0], Outcome::Failed, 10).await;
    end(&table, &names[2], Outcome::Failed, 20).await;
    assert_eq!(tasks(&table, TaskState::AtWork).await, ["SHOP-5", "SHOP-4", "SHOP-2"]);
    assert_eq!(tasks(&table, TaskState::Failed).await, ["SHOP-3", "SHOP-1"]);
    begun(&table, "SHOP-1", 30).await;
    assert_eq!(tasks(&table, TaskState::Failed).await, ["SHOP-3"]);
    assert_eq!(table.task("SHOP-1").await.unwrap().unwrap().state, Some(TaskState::AtWork));
}

#[tokio::test]
async fn what_was_written_before_there_were_lists_is_read_and_listed_when_it_is_written_again() {
    let client = client().await;
    let table = Table::new(client.clone(), "ticketsmith");
    table.create_table().await.unwrap();
    let text = |text: &str| AttributeValue::S(text.to_owned());
    client
        .put_item()
        .table_name("ticketsmith")
        .item("pk", text("TASK#SHOP-1"))
        .item("sk", text("TASK"))
        .item("task_id", text("SHOP-1"))
        .item("project", text("SHOP"))
        .item("created_at", text("2026-11-01T00:00:00.000000000Z"))
        .item("updated_at", text("2026-11-01T00:00:00.000000000Z"))
        .send()
        .await
        .unwrap();
    assert_eq!(table.task("SHOP-1").await.unwrap().unwrap().state, None);
    let name = begun(&table, "SHOP-1", 1).await;
    assert_eq!(tasks(&table, TaskState::AtWork).await, ["SHOP-1"]);
    end(&table, &name, Outcome::Succeeded, 2).await;
    assert_eq!(tasks(&table, TaskState::Succeeded).await, ["SHOP-1"]);
}

#[tokio::test]
async fn a_backfill_adds_what_is_missing_once() {
    let client = client().await;
    let table = Table::new(client.clone(), "ticketsmith");
    table.create_table().await.unwrap();
    let (ended, open) = (begun(&table, "SHOP-1", 1).await, begun(&table, "SHOP-2", 2).await);
    end(&table, &ended, Outcome::Stopped, 3).await;
    let reservation = reservation("r", &ended);
    let limits = Limits {
        per_task: MicroUsd(1_000_000),
        per_month: MicroUsd(1_000_000),
        per_project_month: None,
        per_workflow_month: None,
    };
    table.reserve(&reservation, limits).await.unwrap();
    let settlement = Settlement { price: Some(MicroUsd(7)), ..Settlement::unknown(start()) };
    table.settle(&reservation, settlement).await.unwrap();
    let asked = waiter(Topic::Approval(open.clone()), 5);
    table.put_waiter(&asked).await.unwrap();
    assert_eq!(table.backfill(after(60)).await.unwrap(), BackfillResult::default());
    // As an earlier version left them.
    let cost = format!("COST#2026-11-22T12:00:00.000000000Z#{}", reservation.id);
    let (pk, roll_ups) =
        (format!("EXECUTION#{ended}"), table.spend("2026-11", SpendBy::Project).await.unwrap());
    for (pk, sk, update) in [
        ("TASK#SHOP-1".to_owned(), "TASK".to_owned(), "REMOVE gsi1pk, gsi1sk, #state"),
        ("TASK#SHOP-2".to_owned(), "TASK".to_owned(), "REMOVE gsi1pk, gsi1sk, #state"),
        (format!("WAITER#{}", asked.topic), format!("WAITER#{}", asked.key), "REMOVE gsi1pk, gsi1sk"),
        (pk, cost, "REMOVE rolled_up"),
    ] {
        let update_item = client.update_item().table_name("ticketsmith").update_expression(update);
        let update_item = update_item.key("pk", AttributeValue::S(pk)).key("sk", AttributeValue::S(sk));
        let update_item = match update.contains("#state") {
            true => update_item.expression_attribute_names("#state", "state"),
            false => update_item,
        };
        update_item.send().await.unwrap();
    }
    assert_eq!(tasks(&table, TaskState::Stopped).await, Vec::<String>::new());
    let expected = BackfillResult { tasks: 2, questions: 1, costs: 1, pull_requests: 0 };
    assert_eq!(table.backfill(after(60)).await.unwrap(), expected);
    assert_eq!(table.backfill(after(61)).await.unwrap(), BackfillResult::default());
    assert_eq!(tasks(&table, TaskState::Stopped).await, ["SHOP-1"]);
    assert_eq!(tasks(&table, TaskState::AtWork).await, ["SHOP-2"]);
    assert_eq!(table.list_approvals(None, 10).await.unwrap().items.len(), 1);
    // The roll-up had it before its mark was taken away here.
    let twice = table.spend("2026-11", SpendBy::Project).await.unwrap();
    assert_eq!((roll_ups[0].total.priced, twice[0].total.priced), (MicroUsd(7), MicroUsd(14)));
}

#[tokio::test]
async fn questions_are_listed_until_they_are_answered() {
    let table = table().await;
    let asked = |number: i64| waiter(Topic::Approval(format!("e{number}")), number);
    for number in [3, 1, 2] {
        table.put_waiter(&asked(number)).await.unwrap();
    }
    table.put_waiter(&waiter(Topic::Budget, 0)).await.unwrap();
    let listed = async || {
        let (mut topics, mut position) = (Vec::new(), None);
        loop {
            let page = table.list_approvals(position.as_deref(), 1).await.unwrap();
            topics.extend(page.items.into_iter().map(|waiter| waiter.topic));
            position = page.next;
            if position.is_none() {
                return topics;
            }
        }
    };
    assert_eq!(listed().await, ["approval/e1", "approval/e2", "approval/e3"]);
    let source = SourceName::API;
    let (by, delivery) = ("ada".to_owned(), "d".to_owned());
    let answer =
        Answer { approved: true, by, via: source, at: after(9), comment: None, delivery, choice: None };
    table.answer_waiter(&asked(2), &answer).await.unwrap();
    assert_eq!(listed().await, ["approval/e1", "approval/e3"]);
    table.put_waiter(&Waiter { since: after(20), ..asked(2) }).await.unwrap();
    assert_eq!(listed().await, ["approval/e1", "approval/e3"], "an answer holds for a newer attempt");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_spent_is_the_sum_of_the_cost_records() {
    let table = table().await;
    let name = begun(&table, "SHOP-1", 0).await;
    let limits = Limits {
        per_task: MicroUsd(1_000_000),
        per_month: MicroUsd(1_000_000),
        per_project_month: None,
        per_workflow_month: None,
    };
    let settled = (0..40_u64).map(|number| {
        let (table, execution) = (table.clone(), name.clone());
        tokio::spawn(async move {
            let reservation = Reservation {
                account: if number % 2 == 0 { "ada" } else { "bob" }.into(),
                reserved_at: start() + SignedDuration::from_hours(i64::from(number >= 30) * 24),
                ..reservation(&number.to_string(), &execution)
            };
            table.reserve(&reservation, limits).await.unwrap();
            let settlement = Settlement::unknown(start());
            let settlement = match number {
                0 => settlement,
                _ => Settlement { price: Some(MicroUsd(number)), ..settlement },
            };
            table.settle(&reservation, settlement.clone()).await.unwrap();
            // Settled again, it is not counted again.
            assert_eq!(table.settle(&reservation, settlement).await.unwrap(), None);
        })
    });
    for settled in join_all(settled).await {
        settled.unwrap();
    }
    let records = table.costs_of_execution(&name).await.unwrap();
    let whole = CostTotal::of(&records);
    for (by, names) in [
        (SpendBy::Project, vec!["SHOP"]),
        (SpendBy::Workflow, vec!["development"]),
        (SpendBy::Model, vec!["claude-sonnet-5-5"]),
        (SpendBy::Person, vec!["ada", "bob"]),
    ] {
        let spend = table.spend("2026-11", by).await.unwrap();
        let days: Vec<_> = spend.iter().map(|one| (one.day.as_str(), one.name.as_str())).collect();
        let expected = ["2026-11-22", "2026-11-23"];
        let expected: Vec<_> =
            expected.iter().flat_map(|day| names.iter().map(move |name| (*day, *name))).collect();
        assert_eq!(days, expected);
        assert_eq!(spend.iter().map(|one| one.calls).sum::<u64>(), 40);
        assert_eq!(spend.iter().map(|one| one.total.priced.0).sum::<u64>(), whole.priced.0);
        assert_eq!(spend.iter().map(|one| one.total.unknown_booked.0).sum::<u64>(), whole.unknown_booked.0);
        assert_eq!(spend.iter().map(|one| one.total.unknown_calls).sum::<u64>(), 1);
    }
    assert_eq!(table.spend("2026-12", SpendBy::Project).await.unwrap(), []);
}

#[tokio::test]
async fn a_request_is_performed_once_and_answered_alike() {
    let table = table().await;
    let claim =
        async |sha256: &str, seconds: i64| table.claim_request("k", sha256, after(seconds)).await.unwrap();
    assert_eq!(claim("a", 0).await, RequestClaim::New);
    assert_eq!(claim("a", 1).await, RequestClaim::Running);
    assert_eq!(claim("b", 1).await, RequestClaim::Other);
    assert_eq!(claim("a", 61).await, RequestClaim::New, "whoever performed it is gone");
    assert_eq!(claim("a", 62).await, RequestClaim::Running);
    table.answer_request("k", "{}").await.unwrap();
    table.forget_request("k", "a").await.unwrap();
    assert_eq!(claim("a", 200).await, RequestClaim::Answered("{}".into()));
    assert_eq!(table.claim_request("l", "a", start()).await.unwrap(), RequestClaim::New);
    table.forget_request("l", "a").await.unwrap();
    assert_eq!(table.claim_request("l", "b", start()).await.unwrap(), RequestClaim::New);
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_are_numbered_without_gaps_however_many_tell_at_once() {
    let table = table().await;
    let tellers = (0..8).map(|teller| {
        let table = table.clone();
        tokio::spawn(async move {
            for number in 0..5 {
                let part = format!("{teller}-{number}");
                loop {
                    let told = table.told("e").await.unwrap();
                    let mut seen = told.seen.clone();
                    seen.insert(part.clone(), String::new());
                    let frames = [NewFrame { event: "x", data: json!(part) }];
                    if table.tell("e", told, seen, &frames, start()).await.unwrap() {
                        break;
                    }
                }
            }
        })
    });
    for teller in join_all(tellers).await {
        teller.unwrap();
    }
    let frames = table.frames("e", 0, 100).await.unwrap();
    assert_eq!(frames.iter().map(|frame| frame.sequence).collect::<Vec<_>>(), (1..=40).collect::<Vec<_>>());
    let told = table.told("e").await.unwrap();
    assert_eq!((told.last, told.seen.len()), (40, 40));
    let rest = table.frames("e", 38, 100).await.unwrap();
    assert_eq!(rest.iter().map(|frame| frame.sequence).collect::<Vec<_>>(), [39, 40]);
    // More than one transaction takes.
    let many: Vec<_> = (0..130).map(|number| NewFrame { event: "x", data: json!(number) }).collect();
    assert!(table.tell("f", Told::default(), BTreeMap::new(), &many, start()).await.unwrap());
    assert_eq!(table.told("f").await.unwrap().last, 130);
    assert!(!table.tell("f", Told::default(), BTreeMap::new(), &many, start()).await.unwrap());
    assert_eq!(table.frames("f", 100, 100).await.unwrap().len(), 30);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_every_frame_of_what_has_ended_is_told_that_nothing_follows() {
    let table = table().await;
    let name = &begun(&table, "SHOP-1", 0).await;
    let nothing_follows = async |after: u64| {
        let execution = table.execution(name).await.unwrap().unwrap();
        let frames = table.frames(name, after, 100).await.unwrap();
        table.nothing_follows(&execution, after, &frames).await.unwrap()
    };
    let tell = async |event: &'static str| {
        let told = table.told(name).await.unwrap();
        let frames = [NewFrame { event, data: json!({}) }];
        assert!(table.tell(name, told, BTreeMap::new(), &frames, start()).await.unwrap());
    };
    assert!(!nothing_follows(0).await);
    tell("execution.started").await;
    assert!(!nothing_follows(0).await && !nothing_follows(1).await);
    end(&table, name, Outcome::Succeeded, 1).await;
    assert!(!nothing_follows(1).await, "its end was not told yet");
    tell("execution.ended").await;
    for after in [0, 1, 2, 999_999_999_999] {
        assert!(nothing_follows(after).await, "{after}");
    }
}
