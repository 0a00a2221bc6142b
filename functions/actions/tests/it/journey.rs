//! From a ticket to a pull request.

use crate::world::{BRANCH, EXECUTION, World};
use records::StepStatus;
use serde_json::{Value, json};

/// Every step of the development workflow, in order, with its output.
async fn develop(world: &World) -> Vec<Value> {
    let task = world.task().await;
    let repository = task["repository_url"].clone();
    let analysis = world
        .step("Analyze", "analyze_codebase", json!({"task": task, "repository": repository}))
        .await
        .unwrap();
    let plan = world
        .step(
            "Plan",
            "generate_implementation_plan",
            json!({"task": task, "repository": repository, "codebase_analysis": analysis["analysis"]}),
        )
        .await
        .unwrap();
    let branch = world
        .step("CreateBranch", "create_branch", json!({"repository": repository, "branch": BRANCH}))
        .await
        .unwrap();
    let code = world
        .step(
            "GenerateCode",
            "generate_code_implementation",
            json!({
                "task": task, "repository": repository, "branch": BRANCH, "plan": plan["plan"],
                "codebase_analysis": analysis["analysis"]
            }),
        )
        .await
        .unwrap();
    let implementation = &code["implementation"];
    let commit = world
        .step(
            "Commit",
            "commit_changes",
            json!({"repository": repository, "branch": BRANCH, "implementation": implementation}),
        )
        .await
        .unwrap();
    let pull_request = world
        .step(
            "CreatePullRequest",
            "create_pull_request",
            json!({
                "repository": repository, "source_branch": BRANCH, "title": implementation["pr_title"],
                "description": implementation["pr_description"]
            }),
        )
        .await
        .unwrap();
    let status = world
        .step(
            "UpdateStatus",
            "update_task_status",
            json!({"task_id": "SHOP-1", "status": "in_review", "comment": format!("See {}", pull_request["pr_url"])}),
        )
        .await
        .unwrap();
    let message = world
        .step("Notify", "send_message", json!({"channel": null, "message": "Ready for review"}))
        .await
        .unwrap();
    let documentation = world
        .step("Document", "generate_documentation", json!({"task": task, "implementation": implementation}))
        .await
        .unwrap();
    let page = world
        .step(
            "Page",
            "create_page_from_template",
            json!({
                "template_type": "feature_documentation", "title": documentation["title"],
                "content": documentation["documentation"]
            }),
        )
        .await
        .unwrap();
    vec![task, analysis, plan, branch, code, commit, pull_request, status, message, documentation, page]
}

#[tokio::test]
async fn a_ticket_becomes_a_pull_request_and_a_repeat_changes_nothing() {
    let world = World::start().await;
    let first = develop(&world).await;
    let [_, _, _, branch, code, commit, pull_request, status, message, _, page] = first.as_slice() else {
        panic!("eleven steps");
    };
    assert_eq!(branch["created"], true);
    assert_eq!(world.branch(BRANCH).await.as_deref(), commit["sha"].as_str());
    let sent = world.requests("github", "POST", "/git/commits").pop().unwrap();
    assert!(
        sent.request["message"].as_str().unwrap().contains("\nCo-authored-by: Ada Lovelace <"),
        "{sent:?}"
    );
    assert_eq!(pull_request["files"], sorted(&code["implementation"]["files"]));
    assert_eq!(status, &json!({"status": "Code Review", "previous_status": "To Do"}));
    assert!(message["message_id"].is_string() && page["doc_url"].is_string());
    assert_eq!(world.requests("slack", "POST", "chat.postMessage").len(), 1);

    let changes = world.changes();
    let again = develop(&world).await;
    assert_eq!(world.changes(), changes, "a repeat replays what was done");
    // The ticket is read again, everything else is unchanged.
    assert_eq!(first[1..], again[1..]);
    assert_eq!(again[0]["status"], "Code Review");
    world.assert_no_violations();
}

fn sorted(list: &Value) -> Value {
    let mut list: Vec<_> = list.as_array().unwrap().iter().map(|path| path.as_str().unwrap()).collect();
    list.sort_unstable();
    json!(list)
}

#[tokio::test]
async fn a_rollback_takes_back_what_was_done_newest_first() {
    let world = World::start().await;
    develop(&world).await;
    let taken_back = world.roll_back().await;
    let actions: Vec<_> = taken_back.iter().map(|(action, _)| action.as_str()).collect();
    assert_eq!(
        actions,
        ["delete_page", "update_task_status", "close_pull_request", "revert_commit", "delete_branch"]
    );
    for (action, result) in &taken_back {
        assert!(result.is_ok(), "{action}: {result:?}");
    }
    assert_eq!(world.branch(BRANCH).await, None);
    assert_eq!(world.task().await["status"], "To Do");
    // Effects that were taken back are not listed again, and no new ones are possible.
    let listed = world.step("Rollback", "list_effects", json!({})).await.unwrap();
    let left: Vec<_> =
        listed["effects"].as_array().unwrap().iter().map(|effect| &effect["inverse"]).collect();
    assert!(left.iter().all(|inverse| inverse.is_null()), "{left:?}");
    let late = world.step("Late", "create_branch", json!({"branch": "late"})).await.unwrap_err();
    assert!(late.message.contains("rolled back"), "{late}");
    assert_eq!(world.branch("late").await, None);
    world.assert_no_violations();
}

#[tokio::test]
async fn steps_are_recorded_and_an_unset_type_skips() {
    let world = World::start_with(|world| {
        world.configuration["projects"][0]["providers"].as_object_mut().unwrap().remove("communication");
    })
    .await;
    let output = world.step("Notify", "send_message", json!({"message": "hi"})).await.unwrap();
    assert_eq!(output, json!({"channel": null, "message_id": null, "url": null}));
    world.step("FetchTask", "get_task", json!({"task_id": "SHOP-99"})).await.unwrap_err();
    let steps = world.table.steps(EXECUTION).await.unwrap();
    assert_eq!(steps[0].status, StepStatus::Skipped);
    assert!(steps[0].cause.as_ref().unwrap().contains("no provider for communication"));
    assert_eq!(steps[1].status, StepStatus::Failed);
    assert_eq!(steps[1].error.as_deref(), Some("Rejected"));
    assert!(steps[1].cause.as_ref().unwrap().contains("SHOP-99"));
    // The null outputs of a skipped step do not prevent the next one of its type from being skipped.
    let input = json!({"channel": output["channel"], "message_id": output["message_id"], "message": "done"});
    let output = world.step("Update", "update_message", input).await.unwrap();
    assert_eq!(output, json!({"channel": null, "message_id": null}));
}

#[tokio::test]
async fn a_github_issue_is_a_ticket_too() {
    let world = World::start().await;
    let id = "acme/shop#1";
    let output = world.step("FetchTask", "get_task", json!({"task_id": id})).await.unwrap();
    assert_eq!(
        (&output["task"]["task_id"], &output["task"]["team_channel"]),
        (&json!(id), &json!("#shop-dev"))
    );
    let input = json!({"task_id": id, "status": "in_review", "comment": "See the pull request"});
    let status = world.step("UpdateStatus", "update_task_status", input).await.unwrap();
    assert_eq!(status["status"].as_str().map(str::to_lowercase).as_deref(), Some("code review"));
    assert_eq!(world.requests("github", "POST", "/comments").len(), 1);
    world.assert_no_violations();
}
