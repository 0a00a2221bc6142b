//! What people see of an execution.

use crate::world::{World, arn};
use domain::execution::{ExecutionInput, Inverse, Outcome, UNDO_WORKFLOW};
use domain::routes::Concurrency;
use domain::{ActionId, Clock, EventName, MicroUsd};
use jiff::SignedDuration;
use records::{EffectEnd, IntendResult, LimitOf, Limits, NewEffect, NewExecution, Reservation};
use serde_json::{Map, Value, json};
use simulators::fault::Fault;

#[tokio::test]
async fn one_comment_follows_the_execution_to_its_end() {
    let world = World::new().await;
    let name = world.begin_by_label().await;
    world.status_change(&name, json!({})).await;
    assert_eq!(world.comments("SHOP-1").len(), 1);
    assert!(world.comments("SHOP-1")[0].contains("is at work on SHOP-1"));
    assert_eq!(world.ticket("SHOP-1")["labels"], json!([]), "the command's label can be put on again");

    world.step(&name, "GetTask", ActionId::literal("get_task")).await;
    world.step(&name, "CreatePullRequest", ActionId::literal("create_pull_request")).await;
    journal(
        &world,
        &name,
        ActionId::literal("create_pull_request"),
        json!({"number": 12, "pr_url": "https://x.example/12"}),
    )
    .await;
    world.status_change(&name, json!({"status": "SUCCEEDED", "output": "{}"})).await;

    let comments = world.comments("SHOP-1");
    assert_eq!(comments.len(), 1, "{comments:?}");
    for expected in
        ["✅", "is done", "Get task", "Create pull request", "https://x.example/12", "Cost $0.0000"]
    {
        assert!(comments[0].contains(expected), "{expected}: {}", comments[0]);
    }
    let record = world.table.execution(&name).await.unwrap().unwrap();
    assert_eq!((record.outcome, record.arn), (Outcome::Succeeded, Some(arn(&name))));
    assert!(world.table.task("SHOP-1").await.unwrap().unwrap().open_execution.is_none());
    assert!(world.services.violations().is_empty(), "{:?}", world.services.violations());

    // The same events again change nothing outside.
    let before = world.writes().len();
    world.status_change(&name, json!({"status": "SUCCEEDED", "output": "{}"})).await;
    world.changed(&name).await;
    assert_eq!(world.writes().len(), before);
}

#[tokio::test]
async fn a_failure_ends_with_its_reason_and_nothing_open() {
    let world = World::new().await;
    let name = world.begin_by_label().await;
    world.status_change(&name, json!({})).await;
    world
        .table
        .start_step(&name, "CreateBranch", &ActionId::literal("create_branch"), world.clock.now())
        .await
        .unwrap();
    let reservation = Reservation {
        id: "call-1".into(),
        amount: MicroUsd(250_000),
        account: "ada".into(),
        project: Some("SHOP".into()),
        task_id: Some("SHOP-1".into()),
        workflow: None,
        execution: name.clone(),
        state: "Analyze".into(),
        action: ActionId::literal("analyze_codebase"),
        provider: "anthropic".into(),
        model: "claude-sonnet-5-5".into(),
        reserved_at: world.clock.now(),
    };
    let limits = Limits {
        per_task: MicroUsd(10_000_000),
        per_month: MicroUsd(500_000_000),
        per_project_month: None,
        per_workflow_month: None,
    };
    world.table.reserve(&reservation, limits).await.unwrap();
    let cause =
        json!({"errorType": "Rejected", "errorMessage": "the branch `main` does not exist"}).to_string();
    world.status_change(&name, json!({"status": "FAILED", "error": "Rejected", "cause": cause})).await;

    let comment = &world.comments("SHOP-1")[0];
    for expected in ["❌", "failed", "the branch `main` does not exist", "Cost $0.2500", "worst case"] {
        let plain = expected.replace('`', "");
        assert!(comment.replace(['`', '{', '}'], "").contains(&plain), "{expected}: {comment}");
    }
    let view = world.table.execution_view(&name).await.unwrap().unwrap();
    assert_eq!(view.execution.outcome, Outcome::Failed);
    assert!(view.steps.iter().all(|step| step.ended_at.is_some()));
    assert!(world.table.open_reservations(&name).await.unwrap().is_empty());
    let spending = world.table.spending(&LimitOf::Task("SHOP-1".into())).await.unwrap();
    assert_eq!((spending.spent, spending.unknown_calls), (MicroUsd(250_000), 1));
}

