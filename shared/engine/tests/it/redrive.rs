//! Executions that did not succeed continue where they failed or were stopped.

use std::time::Duration;

use engine::{EngineError, FunctionError};
use serde_json::{Value, json};

use crate::bench::{Bench, Functions, call, invoke, machine, pass};

/// A function that fails until it is called the `good`th time for a payload, and then gives it back.
fn flaky(good: usize) -> Functions {
    Functions::default()
        .with("work", |_, payload| Ok(payload.clone()))
        .with("flaky", move |before, payload| match before + 1 >= good {
            true => Ok(payload.clone()),
            false => Err(FunctionError::new("Broken", "not yet")),
        })
        .with("ask", |_, _| Ok(json!(null)))
}

fn ask() -> Value {
    let mut state =
        invoke("ask", json!({ "token": "{% $states.context.Task.Token %}" }), json!({ "End": true }));
    state["Resource"] = json!("arn:aws:states:::lambda:invoke.waitForTaskToken");
    state
}

async fn types(bench: &Bench, execution: &str) -> Vec<String> {
    let events = bench.history(execution).await;
    events.iter().map(|event| event["type"].as_str().unwrap().to_owned()).collect()
}

async fn redrive(bench: &Bench, execution: &str) -> Result<Value, String> {
    call(&bench.engine, "RedriveExecution", &json!({ "executionArn": execution })).await
}

async fn describe(bench: &Bench, execution: &str) -> Value {
    call(&bench.engine, "DescribeExecution", &json!({ "executionArn": execution })).await.unwrap()
}

#[tokio::test]
async fn a_failed_task_is_scheduled_again_and_what_succeeded_is_kept() {
    let mut bench = Bench::new(flaky(3)).await;
    let count = "{% $states.context.Execution.RedriveCount %}";
    let definition = machine(
        "Work",
        json!({
            "Work": invoke("work", json!(1), json!({ "Next": "Flaky" })),
            "Flaky": invoke("flaky", json!(count), json!({
                "Retry": [{ "ErrorEquals": ["Broken"], "MaxAttempts": 1 }],
                "Output": "{% $states.result.Payload %}",
                "End": true,
            })),
        }),
    );
    let failed = bench.run(&definition, &json!({})).await;
    let execution = failed.execution_arn;
    assert_eq!((failed.status.as_str(), failed.error.as_deref()), ("FAILED", Some("Broken")));
    let described = describe(&bench, &execution).await;
    assert_eq!((&described["redriveStatus"], &described["redriveCount"]), (&json!("REDRIVABLE"), &json!(0)));
    let redriven = redrive(&bench, &execution).await.unwrap();
    let ended = bench.end(&execution).await;
    assert_eq!((ended.status.as_str(), ended.output.as_deref()), ("SUCCEEDED", Some("1")));
    assert_eq!((ended.error, ended.cause), (None, None));
    assert_eq!((bench.functions.calls("work").len(), bench.functions.calls("flaky").len()), (1, 3));
    let described = describe(&bench, &execution).await;
    assert_eq!(
        (&described["redriveCount"], &described["redriveDate"]),
        (&json!(1), &redriven["redriveDate"])
    );
    assert_eq!(described["redriveStatusReason"], "Execution is SUCCEEDED and cannot be redriven");
    let events = bench.history(&execution).await;
    let at = events.iter().position(|event| event["type"] == "ExecutionRedriven").unwrap();
    let names: Vec<&str> = events[at - 1..].iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(
        names,
        [
            "ExecutionFailed",
            "ExecutionRedriven",
            "TaskScheduled",
            "TaskStarted",
            "TaskSucceeded",
            "TaskStateExited",
            "ExecutionSucceeded",
        ]
    );
    assert_eq!(events[at]["executionRedrivenEventDetails"], json!({ "redriveCount": 1 }));
    assert_eq!(events[at + 1]["previousEventId"], events[at]["id"]);
}

