//! A redrive performs the rest of a run: under the keys of the execution that began it, and in its own name.

use crate::world::{BRANCH, EXECUTION, RUN, World, now};
use domain::execution::{ExecutionInput, Outcome, Parent};
use domain::routes::Concurrency;
use domain::{ActionError, ErrorKind, EventName, Grant, SourceName};
use records::{Answer, ExecutionEnd, NewExecution, StepStatus, Timeliness, Topic};
use serde_json::{Map, Value, json};

impl World {
    /// Begins the execution that the steps of these tests belong to.
    async fn begin_run(&self) {
        let input = ExecutionInput::new(Map::new(), Some("SHOP".into()), None);
        let ticket = Some("SHOP-1".to_owned());
        let new =
            NewExecution::new(EventName::API_RUN, "d".into(), "development".into(), ticket, input, now());
        let new = NewExecution { name: EXECUTION.into(), ..new };
        self.table.begin(&new, Concurrency::OnePerTask).await.unwrap();
        self.table.mark_started(EXECUTION, RUN, now()).await.unwrap();
        self.perform("Admit", "admit", json!({"grant": "configuration"})).await.unwrap();
    }

    async fn fail(&self, name: &str) {
        let (outcome, at) = (Outcome::Failed, now());
        let end = ExecutionEnd { outcome, error: None, cause: None, output: None, at };
        self.table.finish(name, &end).await.unwrap();
    }

    /// Begins a redrive of an execution that failed.
    async fn begin_redrive(&self, of: &str, grant: Option<Grant>) -> String {
        let parent = Some(Parent::continuing(RUN));
        let input =
            ExecutionInput { parent, grant, ..ExecutionInput::new(Map::new(), Some("SHOP".into()), None) };
        let (delivery, ticket) = (format!("redrive {of}"), Some("SHOP-1".to_owned()));
        let new = NewExecution::new(EventName::API_RUN, delivery, "development".into(), ticket, input, now());
        let new = new.continuing(of);
        self.table.begin(&new, Concurrency::OnePerTask).await.unwrap();
        let arn = format!("arn:aws:states:us-east-1:000000000000:execution:development:{}", new.name);
        self.table.mark_started(&new.name, &arn, now()).await.unwrap();
        new.name
    }

    /// A step of the run, as the state machine of today sends it: the same for the first execution and for a redrive.
    async fn perform(&self, state: &str, action: &str, input: Value) -> Result<Value, ActionError> {
        let payload = json!({
            "v": 2, "run": RUN, "key": format!("{RUN}/{state}"), "project": "SHOP", "task_token": format!("{state} token"),
            "actor": {"source": "github", "id": "stranger"}, "input": input
        });
        self.dispatch(action, payload).await
    }

    async fn performs(&self) -> Option<String> {
        self.table.admission(RUN).await.unwrap().unwrap().execution
    }
}

#[tokio::test]
async fn what_was_done_replays_and_the_steps_are_the_redrives() {
    let world = World::start().await;
    world.begin_run().await;
    let made = world.perform("CreateBranch", "create_branch", json!({"branch": BRANCH})).await.unwrap();
    world.fail(EXECUTION).await;
    let redrive = world.begin_redrive(EXECUTION, Some(Grant::Configuration)).await;
    let admitted = world.perform("Admit", "admit", json!({})).await.unwrap();
    assert_eq!(
        (admitted, world.performs().await),
        (json!({"grant": "configuration"}), Some(redrive.clone()))
    );
    let again = world.perform("CreateBranch", "create_branch", json!({"branch": BRANCH})).await.unwrap();
    assert_eq!(again, made);
    world.perform("Say", "add_comment", json!({"task_id": "SHOP-1", "comment": "x"})).await.unwrap();
    assert_eq!(world.requests("github", "POST", "/git/refs").len(), 1);
    let states = async |name: &str| {
        let steps = world.table.steps(name).await.unwrap().into_iter();
        steps.map(|step| (step.state, step.attempts, step.status)).collect::<Vec<_>>()
    };
    let done = |state: &str| (state.to_owned(), 1, StepStatus::Succeeded);
    assert_eq!(states(EXECUTION).await, [done("CreateBranch")]);
    assert_eq!(states(&redrive).await, [done("CreateBranch"), done("Say")]);

    // A redrive of the redrive is the next to perform the run, and one rollback takes back what all of them did.
    world.fail(&redrive).await;
    let next = world.begin_redrive(&redrive, Some(Grant::ByHand)).await;
    world.perform("Admit", "admit", json!({})).await.unwrap();
    assert_eq!(world.performs().await, Some(next));
    let listed = world.perform("Rollback", "list_effects", json!({"page": 0})).await.unwrap();
    let keys: Vec<_> = listed["effects"].as_array().unwrap().iter().map(|effect| &effect["key"]).collect();
    assert_eq!(keys, [&json!(format!("{RUN}/Say")), &json!(format!("{RUN}/CreateBranch"))]);
}

