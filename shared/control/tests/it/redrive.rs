//! A run that failed or was stopped is continued, once.

use crate::world::World;
use control::{RedriveResult, StartResult, UndoResult};
use domain::execution::{Outcome, Parent};
use domain::routes::InputType;
use domain::{Actor, Grant, SourceName};
use jiff::SignedDuration;
use records::{ExecutionEnd, ExecutionRecord};
use serde_json::json;

impl World {
    async fn ended(&self, task_id: &str, outcome: Outcome) -> ExecutionRecord {
        let result =
            self.control.start(self.request(task_id, &format!("{task_id} {outcome}"))).await.unwrap();
        let StartResult::Started { execution, .. } = result else { panic!("{result:?}") };
        self.end(&execution, outcome).await
    }

    async fn end(&self, name: &str, outcome: Outcome) -> ExecutionRecord {
        let end = ExecutionEnd { outcome, error: None, cause: None, output: None, at: self.now() };
        self.table.finish(name, &end).await.unwrap();
        self.table.execution(name).await.unwrap().unwrap()
    }

    async fn redrive(&self, task_id: &str, delivery: &str) -> RedriveResult {
        let (ada, ticket) = (self.ada(), self.directory.ticket(task_id).unwrap());
        self.control.redrive(&self.caller(&ada, delivery), &ticket).await.unwrap()
    }

    /// Asks for it, and gives the new execution.
    async fn redriven(&self, task_id: &str, delivery: &str) -> ExecutionRecord {
        let result = self.redrive(task_id, delivery).await;
        let RedriveResult::Accepted { execution, .. } = result else { panic!("{result:?}") };
        self.table.execution(&execution).await.unwrap().unwrap()
    }

