//! A redrive belongs to the run of the execution that it continues: to its events, its comments and its undo.

use crate::world::{World, arn};
use domain::event::EventSpec;
use domain::execution::{ExecutionInput, Parent};
use domain::routes::Concurrency;
use domain::{Clock, EventKey, EventName};
use records::{NewExecution, Occurrence, StepStatus, Topic};
use serde_json::{Map, Value, json};

impl World {
    /// A redrive that somebody asks for by a command.
    async fn redrive(&self, of: &str) -> String {
        let record = self.table.execution(of).await.unwrap().unwrap();
        let parent = Some(Parent::continuing(record.run().unwrap()));
        let input = ExecutionInput { parent, ..record.input };
        let trigger = EventName::from_static("slack.command");
        let delivery = format!("redrive {of}");
        let new =
            NewExecution::new(trigger, delivery, record.workflow, record.task_id, input, self.clock.now());
        let new = new.continuing(of);
        self.table.begin(&new, Concurrency::OnePerTask).await.unwrap();
        self.status_change(&new.name, json!({})).await;
        new.name
    }
}

fn ended(status: &str) -> Value {
    json!({"status": status, "error": "Rejected", "cause": "no", "stopDate": 1_795_348_800_000_i64})
}

#[tokio::test]
async fn a_redrive_meets_what_happened_since_its_run_began() {
    let world = World::new().await;
    let name = world.begin_by_label().await;
    let spec = EventSpec::new(EventName::from_static("github.commented"), "Somebody commented.")
        .matched_by(["repository", "number"]);
    let fields = json!({"repository": "acme/shop", "number": 7});
    let key = EventKey::new(&spec, fields.as_object().unwrap()).unwrap().unwrap();
    let happened = async |delivery: &str| {
        let fields = Map::from_iter([("text".to_owned(), json!(delivery))]);
        let occurrence =
            Occurrence { fields, at: world.clock.now(), delivery: delivery.into(), stranger: None };
        world.table.put_occurrences(std::slice::from_ref(&key), &occurrence).await.unwrap();
    };
    let wait = async |execution: &str, state: &str| {
        // A redrive waits under the keys of its run.
        let key_of_step = format!("{}/{state}", arn(&name));
        world.wait(execution, &Topic::Event(key.clone()), |waiter| waiter.key = key_of_step).await;
    };
    happened("one").await;
    wait(&name, "Wait.0").await;
    wait(&name, "Wait.1").await;
    world.status_change(&name, ended("FAILED")).await;
    let redrive = world.redrive(&name).await;
    wait(&redrive, "Wait.0").await;
    happened("two").await;
    // The first execution left this one waiting.
    wait(&redrive, "Wait.1").await;
    let told: Vec<Value> = world
        .told()
        .iter()
        .map(|told| serde_json::from_str::<Value>(told["output"].as_str().unwrap()).unwrap()["text"].clone())
        .collect();
    assert_eq!(told, ["one", "one", "two"]);
    let steps = world.table.steps(&redrive).await.unwrap();
    let met: Vec<_> = steps.iter().map(|step| (step.state.as_str(), step.status)).collect();
    assert_eq!(met, [("Wait.0", StepStatus::Succeeded), ("Wait.1", StepStatus::Succeeded)]);
}

#[tokio::test]
async fn comments_name_each_other_and_an_undo_is_of_both() {
    let world = World::new().await;
    let name = world.begin_by_label().await;
    world.status_change(&name, json!({})).await;
    world.status_change(&name, ended("FAILED")).await;
    let redrive = world.redrive(&name).await;
    world.changed(&name).await;
    world.status_change(&redrive, ended("FAILED")).await;
    let texts = world.comments("SHOP-1");
    let has = |words: &str| texts.iter().filter(|text| text.contains(words)).count();
    assert_eq!((texts.len(), has("It is continued by"), has("It continues")), (2, 1, 1), "{texts:#?}");

    let undo = world.begin_undo("u", &arn(&name)).await;
    let output = json!({"undone": [], "not_undone": [], "kept": []}).to_string();
    world.status_change(&undo, json!({"status": "SUCCEEDED", "output": output})).await;
    for name in [&name, &redrive] {
        let record = world.table.execution(name).await.unwrap().unwrap();
        assert_eq!((record.undone_by.as_ref(), record.effects_left), (Some(&undo), Some(false)));
    }
    let undone = world.comments("SHOP-1").iter().filter(|text| text.contains("were undone by")).count();
    assert_eq!(undone, 2);
}
