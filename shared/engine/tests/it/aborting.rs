//! The history of states that were not left.

use engine::FunctionError;
use serde_json::{Value, json};

use crate::bench::{Bench, Functions, call, invoke, machine};

fn broken() -> Functions {
    Functions::default().with("broken", |_, _| Err(FunctionError::new("Broken", "as ever")))
}

async fn events(bench: &Bench, execution: &str) -> Vec<(String, i64, i64)> {
    let number = |value: &Value| value.as_i64().unwrap();
    let events = bench.history(execution).await;
    let told = |event: &Value| {
        (event["type"].as_str().unwrap().to_owned(), number(&event["id"]), number(&event["previousEventId"]))
    };
    events.iter().map(told).collect()
}

#[track_caller]
fn check_tail(events: &[(String, i64, i64)], expected: &[(&str, i64, i64)]) {
    let tail = &events[events.len() - expected.len()..];
    let tail: Vec<(&str, i64, i64)> =
        tail.iter().map(|(name, id, previous)| (name.as_str(), *id, *previous)).collect();
    assert_eq!(tail, expected);
}

#[tokio::test]
async fn a_failed_branch_and_its_siblings_are_aborted_before_the_parallel_fails() {
    let mut bench = Bench::new(broken()).await;
    let definition = machine(
        "Both",
        json!({ "Both": { "Type": "Parallel", "End": true, "Branches": [
            { "StartAt": "Work", "States": { "Work": invoke("broken", json!(1), json!({ "End": true })) } },
            { "StartAt": "Rest", "States": { "Rest": { "Type": "Wait", "Seconds": 60, "End": true } } },
        ] } }),
    );
    let ended = bench.run(&definition, &json!({})).await;
    assert_eq!(bench.elapsed(), 0.0);
    let events = events(&bench, &ended.execution_arn).await;
    let id = |name: &str| events.iter().find(|(found, ..)| found == name).unwrap().1;
    let (failed, waiting) = (id("TaskFailed"), id("WaitStateEntered"));
    let end = events.len() as i64;
    check_tail(
        &events,
        &[
            ("TaskStateAborted", end - 3, failed),
            ("WaitStateAborted", end - 2, waiting),
            ("ParallelStateFailed", end - 1, failed),
            ("ExecutionFailed", end, end - 1),
        ],
    );
}

#[tokio::test]
async fn iterations_under_way_are_aborted_when_one_fails() {
    let mut bench = Bench::new(broken()).await;
    let definition = machine(
        "Each",
        json!({ "Each": { "Type": "Map", "Items": [1, 2], "End": true, "ItemProcessor": {
            "StartAt": "Which", "States": {
                "Which": { "Type": "Choice", "Default": "Work", "Choices": [
                    { "Condition": "{% $states.input = 1 %}", "Next": "Rest" }] },
                "Rest": { "Type": "Wait", "Seconds": 60, "End": true },
                "Work": invoke("broken", json!(1), json!({ "End": true })),
            } } } }),
    );
    let ended = bench.run(&definition, &json!({})).await;
    let events = events(&bench, &ended.execution_arn).await;
    let names: Vec<&str> = events[events.len() - 7..].iter().map(|(name, ..)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "TaskFailed",
            "TaskStateAborted",
            "MapIterationFailed",
            "WaitStateAborted",
            "MapIterationAborted",
            "MapStateFailed",
            "ExecutionFailed",
        ]
    );
    let failed = events.iter().find(|(name, ..)| name == "TaskFailed").unwrap().1;
    let map = events.iter().find(|(name, ..)| name == "MapStateFailed").unwrap();
    assert_eq!(map.2, failed);
}

