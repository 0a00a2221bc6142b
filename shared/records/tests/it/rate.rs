//! However many functions call a provider, together they keep its rate.

use super::*;
use domain::{ActionError, ErrorKind};
use futures::future::join_all;
use jiff::SignedDuration;

const TWO: Rate = Rate::per_second(2);

fn after(milliseconds: i64) -> Timestamp {
    start() + SignedDuration::from_millis(milliseconds)
}

#[tokio::test(flavor = "multi_thread")]
async fn at_one_moment_no_more_pass_than_a_second_allows() {
    for table in both().await {
        let calls = join_all((0..50).map(|_| {
            let table = table.clone();
            tokio::spawn(async move { ask(&table, "jira", TWO, start()).await })
        }))
        .await;
        let passed = calls.into_iter().filter(|call| matches!(call, Ok(Ok(_)))).count();
        assert_eq!(passed, 2);
    }
}

#[tokio::test]
async fn over_time_the_rate_is_kept_and_the_wait_is_right() {
    for table in both().await {
        let mut passed = Vec::new();
        for milliseconds in (0..5_000).step_by(100) {
            match ask(&table, "jira", TWO, after(milliseconds)).await {
                Ok(_) => passed.push(milliseconds),
                Err(put_off) => {
                    let wait = i64::try_from(put_off.retry_after.as_millis()).unwrap();
                    assert_eq!((milliseconds + wait) % 500, 0, "{put_off}");
                }
            }
        }
        assert_eq!(passed, [0, 100, 500, 1000, 1500, 2000, 2500, 3000, 3500, 4000, 4500]);
        // Another provider has a separate pace.
        ask(&table, "slack", TWO, after(4_900)).await.unwrap();
        // An idle one saves nothing up.
        for expected in [true, true, false] {
            assert_eq!(ask(&table, "jira", TWO, after(60_000)).await.is_ok(), expected);
        }
    }
}

#[tokio::test]
async fn a_blocked_provider_is_left_alone_until_then() {
    for table in both().await {
        table.block_until(&instance("jira"), TWO, after(30_000)).await.unwrap();
        table.block_until(&instance("jira"), TWO, after(10_000)).await.unwrap();
        let put_off = ask(&table, "jira", TWO, after(20_000)).await.unwrap_err();
        assert_eq!(put_off.retry_after, Duration::from_secs(10));
        let error = ActionError::from(put_off);
        assert_eq!((error.kind, error.retry_after), (ErrorKind::Throttled, Some(Duration::from_secs(10))));
        assert_eq!(error.message, "jira accepts no calls for another 10.0 s");
        ask(&table, "jira", TWO, after(30_000)).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn those_who_wait_take_their_turns_at_once() {
    for table in both().await {
        let patience = Patience::Of(Duration::from_secs(10));
        let calls = join_all((0..50).map(|_| {
            let table = table.clone();
            tokio::spawn(async move { table.pass(&instance("jira"), TWO, patience, start()).await.unwrap() })
        }))
        .await;
        let mut waits: Vec<_> =
            calls.into_iter().filter_map(|call| Some(call.unwrap().ok()?.wait.as_millis())).collect();
        waits.sort_unstable();
        // Two at once, then one each half second, as far as their patience goes.
        let expected: Vec<u128> = std::iter::once(0).chain((0..=20).map(|turn| turn * 500)).collect();
        assert_eq!(waits, expected);
        // The others are told when the queue is at its end, and a later one then has a turn.
        let put_off = ask(&table, "jira", TWO, start()).await.unwrap_err();
        assert_eq!(put_off.retry_after, Duration::from_millis(10_500));
        assert_eq!(ask(&table, "jira", TWO, after(10_500)).await.unwrap().wait, Duration::ZERO);
    }
}

#[tokio::test]
async fn what_can_be_left_out_gives_way() {
    for table in both().await {
        let rate = Rate::per_second(4);
        let give_way = async |at| table.pass(&instance("jira"), rate, Patience::GivesWay, at).await.unwrap();
        for _ in 0..2 {
            give_way(start()).await.unwrap();
        }
        assert_eq!(give_way(start()).await.unwrap_err().retry_after, Duration::from_millis(125));
        for _ in 0..2 {
            ask(&table, "jira", rate, start()).await.unwrap();
        }
        give_way(after(1_000)).await.unwrap();
    }
}

#[tokio::test]
async fn a_window_of_an_hour_holds_no_more_than_its_requests() {
    for table in both().await {
        let rate: Rate = serde_json::from_value(json!("100/h")).unwrap();
        let mut passed = 0;
        for second in 0..3_600 {
            while ask(&table, "github", rate, after(second * 1_000)).await.is_ok() {
                passed += 1;
            }
        }
        assert!((95..=100).contains(&passed), "{passed}");
    }
}

#[tokio::test]
async fn a_turn_does_not_count_while_the_provider_is_left_alone() {
    for table in both().await {
        let patience = Patience::Of(Duration::from_secs(10));
        let turn = async |at| table.pass(&instance("jira"), TWO, patience, at).await.unwrap();
        for _ in 0..6 {
            turn(start()).await.unwrap();
        }
        assert_eq!(table.held(&instance("jira"), after(500)).await.unwrap(), None);
        table.block_until(&instance("jira"), TWO, after(5_000)).await.unwrap();
        let held = table.held(&instance("jira"), after(1_000)).await.unwrap().unwrap();
        assert_eq!((held.retry_after, held.circuit_open), (Duration::from_secs(4), false));
        // Afterward they continue one by one.
        let waits = [turn(after(1_000)).await.unwrap().wait, turn(after(1_000)).await.unwrap().wait];
        assert_eq!(waits, [Duration::from_secs(4), Duration::from_millis(4_500)]);
    }
}
