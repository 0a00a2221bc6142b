//! Trying out one state.

use engine::FunctionError;
use serde_json::{Value, json};

use crate::bench::{Bench, Functions, call, invoke, machine};

async fn bench() -> Bench {
    let functions = Functions::default()
        .with("greet", |_, payload| Ok(json!({ "hello": payload })))
        .with("broken", |_, _| Err(FunctionError::new("Broken", "as ever")));
    Bench::new(functions).await
}

/// Tries out a state; `more` has further fields of the request.
async fn test(bench: &Bench, state: &Value, more: Value) -> Result<Value, String> {
    let mut state = state.clone();
    state["QueryLanguage"] = json!("JSONata");
    let mut request = json!({ "definition": state.to_string(), "inspectionLevel": "DEBUG" });
    request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    call(&bench.engine, "TestState", &request).await
}

#[track_caller]
fn check(answer: &Value, expected: Value) {
    for (field, value) in expected.as_object().unwrap() {
        assert_eq!(&answer[field], value, "{field} of {answer}");
    }
}

#[tokio::test]
async fn a_task_shows_its_arguments_result_variables_and_next_state() {
    let bench = bench().await;
    let state = invoke(
        "greet",
        json!({ "name": "{% $name %}" }),
        json!({ "Assign": { "greeting": "{% $states.result.Payload %}" }, "Output": "{% $states.result.StatusCode %}",
                "Next": "Elsewhere" }),
    );
    let answer =
        test(&bench, &state, json!({ "variables": r#"{"name":"Ada"}"#, "input": r#"{"n":1}"# })).await;
    let answer = answer.unwrap();
    check(
        &answer,
        json!({ "status": "SUCCEEDED", "output": "200", "nextState": "Elsewhere", "error": null }),
    );
    check(
        &answer["inspectionData"],
        json!({
            "input": r#"{"n":1}"#,
            "afterArguments": r#"{"FunctionName":"greet","Payload":{"name":"Ada"}}"#,
            "result": r#"{"ExecutedVersion":"$LATEST","Payload":{"hello":{"name":"Ada"}},"StatusCode":200}"#,
            "variables": r#"{"name":"Ada","greeting":{"hello":{"name":"Ada"}}}"#,
        }),
    );
    let brief =
        test(&bench, &state, json!({ "variables": r#"{"name":"Ada"}"#, "inspectionLevel": "INFO" })).await;
    assert_eq!(brief.unwrap()["inspectionData"], Value::Null);
}

#[tokio::test]
async fn an_error_is_retriable_caught_or_final() {
    let bench = bench().await;
    let state = invoke(
        "broken",
        json!({}),
        json!({
            "Retry": [{ "ErrorEquals": ["Other"] }, { "ErrorEquals": ["Broken"], "MaxAttempts": 2, "IntervalSeconds": 3 }],
            "Catch": [{ "ErrorEquals": ["States.ALL"], "Output": "{% $states.errorOutput.Error %}", "Next": "Help" }],
            "End": true,
        }),
    );
    let first = test(&bench, &state, json!({})).await.unwrap();
    check(&first, json!({ "status": "RETRIABLE", "error": "Broken", "output": null, "nextState": null }));
    let details = json!({ "retryIndex": 1, "retryBackoffIntervalSeconds": 3 });
    assert_eq!(first["inspectionData"]["errorDetails"], details);
    let mocked = |retries: u64| {
        json!({
            "mock": { "errorOutput": { "error": "Broken", "cause": "mocked" } },
            "stateConfiguration": { "retrierRetryCount": retries },
        })
    };
    let second = test(&bench, &state, mocked(1)).await.unwrap();
    check(&second, json!({ "status": "RETRIABLE", "cause": "mocked" }));
    assert_eq!(second["inspectionData"]["errorDetails"]["retryBackoffIntervalSeconds"], 6);
    let third = test(&bench, &state, mocked(2)).await.unwrap();
    check(
        &third,
        json!({ "status": "CAUGHT_ERROR", "error": "Broken", "output": "\"Broken\"", "nextState": "Help" }),
    );
    assert_eq!(third["inspectionData"]["errorDetails"], json!({ "catchIndex": 0 }));
    let mut bare = state.clone();
    bare.as_object_mut().unwrap().retain(|field, _| field != "Catch" && field != "Retry");
    let answer = test(&bench, &bare, json!({})).await.unwrap();
    let cause = r#"{"errorType":"Broken","errorMessage":"as ever"}"#;
    check(&answer, json!({ "status": "FAILED", "error": "Broken", "cause": cause, "nextState": null }));
}

#[tokio::test]
async fn states_of_other_types_are_tried_out_without_waiting() {
    let bench = bench().await;
    let wait = json!({ "Type": "Wait", "Seconds": "{% $s %}", "Next": "Then" });
    let answer = test(&bench, &wait, json!({ "variables": r#"{"s":200}"# })).await.unwrap();
    check(&answer, json!({ "status": "SUCCEEDED", "output": "{}", "nextState": "Then" }));
    let answer = test(&bench, &wait, json!({ "variables": r#"{"s":301}"# })).await.unwrap();
    check(&answer, json!({ "status": "FAILED", "error": "States.Timeout" }));
    assert_eq!(bench.elapsed(), 0.0);
    let choice = json!({ "Type": "Choice", "Default": "No", "Choices": [{ "Condition": "{% $states.input.ok %}", "Next": "Yes" }] });
    let answer = test(&bench, &choice, json!({ "input": r#"{"ok":true}"# })).await.unwrap();
    check(&answer, json!({ "status": "SUCCEEDED", "nextState": "Yes" }));
    let fail = json!({ "Type": "Fail", "Error": "Bad", "Cause": "{% 'c' & 'd' %}" });
    let answer = test(&bench, &fail, json!({})).await.unwrap();
    check(&answer, json!({ "status": "FAILED", "error": "Bad", "cause": "cd" }));
    let undefined = json!({ "Type": "Pass", "Output": "{% $nothing %}", "End": true });
    let answer = test(&bench, &undefined, json!({})).await.unwrap();
    check(&answer, json!({ "status": "FAILED", "error": "States.QueryEvaluationError" }));
}

#[tokio::test]
async fn parallel_and_map_states_get_a_mocked_result() {
    let bench = bench().await;
    let body = json!({ "StartAt": "In", "States": { "In": { "Type": "Succeed" } } });
    let map = json!({
        "Type": "Map",
        "Items": "{% $states.input.list %}",
        "ItemSelector": { "at": "{% $states.context.Map.Item.Index %}", "item": "{% $states.context.Map.Item.Value %}" },
        "MaxConcurrency": 1,
        "ItemProcessor": body,
        "Output": "{% $sum($states.result) %}",
        "Retry": [{ "ErrorEquals": ["Inner"] }],
        "End": true,
    });
    let request = |mock: Value| json!({ "input": r#"{"list":["a","b"]}"#, "mock": mock });
    let answer = test(&bench, &map, request(json!({ "result": "[1,2]" }))).await.unwrap();
    check(&answer, json!({ "status": "SUCCEEDED", "output": "3" }));
    check(
        &answer["inspectionData"],
        json!({ "afterItemSelector": r#"[{"at":0,"item":"a"},{"at":1,"item":"b"}]"#, "maxConcurrency": 1, "result": "[1,2]" }),
    );
    let mut failing = request(json!({ "errorOutput": { "error": "Inner" } }));
    failing["stateConfiguration"] = json!({ "errorCausedByState": "In" });
    check(&test(&bench, &map, failing).await.unwrap(), json!({ "status": "RETRIABLE", "error": "Inner" }));
    let parallel = json!({ "Type": "Parallel", "Arguments": { "x": "{% 1 + 1 %}" }, "Branches": [body, machine_of("Other")],
                           "End": true });
    let answer = test(&bench, &parallel, json!({ "mock": { "result": "[1,[2]]" } })).await.unwrap();
    check(&answer, json!({ "status": "SUCCEEDED", "output": "[1,[2]]" }));
    assert_eq!(answer["inspectionData"]["afterArguments"], r#"{"x":2}"#);
}

fn machine_of(name: &str) -> Value {
    let mut machine = machine(name, json!({ name: { "Type": "Succeed" } }));
    machine.as_object_mut().unwrap().remove("QueryLanguage");
    machine
}

#[tokio::test]
async fn a_state_of_a_whole_machine_is_found_by_name_and_the_context_can_be_given() {
    let bench = bench().await;
    let mut ask =
        invoke("ask", json!({ "token": "{% $states.context.Task.Token %}" }), json!({ "End": true }));
    ask["Resource"] = json!("arn:aws:states:::lambda:invoke.waitForTaskToken");
    let definition = machine(
        "Both",
        json!({ "Both": { "Type": "Parallel", "End": true, "Branches": [{ "StartAt": "Ask", "States": { "Ask": ask } }] } }),
    );
    let mut request = json!({
        "definition": definition.to_string(),
        "stateName": "Ask",
        "inspectionLevel": "TRACE",
        "mock": { "result": r#"{"by":"ada"}"# },
        "context": r#"{"Task":{"Token":"given"}}"#,
    });
    let answer = call(&bench.engine, "TestState", &request).await.unwrap();
    check(&answer, json!({ "status": "SUCCEEDED", "output": r#"{"by":"ada"}"# }));
    let arguments = r#"{"FunctionName":"ask","Payload":{"token":"given"}}"#;
    assert_eq!(answer["inspectionData"]["afterArguments"], arguments);
    request["stateName"] = json!("Nobody");
    assert_eq!(call(&bench.engine, "TestState", &request).await, Err("ValidationException".to_owned()));
}

#[tokio::test]
async fn requests_that_cannot_be_tried_out_are_refused() {
    let bench = bench().await;
    let pass = json!({ "Type": "Pass", "End": true });
    let task = invoke("greet", json!({}), json!({ "End": true }));
    let mut sync = invoke("greet", json!({}), json!({ "End": true }));
    sync["Resource"] = json!("arn:aws:states:::lambda:invoke.waitForTaskToken");
    for (state, more, error) in [
        (&json!({ "Type": "Pass" }), json!({}), "InvalidDefinition"),
        (&pass, json!({ "input": "{" }), "InvalidExecutionInput"),
        (&pass, json!({ "inspectionLevel": "ALL" }), "ValidationException"),
        (&pass, json!({ "mock": { "result": "1" } }), "ValidationException"),
        (&pass, json!({ "variables": "[]" }), "ValidationException"),
        (&task, json!({ "context": "{}" }), "ValidationException"),
        (&task, json!({ "mock": {} }), "ValidationException"),
        (&task, json!({ "mock": { "result": "{\"StatusCode\":\"x\"}" } }), "ValidationException"),
        (&task, json!({ "mock": { "errorOutput": {} } }), "ValidationException"),
        (
            &task,
            json!({ "mock": { "result": "1" }, "stateConfiguration": { "retrierRetryCount": 1 } }),
            "ValidationException",
        ),
        (&sync, json!({}), "ValidationException"),
    ] {
        assert_eq!(test(&bench, state, more.clone()).await, Err(error.to_owned()), "{state} {more}");
    }
    let loose = json!({ "mock": { "result": "{\"StatusCode\":\"x\"}", "fieldValidationMode": "NONE" } });
    check(&test(&bench, &task, loose).await.unwrap(), json!({ "status": "SUCCEEDED" }));
}