#[tokio::test]
async fn an_order_to_stop_aborts_from_the_inside_out() {
    let mut bench = Bench::new(Functions::default().with("ask", |_, _| Ok(json!(null)))).await;
    let mut ask = invoke("ask", json!({ "t": "{% $states.context.Task.Token %}" }), json!({ "End": true }));
    ask["Resource"] = json!("arn:aws:states:::lambda:invoke.waitForTaskToken");
    let definition = machine(
        "Each",
        json!({ "Each": { "Type": "Map", "Items": [1], "End": true, "ItemProcessor": {
            "StartAt": "Both", "States": { "Both": { "Type": "Parallel", "End": true, "Branches": [
                { "StartAt": "Ask", "States": { "Ask": ask } } ] } } } } }),
    );
    let execution = bench.start(&definition, &json!({})).await;
    bench.engine.activity().quiet().await;
    let stop = json!({ "executionArn": execution, "error": "Manual", "cause": "probe" });
    call(&bench.engine, "StopExecution", &stop).await.unwrap();
    let ended = bench.end(&execution).await;
    assert_eq!((ended.error.as_deref(), ended.cause.as_deref()), (Some("Manual"), Some("probe")));
    let events = events(&bench, &execution).await;
    let names: Vec<&str> = events[events.len() - 5..].iter().map(|(name, ..)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "TaskStateAborted",
            "ParallelStateAborted",
            "MapIterationAborted",
            "MapStateAborted",
            "ExecutionAborted"
        ]
    );
    assert_eq!(events.last().unwrap().2, 0);
}

#[tokio::test]
async fn the_machines_time_limit_aborts_too_and_names_the_error_in_the_history_alone() {
    let mut bench = Bench::new(Functions::default()).await;
    let mut definition = machine("Rest", json!({ "Rest": { "Type": "Wait", "Seconds": 60, "End": true } }));
    definition["TimeoutSeconds"] = json!(5);
    let ended = bench.run(&definition, &json!({})).await;
    assert_eq!((ended.status.as_str(), ended.error, ended.cause), ("TIMED_OUT", None, None));
    let shown = bench.history(&ended.execution_arn).await;
    assert_eq!(shown[3]["executionTimedOutEventDetails"], json!({ "error": "States.Timeout" }));
    let events = events(&bench, &ended.execution_arn).await;
    check_tail(
        &events,
        &[("WaitStateEntered", 2, 0), ("WaitStateAborted", 3, 2), ("ExecutionTimedOut", 4, 0)],
    );
}

#[tokio::test]
async fn an_error_of_the_machine_itself_leaves_nothing_but_the_end() {
    let mut bench = Bench::new(Functions::default()).await;
    let definition = machine(
        "Each",
        json!({ "Each": { "Type": "Map", "Items": [1], "End": true, "ItemProcessor": {
            "StartAt": "Work", "States": { "Work": {
                "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Arguments": "{% 1 %}", "End": true } } } } }),
    );
    let ended = bench.run(&definition, &json!({})).await;
    assert_eq!(ended.error.as_deref(), Some("States.Runtime"));
    let events = events(&bench, &ended.execution_arn).await;
    check_tail(&events, &[("TaskStateEntered", 5, 4), ("ExecutionFailed", 6, 5)]);
}

#[tokio::test]
async fn a_catcher_that_fails_is_in_the_history_and_final() {
    let mut bench = Bench::new(broken()).await;
    let definition = machine(
        "Work",
        json!({
            "Work": invoke("broken", json!(1), json!({
                "Catch": [
                    { "ErrorEquals": ["States.QueryEvaluationError"], "Next": "Out" },
                    { "ErrorEquals": ["Broken"], "Output": "{% $missing %}", "Next": "Out" },
                ],
                "End": true,
            })),
            "Out": { "Type": "Succeed" },
        }),
    );
    let ended = bench.run(&definition, &json!({})).await;
    assert_eq!(ended.error.as_deref(), Some("States.QueryEvaluationError"));
    let events = events(&bench, &ended.execution_arn).await;
    check_tail(&events, &[("TaskFailed", 5, 4), ("EvaluationFailed", 6, 5), ("ExecutionFailed", 7, 6)]);
}
