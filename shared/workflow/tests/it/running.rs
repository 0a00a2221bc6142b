//! Compiled documents run on the engine, with actions that answer what a test tells them.

use crate::bench::{Actions, run, usual};
use crate::support::{catalog, compiled, fixture, root};
use engine::FunctionError;
use serde_json::{Value, json};
use workflow::{Compilation, Source};

fn shipped(name: &str) -> Compilation {
    let path = format!("workflows/{name}.yaml");
    let source = Source::new(&path, std::fs::read_to_string(root().join(&path)).unwrap());
    workflow::compile(&source, &catalog(), &workflow::Environment::default())
}

fn effects(entries: &[(&str, &str, Value)]) -> Value {
    let list: Vec<Value> = entries
        .iter()
        .map(|(key, action, inverse)| json!({"key": key, "action": action, "inverse": inverse}))
        .collect();
    json!({"effects": list})
}

#[tokio::test]
async fn the_shipped_development_workflow_opens_a_pull_request() {
    let ended = run(&shipped("development"), json!({"task_id": "SHOP-1"}), Actions::default()).await;
    assert_eq!(
        ended.output(),
        json!({"pull_request": "https://x/7", "number": 7, "branch": "feature/SHOP-1"})
    );
    assert_eq!(
        ended.functions(),
        [
            "CheckActor",
            "GetTask",
            "AnalyzeCodebase",
            "GenerateImplementationPlan",
            "CreateBranch",
            "GenerateCodeImplementation",
            "CommitChanges",
            "CreatePullRequest",
            "UpdateTaskStatus",
            "AddComment",
            "SendMessage"
        ]
    );
    let (_, first) = &ended.calls[0];
    assert_eq!(first.key, format!("{}/CheckActor", first.run));
    assert_eq!(first.state(), "CheckActor");
    assert_eq!((first.project.as_deref(), first.actor.as_ref().unwrap().id.as_str()), (Some("SHOP"), "5b10"));
    assert_eq!(ended.input("CommitChanges")["message"], "SHOP-1: Limit carts");
    assert_eq!(ended.input("CommitChanges")["implementation"]["edits"]["ref"], "r");
    assert_eq!(
        ended.input("AddComment")["comment"],
        "Pull request #7 is ready for review: https://x/7\n\nAdds a limit"
    );
    assert_eq!(ended.input("SendMessage")["channel"], Value::Null);
    assert_eq!(
        ended.input("SendMessage")["message"],
        "SHOP-1 (Limit carts) is ready for review: https://x/7"
    );
}

#[tokio::test]
async fn both_source_workflows_run_to_a_pull_request() {
    let ended = run(
        &compiled(&fixture("development-workflow.yaml")),
        json!({"task_id": "SHOP-1"}),
        Actions::default(),
    )
    .await;
    assert_eq!(ended.output(), json!({}));
    assert_eq!(
        ended.functions(),
        [
            "GetTask",
            "CreateBranch",
            "GenerateCodeImplementation",
            "CommitChanges",
            "CreatePullRequest",
            "UpdateTaskStatus",
            "SendMessage"
        ]
    );
    assert_eq!(ended.input("SendMessage")["message"], "🤖 Task SHOP-1 completed! PR: https://x/7");

    // Who starts it may leave out what a ticket need not have.
    let given = json!({"task_data": {"task_id": "SHOP-1", "title": "Limit carts"}});
    let ended = run(&compiled(&fixture("ai-development-workflow.yaml")), given, Actions::default()).await;
    assert_eq!(ended.output(), json!({}));
    assert_eq!(ended.input("AnalyzeCodebase")["repository"], Value::Null);
    assert_eq!(ended.input("CommitChanges")["branch"], "feature/SHOP-1");
    assert_eq!(ended.input("CreatePageFromTemplate")["content"], "# Limits");
}

#[tokio::test]
async fn wrong_inputs_end_an_execution_before_anything_is_done() {
    let ended = run(&shipped("development"), json!({"task_id": 7}), Actions::default()).await;
    let (error, cause) = ended.failure();
    assert_eq!(error, "States.QueryEvaluationError");
    assert!(cause.to_string().contains("input task_id must be of type string"), "{cause}");
    assert!(ended.calls.is_empty());
}

