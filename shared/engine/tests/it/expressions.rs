//! Fields with JSONata in them.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::bench::{Bench, Functions, check, check_failure, machine, pass};

#[test]
fn expressions_are_evaluated_wherever_they_stand_in_json() {
    check(
        &pass(
            json!({ "sum": "{% $states.input.a + 1 %}", "list": ["{% 'x' & 'y' %}", 2], "plain": "{% no" }),
        ),
        &json!({ "a": 2 }),
        &json!({ "sum": 3, "list": ["xy", 2], "plain": "{% no" }),
    );
    check(&pass(json!("{% $states.input %}")), &json!([1, null]), &json!([1, null]));
}

#[test]
fn variables_are_seen_from_the_next_state_on() {
    let definition = machine(
        "First",
        json!({
            "First": { "Type": "Pass", "Assign": { "x": 1, "y": "{% $states.input.n %}" }, "Next": "Second" },
            "Second": {
                "Type": "Pass",
                "Assign": { "x": "{% $x + 10 %}", "z": "{% $x %}" },
                "Output": "{% $x %}",
                "Next": "Third"
            },
            "Third": {
                "Type": "Pass",
                "Output": { "input": "{% $states.input %}", "x": "{% $x %}", "y": "{% $y %}", "z": "{% $z %}" },
                "End": true
            },
        }),
    );
    check(&definition, &json!({ "n": 5 }), &json!({ "input": 1, "x": 11, "y": 5, "z": 1 }));
}

#[test]
fn the_context_object_tells_about_execution_and_state() {
    let definition = pass(json!({
        "machine": "{% $states.context.StateMachine.Name %}",
        "input": "{% $states.context.Execution.Input.a %}",
        "state": "{% $states.context.State.Name %}",
        "start": "{% $states.context.Execution.StartTime %}",
        "token": "{% $exists($states.context.Task.Token) %}",
    }));
    let expected = json!({
        "machine": "machine", "input": 1, "state": "Pass", "start": "2026-01-01T00:00:00.000Z", "token": false,
    });
    check(&definition, &json!({ "a": 1 }), &expected);
}

#[test]
fn nothing_is_an_error_that_names_its_field() {
    let prefix = "An error occurred while executing the state 'Pass' (entered at the event id #2). ";
    for (output, expression, field) in [
        (json!({ "result": "{% $doesNotExist %}" }), "$doesNotExist", "Output/result"),
        (json!("{% $states.input.x %}"), "$states.input.x", "Output"),
        (json!({ "a": [1, "{%$q%}"] }), "$q", "Output/a[1]"),
    ] {
        let cause = format!(
            "{prefix}The JSONata expression '{expression}' specified for the field '{field}' returned nothing (undefined)."
        );
        check_failure(&pass(output), &json!({}), "States.QueryEvaluationError", &cause);
    }
}

#[test]
fn what_an_expression_throws_is_told_with_its_code() {
    let cause = "An error occurred while executing the state 'Pass' (entered at the event id #2). The JSONata \
                 expression '1 + 'a'' specified for the field 'Output' threw an error during evaluation. T2002: The \
                 right side of the \"+\" operator must evaluate to a number";
    check_failure(&pass(json!("{% 1 + 'a' %}")), &json!({}), "States.QueryEvaluationError", cause);
}

#[test]
fn output_over_the_quota_ends_the_execution() {
    let cause = "The state/task 'Pass' returned a result with a size exceeding the maximum number of bytes service limit.";
    check_failure(&pass(json!("{% $pad('', 262144, 'x') %}")), &json!({}), "States.DataLimitExceeded", cause);
}

#[test]
fn variables_over_the_quota_end_the_execution() {
    let definition = machine(
        "Set",
        json!({ "Set": {
            "Type": "Pass",
            "Assign": { "a": "{% $pad('', 140000, 'x') %}", "b": "{% $pad('', 140000, 'x') %}" },
            "End": true,
        } }),
    );
    let cause = "The state/task 'Set' returned a result with a size exceeding the maximum number of bytes service limit.";
    check_failure(&definition, &json!({}), "States.DataLimitExceeded", cause);
}

#[test]
fn functions_of_step_functions_are_there() {
    check(
        &pass(json!({
            "parts": "{% $partition([1..5], 2) %}",
            "range": "{% $range(1, 2, 0.9 + 0.1) %}",
            "parsed": "{% $parse('[1]') %}",
            "hash": "{% $hash('abc', 'SHA-256') %}",
            "uuid": "{% $length($uuid()) %}",
        })),
        &json!({}),
        &json!({
            "parts": [[1, 2], [3, 4], [5]],
            "range": [1, 2],
            "parsed": [1],
            "hash": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            "uuid": 36,
        }),
    );
}

#[tokio::test]
async fn an_expression_that_takes_long_holds_up_nobody() {
    let bench = Bench::new(Functions::default()).await;
    let long = pass(json!("{% $sum($map([1..50000], function($n) { $n % 7 })) %}"));
    bench.start(&long, &json!(null)).await;
    let activity = bench.engine.activity();
    let begun = Instant::now();
    let (mut last, mut longest) = (begun, Duration::ZERO);
    while !activity.is_quiet() {
        tokio::task::yield_now().await;
        longest = longest.max(last.elapsed());
        last = Instant::now();
    }
    let all = begun.elapsed();
    assert!(longest < all / 2, "of {all:?} that it took, others waited for {longest:?} at once");
}

/// With a single worker, nothing else would run until the endless expression is cut off.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_slow_expression_holds_up_nothing_else() {
    let mut bench = Bench::new(Functions::default()).await;
    let endless = pass(json!("{% ($f := function() { $f() }; $f()) %}"));
    let started = Instant::now();
    let execution = bench.start(&endless, &json!({})).await;
    let mut longest = Duration::ZERO;
    let mut ended = std::pin::pin!(bench.end(&execution));
    let ended = loop {
        let asked = Instant::now();
        let ended = tokio::select! {
            biased;
            ended = &mut ended => Some(ended),
            other = tokio::spawn(async {}) => other.map(|()| None).unwrap(),
        };
        longest = longest.max(asked.elapsed());
        if let Some(ended) = ended {
            break ended;
        }
    };
    assert_eq!(ended.error.as_deref(), Some("States.QueryEvaluationError"));
    assert!(longest * 2 < started.elapsed(), "{longest:?} of {:?}", started.elapsed());
}
