//! One start, however often it is requested and whatever goes wrong.

use crate::world::{Answer, PREFIX, World};
use control::StartResult;
use domain::execution::Outcome;
use std::sync::Arc;

fn name(result: &StartResult) -> &str {
    match result {
        StartResult::Started { execution, .. }
        | StartResult::Pending { execution, .. }
        | StartResult::Duplicate { execution }
        | StartResult::AlreadyAtWork { execution } => execution,
    }
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