#[tokio::test]
async fn what_is_taken_back_is_not_continued() {
    let world = World::start().await;
    world.begin_run().await;
    world.table.close_run(RUN, now()).await.unwrap();
    world.fail(EXECUTION).await;
    world.begin_redrive(EXECUTION, Some(Grant::Configuration)).await;
    let refused = world.perform("Admit", "admit", json!({})).await.unwrap_err();
    assert!(refused.kind == ErrorKind::Rejected && refused.message.contains("start over"), "{refused}");
    assert_eq!(world.performs().await, None);
}

#[tokio::test]
async fn whoever_asks_for_a_redrive_is_checked_where_only_the_code_host_knows() {
    let world = World::start_with(|world| {
        world.configuration["projects"][0]["may_trigger"] = json!(["repository-writers"]);
        world.configuration["users"][0]["roles"] = json!([]);
    })
    .await;
    world.begin_run().await;
    world.fail(EXECUTION).await;
    world.begin_redrive(EXECUTION, None).await;
    let refused = world.perform("Admit", "admit", json!({})).await.unwrap_err();
    assert!(refused.kind == ErrorKind::Rejected && refused.message.contains("stranger"), "{refused}");
    assert_eq!(world.performs().await, None);
}

#[tokio::test]
async fn a_yes_holds_for_the_same_question_of_a_redrive_and_for_no_other() {
    let world = World::start().await;
    world.begin_run().await;
    let ask = async |state: &str, question: &str| {
        world.perform(state, "request_approval", json!({"question": question})).await.unwrap();
    };
    let waiter = async |execution: &str, state: &str| {
        let topic = Topic::Approval(execution.to_owned()).to_string();
        world.table.waiter(&topic, &format!("{RUN}/{state}")).await.unwrap().unwrap()
    };
    for (state, approved, told) in [
        ("Yes", true, Timeliness::InTime),
        ("No", false, Timeliness::InTime),
        ("Late", true, Timeliness::TooLate),
        ("Other", true, Timeliness::InTime),
    ] {
        ask(state, "Ship it?").await;
        let (by, via) = ("ada".to_owned(), SourceName::from_static("slack"));
        let answer =
            Answer { approved, by, via, at: now(), comment: None, delivery: "a".into(), choice: None };
        world.table.answer_waiter(&waiter(EXECUTION, state).await, &answer).await.unwrap();
        world.table.mark_told(&waiter(EXECUTION, state).await, told).await.unwrap();
    }
    let asked = world.requests("slack", "POST", "/chat.postMessage").len();
    world.fail(EXECUTION).await;
    let redrive = world.begin_redrive(EXECUTION, Some(Grant::Configuration)).await;
    world.perform("Admit", "admit", json!({})).await.unwrap();
    ask("Yes", "Ship it?").await;
    let answered = waiter(&redrive, "Yes").await.answer.unwrap();
    assert_eq!((answered.approved, answered.by.as_str()), (true, "ada"));
    assert_eq!(world.requests("slack", "POST", "/chat.postMessage").len(), asked, "nobody is asked again");
    ask("No", "Ship it?").await;
    ask("Late", "Ship it?").await;
    ask("Other", "Ship something else?").await;
    for state in ["No", "Late", "Other"] {
        let open = waiter(&redrive, state).await;
        assert!(open.answer.is_none() && open.message.is_some(), "{state}: {open:?}");
    }
    assert_eq!(world.requests("slack", "POST", "/chat.postMessage").len(), asked + 3);
}
