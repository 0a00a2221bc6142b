//! One start, however often it is requested and whatever goes wrong.

use crate::world::{Answer, PREFIX, World};
use control::StartResult;
use domain::configuration::AtWork;
use domain::execution::Outcome;
use jiff::{SignedDuration, Timestamp};
use records::{ExecutionEnd, MOST_COUNTED};
use std::sync::Arc;

fn name(result: &StartResult) -> &str {
    match result {
        StartResult::Started { execution, .. }
        | StartResult::Pending { execution, .. }
        | StartResult::InLine { execution, .. }
        | StartResult::Duplicate { execution }
        | StartResult::AlreadyAtWork { execution } => execution,
    }
}

fn ended(outcome: Outcome) -> ExecutionEnd {
    let at = "2026-11-22T13:00:00Z".parse().unwrap();
    ExecutionEnd { outcome, error: None, cause: None, output: None, at }
}

fn succeeded() -> ExecutionEnd {
    ended(Outcome::Succeeded)
}

#[tokio::test]
async fn one_delivery_starts_one_execution_however_often_it_comes() {
    let world = Arc::new(World::new().await);
    let starts: Vec<_> = (0..20)
        .map(|_| {
            let world = Arc::clone(&world);
            tokio::spawn(async move { world.control.start(world.request("SHOP-1", "d1")).await.unwrap() })
        })
        .collect();
    let mut started = 0;
    for start in starts {
        match start.await.unwrap() {
            StartResult::Started { workflow, .. } => {
                assert_eq!(workflow, "development");
                started += 1;
            }
            StartResult::Duplicate { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((started, world.starts().len()), (1, 1));
    let other = world.control.start(world.request("shop-1", "d2")).await.unwrap();
    assert_eq!(
        other,
        StartResult::AlreadyAtWork { execution: world.starts()[0]["name"].as_str().unwrap().into() }
    );
}

#[tokio::test]
async fn what_exists_is_started() {
    let world = World::new().await;
    world.step_functions_says(Answer::AlreadyExists);
    let result = world.control.start(world.request("SHOP-1", "d1")).await.unwrap();
    assert!(matches!(result, StartResult::Started { .. }), "{result:?}");
    let record = world.table.execution(name(&result)).await.unwrap().unwrap();
    assert_eq!(record.outcome, Outcome::Running);
    let arn = format!("{}development:{}", PREFIX.replace("stateMachine", "execution"), record.name);
    assert_eq!(record.arn, Some(arn));
}

#[tokio::test]
async fn what_is_recorded_is_started_later() {
    let world = World::new().await;
    world.step_functions_says(Answer::Missing);
    let result = world.control.start(world.request("SHOP-1", "d1")).await.unwrap();
    let StartResult::Pending { execution, reason, .. } = &result else { panic!("{result:?}") };
    let expected =
        format!("`{PREFIX}development` was not started: StateMachineDoesNotExist: as the test wants");
    assert_eq!(*reason, expected);
    let record = world.table.execution(execution).await.unwrap().unwrap();
    assert_eq!((record.outcome, &record.arn), (Outcome::Pending, &None));
    assert_eq!(world.control.start_recorded(&record).await.unwrap_err().to_string(), expected);
    world.step_functions_says(Answer::Started);
    world.control.start_recorded(&record).await.unwrap();
    assert_eq!(world.table.execution(execution).await.unwrap().unwrap().outcome, Outcome::Running);
    assert_eq!(world.starts().len(), 1);
}

#[tokio::test]
async fn what_is_too_much_waits_in_line_and_goes_on_from_there() {
    let world = World::new().await;
    let mut configuration = (*world.directory.configuration()).as_ref().clone();
    configuration.at_work = AtWork { per_person: 2, per_project: 20 };
    world.table.put_configuration(&configuration).await.unwrap();
    let mut started = Vec::new();
    for number in 1..=4 {
        let request = world.request(&format!("SHOP-{number}"), &format!("d{number}"));
        started.push(world.control.start(request).await.unwrap());
    }
    assert!(matches!(started[1], StartResult::Started { .. }), "{started:?}");
    assert!(matches!(started[2], StartResult::InLine { before: 0, .. }), "{started:?}");
    assert!(matches!(started[3], StartResult::InLine { before: 1, .. }), "{started:?}");
    world.control.start_next("SHOP", end_of_days()).await.unwrap();
    assert_eq!(world.starts().len(), 2, "nobody has ended");

    world.table.finish(name(&started[0]), &succeeded()).await.unwrap();
    for _ in 0..2 {
        world.control.start_next("SHOP", end_of_days()).await.unwrap();
    }
    let starts: Vec<_> = world.starts().iter().map(|start| start["name"].clone()).collect();
    assert_eq!(starts.len(), 3);
    assert_eq!(starts[2], name(&started[2]));
    // Parked executions are not at work.
    let second = world.table.execution(name(&started[1])).await.unwrap().unwrap();
    world.table.leave_line(&second).await.unwrap();
    world.control.start_next("SHOP", end_of_days()).await.unwrap();
    assert_eq!(world.starts().len(), 4);
    world.table.rejoin_line(&second).await.unwrap();
    // The place of an ended execution is free.
    let first = world.table.execution(name(&started[0])).await.unwrap().unwrap();
    world.table.rejoin_line(&first).await.unwrap();
    let fifth = world.control.start(world.request("SHOP-5", "d5")).await.unwrap();
    assert!(matches!(fifth, StartResult::InLine { .. }), "{fifth:?}");
    for waited in &started[2..] {
        world.table.finish(name(waited), &succeeded()).await.unwrap();
    }
    world.control.start_next("SHOP", end_of_days()).await.unwrap();
    assert_eq!(world.starts().len(), 5);
}

#[tokio::test]
async fn where_there_is_room_those_at_work_are_not_read() {
    let world = World::new().await;
    let first = world.control.start(world.request("SHOP-1", "d1")).await.unwrap();
    world.table.finish(name(&first), &succeeded()).await.unwrap();
    let ended = world.table.execution(name(&first)).await.unwrap().unwrap();
    world.table.rejoin_line(&ended).await.unwrap();
    world.control.record(world.request("SHOP-2", "d2")).await.unwrap();
    world.control.start_next("SHOP", end_of_days()).await.unwrap();
    assert_eq!(world.starts().len(), 2);
    // Who reads them removes those that have ended.
    let line = world.table.line("SHOP", AtWork::default()).await.unwrap().places;
    assert!(line.iter().any(|place| place.name == ended.name), "{line:?}");
}

#[tokio::test]
async fn who_waits_longest_is_next_even_where_a_line_only_seemed_full() {
    let world = World::new().await;
    let mut configuration = (*world.directory.configuration()).as_ref().clone();
    let limits = AtWork { per_person: 1, per_project: 1 };
    configuration.at_work = limits;
    world.table.put_configuration(&configuration).await.unwrap();
    let by = |number: u32| {
        let mut request = world.request(&format!("SHOP-{number}"), &format!("d{number}"));
        let actor = request.input.actor.as_mut().unwrap();
        actor.person = Some(format!("person-{number}"));
        request
    };
    let first = world.control.start(by(1)).await.unwrap();
    // The last in the order in which those that wait are read.
    let longest = world.control.start(by(104)).await.unwrap();
    for number in (2..=221).filter(|number| *number != 104) {
        let waits = world.control.start(by(number)).await.unwrap();
        assert!(matches!(waits, StartResult::InLine { .. }), "{waits:?}");
    }
    // A restored table has the places of ended executions again.
    world.table.finish(name(&first), &succeeded()).await.unwrap();
    let ended = world.table.execution(name(&first)).await.unwrap().unwrap();
    world.table.rejoin_line(&ended).await.unwrap();
    let line = world.table.line("SHOP", limits).await.unwrap();
    assert!(!line.is_whole && line.places.iter().all(|place| place.name != name(&longest)));
    world.control.start_next("SHOP", end_of_days()).await.unwrap();
    let newest = world.starts().last().unwrap()["name"].clone();
    assert_eq!((world.starts().len(), newest), (2, name(&longest).into()));
}

#[tokio::test]
async fn what_was_just_begun_is_left_to_whoever_begins_it_and_what_waits_is_not() {
    let world = World::new().await;
    let begun_at = async |name: &str| world.table.execution(name).await.unwrap().unwrap().begun_at;
    let begun = world.control.record(world.request("SHOP-1", "d1")).await.unwrap();
    let soon = begun_at(name(&begun)).await + SignedDuration::from_secs(1);
    world.control.start_next("SHOP", soon).await.unwrap();
    assert_eq!(world.starts().len(), 0);
    let later = soon + SignedDuration::from_secs(2);
    world.control.start_next("SHOP", later).await.unwrap();
    assert_eq!(world.starts().len(), 1, "whoever began it is gone");

    let mut configuration = (*world.directory.configuration()).as_ref().clone();
    configuration.at_work = AtWork { per_person: 1, per_project: 1 };
    world.table.put_configuration(&configuration).await.unwrap();
    let waits = world.control.start(world.request("SHOP-2", "d2")).await.unwrap();
    assert!(matches!(waits, StartResult::InLine { before: 0, .. }), "{waits:?}");
    world.table.finish(name(&begun), &succeeded()).await.unwrap();
    let set_back = begun_at(name(&waits)).await - SignedDuration::from_secs(60);
    world.control.start_next("SHOP", set_back).await.unwrap();
    assert_eq!(world.starts().len(), 2, "the clock was set back since it was begun");
}

#[tokio::test]
async fn three_hundred_tickets_of_one_person_do_not_hold_up_another() {
    let world = World::new().await;
    let limits = world.directory.configuration().at_work;
    let by = |person: &str, number: u32| {
        let mut request = world.request(&format!("SHOP-{number}"), &format!("d{number}"));
        let actor = request.input.actor.as_mut().unwrap();
        (actor.id, actor.person) = (person.to_owned(), Some(person.to_owned()));
        request
    };
    let mut started = Vec::new();
    for number in 1..=300 {
        started.push(world.control.start(by("ada", number)).await.unwrap());
    }
    let at_once = started.iter().filter(|result| matches!(result, StartResult::Started { .. })).count();
    assert_eq!(at_once, limits.per_person as usize);
    // Each of the others learns how many are before it.
    let before = started.iter().filter_map(|result| match result {
        StartResult::InLine { before, .. } => Some(*before),
        _ => None,
    });
    assert!(before.eq((0..300 - at_once).map(|number| number.min(MOST_COUNTED + 1))), "{started:?}");
    // Another person starts at once, as many as the first one may.
    for number in 301..=300 + limits.per_person {
        let result = world.control.start(by("grace", number)).await.unwrap();
        assert!(matches!(result, StartResult::Started { .. }), "{result:?}");
    }
    // An ended execution makes room for one of the same person, oldest first.
    world.table.finish(name(&started[0]), &ended(Outcome::Failed)).await.unwrap();
    world.control.start_next("SHOP", end_of_days()).await.unwrap();
    let newest = world.starts().last().unwrap()["name"].clone();
    assert_eq!(newest, name(&started[at_once]));
}

fn end_of_days() -> Timestamp {
    "2030-01-01T00:00:00Z".parse().unwrap()
}