#[tokio::test]
async fn an_error_takes_back_what_was_done_newest_first() {
    let listed = effects(&[
        ("run/CommitChanges", "commit_changes", json!({"action": "revert_commit", "input": {"sha": "1"}})),
        ("run/Note", "send_message", json!(null)),
        ("run/CreateBranch", "create_branch", json!({"action": "delete_branch", "input": {"branch": "b"}})),
    ]);
    let list = listed.clone();
    let actions = Actions::default()
        .failing("CreatePullRequest", "Rejected")
        .with("ListEffects", move |_, _| Ok(list.clone()));
    let ended = run(&shipped("development"), json!({"task_id": "SHOP-1"}), actions).await;
    assert_eq!(ended.functions()[7..], ["CreatePullRequest", "ListEffects", "RevertCommit", "DeleteBranch"]);
    let (error, cause) = ended.failure();
    assert_eq!(error, "RolledBack");
    assert_eq!(
        (&cause["step"], &cause["error"], &cause["undone"], &cause["not_undone"], &cause["kept"]),
        (
            &json!("create_pull_request"),
            &json!("Rejected"),
            &json!(["commit_changes", "create_branch"]),
            &json!([]),
            &json!(["send_message"])
        )
    );
    let (_, undo) = ended.calls.last().unwrap();
    assert_eq!((undo.key.as_str(), &undo.input), ("run/CreateBranch/undo", &json!({"branch": "b"})));

    // One that cannot be taken back does not keep the others, and the end says so.
    let list = listed.clone();
    let actions = Actions::default()
        .failing("CreatePullRequest", "Internal")
        .failing("RevertCommit", "Conflict")
        .with("ListEffects", move |_, _| Ok(list.clone()));
    let ended = run(&shipped("development"), json!({"task_id": "SHOP-1"}), actions).await;
    let (error, cause) = ended.failure();
    assert_eq!(error, "RollbackIncomplete");
    assert_eq!(cause["undone"], json!(["create_branch"]));
    assert_eq!(
        (&cause["not_undone"][0]["action"], &cause["not_undone"][0]["error"]),
        (&json!("commit_changes"), &json!("Conflict"))
    );

    let actions = Actions::default().failing("CreateBranch", "Rejected").failing("ListEffects", "Internal");
    let ended = run(&shipped("development"), json!({"task_id": "SHOP-1"}), actions).await;
    assert_eq!(ended.failure().0, "RollbackFailed");
    assert_eq!(ended.failure().1["rollback"]["error"], "Internal");
}

#[tokio::test]
async fn a_rollback_with_nothing_to_take_back_says_so() {
    let actions = Actions::default().failing("CreateBranch", "Rejected");
    let ended = run(&shipped("development"), json!({"task_id": "SHOP-1"}), actions).await;
    let (error, cause) = ended.failure();
    assert_eq!((error, &cause["undone"], &cause["kept"]), ("RolledBack", &json!([]), &json!([])));
}

#[tokio::test]
async fn errors_that_pass_are_retried_and_others_are_not() {
    let actions = Actions::default().with("GetTask", |count, _| match count {
        0 => Err(FunctionError::new("Throttled", "slow down")),
        1 => Err(FunctionError::new("Unavailable", "gone")),
        _ => Ok(usual("GetTask")),
    });
    let ended = run(&shipped("development"), json!({"task_id": "SHOP-1"}), actions).await;
    assert_eq!(ended.execution.status, "SUCCEEDED");
    assert_eq!(ended.functions().iter().filter(|function| **function == "GetTask").count(), 3);
    for (error, tries) in [("Rejected", 1), ("Conflict", 1), ("Internal", 3), ("Throttled", 15)] {
        let actions = Actions::default().failing("GenerateCodeImplementation", error);
        let ended =
            run(&compiled(&fixture("development-workflow.yaml")), json!({"task_id": "SHOP-1"}), actions)
                .await;
        let called =
            ended.functions().iter().filter(|function| **function == "GenerateCodeImplementation").count();
        assert_eq!(ended.failure().0, error);
        // A throttled call has its own retries first, then the step's two.
        assert!(called == tries || (error == "Throttled" && called == tries + 2), "{error}: {called}");
    }
}

#[tokio::test]
async fn a_spent_budget_parks_the_step_until_it_is_raised() {
    let actions = Actions::default().with("AnalyzeCodebase", |count, _| match count {
        0 => Err(FunctionError::new("BudgetExceeded", "$10 are spent")),
        _ => Ok(usual("AnalyzeCodebase")),
    });
    let ended = run(&shipped("development"), json!({"task_id": "SHOP-1"}), actions).await;
    assert_eq!(ended.execution.status, "SUCCEEDED");
    assert_eq!(ended.functions()[2..5], ["AnalyzeCodebase", "AwaitBudget", "AnalyzeCodebase"]);
    assert!(ended.input("AwaitBudget")["reason"].as_str().unwrap().contains("$10 are spent"));
}

