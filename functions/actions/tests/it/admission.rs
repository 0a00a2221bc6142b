//! A run that was not admitted has no effects, whatever its definition says.

use crate::world::{BRANCH, EXECUTION, RUN, World, now};
use domain::execution::ExecutionInput;
use domain::routes::Concurrency;
use domain::{ActionError, ErrorKind, EventName, Grant};
use records::{NewExecution, WRITER_KNOWN};
use serde_json::{Map, Value, json};

/// A world in which everyone who may push may start work, and nobody has a role.
async fn writers() -> World {
    World::start_with(|world| {
        world.configuration["projects"][0]["may_trigger"] = json!(["repository-writers"]);
        world.configuration["users"][0]["roles"] = json!([]);
    })
    .await
}

/// A current state machine's call for a run.
fn payload(run: &str, state: &str, login: &str, input: Value) -> Value {
    let actor = json!({"source": "github", "id": login});
    json!({"v": 2, "run": run, "key": format!("{run}/{state}"), "project": "SHOP", "actor": actor, "input": input})
}

impl World {
    async fn admit(&self, run: &str, login: &str, grant: Value) -> Result<Value, ActionError> {
        self.dispatch("admit", payload(run, "Admit", login, json!({"grant": grant}))).await
    }

    async fn fetch(&self, run: &str) -> Result<Value, ActionError> {
        self.dispatch("get_task", payload(run, "Fetch", "ada", json!({"task_id": "SHOP-1"}))).await
    }
}

#[tokio::test]
async fn a_run_that_was_not_admitted_does_nothing() {
    let world = writers().await;
    let refused = world.fetch(RUN).await.unwrap_err();
    assert!(refused.kind == ErrorKind::Rejected && refused.message.contains("was not admitted"), "{refused}");
    let comment = payload(RUN, "Say", "ada", json!({"task_id": "SHOP-1", "comment": "x"}));
    world.dispatch("add_comment", comment).await.unwrap_err();
    assert!(world.requests("jira", "GET", "/issue/SHOP-1").is_empty());
    assert!(world.requests("jira", "POST", "/comment").is_empty());
    assert_eq!(world.admit(RUN, "ada", Value::Null).await.unwrap(), json!({"grant": "writer"}));
    assert_eq!(world.fetch(RUN).await.unwrap()["task"]["task_id"], "SHOP-1");
    world.fetch(&format!("{RUN}1")).await.unwrap_err();
}

#[tokio::test]
async fn a_stranger_is_not_admitted() {
    let world = writers().await;
    for login in ["grace", "stranger"] {
        let refused = world.admit(RUN, login, Value::Null).await.unwrap_err();
        assert!(refused.kind == ErrorKind::Rejected && refused.message.contains(login), "{refused}");
        world.fetch(RUN).await.unwrap_err();
        let (account, now) = (format!("github:{login}"), now());
        assert!(!world.table.is_writer(&account, "SHOP", now).await.unwrap());
    }
    // Neither is an unknown person.
    let mut nobody = payload(RUN, "Admit", "", json!({}));
    nobody["actor"] = Value::Null;
    world.dispatch("admit", nobody).await.unwrap_err();
}

#[tokio::test]
async fn an_admission_holds_for_all_of_a_run_and_is_asked_for_once() {
    let world = writers().await;
    world.admit(RUN, "ada", Value::Null).await.unwrap();
    // The same state of a child, and of a continued execution: whoever it names.
    for state in ["Child/Admit", "Admit"] {
        let again = world.dispatch("admit", payload(RUN, state, "stranger", json!({}))).await.unwrap();
        assert_eq!(again, json!({"grant": "writer"}));
    }
    assert_eq!(world.requests("github", "GET", "/permission").len(), 1);
    let (account, now) = ("ada", now());
    assert!(world.table.is_writer(account, "SHOP", now).await.unwrap(), "ada may stop what she started");
    assert!(!world.table.is_writer(account, "SHOP", now + WRITER_KNOWN * 2).await.unwrap());
    let view = world.table.execution_view(EXECUTION).await.unwrap();
    assert!(view.is_none_or(|view| view.steps.is_empty()), "it is no step that people follow");
}

