//! The line of a project: what is read of it does not grow with how many executions of a person wait.

use super::*;
use domain::configuration::AtWork;
use jiff::SignedDuration;
use records::{BeginResult, ExecutionRecord, MOST_COUNTED, Place};

const LIMITS: AtWork = AtWork { per_person: 2, per_project: 4 };
/// More than two pages of them.
const MANY: usize = 450;

/// An execution of a person, begun so many seconds after the start.
async fn begun(table: &Table, person: &str, number: usize) -> ExecutionRecord {
    let mut new = execution_for(&format!("SHOP-{number}"), &format!("d{number}"));
    let actor = new.actor.as_mut().unwrap();
    (actor.id, actor.person) = (person.to_owned(), Some(person.to_owned()));
    new.begun_at = start() + SignedDuration::from_secs(number as i64);
    match table.begin(&new, domain::routes::Concurrency::default()).await.unwrap() {
        BeginResult::Begun(record) => *record,
        other => panic!("{other:?}"),
    }
}

async fn place_of(table: &Table, execution: &ExecutionRecord) -> Option<Place> {
    let line = table.line("SHOP", LIMITS).await.unwrap();
    table.place_in(&line, execution).await.unwrap()
}

#[tokio::test]
async fn of_each_person_the_oldest_that_wait_are_read() {
    let table = table().await;
    let at_work = begun(&table, "ada", 0).await;
    table.go_to_work("SHOP", &place_of(&table, &at_work).await.unwrap()).await.unwrap();
    let mut waiting = Vec::new();
    for number in 1..=MANY {
        let one = begun(&table, "ada", number).await;
        let place = Place {
            name: one.name.clone(),
            account: "ada".to_owned(),
            begun_at: one.begun_at,
            at_work: false,
            queued: false,
        };
        table.queue("SHOP", &place).await.unwrap();
        waiting.push(one);
    }
    let late = ["bob", "cy"];
    for (number, person) in late.iter().enumerate() {
        let one = begun(&table, person, MANY + 1 + number).await;
        table.queue("SHOP", &place_of(&table, &one).await.unwrap()).await.unwrap();
    }
    let just_begun = begun(&table, "dee", MANY + 3).await;

    let line = table.line("SHOP", LIMITS).await.unwrap();
    assert!(!line.is_whole && line.places.len() < MANY, "{}", line.places.len());
    let of = |person: &str| line.places.iter().filter(|place| place.account == person).collect::<Vec<_>>();
    assert!(of("ada").iter().any(|place| place.at_work && place.name == at_work.name));
    let oldest: Vec<&str> = waiting.iter().take(MOST_COUNTED + 1).map(|one| one.name.as_str()).collect();
    let read: Vec<&str> =
        of("ada").iter().filter(|place| !place.at_work).map(|place| place.name.as_str()).collect();
    assert!(read.starts_with(&oldest), "{read:?}");
    assert!(late.iter().all(|person| of(person).len() == 1) && of("dee").len() == 1);
    assert!(!of("dee")[0].queued && of("dee")[0].name == just_begun.name);
    // One that was not read is in line nevertheless.
    let last = waiting.last().unwrap();
    assert!(!line.places.iter().any(|place| place.name == last.name));
    assert!(place_of(&table, last).await.is_some_and(|place| place.queued && !place.at_work));
}

#[tokio::test]
async fn of_a_full_line_no_more_are_read_than_are_counted() {
    let table = table().await;
    let room = LIMITS.per_project as usize;
    let mut at_work = Vec::new();
    for number in 0..room {
        let one = begun(&table, "ada", number).await;
        table.go_to_work("SHOP", &place_of(&table, &one).await.unwrap()).await.unwrap();
        at_work.push(one);
    }
    // Nobody has as many in line as are counted.
    let mut waiting = Vec::new();
    for number in room..MANY {
        let account = format!("person-{}", number % 9);
        let one = begun(&table, &account, number).await;
        let (name, begun_at) = (one.name.clone(), one.begun_at);
        let place = Place { name, account, begun_at, at_work: false, queued: false };
        table.queue("SHOP", &place).await.unwrap();
        waiting.push(one);
    }
    let first_page = 200;
    let line = table.line("SHOP", LIMITS).await.unwrap();
    assert!(!line.is_whole);
    assert_eq!(line.places.len(), first_page);
    assert_eq!(line.places.iter().filter(|place| place.at_work).count(), room);
    for one in [&waiting[0], waiting.last().unwrap()] {
        assert!(place_of(&table, one).await.is_some_and(|place| place.queued && !place.at_work));
    }
    // Those that are counted are read, whoever they are of.
    let before = async |number: usize| {
        let moment = waiting[number].begun_at;
        let line = table.line_before("SHOP", LIMITS, moment).await.unwrap();
        let is_before = |place: &&Place| !place.at_work && place.begun_at < moment;
        (line.places.iter().filter(is_before).count(), line.places.len())
    };
    let (counted, read) = before(waiting.len() - 1).await;
    assert!(counted > MOST_COUNTED && read == first_page, "{counted} of {read}");
    assert_eq!(before(30).await.0, 30);
    // Where there is room, whoever waits may be next.
    let end = records::ExecutionEnd {
        outcome: domain::execution::Outcome::Succeeded,
        error: None,
        cause: None,
        output: None,
        at: start(),
    };
    table.finish(&at_work[0].name, &end).await.unwrap();
    let line = table.line("SHOP", LIMITS).await.unwrap();
    assert!(line.is_whole);
    assert_eq!(line.places.len(), MANY - 1);
}

#[tokio::test]
async fn a_place_is_left_from_wherever_it_is() {
    let table = table().await;
    let [first, second, third] =
        [begun(&table, "ada", 1).await, begun(&table, "ada", 2).await, begun(&table, "ada", 3).await];
    let as_read = place_of(&table, &first).await.unwrap();
    for one in [&first, &second, &third] {
        table.queue("SHOP", &place_of(&table, one).await.unwrap()).await.unwrap();
    }
    // It was queued after it was read.
    assert!(!as_read.queued && table.go_to_work("SHOP", &as_read).await.unwrap());
    let place = place_of(&table, &first).await.unwrap();
    assert!(place.at_work && !place.queued, "{place:?}");
    // It is at work, and is not queued by what was read before.
    table.queue("SHOP", &as_read).await.unwrap();
    assert!(place_of(&table, &first).await.unwrap().at_work);
    assert!(!table.give_up_place(&first).await.unwrap());

    assert!(table.give_up_place(&second).await.unwrap());
    assert!(!table.give_up_place(&second).await.unwrap(), "it gave it up already");
    let end = records::ExecutionEnd {
        outcome: domain::execution::Outcome::Stopped,
        error: None,
        cause: None,
        output: None,
        at: start(),
    };
    for one in [&first, &second, &third] {
        table.finish(&one.name, &end).await.unwrap();
        assert_eq!(place_of(&table, one).await, None);
    }
    assert!(!table.go_to_work("SHOP", &as_read).await.unwrap(), "it is no longer in line");
    assert!(table.line("SHOP", LIMITS).await.unwrap().places.is_empty());
}
