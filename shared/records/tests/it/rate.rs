//! However many functions call a provider, together they keep its rate.

use super::*;
use domain::configuration::Rate;
use domain::{ActionError, ErrorKind};
use futures::future::join_all;
use jiff::SignedDuration;
use std::time::Duration;

const TWO: Rate = Rate { per_second: 2 };

fn after(milliseconds: i64) -> Timestamp {
    start() + SignedDuration::from_millis(milliseconds)
}

#[tokio::test(flavor = "multi_thread")]
async fn at_one_moment_no_more_pass_than_a_second_allows() {
    let table = table().await;
    let calls = join_all((0..50).map(|_| {
        let table = table.clone();
        tokio::spawn(async move { table.pass(&instance("jira"), TWO, start()).await.unwrap() })
    }))
    .await;
    let passed = calls.into_iter().filter(|call| matches!(call, Ok(Ok(_)))).count();
    assert_eq!(passed, 2);
}

#[tokio::test]
async fn over_time_the_rate_is_kept_and_the_wait_is_right() {
    let table = table().await;
    let mut passed = Vec::new();
    for milliseconds in (0..5_000).step_by(100) {
        match table.pass(&instance("jira"), TWO, after(milliseconds)).await.unwrap() {
            Ok(_) => passed.push(milliseconds),
            Err(put_off) => {
                let wait = i64::try_from(put_off.retry_after.as_millis()).unwrap();
                assert_eq!((milliseconds + wait) % 500, 0, "{put_off}");
            }
        }
    }
    assert_eq!(passed, [0, 100, 500, 1000, 1500, 2000, 2500, 3000, 3500, 4000, 4500]);
    // Another provider has a pace of its own.
    table.pass(&instance("slack"), TWO, after(4_900)).await.unwrap().unwrap();
    // An idle one saves nothing up.
    for expected in [true, true, false] {
        assert_eq!(table.pass(&instance("jira"), TWO, after(60_000)).await.unwrap().is_ok(), expected);
    }
}

#[tokio::test]
async fn a_blocked_provider_is_left_alone_until_then() {
    let table = table().await;
    table.block_until(&instance("jira"), after(30_000)).await.unwrap();
    table.block_until(&instance("jira"), after(10_000)).await.unwrap();
    let put_off = table.pass(&instance("jira"), TWO, after(20_000)).await.unwrap().unwrap_err();
    assert_eq!(put_off.retry_after, Duration::from_secs(10));
    let error = ActionError::from(put_off);
    assert_eq!((error.kind, error.retry_after), (ErrorKind::Throttled, Some(Duration::from_secs(10))));
    assert_eq!(error.message, "jira takes no call for another 10.0 s");
    table.pass(&instance("jira"), TWO, after(30_000)).await.unwrap().unwrap();
}