#[tokio::test]
async fn a_tolerated_error_is_told() {
    let actions =
        Actions::default().failing("UpdateTaskStatus", "Rejected").failing("SendMessage", "Internal");
    let ended = run(&shipped("development"), json!({"task_id": "SHOP-1"}), actions).await;
    assert_eq!(ended.output()["number"], 7);
    let message = ended.input("SendMessage")["message"].as_str().unwrap();
    assert!(message.ends_with("https://x/7 (the ticket could not be moved to review)"), "{message}");
}

#[tokio::test]
async fn undo_takes_back_another_run() {
    let listed = effects(&[(
        "arn:old/CreateBranch",
        "create_branch",
        json!({"action": "delete_branch", "input": {"branch": "b"}}),
    )]);
    let list = listed.clone();
    let actions = Actions::default().with("ListEffects", move |_, _| Ok(list.clone()));
    let ended = run(&shipped("undo"), json!({"run": "arn:old"}), actions).await;
    assert_eq!(ended.output(), json!({}));
    assert_eq!(ended.functions(), ["ListEffects", "DeleteBranch"]);
    assert_eq!(ended.input("ListEffects"), &json!({"run": "arn:old"}));
    assert!(ended.calls.iter().all(|(_, payload)| payload.run == "arn:old"));
    let own = ended.admissions[0].run.as_str();
    assert!(ended.calls.iter().all(|(_, payload)| payload.admission_needed() == Some(own)));
    assert_eq!(ended.calls[1].1.key, "arn:old/CreateBranch/undo");

    let actions = Actions::default()
        .with("ListEffects", move |_, _| Ok(listed.clone()))
        .failing("DeleteBranch", "Conflict");
    let ended = run(&shipped("undo"), json!({"run": "arn:old"}), actions).await;
    assert_eq!(ended.failure().0, "UndoIncomplete");
}

/// Conditions, merged variables, absent values and a list that a definition holds, as values and not as text.
#[tokio::test]
async fn values_arrive_as_they_were_meant() {
    let text = r#"
name: Values
inputs:
  task_id: string
  loud: { type: boolean, default: false }
  labels: { type: array, required: false }
variables:
  all: { names: ["${task.assignee}", "${task.labels}", x], count: "${$count(task.labels)}" }
steps:
  - { name: fetch, plugin: task_management, action: get_task, inputs: { task_id: "${task_id}" }, outputs: { task: ticket.task } }
  - { name: shout, plugin: communication, action: send_message, inputs: { message: "!" }, when: "${loud}", outputs: { message_id: ticket.shout } }
  - { name: whisper, plugin: communication, action: send_message, inputs: { message: "assigned to ${task.assignee}${ticket.shout}." } }
  - { name: remember, type: set, variables: { ticket.note: "it's \"${task.title}\"", seen: { deep: ["${all.names}", "${task.labels[0]}"] } } }
  - { name: stop, type: fail, error: Stopped, cause: "${ticket.note}", when: "${ticket.shout != null}" }
outputs:
  note: "${ticket.note}"
  title: "${ticket.task.title}"
  all: "${all}"
  seen: "${seen}"
  labels: "${labels}"
  event: "${context.label}"
"#;
    let compilation = crate::support::right(text);
    let ended = run(&compilation, json!({"task_id": "SHOP-1"}), Actions::default()).await;
    assert_eq!(
        ended.output(),
        json!({
            "note": "it's \"Limit carts\"",
            "title": "Limit carts",
            "all": {"names": [null, [], "x"], "count": 0},
            "seen": {"deep": [[null, [], "x"], null]},
            "labels": null,
            "event": null
        })
    );
    assert_eq!(ended.input("SendMessage")["message"], "assigned to .");

    let shouted = Actions::default().with("SendMessage", |count, _| {
        Ok(json!({"message_id": format!("m{count}"), "url": null, "channel": "c"}))
    });
    let ended = run(&compilation, json!({"task_id": "SHOP-1", "loud": true}), shouted).await;
    assert_eq!(ended.failure(), ("Stopped", json!("it's \"Limit carts\"")));
    assert_eq!(ended.calls[2].1.input["message"], "assigned to m0.");
}
