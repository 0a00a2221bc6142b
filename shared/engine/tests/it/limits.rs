//! The quotas of Step Functions.

use std::sync::Arc;

use engine::{Engine, EngineError, Settings, SkippingClock, limits};
use serde_json::{Value, json};

use crate::bench::{Bench, Functions, call, check_failure, invoke, machine, pass, start_of_time};

#[test]
fn a_state_passes_on_at_most_the_quota_of_bytes() {
    // With its two quotes, the text has exactly as many bytes as may be.
    let largest = limits::PAYLOAD_BYTES - 2;
    let give = |count: usize| pass(json!(format!("{{% $pad('', {count}, 'x') %}}")));
    let ended = crate::bench::run(Functions::default(), &give(largest), &json!({}));
    assert_eq!(ended.output.unwrap().len(), limits::PAYLOAD_BYTES);
    check_failure(
        &give(largest + 1),
        &json!({}),
        "States.DataLimitExceeded",
        "The state/task 'Pass' returned a result with a size exceeding the maximum number of bytes service limit.",
    );
}

fn assign(count: usize) -> Value {
    json!(format!("{{% $pad('', {count}, 'x') %}}"))
}

#[test]
fn one_assign_holds_at_most_its_quota() {
    let definition = |first: usize, second: usize| {
        let assign = json!({ "a": assign(first), "b": assign(second) });
        machine("Keep", json!({ "Keep": { "Type": "Pass", "Assign": assign, "Output": 1, "End": true } }))
    };
    let half = limits::ASSIGN_BYTES / 2 - 2;
    let ended = crate::bench::run(Functions::default(), &definition(half, half), &json!({}));
    assert_eq!(ended.status, "SUCCEEDED");
    let ended = crate::bench::run(Functions::default(), &definition(half, half + 1), &json!({}));
    assert_eq!(ended.error.as_deref(), Some("States.DataLimitExceeded"));
}

#[test]
fn the_variables_of_an_execution_have_a_quota_together_and_replaced_ones_do_not_count() {
    // Forty times 256 KiB are the 10 MiB. All but one are kept by branches beside each other, and so not in sight of each
    // other.
    let branch = |number: usize, again: bool| {
        let (keep, more, rest) = (format!("Keep{number}"), format!("More{number}"), format!("Rest{number}"));
        let state = |next: &str| json!({ "Type": "Pass", "Assign": { "kept": "{% $large %}" }, "Output": 1, "Next": next });
        let mut states = json!({
            &keep: state(if again { &more } else { &rest }),
            &rest: { "Type": "Wait", "Seconds": 5, "End": true },
        });
        if again {
            states[&more] = state(&rest);
        }
        json!({ "StartAt": keep, "States": states })
    };
    let full = limits::VARIABLES_BYTES / limits::ASSIGN_BYTES;
    for (branches, error) in [(full - 1, None), (full, Some("States.DataLimitExceeded"))] {
        let branches: Vec<Value> = (0..branches).map(|number| branch(number, number == 0)).collect();
        let large = assign(limits::ASSIGN_BYTES - 2);
        let definition = machine(
            "Large",
            json!({
                "Large": { "Type": "Pass", "Assign": { "large": large }, "Output": 1, "Next": "All" },
                "All": { "Type": "Parallel", "Branches": branches, "End": true },
            }),
        );
        let ended = crate::bench::run(Functions::default(), &definition, &json!({}));
        assert_eq!(ended.error.as_deref(), error);
    }
}

