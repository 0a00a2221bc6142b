//! A provider that rejects calls for a long time: the step is postponed without asking it again, and parks until it accepts calls.

use crate::world::{EXECUTION, RUN, World};
use domain::event::EventName;
use domain::execution::ExecutionInput;
use domain::routes::Concurrency;
use domain::{Clock, ErrorKind};
use jiff::SignedDuration;
use records::{NewExecution, Topic};
use serde_json::{Map, json};

#[tokio::test]
async fn an_exhausted_hour_parks_the_execution_until_it_is_over() {
    let world = World::start().await;
    let new = NewExecution {
        name: EXECUTION.into(),
        workflow: "development".into(),
        trigger: EventName::API_RUN,
        delivery: "1".into(),
        project: Some("SHOP".into()),
        task_id: Some("SHOP-1".into()),
        actor: None,
        input: ExecutionInput::new(Map::new(), Some("SHOP".into()), None),
        begun_at: world.clock.now(),
        continues: None,
        takes_over: None,
    };
    world.table.begin(&new, Concurrency::OnePerTask).await.unwrap();
    world.table.mark_started(EXECUTION, RUN, world.clock.now()).await.unwrap();

    let reset = world.clock.now() + SignedDuration::from_secs(3_000);
    let headers = json!({"x-ratelimit-remaining": "0", "x-ratelimit-reset": reset.as_second().to_string()});
    let body = json!({"message": "API rate limit exceeded for installation ID 99."});
    world.fault(
        json!({"service": "github", "path": "^/repos/", "status": 403, "headers": headers, "body": body}),
    );
    let asked = || world.simulation.log().iter().filter(|entry| entry.service == "github").count();
    for _ in 0..2 {
        let error = world.step("Look", "get_repository_info", json!({})).await.unwrap_err();
        assert_eq!((error.kind, asked()), (ErrorKind::Throttled, 1), "{error}");
    }

    let reason =
        json!({"errorType": "Throttled", "errorMessage": "github accepts no calls for another 3000.0 s"});
    let payload = json!({
        "v": 1, "run": RUN, "key": format!("{RUN}/LookAwaitProvider"), "project": "SHOP", "actor": null,
        "input": {"reason": reason.to_string()}, "task_token": "token",
    });
    world.dispatch("await_provider", payload).await.unwrap();
    let waiter = world.table.waiters(&Topic::Provider).await.unwrap().remove(0);
    let wait = waiter.until.unwrap().duration_since(reset).abs();
    assert!(wait < SignedDuration::from_secs(5), "{waiter:?}");
    let question = world.table.execution(EXECUTION).await.unwrap().unwrap().question.unwrap();
    assert!(
        question.contains("accepts no calls") && question.contains("continues by itself at"),
        "{question}"
    );

    world.clock.advance(SignedDuration::from_secs(3_005));
    world.step("Look", "get_repository_info", json!({})).await.unwrap();
    assert_eq!(asked(), 2);
    world.assert_no_violations();
}

#[tokio::test]
async fn the_last_request_of_a_window_is_the_last() {
    let world = World::start().await;
    let reset = world.clock.now() + SignedDuration::from_secs(3_000);
    let headers = json!({"x-ratelimit-remaining": "0", "x-ratelimit-reset": reset.as_second().to_string()});
    world.fault(json!({"service": "github", "path": "^/repos/", "headers": headers}));
    world.step("Look", "get_repository_info", json!({})).await.unwrap();
    let error = world.step("LookAgain", "get_repository_info", json!({})).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Throttled, "{error}");
    assert_eq!(world.simulation.log().iter().filter(|entry| entry.service == "github").count(), 1);
}

#[tokio::test]
async fn a_short_wait_is_waited_for() {
    let world = World::start().await;
    let busy = json!({"service": "jira", "path": "/issue/", "status": 429, "headers": {"retry-after": "0"}});
    world.fault(busy);
    world.step("FetchTask", "get_task", json!({"task_id": "SHOP-1"})).await.unwrap();
}

#[tokio::test]
async fn the_files_of_a_commit_are_read_once() {
    let world = World::start().await;
    let task = world.task().await;
    let analysis = world.step("Analyze", "analyze_codebase", json!({"task": task})).await.unwrap();
    let input = json!({"task": task, "codebase_analysis": analysis["analysis"]});
    world.step("Plan", "generate_implementation_plan", input).await.unwrap();
    world.implementation().await.unwrap();
    let log = world.simulation.log();
    let count = |path: &str| {
        log.iter().filter(|entry| entry.service == "github" && entry.path.contains(path)).count()
    };
    // The ignore rules of git, which only one of them requests, are a separate request.
    assert_eq!((count("/git/trees/"), count("/graphql"), count("/contents/")), (1, 1, 1));
    world.assert_no_violations();
}
