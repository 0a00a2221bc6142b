//! Wait states, time-outs and heartbeats.

use serde_json::{Value, json};

use crate::bench::{Bench, Functions, check_failure, invoke, machine};

fn wait(fields: Value) -> Value {
    let mut state = json!({ "Type": "Wait", "End": true });
    state.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    machine("Rest", json!({ "Rest": state }))
}

#[tokio::test]
async fn waits_take_their_time() {
    for (fields, seconds) in [
        (json!({ "Seconds": 90 }), 90.0),
        (json!({ "Seconds": "{% $states.input.s * 2 %}" }), 20.0),
        (json!({ "Timestamp": "2026-01-02T00:00:00Z" }), 86400.0),
        (json!({ "Timestamp": "{% $states.input.at %}" }), 1.5),
        (json!({ "Timestamp": "2026-01-01T00:00:00.0001Z" }), 0.001),
        (json!({ "Timestamp": "2020-01-02T00:00:00Z" }), 0.0),
    ] {
        let mut bench = Bench::new(Functions::default()).await;
        let ended =
            bench.run(&wait(fields.clone()), &json!({ "s": 10, "at": "2026-01-01T00:00:01.5Z" })).await;
        assert_eq!(ended.status, "SUCCEEDED", "{fields} {ended:?}");
        assert_eq!(bench.elapsed(), seconds, "{fields}");
    }
}

#[test]
fn a_wait_for_something_else_fails() {
    check_failure(
        &wait(json!({ "Seconds": "{% 'soon' %}" })),
        &json!({}),
        "States.QueryEvaluationError",
        "An error occurred while executing the state 'Rest' (entered at the event id #2). The JSONata expression \
         ''soon'' specified for the field 'Seconds' returned an unexpected result type. Expected 'number', but was \
         'string' for value: \"soon\"",
    );
}

fn token_task(more: Value) -> Value {
    let mut state = invoke("ask", json!({ "token": "{% $states.context.Task.Token %}" }), more);
    state["Resource"] = json!("arn:aws:states:::lambda:invoke.waitForTaskToken");
    machine("Ask", json!({ "Ask": state }))
}

fn ask() -> Functions {
    Functions::default().with("ask", |_, _| Ok(json!(null)))
}

#[tokio::test]
async fn a_task_nobody_answers_times_out() {
    let mut bench = Bench::new(ask()).await;
    let ended = bench.run(&token_task(json!({ "TimeoutSeconds": 3600, "End": true })), &json!({})).await;
    assert_eq!((ended.status.as_str(), ended.error.as_deref()), ("FAILED", Some("States.Timeout")));
    assert_eq!(bench.elapsed(), 3600.0);
    let types: Vec<Value> =
        bench.history(&ended.execution_arn).await.iter().map(|event| event["type"].clone()).collect();
    assert_eq!(
        json!(types),
        json!([
            "ExecutionStarted",
            "TaskStateEntered",
            "TaskScheduled",
            "TaskStarted",
            "TaskSubmitted",
            "TaskTimedOut",
            "ExecutionFailed",
        ])
    );
}

#[tokio::test]
async fn a_silent_task_misses_its_heartbeat() {
    let mut bench = Bench::new(ask()).await;
    let definition =
        token_task(json!({ "TimeoutSeconds": 3600, "HeartbeatSeconds": "{% 10 * 6 %}", "End": true }));
    let ended = bench.run(&definition, &json!({})).await;
    assert_eq!(ended.error.as_deref(), Some("States.Timeout"));
    assert_eq!(bench.elapsed(), 60.0);
}

#[tokio::test]
async fn a_machine_with_a_time_limit_is_stopped() {
    let mut bench = Bench::new(Functions::default()).await;
    let mut definition = wait(json!({ "Seconds": 90 }));
    definition["TimeoutSeconds"] = json!(30);
    let ended = bench.run(&definition, &json!({})).await;
    assert_eq!(ended.status, "TIMED_OUT");
    assert_eq!(bench.elapsed(), 30.0);
}

#[tokio::test]
async fn an_endless_loop_ends_at_the_quota_of_events() {
    let definition = machine(
        "Again",
        json!({
            "Again": { "Type": "Choice", "Choices": [{ "Condition": "{% true %}", "Next": "Again" }], "Default": "Out" },
            "Out": { "Type": "Succeed" },
        }),
    );
    let mut bench = Bench::new(Functions::default()).await;
    let ended = bench.run(&definition, &json!({})).await;
    assert_eq!(ended.status, "FAILED");
    assert_eq!(
        ended.cause.as_deref(),
        Some("The execution reached the maximum number of history events (25000).")
    );
}