#[tokio::test]
async fn no_more_executions_run_than_may() {
    let settings = Settings { running_executions: 2, ..Settings::default() };
    let clock = Arc::new(SkippingClock::new(start_of_time()));
    let functions = Arc::new(Functions::default().with("ask", |_, _| Ok(json!(null))));
    let engine = Engine::in_memory(clock, Arc::clone(&functions) as _, settings).unwrap();
    let mut ask =
        invoke("ask", json!({ "token": "{% $states.context.Task.Token %}" }), json!({ "End": true }));
    ask["Resource"] = json!("arn:aws:states:::lambda:invoke.waitForTaskToken");
    let definition = machine("Ask", json!({ "Ask": ask }));
    let machine = engine.put_state_machine("ask", &definition.to_string()).await.unwrap();
    for _ in 0..2 {
        engine.start_execution(&machine, None, &json!({})).await.unwrap();
    }
    engine.activity().quiet().await;
    let refused = engine.start_execution(&machine, None, &json!({})).await;
    assert!(matches!(refused, Err(EngineError::ExecutionLimitExceeded(2))), "{refused:?}");
    let token = functions.calls("ask")[0]["token"].as_str().unwrap().to_owned();
    engine.send_task_success(&token, &json!(1)).await.unwrap();
    engine.activity().quiet().await;
    engine.start_execution(&machine, None, &json!({})).await.unwrap();
}

#[tokio::test]
async fn definitions_names_and_tags_have_limits() {
    let bench = Bench::new(Functions::default()).await;
    let create = async |more: Value| {
        let mut request = json!({ "name": "m", "definition": pass(json!(1)).to_string(), "roleArn": "arn:aws:iam::0:role/r" });
        request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        call(&bench.engine, "CreateStateMachine", &request).await.map(drop)
    };
    let mut large = pass(json!(1));
    large["Comment"] = json!("x".repeat(limits::DEFINITION_BYTES));
    let mut versioned = pass(json!(1));
    versioned["Version"] = json!("2.0");
    let tags: Vec<Value> =
        (0..51).map(|number| json!({ "key": format!("k{number}"), "value": "v" })).collect();
    for (more, error) in [
        (json!({ "definition": large.to_string() }), "ValidationException"),
        (json!({ "definition": versioned.to_string() }), "InvalidDefinition"),
        (json!({ "name": "x".repeat(81) }), "ValidationException"),
        (json!({ "name": "" }), "ValidationException"),
        (json!({ "name": "a b" }), "InvalidName"),
        (json!({ "roleArn": "" }), "ValidationException"),
        (json!({ "tags": tags }), "TooManyTags"),
        (json!({ "versionDescription": "one" }), "ValidationException"),
        (json!({ "type": "EXPRESS" }), "StateMachineTypeNotSupported"),
        (json!({ "loggingConfiguration": { "level": "ALL" } }), "InvalidLoggingConfiguration"),
        (json!({ "tracingConfiguration": { "enabled": true } }), "InvalidTracingConfiguration"),
        (
            json!({ "encryptionConfiguration": { "type": "CUSTOMER_MANAGED_KMS_KEY" } }),
            "InvalidEncryptionConfiguration",
        ),
    ] {
        assert_eq!(create(more).await, Err(error.to_owned()));
    }
    let off =
        json!({ "loggingConfiguration": { "level": "OFF" }, "tracingConfiguration": { "enabled": false } });
    assert_eq!(create(off).await, Ok(()));
}

#[tokio::test]
async fn executions_are_listed_newest_first_page_by_page() {
    let mut bench = Bench::new(Functions::default()).await;
    let machine = bench.engine.put_state_machine("m", &pass(json!(1)).to_string()).await.unwrap();
    for name in ["a", "b", "c", "d", "e"] {
        let execution = bench.engine.start_execution(&machine, Some(name), &json!({})).await.unwrap();
        bench.end(&execution).await;
    }
    let mut names = Vec::new();
    let mut request = json!({ "stateMachineArn": machine, "maxResults": 2 });
    loop {
        let page = call(&bench.engine, "ListExecutions", &request).await.unwrap();
        names.extend(page["executions"].as_array().unwrap().iter().map(|row| row["name"].clone()));
        if page["nextToken"].is_null() {
            break;
        }
        request["nextToken"] = page["nextToken"].clone();
    }
    assert_eq!(json!(names), json!(["e", "d", "c", "b", "a"]));
}