#[tokio::test]
async fn github_gets_eyes_and_a_comment() {
    let world = World::new().await;
    let event =
        json!({"repository": "acme/shop", "actor": "ada", "task_id": "acme/shop#1", "label": "agent"});
    let name = world.begin("github.labelled", "acme/shop#1", event).await;
    world.status_change(&name, json!({})).await;
    let writes = world.writes();
    for expected in
        ["github POST /repos/acme/shop/issues/1/comments", "github POST /repos/acme/shop/issues/1/reactions"]
    {
        assert_eq!(writes.iter().filter(|write| *write == expected).count(), 1, "{expected}: {writes:?}");
    }
    assert!(world.comments("SHOP-1").is_empty());
}

#[tokio::test]
async fn slack_gets_one_message_that_is_edited() {
    let world = World::new().await;
    let event = json!({"text": "run SHOP-1", "channel": "C012AB3CD", "actor": "U012AB3CD"});
    let name = world.begin("slack.command", "SHOP-1", event).await;
    world.status_change(&name, json!({})).await;
    world.step(&name, "GetTask", ActionId::literal("get_task")).await;
    world.status_change(&name, json!({"status": "ABORTED"})).await;
    let state = world.services.state();
    let messages = state["slack"]["messages"].as_array().unwrap();
    assert_eq!(messages.len(), 1, "{messages:?}");
    assert!(messages[0].to_string().contains("was stopped"), "{}", messages[0]);
    assert_eq!(messages[0]["channel"], "#shop-dev");
}

#[tokio::test]
async fn who_asks_in_a_channel_without_the_bot_is_told_on_the_ticket() {
    let world = World::new().await;
    let event = json!({"text": "run SHOP-1", "channel": "C061EG9T2", "actor": "U012AB3CD"});
    let name = world.begin("slack.command", "SHOP-1", event).await;
    world.status_change(&name, json!({})).await;
    assert!(world.comments("SHOP-1")[0].contains("is at work on SHOP-1"), "{:?}", world.comments("SHOP-1"));
    world.step(&name, "GetTask", ActionId::literal("get_task")).await;
    let cause =
        json!({"errorType": "Rejected", "errorMessage": "the branch main does not exist"}).to_string();
    world.status_change(&name, json!({"status": "FAILED", "error": "Rejected", "cause": cause})).await;
    let comments = world.comments("SHOP-1");
    assert_eq!(comments.len(), 1, "one comment is edited: {comments:?}");
    assert!(
        comments[0].contains("failed") && comments[0].contains("the branch main does not exist"),
        "{comments:?}"
    );
    assert_eq!(world.services.state()["slack"]["messages"], json!([]));
}

#[tokio::test]
async fn the_end_is_said_although_jira_fails_at_first() {
    let world = World::new().await;
    let name = world.begin_by_label().await;
    world.status_change(&name, json!({})).await;
    let fault = |status, headers: Value| -> Fault {
        serde_json::from_value(
            json!({"service": "jira", "method": "PUT", "path": "/comment/", "status": status,
            "headers": headers}),
        )
        .unwrap()
    };
    world.services.add_fault(fault(503, json!({}))).unwrap();
    world.services.add_fault(fault(429, json!({"retry-after": "1"}))).unwrap();
    world.status_change(&name, json!({"status": "SUCCEEDED", "output": "{}"})).await;
    assert!(world.comments("SHOP-1")[0].contains("is done"), "{:?}", world.comments("SHOP-1"));
}

#[tokio::test]
async fn what_can_never_be_shown_is_given_up() {
    let world = World::new().await;
    let name = world.begin("jira.labelled", "SHOP-404", json!({"task_id": "SHOP-404"})).await;
    let mut requests = Vec::new();
    for _ in 0..6 {
        world.clock.advance(60);
        world.changed(&name).await;
        requests.push(world.services.log().len());
    }
    assert!(requests[..3].is_sorted_by(|earlier, later| earlier < later), "{requests:?}");
    assert!(requests[2..].iter().all(|count| *count == requests[2]), "it goes on: {requests:?}");
    // The end of the execution is handled like any other.
    world.status_change(&name, json!({"status": "SUCCEEDED", "output": "{}"})).await;
    assert_eq!(world.services.log().len(), requests[2]);
    assert_eq!(world.outcome(&name).await, Outcome::Succeeded);
}

