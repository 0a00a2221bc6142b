//! Turns at providers that are decided in memory: as the table decides them, and across the ends of processes.

use super::*;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::configuration::InstanceName;
use jiff::SignedDuration;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use std::cell::Cell;

const TWO: Rate = Rate::per_second(2);
const TEN: Rate = Rate::per_second(10);

fn after(milliseconds: i64) -> Timestamp {
    start() + SignedDuration::from_millis(milliseconds)
}

/// The table as a process uses it that starts now.
fn process(table: &Table, now: Timestamp) -> Table {
    table.clone().with_local_turns(Arc::new(LocalTurns::new(now)))
}

#[derive(Debug, Clone)]
enum Event {
    Pass(Patience),
    Look,
    Block(i64),
    Fail,
    Answer,
}

fn event() -> impl Strategy<Value = (i64, Event)> {
    let patience = prop_oneof![
        Just(Patience::Of(Duration::ZERO)),
        Just(Patience::Of(Duration::from_secs(2))),
        Just(Patience::GivesWay),
    ];
    let event = prop_oneof![
        10 => patience.prop_map(Event::Pass),
        1 => Just(Event::Look),
        1 => (0..5_000_i64).prop_map(Event::Block),
        4 => Just(Event::Fail),
        1 => Just(Event::Answer),
    ];
    (prop_oneof![8 => 0..600_i64, 1 => 60_000..70_000_i64], event)
}

/// What the table says when this happens.
async fn said(table: &Table, provider: &InstanceName, rate: Rate, event: &Event, now: Timestamp) -> String {
    match event {
        Event::Pass(patience) => {
            format!("{:?}", table.pass(provider, rate, *patience, now).await.unwrap())
        }
        Event::Look => format!("{:?}", table.held(provider, now).await.unwrap()),
        Event::Block(milliseconds) => {
            let until = now + SignedDuration::from_millis(*milliseconds);
            table.block_until(provider, rate, until).await.unwrap();
            String::new()
        }
        Event::Fail => format!("{:?}", table.count_failure(provider, now).await.unwrap()),
        Event::Answer => {
            table.close_circuit(provider).await.unwrap();
            String::new()
        }
    }
}

#[test]
fn memory_decides_as_the_table_does() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let tables = runtime.block_on(both());
    let rates = prop::sample::select(vec!["1/s", "2/s", "10/s", "40/min", "100/h"]);
    let config = ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() };
    let cases = Cell::new(0);
    let compared =
        TestRunner::new(config).run(&(rates, prop::collection::vec(event(), 1..40)), |(rate, events)| {
            cases.set(cases.get() + 1);
            let provider = instance(&format!("p{}", cases.get()));
            let rate: Rate = serde_json::from_value(json!(rate)).unwrap();
            let mut time = 0;
            for (pause, event) in events {
                time += pause;
                let [table, memory] = tables
                    .each_ref()
                    .map(|table| runtime.block_on(said(table, &provider, rate, &event, after(time))));
                prop_assert_eq!(memory, table, "{:?} at {} ms", event, time);
            }
            let providers = [provider];
            let [table, memory] = tables
                .each_ref()
                .map(|table| runtime.block_on(async { table.open_circuits(&providers).await.unwrap() }));
            prop_assert_eq!(memory, table);
            Ok(())
        });
    compared.unwrap();
}

#[tokio::test]
async fn blocks_and_circuits_outlive_the_process() {
    let table = table().await;
    let [first, second, third] = [0, 1_000, 2_000].map(|started| process(&table, after(started)));
    first.block_until(&instance("jira"), TWO, after(30_000)).await.unwrap();
    for _ in 0..5 {
        first.count_failure(&instance("slack"), after(0)).await.unwrap();
    }
    // Other readers know it too.
    assert_eq!(table.open_circuits(&[instance("slack")]).await.unwrap(), [instance("slack")]);
    let held = second.held(&instance("jira"), after(10_000)).await.unwrap().unwrap();
    assert_eq!((held.retry_after, held.circuit_open), (Duration::from_secs(20), false));
    // A call may have been made before that the table does not show.
    let put_off = ask(&second, "jira", TWO, after(10_000)).await.unwrap_err();
    assert_eq!(put_off.retry_after, Duration::from_millis(20_500));
    assert!(ask(&second, "slack", TWO, after(10_000)).await.unwrap_err().circuit_open);
    // A minute later one may try, and no process another time.
    assert!(ask(&second, "slack", TWO, after(60_000)).await.unwrap().after_failures);
    assert!(ask(&third, "slack", TWO, after(60_000)).await.unwrap_err().circuit_open);
    second.close_circuit(&instance("slack")).await.unwrap();
    assert!(table.open_circuits(&[instance("slack")]).await.unwrap().is_empty());
    let fourth = process(&table, after(61_000));
    assert!(!ask(&fourth, "slack", TWO, after(61_000)).await.unwrap().after_failures);
}

#[tokio::test]
async fn a_process_that_is_killed_again_and_again_keeps_the_rate() {
    let table = table().await;
    let mut passed = 0;
    for tenth in 0..50 {
        let now = after(tenth * 100);
        let process = process(&table, now);
        while ask(&process, "jira", TEN, now).await.is_ok() {
            passed += 1;
        }
    }
    // A burst, and one call each tenth of a second after the first.
    assert!((10..=59).contains(&passed), "{passed}");
}

#[tokio::test]
async fn only_calls_beyond_the_rate_are_written() {
    let (table, client) = table_and_client().await;
    let process = process(&table, start());
    let is_written = async || {
        let key = |name: &str| AttributeValue::S(name.to_owned());
        let item = client.get_item().table_name("ticketsmith");
        let item = item.key("pk", key("PROVIDER#jira")).key("sk", key("RATE")).send().await.unwrap().item;
        item.is_some()
    };
    for call in 2..20 {
        ask(&process, "jira", TWO, after(call * 500)).await.unwrap();
    }
    assert!(!is_written().await);
    ask(&process, "jira", TWO, after(9_500)).await.unwrap();
    assert!(is_written().await);
}
