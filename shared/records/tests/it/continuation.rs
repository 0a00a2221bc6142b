//! Executions that continue each other: one after another, and never one that was taken back.

use super::*;
use domain::execution::{Outcome, Parent};
use domain::routes::Concurrency;
use futures::future::join_all;
use jiff::SignedDuration;
use records::{BeginResult, ExecutionEnd, ExecutionRecord, NewExecution};

const RUN: &str = "arn:aws:states:us-east-1:000000000000:execution:development:";

/// An execution of a ticket that ended so.
async fn ended(table: &Table, task: &str, outcome: Outcome) -> String {
    let new = execution_for(task, &format!("{task} {outcome}"));
    table.begin(&new, Concurrency::OnePerTask).await.unwrap();
    table.mark_started(&new.name, &format!("{RUN}{}", new.name), start()).await.unwrap();
    end(table, &new.name, outcome).await;
    new.name
}

async fn end(table: &Table, name: &str, outcome: Outcome) {
    let end = ExecutionEnd { outcome, error: None, cause: None, output: None, at: start() };
    table.finish(name, &end).await.unwrap();
}

fn continuing(name: &str, task: &str, delivery: &str) -> NewExecution {
    let mut new = execution_for(task, delivery).continuing(name);
    new.input.parent = Some(Parent::continuing(&format!("{RUN}{name}")));
    new
}

fn names(executions: &[ExecutionRecord]) -> Vec<&str> {
    executions.iter().map(|execution| execution.name.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_twenty_redrives_at_once_one_begins() {
    let table = table().await;
    let failed = ended(&table, "SHOP-1", Outcome::Failed).await;
    for concurrency in [Concurrency::Any, Concurrency::OnePerTask] {
        let begun = join_all((0..20).map(|number| {
            let (table, failed) = (table.clone(), failed.clone());
            tokio::spawn(async move {
                let new = continuing(&failed, "SHOP-1", &format!("redrive {number} {concurrency:?}"));
                table.begin(&new, concurrency).await.unwrap()
            })
        }))
        .await;
        let begun: Vec<_> = begun.into_iter().map(Result::unwrap).collect();
        let one = table.execution(&failed).await.unwrap().unwrap().continued_by.unwrap();
        let started = begun.iter().filter(|result| matches!(result, BeginResult::Begun(_))).count();
        assert_eq!(started, usize::from(concurrency == Concurrency::Any), "{begun:?}");
        for result in begun {
            match result {
                BeginResult::Begun(record) => {
                    assert_eq!((&record.name, record.continues), (&one, Some(failed.clone())))
                }
                BeginResult::NotContinued(record) => assert_eq!(record.continued_by.as_ref(), Some(&one)),
                other => panic!("{other:?}"),
            }
        }
    }
    assert_eq!(table.executions_of_task("SHOP-1", None, 100).await.unwrap().len(), 2);
}

#[tokio::test]
async fn what_succeeded_or_was_taken_back_is_not_continued() {
    let table = table().await;
    let undone = ended(&table, "SHOP-1", Outcome::Failed).await;
    table.note_undone(&undone, "undo").await.unwrap();
    let succeeded = ended(&table, "SHOP-2", Outcome::Succeeded).await;
    let rolled_back = ended(&table, "SHOP-3", Outcome::RolledBack).await;
    let running = execution_for("SHOP-4", "d");
    table.begin(&running, Concurrency::OnePerTask).await.unwrap();
    for (number, name) in [undone, succeeded, rolled_back, running.name].iter().enumerate() {
        let new = continuing(name, &format!("SHOP-{}", number + 1), "redrive");
        let BeginResult::NotContinued(record) = table.begin(&new, Concurrency::Any).await.unwrap() else {
            panic!("{name} is continued")
        };
        assert_eq!((&record.name, record.continued_by), (name, None));
        assert_eq!(table.execution(&new.name).await.unwrap(), None);
    }
}

#[tokio::test]
async fn a_run_has_all_executions_that_continue_each_other() {
    let table = table().await;
    let first = ended(&table, "SHOP-1", Outcome::Failed).await;
    let second = continuing(&first, "SHOP-1", "r1");
    table.begin(&second, Concurrency::OnePerTask).await.unwrap();
    end(&table, &second.name, Outcome::Stopped).await;
    let mut third = continuing(&second.name, "SHOP-1", "r2");
    third.input.parent = second.input.parent.clone();
    table.begin(&third, Concurrency::OnePerTask).await.unwrap();

    let all = [first.as_str(), &second.name, &third.name];
    for name in all {
        let execution = table.execution(name).await.unwrap().unwrap();
        assert_eq!((execution.began_as(), execution.run()), (all[0], Some(format!("{RUN}{first}").as_str())));
        assert_eq!(names(&table.executions_of_run(&execution).await.unwrap()), all);
    }
    assert_eq!(names(&table.continued(&second.name).await.unwrap()), all[1..]);
    assert_eq!(table.continued("nobody").await.unwrap(), []);
}

#[tokio::test]
async fn what_is_continued_is_not_forgotten_before_what_continues_it() {
    let table = table().await;
    let first = ended(&table, "SHOP-1", Outcome::Failed).await;
    let run = format!("{RUN}{first}");
    table.admit_run(&run, domain::Grant::Configuration, start()).await.unwrap();
    let second = continuing(&first, "SHOP-1", "r1");
    table.begin(&second, Concurrency::OnePerTask).await.unwrap();
    let later = start() + SignedDuration::from_hours(24 * 90);
    assert_eq!(table.forget_ended_before(later).await.unwrap(), 0);
    assert!(
        table.execution(&first).await.unwrap().is_some() && table.admission(&run).await.unwrap().is_some()
    );
    end(&table, &second.name, Outcome::Succeeded).await;
    assert_eq!(table.forget_ended_before(later).await.unwrap(), 2);
    assert_eq!(table.admission(&run).await.unwrap(), None);
}

#[tokio::test]
async fn a_run_is_handed_over_only_if_it_was_admitted() {
    let table = table().await;
    table.perform_run_as("run", "redrive").await.unwrap_err();
    assert_eq!(table.admission("run").await.unwrap(), None);
    table.admit_run("run", domain::Grant::Configuration, start()).await.unwrap();
    table.perform_run_as("run", "redrive").await.unwrap();
    table.admit_run("run", domain::Grant::ByHand, start()).await.unwrap();
    let admission = table.admission("run").await.unwrap().unwrap();
    assert_eq!(
        (admission.grant, admission.execution.as_deref()),
        (domain::Grant::Configuration, Some("redrive"))
    );
}
