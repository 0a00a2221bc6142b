//! Retry, Catch and Fail.

use engine::FunctionError;
use serde_json::{Value, json};

use crate::bench::{Bench, Functions, check_failure, invoke, machine};

/// A function that fails this often with `error` before it succeeds.
fn fails(times: usize, error: &'static str) -> Functions {
    Functions::default().with("work", move |before, _| {
        if before < times { Err(FunctionError::new(error, "not yet")) } else { Ok(json!({ "ok": true })) }
    })
}

fn retrying(more: Value) -> Value {
    let mut fields = json!({ "Output": "{% $states.result.Payload %}", "End": true });
    fields.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    machine(
        "Work",
        json!({ "Work": invoke("work", json!({ "n": "{% $states.context.State.RetryCount %}" }), fields) }),
    )
}

#[tokio::test]
async fn retries_wait_longer_each_time_up_to_the_greatest_delay() {
    let mut bench = Bench::new(fails(4, "Throttled")).await;
    let definition = retrying(json!({ "Retry": [{
        "ErrorEquals": ["Throttled"], "IntervalSeconds": 2, "MaxAttempts": 5, "BackoffRate": 3, "MaxDelaySeconds": 20,
    }] }));
    let ended = bench.run(&definition, &json!({})).await;
    assert_eq!(ended.output.as_deref(), Some(r#"{"ok":true}"#));
    assert_eq!(bench.elapsed(), 2.0 + 6.0 + 18.0 + 20.0);
    let counts: Vec<Value> =
        bench.functions.calls("work").iter().map(|payload| payload["n"].clone()).collect();
    assert_eq!(counts, [0, 1, 2, 3, 4]);
}

#[tokio::test]
async fn full_jitter_stays_within_the_delay() {
    let mut bench = Bench::new(fails(1, "Throttled")).await;
    let definition = retrying(json!({ "Retry": [{
        "ErrorEquals": ["Throttled"], "IntervalSeconds": 1000, "JitterStrategy": "FULL",
    }] }));
    assert_eq!(bench.run(&definition, &json!({})).await.status, "SUCCEEDED");
    // A draw of exactly the whole delay does not occur.
    assert!(bench.elapsed() < 1000.0, "{}", bench.elapsed());
}

#[tokio::test]
async fn each_retrier_counts_by_itself_and_the_first_that_matches_decides() {
    let functions = Functions::default()
        .with("work", |before, _| Err(FunctionError::new(if before % 2 == 0 { "A" } else { "B" }, "no")));
    let mut bench = Bench::new(functions).await;
    let definition = retrying(json!({ "Retry": [
        { "ErrorEquals": ["A"], "MaxAttempts": 2 },
        { "ErrorEquals": ["States.ALL"], "MaxAttempts": 9 },
    ] }));
    let ended = bench.run(&definition, &json!({})).await;
    // A, B, A, B, A: the third A finds its retrier used up, and the wildcard is not asked.
    assert_eq!(ended.error.as_deref(), Some("A"));
    assert_eq!(bench.functions.calls("work").len(), 5);
}

#[tokio::test]
async fn a_retrier_with_no_attempts_shields_an_error_from_later_ones() {
    let mut bench = Bench::new(fails(9, "Rejected")).await;
    let definition = retrying(json!({ "Retry": [
        { "ErrorEquals": ["Rejected"], "MaxAttempts": 0 },
        { "ErrorEquals": ["States.ALL"] },
    ] }));
    let ended = bench.run(&definition, &json!({})).await;
    assert_eq!(ended.error.as_deref(), Some("Rejected"));
    assert_eq!(ended.cause.as_deref(), Some(r#"{"errorType":"Rejected","errorMessage":"not yet"}"#));
    assert_eq!(bench.functions.calls("work").len(), 1);
}

#[tokio::test]
async fn a_catcher_assigns_and_leads_on() {
    let mut bench = Bench::new(fails(9, "Conflict")).await;
    let mut definition = retrying(json!({ "Catch": [
        { "ErrorEquals": ["Other"], "Next": "Caught" },
        {
            "ErrorEquals": ["States.TaskFailed"],
            "Assign": { "why": "{% $states.errorOutput.Error %}" },
            "Output": { "was": "{% $states.input %}" },
            "Next": "Caught",
        },
    ] }));
    definition["States"]["Caught"] = json!({ "Type": "Pass", "Output": { "why": "{% $why %}", "in": "{% $states.input %}" }, "End": true });
    let ended = bench.run(&definition, &json!({ "a": 1 })).await;
    let output: Value = serde_json::from_str(&ended.output.unwrap()).unwrap();
    assert_eq!(output, json!({ "why": "Conflict", "in": { "was": { "a": 1 } } }));
    let types: Vec<Value> =
        bench.history(&ended.execution_arn).await.iter().map(|event| event["type"].clone()).collect();
    assert_eq!(
        json!(types),
        json!([
            "ExecutionStarted",
            "TaskStateEntered",
            "TaskScheduled",
            "TaskStarted",
            "TaskFailed",
            "TaskStateExited",
            "PassStateEntered",
            "PassStateExited",
            "ExecutionSucceeded",
        ])
    );
}

#[tokio::test]
async fn a_failed_evaluation_can_be_caught_and_is_in_the_history() {
    let mut bench = Bench::new(fails(0, "")).await;
    let mut definition = retrying(json!({
        "Output": "{% $states.result.Payload.absent %}",
        "Catch": [{ "ErrorEquals": ["States.QueryEvaluationError"], "Next": "Caught" }],
    }));
    definition["States"]["Caught"] =
        json!({ "Type": "Pass", "Output": "{% $states.input.Error %}", "End": true });
    let ended = bench.run(&definition, &json!({})).await;
    assert_eq!(ended.output.as_deref(), Some(r#""States.QueryEvaluationError""#));
    let events = bench.history(&ended.execution_arn).await;
    let failed = events.iter().find(|event| event["type"] == "EvaluationFailed").unwrap();
    let details = &failed["evaluationFailedEventDetails"];
    assert_eq!((&details["location"], &details["state"]), (&json!("Output"), &json!("Work")));
}

#[test]
fn a_fail_state_names_error_and_cause() {
    let fail = |fields: Value| {
        let mut state = json!({ "Type": "Fail" });
        state.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        machine("No", json!({ "No": state }))
    };
    check_failure(
        &fail(json!({ "Error": "Declined", "Cause": "{% 'by ' & $states.input.by %}" })),
        &json!({ "by": "ada" }),
        "Declined",
        "by ada",
    );
}

#[tokio::test]
async fn a_failing_branch_fails_the_whole_and_can_be_retried() {
    let functions = Functions::default().with("work", |before, _| {
        if before == 0 { Err(FunctionError::new("Unavailable", "later")) } else { Ok(json!(before)) }
    });
    let mut bench = Bench::new(functions).await;
    let definition = machine(
        "Both",
        json!({ "Both": {
            "Type": "Parallel",
            "Branches": [
                { "StartAt": "Quick", "States": { "Quick": { "Type": "Pass", "Output": 0, "End": true } } },
                { "StartAt": "Work", "States": {
                    "Work": invoke("work", json!({}), json!({ "Output": "{% $states.result.Payload %}", "End": true })),
                } },
            ],
            "Retry": [{ "ErrorEquals": ["Unavailable"] }],
            "End": true,
        } }),
    );
    let ended = bench.run(&definition, &json!({})).await;
    assert_eq!(ended.output.as_deref(), Some("[0,1]"));
    assert_eq!(bench.elapsed(), 1.0);
}

#[tokio::test]
async fn a_result_over_the_quota_is_not_caught_by_the_wildcard() {
    let functions = Functions::default().with("work", |_, _| Ok(json!("x".repeat(262_144))));
    let mut bench = Bench::new(functions).await;
    let mut definition = retrying(json!({
        "Retry": [{ "ErrorEquals": ["States.ALL"] }],
        "Catch": [{ "ErrorEquals": ["States.ALL"], "Next": "Caught" }],
    }));
    definition["States"]["Caught"] = json!({ "Type": "Succeed" });
    let ended = bench.run(&definition, &json!({})).await;
    assert_eq!((ended.status.as_str(), ended.error.as_deref()), ("FAILED", Some("States.DataLimitExceeded")));
    assert_eq!(bench.functions.calls("work").len(), 1);
}

#[tokio::test]
async fn a_function_that_does_not_exist_or_panics_is_an_error_like_others() {
    let mut bench = Bench::new(Functions::default().with("work", |_, _| panic!("on purpose"))).await;
    let ended = bench.run(&retrying(json!({})), &json!({})).await;
    assert_eq!(ended.error.as_deref(), Some("Lambda.Unknown"));
    let mut bench = Bench::new(Functions::default()).await;
    let ended = bench.run(&retrying(json!({})), &json!({})).await;
    assert_eq!(ended.error.as_deref(), Some("Lambda.ResourceNotFoundException"));
}