    async fn refusal(&self, task_id: &str) -> String {
        match self.redrive(task_id, &format!("refused {task_id}")).await {
            RedriveResult::Refused(refusal) => refusal.to_string(),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_redrive_has_the_keys_of_the_run_and_what_the_run_began_with() {
    let world = World::new().await;
    let failed = world.ended("SHOP-1", Outcome::Failed).await;
    let redrive = world.redriven("shop-1", "r1").await;
    let run = failed.arn.clone().unwrap();
    assert_eq!(redrive.input.parent, Some(Parent::continuing(&run)));
    assert_eq!((redrive.run(), redrive.began_as()), (Some(run.as_str()), failed.name.as_str()));
    assert_eq!((&redrive.input.inputs, &redrive.task_id), (&failed.input.inputs, &failed.task_id));
    assert_eq!(redrive.input.grant, Some(Grant::Configuration));
    let started: serde_json::Value =
        serde_json::from_str(world.starts()[1]["input"].as_str().unwrap()).unwrap();
    assert_eq!((&started["parent"]["run"], &started["parent"]["at"]), (&json!(run), &json!(run)));

    // The same delivery again, while it runs and after it ended, is about the same.
    let accepted = RedriveResult::Accepted {
        execution: redrive.name.clone(),
        continues: failed.name.clone(),
        anew: false,
    };
    assert_eq!(world.redrive("SHOP-1", "r1").await, accepted);
    assert!(world.refusal("SHOP-1").await.contains("is running"));
    world.end(&redrive.name, Outcome::Stopped).await;
    assert_eq!(world.redrive("SHOP-1", "r1").await, accepted);
    // A redrive of the redrive belongs to the same run.
    let third = world.redriven("SHOP-1", "r2").await;
    assert_eq!((third.continues.as_ref(), third.run()), (Some(&redrive.name), Some(run.as_str())));
    assert_eq!(world.starts().len(), 3);
    let ada = world.ada();
    let first = world.control.redrive_execution(&world.caller(&ada, "r3"), &failed.name).await.unwrap();
    let RedriveResult::Refused(refusal) = first else { panic!("{first:?}") };
    assert!(refusal.to_string().contains(&format!("already continued by `{}`", redrive.name)), "{refusal}");
}

#[tokio::test]
async fn what_cannot_be_continued_is_refused_by_name() {
    let world = World::new().await;
    assert_eq!(world.refusal("SHOP-9").await, "nothing has been started on SHOP-9 yet");
    let anew = "ticketsmith run development --input task_id=SHOP-";
    let name = world.ended("SHOP-1", Outcome::Succeeded).await.name;
    let refusal = world.refusal("SHOP-1").await;
    assert!(refusal.contains(&name) && refusal.contains("succeeded, so nothing is left to do"), "{refusal}");
    assert!(refusal.contains(&format!("{anew}1")), "{refusal}");
    let undone = world.ended("SHOP-3", Outcome::Failed).await;
    world.table.note_undone(&undone.name, "slack-undo").await.unwrap();
    let refusal = world.refusal("SHOP-3").await;
    assert!(refusal.contains("was undone by `slack-undo`") && refusal.contains(anew), "{refusal}");
    let ada = world.ada();
    let unknown = world.control.redrive_execution(&world.caller(&ada, "u"), "nonsense").await.unwrap();
    assert_eq!(unknown, RedriveResult::Unknown);
    // Words from outside are not repeated in a command.
    let mut request = world.request("SHOP-4", "d4");
    request.input.inputs.insert("task_id".into(), json!("x; rm -rf ~"));
    world.control.start(request).await.unwrap();
    let name = world.control.executions(Some("SHOP-4"), 1).await.unwrap()[0].name.clone();
    world.end(&name, Outcome::Succeeded).await;
    let refusal = world.refusal("SHOP-4").await;
    assert!(refusal.contains("--input task_id=…") && !refusal.contains("rm"), "{refusal}");
    assert_eq!(world.starts().len(), 3);
}

#[tokio::test]
async fn what_a_rollback_took_back_is_run_anew_once() {
    let world = World::new().await;
    let taken_back = world.ended("SHOP-1", Outcome::RolledBack).await;
    let ada = world.ada();
    let caller = world.caller(&ada, "r1");
    for _ in 0..2 {
        let result = world.control.redrive_execution(&caller, &taken_back.name).await.unwrap();
        let RedriveResult::Accepted { execution, continues, anew: true } = result else {
            panic!("{result:?}")
        };
        assert_eq!(continues, taken_back.name);
        let begun = world.control.executions(Some("SHOP-1"), 1).await.unwrap().remove(0);
        assert_eq!(begun.name, execution);
        assert_eq!((begun.continues.as_ref(), &begun.input.inputs), (None, &taken_back.input.inputs));
        assert!(begun.input.parent.is_none(), "its effects are its own");
    }
    // Nor is it when somebody else asks, while the new run is at work and after it ended.
    let begun = world.control.executions(Some("SHOP-1"), 1).await.unwrap().remove(0);
    for delivery in ["r2", "r3"] {
        let again = world.control.redrive_execution(&world.caller(&ada, delivery), &taken_back.name).await;
        let RedriveResult::Refused(refusal) = again.unwrap() else { panic!("it starts twice") };
        let reason = refusal.to_string();
        assert!(reason.contains(&format!("already started over by `{}`", begun.name)), "{reason}");
        if delivery == "r2" {
            world.end(&begun.name, Outcome::RolledBack).await;
        }
    }
    assert_eq!(world.starts().len(), 2);
    let third = world.redriven("SHOP-1", "r4").await;
    assert_ne!(third.name, begun.name, "what was taken back again is started over again");
}

#[tokio::test]
async fn a_request_that_came_to_nothing_keeps_nobody_from_starting_over() {
    let world = World::new().await;
    let taken_back = world.ended("SHOP-1", Outcome::RolledBack).await;
    let result = world.control.start(world.request("SHOP-1", "other")).await.unwrap();
    let StartResult::Started { execution: other, .. } = result else { panic!("{result:?}") };
    let ada = world.ada();
    let redrive = async |delivery: &str| {
        world.control.redrive_execution(&world.caller(&ada, delivery), &taken_back.name).await.unwrap()
    };
    let busy = redrive("r1").await;
    let RedriveResult::Refused(refusal) = busy else { panic!("{busy:?}") };
    assert!(refusal.to_string().contains(&format!("`{other}` is at work")), "{refusal}");
    world.end(&other, Outcome::Succeeded).await;
    let begun = redrive("r2").await;
    assert!(matches!(begun, RedriveResult::Accepted { anew: true, .. }), "{begun:?}");
    assert_eq!(redrive("r2").await, begun, "the same delivery is told the same");
    assert!(matches!(redrive("r3").await, RedriveResult::Refused(_)));
    assert_eq!(world.starts().len(), 3);
}

#[tokio::test]
async fn a_run_of_long_ago_is_run_anew() {
    let world = World::new().await;
    world.ended("SHOP-1", Outcome::Failed).await;
    world.advance(SignedDuration::from_hours(24 * 31));
    assert!(world.refusal("SHOP-1").await.contains("began more than 30 days ago"));
}

#[tokio::test]
async fn who_may_not_start_work_may_not_continue_it() {
    let world = World::new().await;
    let failed = world.ended("SHOP-1", Outcome::Failed).await;
    let stranger =
        Actor { source: SourceName::from_static("slack"), id: "U9".into(), display_name: None, person: None };
    let caller = world.caller(&stranger, "r1");
    let denied = world.control.redrive_execution(&caller, &failed.name).await.unwrap();
    let RedriveResult::Denied(reason) = denied else { panic!("{denied:?}") };
    assert!(reason.contains("may not start work on SHOP"), "{reason}");
    assert_eq!(world.starts().len(), 1);
}

#[tokio::test]
async fn inputs_that_the_workflow_no_longer_accepts_are_named() {
    let world = World::new().await;
    world.ended("SHOP-1", Outcome::Failed).await;
    let mut routes = world.routes.clone();
    let inputs = &mut routes.workflows.get_mut("development").unwrap().inputs;
    let branch = domain::routes::InputSchema { kind: InputType::String, ..inputs["task_id"].clone() };
    inputs.insert("branch".into(), branch);
    world.table.put_routes(&routes).await.unwrap();
    world.advance(SignedDuration::from_hours(1));
    let (ada, ticket) = (world.ada(), world.directory.ticket("SHOP-1").unwrap());
    let error = world.control.redrive(&world.caller(&ada, "r1"), &ticket).await.unwrap_err();
    assert!(error.to_string().contains("`branch`"), "{error}");
    assert_eq!(world.starts().len(), 1);
}

#[tokio::test]
async fn nothing_is_undone_while_a_redrive_is_at_work() {
    let world = World::new().await;
    let failed = world.ended("SHOP-1", Outcome::Failed).await;
    let redrive = world.redriven("SHOP-1", "r1").await;
    let ada = world.ada();
    let at_work = world.control.undo_execution(&world.caller(&ada, "u1"), &failed.name, None).await.unwrap();
    assert_eq!(at_work, UndoResult::AtWork { workflow: "development".into() });
    world.end(&redrive.name, Outcome::Failed).await;
    let undone = world.control.undo_execution(&world.caller(&ada, "u2"), &failed.name, None).await.unwrap();
    assert_eq!(undone, UndoResult::Accepted { execution: failed.name.clone() });
    let started: serde_json::Value =
        serde_json::from_str(world.starts()[2]["input"].as_str().unwrap()).unwrap();
    assert_eq!(started["inputs"]["run"], json!(failed.arn));
}

#[tokio::test]
async fn what_began_after_somebody_asked_is_not_what_they_meant() {
    let world = World::new().await;
    let (ada, ticket) = (world.ada(), world.directory.ticket("SHOP-1").unwrap());
    let before = world.now() - SignedDuration::from_hours(1);
    let failed = world.ended("SHOP-1", Outcome::Failed).await;
    let late = |delivery: &'static str| control::Caller { at: Some(before), ..world.caller(&ada, delivery) };
    let redriven = world.control.redrive(&late("r1"), &ticket).await.unwrap();
    assert!(
        matches!(&redriven, RedriveResult::Refused(refusal) if refusal.execution.is_none()),
        "{redriven:?}"
    );
    assert_eq!(world.control.undo(&late("u1"), &ticket, None).await.unwrap(), UndoResult::NothingDone);
    let undone = world.control.undo(&world.caller(&ada, "u2"), &ticket, None).await.unwrap();
    assert_eq!(undone, UndoResult::Accepted { execution: failed.name });
}