#[tokio::test]
async fn what_was_granted_at_the_start_is_not_asked_for() {
    let world = writers().await;
    for (number, grant) in
        [Grant::Configuration, Grant::Schedule, Grant::Machine, Grant::ByHand, Grant::Undo, Grant::Earlier]
            .into_iter()
            .enumerate()
    {
        let run = format!("{RUN}{number}");
        assert_eq!(world.admit(&run, "stranger", json!(grant)).await.unwrap(), json!({"grant": grant}));
        world.fetch(&run).await.unwrap();
    }
    assert!(world.requests("github", "GET", "/permission").is_empty());
}

#[tokio::test]
async fn an_undo_works_on_another_run_with_its_own_admission() {
    let world = writers().await;
    let (old, undo) = (RUN, "arn:aws:states:us-east-1:000000000000:execution:undo:u");
    let list = payload(undo, "Undo", "ada", json!({"run": old}));
    let refused = world.dispatch("list_effects", list.clone()).await.unwrap_err();
    assert!(refused.message.contains("was not admitted"), "{refused}");
    world.admit(undo, "ada", json!("undo")).await.unwrap();
    // It is admitted, and learns that the other run did nothing.
    let unknown = world.dispatch("list_effects", list).await.unwrap_err();
    assert!(unknown.message.contains("there is no run"), "{unknown}");
}

#[tokio::test]
async fn what_was_done_in_another_project_is_not_taken_back_by_naming_its_run() {
    for (project, grant, allowed) in [
        ("SHOP", Grant::Configuration, true),
        ("WEB", Grant::Configuration, false),
        ("WEB", Grant::Writer, false),
        ("WEB", Grant::Machine, false),
        ("WEB", Grant::Undo, true),
        ("WEB", Grant::ByHand, true),
    ] {
        let world = World::start().await;
        let input = ExecutionInput::new(Map::new(), Some(project.into()), None);
        let (trigger, now) = (EventName::API_RUN, now());
        let new = NewExecution::new(trigger, "d".into(), "development".into(), None, input, now);
        let new = NewExecution { name: EXECUTION.into(), ..new };
        world.table.begin(&new, Concurrency::Any).await.unwrap();
        world.table.mark_started(EXECUTION, RUN, now).await.unwrap();
        world.step("CreateBranch", "create_branch", json!({"branch": BRANCH})).await.unwrap();
        let other = "arn:aws:states:us-east-1:000000000000:execution:undo:u";
        world.admit(other, "ada", json!(grant)).await.unwrap();
        for named in [RUN, EXECUTION] {
            let listed = world.dispatch("list_effects", payload(other, "Undo", "ada", json!({"run": named})));
            match listed.await {
                Ok(listed) if allowed => assert_eq!(listed["effects"][0]["action"], "create_branch"),
                Err(error) if !allowed => {
                    assert!(error.message.contains(&format!("there is no run `{named}`")), "{error}");
                    assert!(!world.table.is_closed(RUN).await.unwrap(), "it goes on");
                }
                listed => panic!("{project} {grant} {named}: {listed:?}"),
            }
        }
    }
}

#[tokio::test]
async fn executions_from_before_need_no_admission() {
    let world = writers().await;
    let mut fetch = payload(RUN, "Fetch", "ada", json!({"task_id": "SHOP-1"}));
    fetch["v"] = json!(1);
    world.dispatch("get_task", fetch).await.unwrap();
}

#[tokio::test]
async fn a_check_that_cannot_be_made_is_not_passed() {
    let world = World::start_with(|world| {
        world.configuration["projects"][0]["may_trigger"] = json!(["repository-writers"]);
        world.configuration["projects"][0]["providers"].as_object_mut().unwrap().remove("version_control");
        world.configuration["users"][0]["roles"] = json!([]);
    })
    .await;
    let refused = world.admit(RUN, "ada", Value::Null).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Rejected, "{refused}");
}
