//! Compiled documents run on the engine, with actions that answer what a test tells them.

use crate::bench::{Actions, run, usual};
use crate::support::{compiled, effects, fixture, right, shipped};
use engine::FunctionError;
use serde_json::{Value, json};

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
            "AwaitCapacity",
            "OpenSession",
            "Think",
            "RunTools",
            "ReviewPush",
            "CreateBranch",
            "CommitChanges",
            "CreatePullRequest",
            "AwaitEvent",
            "ReadChecks",
            "MarkReady",
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
        "acme/shop#7 is ready for review: https://x/7\n\nAdds a limit"
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
    assert_eq!(ended.functions()[9..], ["CreatePullRequest", "ListEffects", "RevertCommit", "DeleteBranch"]);
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
    for (error, tries) in [("Rejected", 1), ("Conflict", 1), ("Internal", 3), ("Unavailable", 17)] {
        let actions = Actions::default().failing("GenerateCodeImplementation", error);
        let ended =
            run(&compiled(&fixture("development-workflow.yaml")), json!({"task_id": "SHOP-1"}), actions)
                .await;
        let called =
            ended.functions().iter().filter(|function| **function == "GenerateCodeImplementation").count();
        assert_eq!(ended.failure().0, error);
        // What is not available has its own retries first, then the step's two.
        assert!(called == tries || (error == "Unavailable" && called == tries - 2), "{error}: {called}");
    }
}

#[tokio::test]
async fn a_provider_that_takes_no_calls_parks_the_step_until_it_does() {
    let actions = Actions::default().with("AnalyzeCodebase", |count, _| match count {
        0..=5 => Err(FunctionError::new("Throttled", "github accepts no calls for another 3600.0 s")),
        _ => Ok(usual("AnalyzeCodebase")),
    });
    let given = json!({"task_data": {"task_id": "SHOP-1", "title": "Limit carts"}});
    let ended = run(&compiled(&fixture("ai-development-workflow.yaml")), given, actions).await;
    assert_eq!(ended.execution.status, "SUCCEEDED");
    let tries = ["AnalyzeCodebase", "AnalyzeCodebase", "AnalyzeCodebase", "AwaitProvider"];
    assert_eq!(ended.functions()[..8], [&tries[..], &tries[..]].concat());
    assert!(ended.input("AwaitProvider")["reason"].as_str().unwrap().contains("accepts no calls"));
    // What is taken back waits for longer, too.
    let actions =
        Actions::default().failing("CommitChanges", "Rejected").with(
            "DeleteBranch",
            |count, _| match count {
                0..=50 => Err(FunctionError::new("Throttled", "slow down")),
                _ => Ok(json!({})),
            },
        );
    let ended = run(&shipped("development"), json!({"task_id": "SHOP-1"}), actions).await;
    assert_eq!(ended.failure().0, "RolledBack");
}

#[tokio::test]
async fn what_may_have_been_paid_for_is_repeated_twice_then_the_step_waits_for_the_provider() {
    for error in ["ReplyLost", "Lambda.Unknown", "Sandbox.Timedout", "Lambda.ClientExecutionTimeoutException"]
    {
        let actions = Actions::default().with("GenerateCodeImplementation", move |count, _| match count {
            0..4 => Err(FunctionError::new(error, "no reply came")),
            _ => Ok(usual("GenerateCodeImplementation")),
        });
        // This step has a `retry` of its own, which adds nothing.
        let compiled = compiled(&fixture("development-workflow.yaml"));
        let ended = run(&compiled, json!({"task_id": "SHOP-1"}), actions).await;
        let (code, wait) = ("GenerateCodeImplementation", "AwaitProvider");
        if error == "ReplyLost" {
            assert_eq!(ended.execution.status, "SUCCEEDED");
            assert_eq!(ended.functions()[2..8], [code, code, code, wait, code, code]);
            assert!(ended.input(wait)["reason"].as_str().unwrap().contains("no reply came"));
        } else {
            // What broke in our own function is repeated as often, and is no reason to wait for a provider.
            let called = ended.functions().iter().filter(|function| **function == code).count();
            assert_eq!((called, ended.failure().0), (3, error));
        }
    }
    // Other actions are never paid for.
    let actions = Actions::default().failing("CreateBranch", "ReplyLost");
    let ended = run(&shipped("development"), json!({"task_id": "SHOP-1"}), actions).await;
    assert_eq!(ended.functions().iter().filter(|function| **function == "CreateBranch").count(), 1);
}

/// A month's limit that is used up on the first of a month of 31 days opens 31 days later.
#[tokio::test]
async fn waiting_for_money_outlasts_a_month() {
    let state = &shipped("development").definition.unwrap()["States"]["ImplementThinkAwaitBudget"];
    assert!(state["TimeoutSeconds"].as_u64().unwrap() > 32 * 24 * 3600, "{state}");
}

#[tokio::test]
async fn a_spent_budget_parks_the_step_until_it_is_raised() {
    let actions = Actions::default().with("Think", |count, _| match count {
        0 => Err(FunctionError::new("BudgetExceeded", "$10 are spent")),
        _ => Ok(usual("Think")),
    });
    let ended = run(&shipped("development"), json!({"task_id": "SHOP-1"}), actions).await;
    assert_eq!(ended.execution.status, "SUCCEEDED");
    assert_eq!(ended.functions()[4..7], ["Think", "AwaitBudget", "Think"]);
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

/// Nothing is created a second time by itself: it is looked for during ten minutes, and then people are asked.
#[tokio::test]
async fn a_creation_that_nobody_saw_is_looked_for_and_then_asked_about() {
    let text = "name: Tickets
steps:
  - name: each
    type: foreach
    items: [1]
    as: item
    steps:
      - { name: ticket, plugin: task_management, action: create_task, inputs: { title: T } }
";
    let lost = |count: usize| match count {
        0..=20 => Err(FunctionError::new("Unconfirmed", "the answer was lost: https://jira/x")),
        _ => Ok(json!({"task_id": "SHOP-9", "url": null})),
    };
    let actions = Actions::default().with("CreateTask", move |count, _| lost(count));
    let ended = run(&right(text), json!({}), actions).await;
    assert_eq!(ended.execution.status, "SUCCEEDED");
    let functions = ended.functions();
    assert_eq!(functions.iter().filter(|name| **name == "CreateTask").count(), 22);
    assert_eq!(functions[21..], ["RequestApproval", "CreateTask"]);
    let took = ended.execution.stopped.unwrap().duration_since(ended.execution.started);
    assert!(took.as_secs() >= 600, "{took}");
    let asked = ended.input("RequestApproval");
    let own = ended.admissions[0].run.as_str();
    assert_eq!(asked["effect"], format!("{own}/Ticket.0"));
    // Each question has a key of its own, so that no earlier answer answers it.
    let key = &ended.calls[21].1.key;
    let confirm = format!("{own}/TicketConfirm.0.");
    assert!(key.strip_prefix(&confirm).is_some_and(|moment| !moment.is_empty()), "{key}");
    assert!(asked["question"].as_str().unwrap().contains("the answer was lost: https://jira/x"), "{asked}");

    let actions = Actions::default()
        .with("CreateTask", |_, _| Err(FunctionError::new("Unconfirmed", "the answer was lost")))
        .replying("RequestApproval", |_| Some(Err(FunctionError::new("Declined", "it is there"))));
    let ended = run(&right(text), json!({}), actions).await;
    assert_eq!(ended.functions().iter().filter(|name| **name == "CreateTask").count(), 21);
    assert_eq!(ended.failure().0, "Declined");
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
