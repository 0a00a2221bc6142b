//! Functions, task tokens, and executions started by executions.

use engine::EngineError;
use serde_json::{Value, json};

use crate::bench::{Bench, Functions, call, invoke, machine, pass, start_of_time};

#[tokio::test]
async fn an_optimized_invocation_gives_lambdas_response() {
    let functions = Functions::default().with("greet", |_, payload| Ok(json!({ "hello": payload["name"] })));
    let mut bench = Bench::new(functions).await;
    let function = "arn:aws:lambda:us-east-1:000000000000:function:greet:$LATEST";
    let definition = machine(
        "Greet",
        json!({ "Greet": invoke(function, json!({ "name": "{% $states.input %}" }), json!({ "End": true })) }),
    );
    let ended = bench.run(&definition, &json!("Ada")).await;
    let output: Value = serde_json::from_str(&ended.output.unwrap()).unwrap();
    assert_eq!(
        output,
        json!({ "ExecutedVersion": "$LATEST", "Payload": { "hello": "Ada" }, "StatusCode": 200 })
    );
}

#[tokio::test]
async fn a_function_by_arn_gets_its_arguments_and_gives_its_result_bare() {
    let functions = Functions::default().with("greet", |_, payload| Ok(json!({ "got": payload })));
    let mut bench = Bench::new(functions).await;
    let definition = machine(
        "Greet",
        json!({ "Greet": {
            "Type": "Task",
            "Resource": "arn:aws:lambda:us-east-1:000000000000:function:greet",
            "Arguments": { "a": 1 },
            "End": true,
        } }),
    );
    let ended = bench.run(&definition, &json!({})).await;
    assert_eq!(ended.output.as_deref(), Some(r#"{"got":{"a":1}}"#));
    let types: Vec<Value> =
        bench.history(&ended.execution_arn).await.iter().map(|event| event["type"].clone()).collect();
    assert_eq!(
        json!(types[2..5]),
        json!(["LambdaFunctionScheduled", "LambdaFunctionStarted", "LambdaFunctionSucceeded"])
    );
}

fn ask(more: Value) -> Value {
    let mut state = invoke("ask", json!({ "token": "{% $states.context.Task.Token %}" }), more);
    state["Resource"] = json!("arn:aws:states:::lambda:invoke.waitForTaskToken");
    machine("Ask", json!({ "Ask": state }))
}

/// Starts a machine that asks, and gives the execution and the token.
async fn asked(bench: &Bench) -> (String, String) {
    let execution = bench.start(&ask(json!({ "End": true })), &json!({})).await;
    bench.engine.activity().quiet().await;
    let token = bench.functions.calls("ask")[0]["token"].as_str().unwrap().to_owned();
    (execution, token)
}

fn asking() -> Functions {
    Functions::default().with("ask", |_, _| Ok(json!(null)))
}

#[tokio::test]
async fn whoever_holds_the_token_gives_the_result() {
    let mut bench = Bench::new(asking()).await;
    let (execution, token) = asked(&bench).await;
    call(&bench.engine, "SendTaskHeartbeat", &json!({ "taskToken": token })).await.unwrap();
    bench.engine.send_task_success(&token, &json!({ "by": "ada" })).await.unwrap();
    assert_eq!(bench.end(&execution).await.output.as_deref(), Some(r#"{"by":"ada"}"#));
    let late = bench.engine.send_task_success(&token, &json!({})).await;
    assert!(matches!(late, Err(EngineError::TaskTimedOut)), "{late:?}");
}

#[tokio::test]
async fn a_token_can_bring_a_failure_and_cannot_be_forged() {
    let mut bench = Bench::new(asking()).await;
    let (execution, token) = asked(&bench).await;
    let mut forged = token.clone().into_bytes();
    let last = forged.len() - 5;
    forged[last] = if forged[last] == b'A' { b'B' } else { b'A' };
    let forged = String::from_utf8(forged).unwrap();
    for wrong in ["", "nonsense", forged.as_str()] {
        let refused = bench.engine.send_task_success(wrong, &json!({})).await;
        assert!(matches!(refused, Err(EngineError::InvalidToken(_))), "{wrong}: {refused:?}");
    }
    bench.engine.send_task_failure(&token, "Declined", "not today").await.unwrap();
    let ended = bench.end(&execution).await;
    assert_eq!((ended.error.as_deref(), ended.cause.as_deref()), (Some("Declined"), Some("not today")));
}

fn starts(suffix: &str, more: Value) -> Value {
    let mut state = json!({
        "Type": "Task",
        "Resource": format!("arn:aws:states:::states:startExecution{suffix}"),
        "Arguments": {
            "StateMachineArn": "arn:aws:states:us-east-1:000000000000:stateMachine:child",
            "Input": { "n": "{% $states.input.n %}" },
        },
        "End": true,
    });
    state.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    machine("Start", json!({ "Start": state }))
}

#[tokio::test]
async fn an_execution_waits_for_the_one_it_started() {
    let mut bench = Bench::new(Functions::default()).await;
    let child = machine(
        "Rest",
        json!({
            "Rest": { "Type": "Wait", "Seconds": 60, "Next": "Give" },
            "Give": { "Type": "Pass", "Output": { "twice": "{% $states.input.n * 2 %}" }, "End": true },
        }),
    );
    bench.engine.put_state_machine("child", &child.to_string()).await.unwrap();
    let definition = starts(".sync:2", json!({ "Output": "{% $states.result.Output.twice %}" }));
    let ended = bench.run(&definition, &json!({ "n": 4 })).await;
    assert_eq!(ended.output.as_deref(), Some("8"), "{ended:?}");
    assert_eq!(bench.elapsed(), 60.0);
    let definition = starts(".sync", json!({ "Output": "{% $states.result.Output %}" }));
    assert_eq!(
        bench.run(&definition, &json!({ "n": 4 })).await.output.as_deref(),
        Some(r#""{\"twice\":8}""#)
    );
}

#[tokio::test]
async fn a_failed_child_fails_the_task_and_a_missing_one_cannot_start() {
    let mut bench = Bench::new(Functions::default()).await;
    let ended = bench.run(&starts("", json!({})), &json!({ "n": 1 })).await;
    assert_eq!(ended.error.as_deref(), Some("StepFunctions.StateMachineDoesNotExistException"));
    let child = machine("No", json!({ "No": { "Type": "Fail", "Error": "Bad", "Cause": "luck" } }));
    bench.engine.put_state_machine("child", &child.to_string()).await.unwrap();
    let ended = bench.run(&starts(".sync:2", json!({})), &json!({ "n": 1 })).await;
    assert_eq!(ended.error.as_deref(), Some("States.TaskFailed"));
    let cause: Value = serde_json::from_str(&ended.cause.unwrap()).unwrap();
    assert_eq!(
        (&cause["Error"], &cause["Cause"], &cause["Status"]),
        (&json!("Bad"), &json!("luck"), &json!("FAILED"))
    );
}

#[tokio::test]
async fn stopping_an_execution_stops_those_it_waits_for() {
    let mut bench = Bench::new(asking()).await;
    bench.engine.put_state_machine("child", &ask(json!({ "End": true })).to_string()).await.unwrap();
    let parent = bench.start(&starts(".sync:2", json!({})), &json!({ "n": 1 })).await;
    bench.engine.activity().quiet().await;
    let children = call(
        &bench.engine,
        "ListExecutions",
        &json!({ "stateMachineArn": "arn:aws:states:us-east-1:000000000000:stateMachine:child" }),
    )
    .await
    .unwrap();
    let child = children["executions"][0]["executionArn"].as_str().unwrap().to_owned();
    call(&bench.engine, "StopExecution", &json!({ "executionArn": parent, "error": "Stopped" }))
        .await
        .unwrap();
    assert_eq!(bench.end(&child).await.status, "ABORTED");
    let parent = bench.engine.describe_execution(&parent).await.unwrap();
    assert_eq!((parent.status.as_str(), parent.error.as_deref()), ("ABORTED", Some("Stopped")));
}

#[tokio::test]
async fn a_child_whose_task_has_timed_out_is_stopped() {
    let mut bench = Bench::new(asking()).await;
    bench.engine.put_state_machine("child", &ask(json!({ "End": true })).to_string()).await.unwrap();
    let mut definition = starts(".sync:2", json!({ "TimeoutSeconds": 60 }));
    definition["States"]["Start"]["Catch"] = json!([{ "ErrorEquals": ["States.Timeout"], "Next": "Wait" }]);
    definition["States"]["Wait"] = json!({ "Type": "Wait", "Seconds": 60, "End": true });
    let parent = bench.start(&definition, &json!({ "n": 1 })).await;
    let request = json!({
        "stateMachineArn": "arn:aws:states:us-east-1:000000000000:stateMachine:child",
        "statusFilter": "ABORTED",
    });
    assert_eq!(bench.end(&parent).await.status, "SUCCEEDED");
    let stopped = call(&bench.engine, "ListExecutions", &request).await.unwrap();
    assert_eq!(stopped["executions"].as_array().unwrap().len(), 1);
    // Not at the parent's end, but when its task had waited long enough.
    let stopped_at = stopped["executions"][0]["stopDate"].as_f64();
    assert_eq!(stopped_at, Some(start_of_time().as_second() as f64 + 60.0));
}

#[tokio::test]
async fn a_running_execution_keeps_the_definition_it_started_with() {
    let mut bench = Bench::new(asking()).await;
    let machine =
        bench.engine.put_state_machine("machine", &ask(json!({ "End": true })).to_string()).await.unwrap();
    let (execution, token) = asked(&bench).await;
    bench.engine.put_state_machine("machine", &pass(json!("new")).to_string()).await.unwrap();
    bench.engine.send_task_success(&token, &json!("old")).await.unwrap();
    assert_eq!(bench.end(&execution).await.output.as_deref(), Some(r#""old""#));
    let second = bench.engine.start_execution(&machine, None, &json!({})).await.unwrap();
    assert_eq!(bench.end(&second).await.output.as_deref(), Some(r#""new""#));
}

#[tokio::test]
async fn the_role_of_a_task_is_in_the_history_and_nobody_assumes_it() {
    let functions = Functions::default().with("greet", |_, _| Ok(json!("hello")));
    let mut bench = Bench::new(functions).await;
    let definition = |role: Value| {
        let more = json!({ "Credentials": { "RoleArn": role }, "Next": "Bare" });
        let bare = json!({
            "Type": "Task",
            "Resource": "arn:aws:lambda:us-east-1:000000000000:function:greet",
            "Credentials": { "RoleArn": "arn:aws:iam::1:role/b" },
            "Output": "{% $states.result %}",
            "End": true,
        });
        machine("Greet", json!({ "Greet": invoke("greet", json!({}), more), "Bare": bare }))
    };
    let ended =
        bench.run(&definition(json!("{% 'arn:aws:iam::1:role/' & $states.input %}")), &json!("a")).await;
    assert_eq!(ended.output.as_deref(), Some("\"hello\""));
    let history = bench.history(&ended.execution_arn).await;
    let roles: Vec<&Value> = history
        .iter()
        .flat_map(|event| {
            [&event["taskScheduledEventDetails"], &event["lambdaFunctionScheduledEventDetails"]]
        })
        .map(|details| &details["taskCredentials"])
        .filter(|credentials| !credentials.is_null())
        .collect();
    assert_eq!(
        roles,
        [&json!({ "roleArn": "arn:aws:iam::1:role/a" }), &json!({ "roleArn": "arn:aws:iam::1:role/b" })]
    );
    let ended = bench.run(&definition(json!("{% 1 %}")), &json!("a")).await;
    assert_eq!(ended.error.as_deref(), Some("States.QueryEvaluationError"));
    assert!(ended.cause.unwrap().contains("'Credentials/RoleArn' returned an unexpected result type"));

    let mut without = definition(json!("any"));
    without["States"]["Greet"]["Credentials"] = json!({ "Role": "any" });
    let found = engine::validate(&without.to_string());
    assert_eq!(
        found[0].to_string(),
        "SCHEMA_VALIDATION_FAILED: The field 'RoleArn' is required but was missing at /States/Greet/Credentials"
    );
}

#[tokio::test]
async fn a_payload_that_is_json_as_text_is_sent_as_that_json() {
    let functions = Functions::default().with("echo", |_, payload| Ok(payload.clone()));
    let mut bench = Bench::new(functions).await;
    for (text, received) in [("\"quoted\"", json!("quoted")), ("[1]", json!([1])), ("plain", json!("plain"))]
    {
        let more = json!({ "Output": "{% $states.result.Payload %}", "End": true });
        let definition =
            machine("Echo", json!({ "Echo": invoke("echo", json!("{% $states.input %}"), more) }));
        let ended = bench.run(&definition, &json!(text)).await;
        assert_eq!(ended.output, Some(received.to_string()), "{text}");
    }
}