#[tokio::test]
async fn the_starting_label_goes_as_soon_as_jira_lets_it() {
    let world = World::new().await;
    let name = world.begin_by_label().await;
    let fault =
        json!({"service": "jira", "method": "PUT", "path": "/issue/SHOP-1$", "status": 503, "times": 2});
    world.services.add_fault(serde_json::from_value(fault).unwrap()).unwrap();
    world.status_change(&name, json!({})).await;
    assert_eq!(
        (world.comments("SHOP-1").len(), world.ticket("SHOP-1")["labels"].clone()),
        (1, json!(["cart"]))
    );
    world.step(&name, "GetTask", ActionId::literal("get_task")).await;
    assert_eq!(world.ticket("SHOP-1")["labels"], json!([]));
    // Somebody who puts it on again means something new by it.
    let removed = || world.writes().iter().filter(|write| write.ends_with("/issue/SHOP-1")).count();
    let before = removed();
    world.step(&name, "AnalyzeCodebase", ActionId::literal("analyze_codebase")).await;
    assert_eq!(removed(), before);
}

#[tokio::test]
async fn a_comment_whose_answer_was_lost_is_found_again() {
    let world = World::new().await;
    let name = world.begin_by_label().await;
    let lost: Fault =
        serde_json::from_value(json!({"service": "jira", "method": "POST", "path": "/comment$",
        "status": 502, "after_effect": true}))
        .unwrap();
    world.services.add_fault(lost).unwrap();
    world.changed(&name).await;
    assert_eq!(world.comments("SHOP-1").len(), 1);
    // Until the first writer's time is over nobody else makes one; the clock passes five seconds at a look.
    world.clock.advance(1);
    world.status_change(&name, json!({"status": "SUCCEEDED", "output": "{}"})).await;
    let comments = world.comments("SHOP-1");
    assert_eq!(comments.len(), 1, "{comments:?}");
    assert!(comments[0].contains("is done"), "{comments:?}");
}

#[tokio::test]
async fn an_undo_says_what_it_took_back_and_the_first_execution_that_it_was_undone() {
    let world = World::new().await;
    let name = world.begin_by_label().await;
    world.status_change(&name, json!({})).await;
    let output = json!({"number": 12, "pr_url": "https://x.example/12"});
    journal(&world, &name, ActionId::literal("create_pull_request"), output).await;
    world.status_change(&name, json!({"status": "SUCCEEDED", "output": "{}"})).await;
    assert_eq!(world.table.execution(&name).await.unwrap().unwrap().effects_left, Some(true));

    let undo = world.begin_undo("d1", &arn(&name)).await;
    world.status_change(&undo, json!({})).await;
    let state = format!("{}/CreatePullRequest/undo", arn(&name));
    let payload: domain::execution::TaskPayload = serde_json::from_value(json!({
        "v": 1, "run": arn(&undo), "key": state, "project": null, "actor": null, "input": {}
    }))
    .unwrap();
    world.step(&undo, payload.state(), ActionId::literal("close_pull_request")).await;
    let key = format!("{}/CreatePullRequest", arn(&name));
    world.table.mark_undone(&arn(&name), &key, world.clock.now()).await.unwrap();
    let receipt =
        json!({"undone": ["create_pull_request"], "not_undone": [], "kept": ["add_comment"], "others": 0});
    world.status_change(&undo, json!({"status": "SUCCEEDED", "output": receipt.to_string()})).await;

    let first = world.table.execution(&name).await.unwrap().unwrap();
    assert_eq!((first.effects_left, first.undone_by.as_deref()), (Some(false), Some(undo.as_str())));
    let comments = world.comments("SHOP-1");
    assert_eq!(comments.len(), 2, "{comments:?}");
    assert!(comments[0].contains("Its effects were undone by"), "{}", comments[0]);
    assert!(!comments[0].contains("https://x.example/12"), "{}", comments[0]);
    for expected in
        ["Undo create pull request", "Taken back: Create pull request.", "Stays as it is: Add comment."]
    {
        assert!(comments[1].contains(expected), "{expected}: {}", comments[1]);
    }
    assert!(comments.iter().all(|comment| !comment.to_lowercase().contains("arn:")), "{comments:?}");
}

#[tokio::test]
async fn an_undo_that_left_something_says_what_and_can_be_asked_for_again() {
    let world = World::new().await;
    let name = world.begin_by_label().await;
    world.status_change(&name, json!({})).await;
    let output = json!({"number": 12, "pr_url": "https://x.example/12"});
    journal(&world, &name, ActionId::literal("create_pull_request"), output).await;
    world.status_change(&name, json!({"status": "SUCCEEDED", "output": "{}"})).await;
    let undo = world.begin_undo("d1", &name).await;
    let cause = json!({"undone": [], "kept": [], "others": 0, "not_undone": [
        {"action": "create_pull_request", "seek": false, "undone": false, "error": "Conflict", "cause": "it was merged"},
    ]});
    let end = json!({"status": "FAILED", "error": "UndoIncomplete", "cause": cause.to_string()});
    world.status_change(&undo, end).await;
    let first = world.table.execution(&name).await.unwrap().unwrap();
    assert_eq!((first.effects_left, first.undone_by), (Some(true), None));
    let comments = world.comments("SHOP-1");
    let told = "Could not be taken back: Create pull request (it was merged)";
    assert!(comments.last().unwrap().contains(told), "{comments:?}");
}