#[tokio::test]
async fn only_the_branches_and_iterations_that_did_not_end_are_done_again() {
    for (name, state) in [
        (
            "Parallel",
            json!({ "Type": "Parallel", "End": true, "Branches": [
                { "StartAt": "A", "States": { "A": invoke("work", json!("a"), json!({
                    "Output": "{% $states.result.Payload %}", "End": true })) } },
                { "StartAt": "B", "States": { "B": { "Type": "Wait", "Seconds": 5, "Next": "C" },
                    "C": invoke("flaky", json!("b"), json!({ "Output": "{% $states.result.Payload %}", "End": true })) } },
                { "StartAt": "D", "States": { "D": { "Type": "Wait", "Seconds": 9, "Output": "c", "End": true } } },
            ] }),
        ),
        (
            "Map",
            json!({ "Type": "Map", "Items": ["a", "b", "c"], "MaxConcurrency": 2, "End": true, "ItemProcessor": {
                "StartAt": "Which", "States": {
                    "Which": { "Type": "Choice", "Default": "Work", "Choices": [
                        { "Condition": "{% $states.input = 'b' %}", "Next": "Rest" }] },
                    "Rest": { "Type": "Wait", "Seconds": 5, "Next": "Flaky" },
                    "Flaky": invoke("flaky", json!("b"), json!({ "Output": "{% $states.result.Payload %}", "End": true })),
                    "Work": invoke("work", json!("{% $states.input %}"), json!({
                        "Output": "{% $states.result.Payload %}", "End": true })),
                } } }),
        ),
    ] {
        let mut bench = Bench::new(flaky(2)).await;
        let failed = bench.run(&machine("All", json!({ "All": state })), &json!({})).await;
        assert_eq!(failed.error.as_deref(), Some("Broken"), "{name}");
        let execution = failed.execution_arn;
        assert_eq!(bench.elapsed(), 5.0, "{name}");
        redrive(&bench, &execution).await.unwrap();
        let ended = bench.end(&execution).await;
        assert_eq!(ended.output.as_deref(), Some(r#"["a","b","c"]"#), "{name} {ended:?}");
        let work = bench.functions.calls("work");
        let once: Vec<Value> = if name == "Map" { vec![json!("a"), json!("c")] } else { vec![json!("a")] };
        assert_eq!(work, once, "{name}");
        assert_eq!(bench.functions.calls("flaky").len(), 2, "{name}");
        // The aborted wait counts from the redrive; the failed branch continues after its own.
        assert_eq!(bench.elapsed(), if name == "Map" { 5.0 } else { 14.0 }, "{name}");
    }
}

#[tokio::test]
async fn what_was_stopped_can_go_on_and_its_old_token_is_void() {
    let mut bench = Bench::new(flaky(1)).await;
    let execution = bench.start(&machine("Ask", json!({ "Ask": ask() })), &json!({})).await;
    bench.engine.activity().quiet().await;
    let refused = redrive(&bench, &execution).await;
    assert_eq!(refused, Err("ExecutionNotRedrivable".to_owned()));
    call(&bench.engine, "StopExecution", &json!({ "executionArn": execution })).await.unwrap();
    assert_eq!(bench.end(&execution).await.status, "ABORTED");
    bench.engine.redrive_execution(&execution).await.unwrap();
    bench.engine.activity().quiet().await;
    let asked = bench.functions.calls("ask");
    assert_eq!(asked.len(), 2);
    let old = bench.engine.send_task_success(asked[0]["token"].as_str().unwrap(), &json!(1)).await;
    assert!(matches!(old, Err(EngineError::TaskTimedOut)), "{old:?}");
    bench.engine.send_task_success(asked[1]["token"].as_str().unwrap(), &json!(2)).await.unwrap();
    let ended = bench.end(&execution).await;
    assert_eq!((ended.status.as_str(), ended.output.as_deref()), ("SUCCEEDED", Some("2")));
    assert!(types(&bench, &execution).await.contains(&"TaskStateAborted".to_owned()));
}

#[tokio::test]
async fn a_machine_that_timed_out_gets_its_whole_time_again() {
    let mut bench = Bench::new(flaky(1)).await;
    let mut definition = machine(
        "First",
        json!({
            "First": { "Type": "Wait", "Seconds": 40, "Next": "Second" },
            "Second": { "Type": "Wait", "Seconds": 40, "End": true },
        }),
    );
    definition["TimeoutSeconds"] = json!(60);
    let ended = bench.run(&definition, &json!({})).await;
    assert_eq!((ended.status.as_str(), ended.error), ("TIMED_OUT", None));
    redrive(&bench, &ended.execution_arn).await.unwrap();
    assert_eq!(bench.end(&ended.execution_arn).await.status, "SUCCEEDED");
    assert_eq!(bench.elapsed(), 100.0);
}

#[tokio::test]
async fn a_repeated_request_redrives_once_and_there_are_limits() {
    let mut bench = Bench::new(flaky(99)).await;
    let definition = machine("Flaky", json!({ "Flaky": invoke("flaky", json!(1), json!({ "End": true })) }));
    let execution = bench.run(&definition, &json!({})).await.execution_arn;
    let request = json!({ "executionArn": execution, "clientToken": "one" });
    let first = call(&bench.engine, "RedriveExecution", &request).await.unwrap();
    bench.end(&execution).await;
    bench.clock.advance(Duration::from_secs(60));
    assert_eq!(call(&bench.engine, "RedriveExecution", &request).await.unwrap(), first);
    assert_eq!(describe(&bench, &execution).await["redriveCount"], 1);
    // Fifteen minutes later the same token is a new request.
    bench.clock.advance(Duration::from_secs(15 * 60));
    call(&bench.engine, "RedriveExecution", &request).await.unwrap();
    bench.end(&execution).await;
    assert_eq!(describe(&bench, &execution).await["redriveCount"], 2);
    let listed = |filter: &'static str| {
        let machine = "arn:aws:states:us-east-1:000000000000:stateMachine:machine";
        json!({ "stateMachineArn": machine, "redriveFilter": filter })
    };
    let redriven = call(&bench.engine, "ListExecutions", &listed("REDRIVEN")).await.unwrap();
    assert_eq!(redriven["executions"].as_array().unwrap().len(), 1);
    let others = call(&bench.engine, "ListExecutions", &listed("NOT_REDRIVEN")).await.unwrap();
    assert_eq!(others["executions"], json!([]));

    bench.clock.advance(Duration::from_secs(14 * 86_400 + 1));
    assert_eq!(redrive(&bench, &execution).await, Err("ExecutionNotRedrivable".to_owned()));
    assert_eq!(
        describe(&bench, &execution).await["redriveStatusReason"],
        "Execution redrivable period exceeded"
    );
    let succeeded = bench.run(&pass(json!(1)), &json!({})).await.execution_arn;
    assert_eq!(redrive(&bench, &succeeded).await, Err("ExecutionNotRedrivable".to_owned()));
    let missing = "arn:aws:states:us-east-1:000000000000:execution:machine:none";
    assert_eq!(redrive(&bench, missing).await, Err("ExecutionDoesNotExist".to_owned()));
}

#[tokio::test]
async fn a_redrive_is_published_as_running_again() {
    let mut bench = Bench::new(flaky(2)).await;
    let definition = machine("Flaky", json!({ "Flaky": invoke("flaky", json!(1), json!({ "End": true })) }));
    let mut changes = bench.engine.subscribe();
    let execution = bench.run(&definition, &json!({})).await.execution_arn;
    redrive(&bench, &execution).await.unwrap();
    bench.end(&execution).await;
    let mut told = Vec::new();
    while let Ok(change) = changes.try_recv() {
        let detail = &change.document["detail"];
        told.push((change.status, detail["redriveCount"].clone(), change.document["id"].to_string()));
    }
    let statuses: Vec<(&str, i64)> =
        told.iter().map(|(status, count, _)| (status.as_str(), count.as_i64().unwrap())).collect();
    assert_eq!(statuses, [("RUNNING", 0), ("FAILED", 0), ("RUNNING", 1), ("SUCCEEDED", 1)]);
    let ids: std::collections::HashSet<&String> = told.iter().map(|(_, _, id)| id).collect();
    assert_eq!(ids.len(), 4);
}
