//! Places at reviewers: as many as there is room for, however many ask at once, and none is lost.

use super::*;
use aws_sdk_dynamodb::types::AttributeValue;
use futures::future::join_all;
use jiff::SignedDuration;
use records::{FIRST_ASKED_OF_REVIEW, ReviewPlace};

const ALL: &[&str] = &["project"];

fn place(number: usize, lines: &[&str]) -> ReviewPlace {
    ReviewPlace {
        run: format!("run-{number:03}"),
        execution: format!("run-{number:03}"),
        lines: lines.iter().map(|line| (*line).to_owned()).collect(),
        since: start() + SignedDuration::from_secs(number as i64),
        taken_at: None,
        ask_at: None,
        asked: 0,
    }
}

async fn take(table: &Table, place: &ReviewPlace, limit: u32) -> bool {
    table.take_review_place("SHOP", place, limit, start(), start() + FIRST_ASKED_OF_REVIEW).await.unwrap()
}

async fn join_and_take(table: &Table, place: &ReviewPlace, limit: u32) -> bool {
    table.wait_for_review_place("SHOP", place).await.unwrap();
    take(table, place, limit).await
}

async fn taken(table: &Table) -> usize {
    table.review_places("SHOP").await.unwrap().iter().filter(|place| place.is_taken()).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_at_once_exactly_as_many_pass_as_there_is_room_for() {
    const RUNS: usize = 60;
    const LIMIT: u32 = 7;
    let table = table().await;
    let work = (0..RUNS).map(|number| {
        let table = table.clone();
        tokio::spawn(async move { join_and_take(&table, &place(number, ALL), LIMIT).await })
    });
    let passed = join_all(work).await.into_iter().filter(|passed| *passed.as_ref().unwrap()).count();
    assert_eq!((passed, taken(&table).await), (7, 7));
    // Asking again changes nothing: who has a place keeps it, and who has none gets none.
    for number in 0..RUNS {
        let known = table.review_place("SHOP", &format!("run-{number:03}")).await.unwrap().unwrap();
        assert_eq!(take(&table, &known, LIMIT).await, known.is_taken());
    }
    assert_eq!(taken(&table).await, 7);
    // One who gives it back makes room for one.
    let first = table.review_places("SHOP").await.unwrap().into_iter().find(ReviewPlace::is_taken).unwrap();
    assert!(table.give_back_review_place("SHOP", &first).await.unwrap());
    let waiting: Vec<_> = table.review_places("SHOP").await.unwrap();
    let work = waiting.into_iter().filter(|place| !place.is_taken()).map(|place| {
        let table = table.clone();
        tokio::spawn(async move { take(&table, &place, LIMIT).await })
    });
    let passed = join_all(work).await.into_iter().filter(|passed| *passed.as_ref().unwrap()).count();
    assert_eq!((passed, taken(&table).await), (1, 7));
}

#[tokio::test]
async fn a_place_is_taken_in_all_of_its_lines_or_in_none() {
    let table = table().await;
    assert!(join_and_take(&table, &place(1, &["owner/@ada"]), 1).await);
    let both = place(2, &["owner/@bob", "owner/@ada"]);
    assert!(!join_and_take(&table, &both, 1).await, "@ada has no room");
    assert!(join_and_take(&table, &place(3, &["owner/@bob"]), 1).await, "nothing was taken of @bob");
    assert!(table.give_back_review_place("SHOP", &place(1, &["owner/@ada"])).await.unwrap());
    assert!(!take(&table, &both, 1).await, "now @bob has no room");
    assert!(table.give_back_review_place("SHOP", &place(3, &["owner/@bob"])).await.unwrap());
    assert!(take(&table, &both, 1).await);
    assert!(!join_and_take(&table, &place(4, &["owner/@ada"]), 1).await);
    assert!(join_and_take(&table, &place(5, &["owner/@cy"]), 1).await);
}

#[tokio::test]
async fn a_place_is_given_back_by_the_execution_that_has_it() {
    let table = table().await;
    let begun = place(1, ALL);
    assert!(join_and_take(&table, &begun, 1).await);
    let redrive = ReviewPlace { execution: "redrive".into(), since: start(), ..begun.clone() };
    let kept = table.wait_for_review_place("SHOP", &redrive).await.unwrap();
    assert!(kept.is_taken(), "a redrive has the place of its run");
    assert_eq!((kept.execution.as_str(), kept.since), ("redrive", begun.since));
    assert!(!table.give_back_review_place("SHOP", &begun).await.unwrap(), "the end of the first comes late");
    assert!(!join_and_take(&table, &place(2, ALL), 1).await);
    assert!(table.give_back_review_place("SHOP", &kept).await.unwrap());
    assert!(!table.give_back_review_place("SHOP", &kept).await.unwrap());
    assert!(take(&table, &place(2, ALL), 1).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn whenever_functions_end_no_place_is_lost() {
    const RUNS: usize = 150;
    const LIMIT: u32 = 5;
    let table = table().await;
    let work = join_all((0..RUNS).map(|number| {
        let table = table.clone();
        let run = tokio::spawn(async move {
            let place = place(number, if number % 3 == 0 { &["project", "owner/@ada"] } else { ALL });
            if join_and_take(&table, &place, LIMIT).await && number % 2 == 0 {
                table.give_back_review_place("SHOP", &place).await.unwrap();
            }
        });
        async move {
            // Some end at any point, with an unknown outcome of their last write.
            if number % 4 == 3 {
                for _ in 0..number % 50 {
                    tokio::task::yield_now().await;
                }
                run.abort();
            }
            match run.await {
                Err(failed) if !failed.is_cancelled() => panic!("{failed}"),
                _ => {}
            }
        }
    }));
    work.await;
    // The sweeper frees places that nobody needs anymore. Requests that a run sent before it ended may arrive after that.
    for _ in 0..5 {
        for place in table.review_places("SHOP").await.unwrap() {
            table.give_back_review_place("SHOP", &place).await.unwrap();
        }
        table.clear_review_lines("SHOP").await.unwrap();
    }
    let mut passed = 0;
    for number in 1_000..1_010 {
        passed += u32::from(join_and_take(&table, &place(number, &["project", "owner/@ada"]), LIMIT).await);
    }
    assert_eq!(passed, LIMIT, "all of the room is there again");
}

#[tokio::test]
async fn a_line_is_cleared_of_those_whose_own_place_is_gone() {
    let (table, client) = table_and_client().await;
    assert!(join_and_take(&table, &place(1, ALL), 1).await);
    assert_eq!(table.clear_review_lines("SHOP").await.unwrap(), 0);
    let key = |text: &str| AttributeValue::S(text.to_owned());
    let gone = client.delete_item().table_name("ticketsmith").key("pk", key("CAPACITY#SHOP"));
    gone.key("sk", key("PLACE#run-001")).send().await.unwrap();
    assert!(!join_and_take(&table, &place(2, ALL), 1).await);
    assert_eq!(table.clear_review_lines("SHOP").await.unwrap(), 1);
    assert!(take(&table, &place(2, ALL), 1).await);
}

#[tokio::test]
async fn a_place_that_was_given_back_is_given_again_whether_or_not_there_is_room() {
    let table = table().await;
    let now = place(1, ALL).since;
    let restore = async |run: &str| table.restore_review_place("SHOP", run, now, now).await.unwrap();
    let run = place(1, ALL).run;
    assert!(!restore(&run).await, "it never had one");
    assert!(join_and_take(&table, &place(1, ALL), 1).await);
    assert!(!restore(&run).await, "it has one");
    let held = table.review_place("SHOP", &run).await.unwrap().unwrap();
    assert!(table.give_back_review_place("SHOP", &held).await.unwrap());
    assert!(join_and_take(&table, &place(2, ALL), 1).await);
    assert!(restore(&run).await);
    let again = table.review_place("SHOP", &run).await.unwrap().unwrap();
    assert!(again.is_taken() && again.lines == held.lines, "{again:?}");
    // Both count: nobody passes until both are gone.
    assert!(table.give_back_review_place("SHOP", &place(2, ALL)).await.unwrap());
    assert!(!join_and_take(&table, &place(3, ALL), 1).await);
    assert!(table.give_back_review_place("SHOP", &again).await.unwrap());
    assert!(take(&table, &place(3, ALL), 1).await);
}