#[tokio::test]
async fn what_a_function_may_still_do_when_its_execution_is_stopped_can_be_undone() {
    let world = World::new().await;
    let name = world.begin_by_label().await;
    world.status_change(&name, json!({})).await;
    let key = intend(&world, &name, ActionId::literal("create_pull_request")).await;
    let stopped = json!({"status": "ABORTED", "error": "Stopped", "cause": "ada stopped it."});
    world.status_change(&name, stopped.clone()).await;
    let left = async || world.table.execution(&name).await.unwrap().unwrap().effects_left;
    assert_eq!(left().await, None, "it may still come");
    world.table.abandon_effect(&arn(&name), &key, "invocation").await.unwrap();
    world.status_change(&name, stopped).await;
    assert_eq!(left().await, Some(false));
}

#[tokio::test]
async fn an_end_that_is_heard_again_says_nothing_older_about_what_is_left() {
    let world = World::new().await;
    let name = world.begin_by_label().await;
    world.status_change(&name, json!({})).await;
    let ended = json!({"status": "SUCCEEDED", "output": "{}"});
    let again = async || {
        world.status_change(&name, ended.clone()).await;
        world.table.execution(&name).await.unwrap().unwrap().effects_left
    };
    assert_eq!(again().await, Some(false));
    // Others saw more.
    world.table.note_effects_left(&name, true).await.unwrap();
    assert_eq!(again().await, Some(true), "it was seen to have left something");
    world.table.note_effects_left(&name, false).await.unwrap();
    let output = json!({"number": 12, "pr_url": "https://x.example/12"});
    journal(&world, &name, ActionId::literal("create_pull_request"), output).await;
    assert_eq!(again().await, Some(true), "it came later");
    world.table.note_effects_left(&name, false).await.unwrap();
    world.table.note_undone(&name, "undo").await.unwrap();
    assert_eq!(again().await, Some(false), "it was undone");
}

#[tokio::test]
async fn an_undo_of_what_was_done_for_no_ticket_is_told_in_the_chat() {
    let world = World::new().await;
    for (delivery, event) in [("d1", json!({"channel": "C012AB3CD"})), ("d2", json!({}))] {
        let input = ExecutionInput::new(Map::new(), Some("SHOP".into()), None);
        let input = ExecutionInput { event: event.as_object().unwrap().clone(), ..input };
        let (trigger, now) = (EventName::API_RUN, world.clock.now());
        let new = NewExecution::new(trigger, delivery.into(), UNDO_WORKFLOW.into(), None, input, now);
        world.table.begin(&new, Concurrency::OnePerTask).await.unwrap();
        let cause = json!({"undone": [], "kept": [], "others": 0, "not_undone": [
            {"action": "create_planned_task", "seek": false, "undone": false, "error": "Conflict", "cause": "somebody changed it"},
        ]});
        let end = json!({"status": "FAILED", "error": "UndoIncomplete", "cause": cause.to_string()});
        world.status_change(&new.name, end).await;
        let messages = world.services.state()["slack"]["messages"].as_array().unwrap().clone();
        let last = messages.last().unwrap();
        let told = "Could not be taken back: Create planned task (somebody changed it)";
        assert!(last.to_string().contains(told), "{last}");
        assert!(last.to_string().contains(&new.name) && last["channel"] == "#shop-dev", "{last}");
    }
}

/// Journals an effect as the dispatcher does.
pub(crate) async fn journal(world: &World, name: &str, action: ActionId, output: Value) {
    let key = intend(world, name, action).await;
    let inverse = Inverse { action: ActionId::literal("close_pull_request"), input: json!({"number": 12}) };
    let end = EffectEnd { output, inverse: Some(inverse), cost: None, at: world.clock.now() };
    world.table.effect_done(&arn(name), &key, "invocation", &end).await.unwrap();
}

/// Journals an effect of a function that is about to act. Returns its key.
pub(crate) async fn intend(world: &World, name: &str, action: ActionId) -> String {
    let (run, key, now) = (arn(name), format!("{}/{}", arn(name), action.pascal()), world.clock.now());
    let new = NewEffect {
        run,
        key: key.clone(),
        action,
        existed: false,
        holder: "invocation".into(),
        at: now,
        lease_until: now + SignedDuration::from_mins(10),
        request: None,
    };
    let intended = world.table.intend(&new).await.unwrap();
    assert!(!matches!(intended, IntendResult::Done(_)), "{intended:?}");
    key
}
