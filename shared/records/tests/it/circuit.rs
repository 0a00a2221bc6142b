//! A provider that keeps failing is left alone by everybody, and tried again by one.

use super::*;
use domain::{ActionError, ErrorKind};
use futures::future::join_all;
use jiff::SignedDuration;

const HUNDRED: Rate = Rate::per_second(100);

fn after(seconds: i64) -> Timestamp {
    start() + SignedDuration::from_secs(seconds)
}

async fn fail(table: &Table, times: usize, at: Timestamp) {
    for _ in 0..times {
        table.count_failure(&instance("jira"), at).await.unwrap();
    }
}

#[tokio::test]
async fn five_failures_one_after_another_open_it_and_an_answer_closes_it() {
    for table in both().await {
        let pass = ask(&table, "jira", HUNDRED, start()).await.unwrap();
        assert!(!pass.after_failures);
        fail(&table, 4, start()).await;
        let pass = ask(&table, "jira", HUNDRED, after(1)).await.unwrap();
        assert!(pass.after_failures);
        table.close_circuit(&instance("jira")).await.unwrap();
        fail(&table, 4, after(2)).await;
        ask(&table, "jira", HUNDRED, after(3)).await.unwrap();
        assert!(table.count_failure(&instance("jira"), after(4)).await.unwrap().is_open());
        // Also at a moment at which the pace is ahead of time.
        assert!(ask(&table, "jira", HUNDRED, after(3)).await.unwrap_err().circuit_open);
        let put_off = ask(&table, "jira", HUNDRED, after(24)).await.unwrap_err();
        assert!(put_off.circuit_open);
        let error = ActionError::from(put_off);
        assert_eq!((error.kind, error.retry_after), (ErrorKind::Throttled, Some(Duration::from_secs(40))));
        assert_eq!(error.message, "jira keeps failing and accepts no calls for another 40.0 s");
        // Nobody else is to blame.
        ask(&table, "github", HUNDRED, after(24)).await.unwrap();
        table.close_circuit(&instance("jira")).await.unwrap();
        assert!(!ask(&table, "jira", HUNDRED, after(25)).await.unwrap().after_failures);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_tries_again_after_a_minute() {
    for table in both().await {
        fail(&table, 5, start()).await;
        for seconds in [60, 120] {
            let calls = join_all((0..20).map(|_| {
                let table = table.clone();
                tokio::spawn(async move { ask(&table, "jira", HUNDRED, after(seconds)).await })
            }))
            .await;
            let passed: Vec<_> = calls.into_iter().filter_map(|call| call.unwrap().ok()).collect();
            assert_eq!(passed.len(), 1);
            assert!(passed[0].after_failures);
        }
        // It fails, so the rest waits as long again.
        fail(&table, 1, after(130)).await;
        let put_off = ask(&table, "jira", HUNDRED, after(180)).await.unwrap_err();
        assert_eq!((put_off.circuit_open, put_off.retry_after), (true, Duration::from_secs(10)));
    }
}

#[tokio::test]
async fn a_wish_to_be_left_alone_holds_beside_it() {
    for table in both().await {
        fail(&table, 5, start()).await;
        table.block_until(&instance("jira"), HUNDRED, after(90)).await.unwrap();
        let put_off = ask(&table, "jira", HUNDRED, after(70)).await.unwrap_err();
        assert_eq!(put_off.retry_after, Duration::from_secs(20));
        ask(&table, "jira", HUNDRED, after(90)).await.unwrap();
    }
}
