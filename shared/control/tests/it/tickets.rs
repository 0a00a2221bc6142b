//! A ticket is one ticket, however people type it at whatever entrance.

use crate::world::World;
use control::{AnswerResult, CostsResult, StartResult, StopResult, UndoResult};
use domain::execution::{Outcome, UNDO_WORKFLOW};
use records::{ExecutionEnd, ExecutionRecord, Moves, Topic, Waiter};

async fn work_on(world: &World, typed: &str, delivery: &str) -> ExecutionRecord {
    let result = world.control.start(world.request(typed, delivery)).await.unwrap();
    let StartResult::Started { execution, .. } = result else { panic!("{result:?}") };
    world.table.execution(&execution).await.unwrap().unwrap()
}

async fn end(world: &World, execution: &ExecutionRecord) {
    let (outcome, at) = (Outcome::Succeeded, world.now());
    let end = ExecutionEnd { outcome, error: None, cause: None, output: None, at };
    world.table.finish(&execution.name, &end).await.unwrap();
}

#[tokio::test]
async fn every_operation_finds_what_was_started_under_another_spelling() {
    let world = World::new().await;
    let ada = world.ada();
    let execution = work_on(&world, "shop-1", "d1").await;
    assert_eq!(execution.task_id.as_deref(), Some("SHOP-1"));
    let waiter = Waiter {
        topic: Topic::Approval(execution.name.clone()).to_string(),
        key: "run/Ask".into(),
        execution: execution.name.clone(),
        token: "token".to_owned().into(),
        since: world.now(),
        question: Some("Ship it?".into()),
        approvers: Vec::new(),
        moves: Moves { approve: Some("Approved".into()), decline: None },
        message: None,
        answer: None,
        told: None,
        until: None,
    };
    world.table.put_waiter(&waiter).await.unwrap();

    let ticket = world.directory.ticket("Shop-1").unwrap();
    let listed = world.control.executions(Some(ticket.task_id()), 5).await.unwrap();
    assert_eq!(listed.iter().map(|listed| &listed.name).collect::<Vec<_>>(), [&execution.name]);
    let caller = world.caller(&ada, "t1");
    let costs = world.control.costs_of_ticket(&caller, ticket.task_id()).await.unwrap();
    let CostsResult::Costs(costs) = costs else { panic!("{costs:?}") };
    assert_eq!(costs.limit, world.directory.configuration().budgets.per_task());

    let elsewhere = world.control.answer_by_move(&caller, ticket.task_id(), "In Progress").await.unwrap();
    assert_eq!(elsewhere, AnswerResult::NothingAsked);
    let answered = world.control.answer_by_move(&caller, ticket.task_id(), "approved").await.unwrap();
    assert_eq!(answered, AnswerResult::Recorded { question: "Ship it?".into(), approved: true });
    let later = world.caller(&ada, "t2");
    let again = world.control.answer_ticket(&later, &ticket, false, None).await.unwrap();
    assert_eq!(again, AnswerResult::NothingAsked);
    let late = world.control.answer_step(&later, &execution.name, "run/Ask", false).await.unwrap();
    let (question, by) = ("Ship it?".to_owned(), "ada".to_owned());
    assert_eq!(late, AnswerResult::AlreadyAnswered { question, by, approved: true });

    let at_work = world.control.undo(&caller, &ticket, None).await.unwrap();
    assert_eq!(at_work, UndoResult::AtWork { workflow: "development".into() });
    let stopped = world.control.stop(&caller, &ticket).await.unwrap();
    assert_eq!(stopped, StopResult::Requested { workflow: "development".into() });
    end(&world, &execution).await;
    assert_eq!(world.control.stop(&later, &ticket).await.unwrap(), StopResult::NothingAtWork);
    let again = world.control.stop(&caller, &ticket).await.unwrap();
    assert_eq!(again, StopResult::Ended { workflow: "development".into() }, "it is about the same execution");
    let undone = world.control.undo(&caller, &ticket, None).await.unwrap();
    assert_eq!(undone, UndoResult::Accepted { execution: execution.name.clone() });
    assert!(world.starts()[1]["stateMachineArn"].as_str().unwrap().ends_with(UNDO_WORKFLOW));
}

#[tokio::test]
async fn a_run_is_taken_back_once_beside_whatever_is_at_work() {
    let world = World::new().await;
    let execution = work_on(&world, "SHOP-1", "d1").await;
    let run = execution.arn.clone().unwrap();
    let first = world.control.undo_run(&run, &execution).await.unwrap();
    assert!(matches!(first, StartResult::Started { .. }), "{first:?}");
    let second = world.control.undo_run(&run, &execution).await.unwrap();
    assert!(matches!(second, StartResult::Duplicate { .. }), "{second:?}");
    assert_eq!(world.starts().len(), 2);
}

#[tokio::test]
async fn nothing_was_done_on_a_ticket_nobody_worked_on() {
    let world = World::new().await;
    let ada = world.ada();
    let caller = world.caller(&ada, "t1");
    let ticket = world.directory.ticket("SHOP-9").unwrap();
    assert_eq!(world.control.undo(&caller, &ticket, None).await.unwrap(), UndoResult::NothingDone);
    assert_eq!(world.control.stop(&caller, &ticket).await.unwrap(), StopResult::NothingAtWork);
    assert!(world.directory.ticket("TES-1").is_err());
}
