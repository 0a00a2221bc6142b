//! Executions recorded on AWS, repeated on our own engine.

use serde_json::{Value, json};

use crate::bench::{Bench, Functions, call, check, check_failure, invoke, machine, pass};

fn wait_until(moment: &str) -> Value {
    machine(
        "Wait",
        json!({ "Wait": { "Type": "Wait", "Timestamp": format!("{{% '{moment}' %}}"), "End": true } }),
    )
}

/// AWS refuses values near ISO 8601 that are not its extended form with a zone.
#[test]
fn a_timestamp_that_cannot_be_read_is_a_failed_evaluation() {
    for text in
        ["2026-01-01 00:00:00Z", "2026-01-01T00:00:00", "2026-13-01T00:00:00Z", "01-01-2026T00:00:00Z"]
    {
        let cause = format!(
            "An error occurred while executing the state 'Wait' (entered at the event id #2). The Timestamp field \
             cannot be parsed as an ISO-8601 extended offset date-time format string: {text}"
        );
        check_failure(&wait_until(text), &json!({}), "States.QueryEvaluationError", &cause);
    }
    check(&wait_until("2026-01-01T00:00:00.123456789+00:00"), &json!({}), &json!({}));
}

/// Without `Items` there is no field to name, and AWS names none.
#[tokio::test]
async fn a_map_over_an_input_that_is_no_array_names_no_field() {
    let mut bench = Bench::new(Functions::default()).await;
    let body = json!({ "StartAt": "Each", "States": { "Each": { "Type": "Pass", "End": true } } });
    let definition = machine("Map", json!({ "Map": { "Type": "Map", "ItemProcessor": body, "End": true } }));
    let ended = bench.run(&definition, &json!({ "a": 1 })).await;
    let cause = "An error occurred while executing the state 'Map' (entered at the event id #2). Map state input must \
                 be an array but was: {\"a\":1}";
    assert_eq!(ended.cause.as_deref(), Some(cause));
    let history = bench.history(&ended.execution_arn).await;
    let expected = json!({ "error": "States.QueryEvaluationError", "cause": cause, "state": "Map" });
    assert_eq!(history[2]["evaluationFailedEventDetails"], expected);
}

/// The failure of a state's own fields is linked to what came before the state; a Timestamp is read later.
#[tokio::test]
async fn a_failed_evaluation_follows_what_led_to_its_state() {
    let mut bench = Bench::new(Functions::default()).await;
    for (last, previous) in [
        (json!({ "Type": "Pass", "Output": "{% $absent %}", "End": true }), 3),
        (json!({ "Type": "Pass", "Assign": { "a": "{% $absent %}" }, "End": true }), 3),
        (json!({ "Type": "Wait", "Timestamp": "{% 'noon' %}", "End": true }), 4),
    ] {
        let first = json!({ "Type": "Pass", "Next": "Last" });
        let definition = machine("First", json!({ "First": first, "Last": last }));
        let ended = bench.run(&definition, &json!({})).await;
        let history = bench.history(&ended.execution_arn).await;
        assert_eq!(history[4]["type"], "EvaluationFailed");
        assert_eq!(history[4]["previousEventId"], previous, "{last}");
        assert_eq!(history[5]["previousEventId"], 5);
    }
}

/// AWS reports a missed heartbeat like any other timeout; only `ErrorEquals` has a name for it.
#[tokio::test]
async fn a_missed_heartbeat_is_told_as_a_timeout() {
    let functions = Functions::default().with("ask", |_, _| Ok(json!(null)));
    let mut bench = Bench::new(functions).await;
    let mut ask = invoke(
        "ask",
        json!({ "token": "{% $states.context.Task.Token %}" }),
        json!({
            "HeartbeatSeconds": 5,
            "Catch": [{ "ErrorEquals": ["States.HeartbeatTimeout"], "Next": "Missed" }],
            "End": true,
        }),
    );
    ask["Resource"] = json!("arn:aws:states:::lambda:invoke.waitForTaskToken");
    let definition = machine("Ask", json!({ "Ask": ask, "Missed": { "Type": "Succeed" } }));
    let ended = bench.run(&definition, &json!({})).await;
    assert_eq!(ended.output.as_deref(), Some(r#"{"Error":"States.Timeout","Cause":""}"#));
}

/// Failing a task needs no reason; a missing one is null on AWS.
#[tokio::test]
async fn a_failure_without_words_is_caught_as_nulls() {
    let functions = Functions::default().with("ask", |_, _| Ok(json!(null)));
    let mut bench = Bench::new(functions).await;
    let token = json!({ "token": "{% $states.context.Task.Token %}" });
    let catcher = json!([{ "ErrorEquals": ["States.ALL"], "Next": "Failed" }]);
    let mut ask = invoke("ask", token, json!({ "Catch": catcher, "End": true }));
    ask["Resource"] = json!("arn:aws:states:::lambda:invoke.waitForTaskToken");
    let definition = machine("Ask", json!({ "Ask": ask, "Failed": { "Type": "Succeed" } }));
    let execution = bench.start(&definition, &json!({})).await;
    bench.engine.activity().quiet().await;
    let token = bench.functions.calls("ask")[0]["token"].clone();
    call(&bench.engine, "SendTaskFailure", &json!({ "taskToken": token })).await.unwrap();
    let ended = bench.end(&execution).await;
    assert_eq!(ended.output.as_deref(), Some(r#"{"Error":null,"Cause":null}"#));
}

/// AWS takes the tolerances of a distributed Map in an inline one too.
#[test]
fn an_inline_map_may_name_tolerances() {
    let body = json!({ "StartAt": "Each", "States": { "Each": { "Type": "Pass", "End": true } } });
    let map = json!({
        "Type": "Map", "Items": [1], "ToleratedFailureCount": "{% $states.input.n %}", "ToleratedFailurePercentage": 100,
        "ItemProcessor": body, "End": true,
    });
    check(&machine("Map", json!({ "Map": map })), &json!({ "n": 1 }), &json!([1]));
}

/// Branches may also assign the variables of a Parallel's own catcher, which are not set yet for them.
#[test]
fn a_branch_may_assign_what_only_its_own_parallel_assigns() {
    let branch =
        json!({ "StartAt": "In", "States": { "In": { "Type": "Pass", "Assign": { "x": 1 }, "End": true } } });
    let parallel = json!({
        "Type": "Parallel", "Branches": [branch],
        "Catch": [{ "ErrorEquals": ["States.ALL"], "Assign": { "x": 2 }, "Next": "Done" }],
        "Next": "Done",
    });
    let definition = machine("Both", json!({ "Both": parallel, "Done": { "Type": "Succeed" } }));
    check(&definition, &json!({}), &json!([{}]));
}

/// `$range` returns a sequence on AWS, so one number comes alone and none is nothing.
#[test]
fn a_range_of_one_number_is_that_number() {
    check(&pass(json!("{% $range(1, 9, 9) %}")), &json!({}), &json!(1));
    check(&pass(json!("{% [$range(1, 9, 9)] %}")), &json!({}), &json!([1]));
    let cause = "An error occurred while executing the state 'Pass' (entered at the event id #2). The JSONata expression \
                 '$range(3, 1, 1)' specified for the field 'Output' returned nothing (undefined).";
    check_failure(&pass(json!("{% $range(3, 1, 1) %}")), &json!({}), "States.QueryEvaluationError", cause);
}

/// A missing function is reported with JSONata's own code.
#[test]
fn what_is_no_function_cannot_be_invoked() {
    for source in ["$randomSeeded(1)", "$eval('1')"] {
        let cause = format!(
            "An error occurred while executing the state 'Pass' (entered at the event id #2). The JSONata expression \
             '{source}' specified for the field 'Output/x' threw an error during evaluation. T1006: Attempted to invoke \
             a non-function"
        );
        let definition = pass(json!({ "x": format!("{{% {source} %}}") }));
        check_failure(&definition, &json!({}), "States.QueryEvaluationError", &cause);
    }
}
