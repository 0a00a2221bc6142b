//! The API, through the AWS SDK over HTTP.

use aws_sdk_sfn::Client;
use aws_sdk_sfn::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_sfn::types::{ExecutionStatus, HistoryEventType, ValidateStateMachineDefinitionResultCode};
use serde_json::{Value, json};

use crate::bench::{Bench, Functions, call, invoke, machine, pass};

/// A client of the engine, served on a free port.
pub(crate) async fn client(bench: &Bench) -> Client {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let router = bench.engine.router();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    let config = aws_sdk_sfn::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("any", "any", None, None, "test"))
        .endpoint_url(endpoint)
        .build();
    Client::from_conf(config)
}

pub(crate) async fn create(client: &Client, name: &str, definition: &Value) -> String {
    let created = client
        .create_state_machine()
        .name(name)
        .definition(definition.to_string())
        .role_arn("arn:aws:iam::000000000000:role/any")
        .send()
        .await
        .unwrap();
    created.state_machine_arn
}

#[tokio::test]
async fn the_sdk_creates_starts_describes_and_reads_the_history() {
    let functions =
        Functions::default().with("greet", |_, payload| Ok(json!(format!("Hello {}", payload["name"]))));
    let mut bench = Bench::new(functions).await;
    let client = client(&bench).await;
    let definition = machine(
        "Greet",
        json!({ "Greet": invoke("greet", json!("{% $states.input %}"), json!({
            "Assign": { "greeting": "{% $states.result.Payload %}" },
            "Output": "{% $states.result.Payload %}",
            "End": true,
        })) }),
    );
    let arn = create(&client, "greet", &definition).await;
    assert_eq!(arn, "arn:aws:states:us-east-1:000000000000:stateMachine:greet");
    let input = r#"{"name": "Ada"}"#;
    let started =
        client.start_execution().state_machine_arn(&arn).name("one").input(input).send().await.unwrap();
    let again = client.start_execution().state_machine_arn(&arn).name("one").input("{}").send().await;
    assert!(again.unwrap_err().into_service_error().is_execution_already_exists());
    bench.end(&started.execution_arn).await;
    let described = client.describe_execution().execution_arn(&started.execution_arn).send().await.unwrap();
    assert_eq!(described.status, ExecutionStatus::Succeeded);
    assert_eq!(described.output.as_deref(), Some(r#""Hello \"Ada\"""#));
    assert_eq!(described.input.as_deref(), Some(input));
    assert_eq!(described.start_date, started.start_date);

    let mut pages = client
        .get_execution_history()
        .execution_arn(&started.execution_arn)
        .into_paginator()
        .page_size(3)
        .items()
        .send();
    let mut events = Vec::new();
    while let Some(event) = pages.next().await {
        events.push(event.unwrap());
    }
    let types: Vec<&HistoryEventType> = events.iter().map(|event| &event.r#type).collect();
    assert_eq!(
        types,
        [
            &HistoryEventType::ExecutionStarted,
            &HistoryEventType::TaskStateEntered,
            &HistoryEventType::TaskScheduled,
            &HistoryEventType::TaskStarted,
            &HistoryEventType::TaskSucceeded,
            &HistoryEventType::TaskStateExited,
            &HistoryEventType::ExecutionSucceeded,
        ]
    );
    let numbers: Vec<(i64, i64)> = events.iter().map(|event| (event.id, event.previous_event_id)).collect();
    assert_eq!(numbers, [(1, 0), (2, 0), (3, 2), (4, 3), (5, 4), (6, 5), (7, 6)]);
    let scheduled = events[2].task_scheduled_event_details.as_ref().unwrap();
    assert_eq!((scheduled.resource_type.as_str(), scheduled.resource.as_str()), ("lambda", "invoke"));
    let exited = events[5].state_exited_event_details.as_ref().unwrap();
    assert_eq!(exited.assigned_variables.as_ref().unwrap()["greeting"], r#""Hello \"Ada\"""#);
    let last = client
        .get_execution_history()
        .execution_arn(&started.execution_arn)
        .reverse_order(true)
        .max_results(1)
        .include_execution_data(false)
        .send()
        .await
        .unwrap();
    assert_eq!(last.events[0].id, 7);
    assert_eq!(last.events[0].execution_succeeded_event_details.as_ref().unwrap().output, None);
}

#[tokio::test]
async fn a_repeated_start_is_the_same_start() {
    let mut state =
        invoke("ask", json!({ "token": "{% $states.context.Task.Token %}" }), json!({ "End": true }));
    state["Resource"] = json!("arn:aws:states:::lambda:invoke.waitForTaskToken");
    let mut bench = Bench::new(Functions::default().with("ask", |_, _| Ok(json!(null)))).await;
    let client = client(&bench).await;
    let arn = create(&client, "ask", &machine("Ask", json!({ "Ask": state }))).await;
    let start = || client.start_execution().state_machine_arn(&arn).name("one").input("{}").send();
    let (first, second) = tokio::join!(start(), start());
    let (first, second) = (first.unwrap(), second.unwrap());
    assert_eq!((&first.execution_arn, first.start_date), (&second.execution_arn, second.start_date));
    bench.engine.activity().quiet().await;
    let tokens = bench.functions.calls("ask");
    assert_eq!(tokens.len(), 1);
    let token = tokens[0]["token"].as_str().unwrap();
    let wrong = client.send_task_success().task_token("x").output("{}").send().await;
    assert!(wrong.unwrap_err().into_service_error().is_invalid_token());
    let wrong = client.send_task_success().task_token(token).output("{").send().await;
    assert!(wrong.unwrap_err().into_service_error().is_invalid_output());
    client.send_task_heartbeat().task_token(token).send().await.unwrap();
    client.send_task_failure().task_token(token).error("Declined").cause("no").send().await.unwrap();
    bench.end(&first.execution_arn).await;
    let late = client.send_task_success().task_token(token).output("{}").send().await;
    assert!(late.unwrap_err().into_service_error().is_task_timed_out());
    let again = start().await;
    assert!(again.unwrap_err().into_service_error().is_execution_already_exists());
    let failed = client
        .list_executions()
        .state_machine_arn(&arn)
        .status_filter(ExecutionStatus::Failed)
        .send()
        .await
        .unwrap();
    assert_eq!(failed.executions.len(), 1);
}

#[tokio::test]
async fn state_machines_are_listed_updated_tagged_and_deleted() {
    let bench = Bench::new(Functions::default()).await;
    let client = client(&bench).await;
    let first = create(&client, "a", &pass(json!(1))).await;
    assert_eq!(create(&client, "a", &pass(json!(1))).await, first);
    create(&client, "b", &pass(json!(1))).await;
    let other = client
        .create_state_machine()
        .name("a")
        .definition(pass(json!(2)).to_string())
        .role_arn("arn:aws:iam::000000000000:role/any")
        .send()
        .await;
    assert!(other.unwrap_err().into_service_error().is_state_machine_already_exists());
    let listed = client.list_state_machines().max_results(1).send().await.unwrap();
    assert_eq!(listed.state_machines[0].name, "a");
    let listed = client.list_state_machines().set_next_token(listed.next_token).send().await.unwrap();
    assert_eq!(listed.state_machines[0].name, "b");
    let definition = pass(json!(3)).to_string();
    client.update_state_machine().state_machine_arn(&first).definition(&definition).send().await.unwrap();
    let described = client.describe_state_machine().state_machine_arn(&first).send().await.unwrap();
    assert_eq!(described.definition, definition);
    let tag = aws_sdk_sfn::types::Tag::builder().key("team").value("shop").build();
    client.tag_resource().resource_arn(&first).tags(tag).send().await.unwrap();
    let tags = client.list_tags_for_resource().resource_arn(&first).send().await.unwrap();
    assert_eq!(tags.tags()[0].value(), Some("shop"));
    client.delete_state_machine().state_machine_arn(&first).send().await.unwrap();
    let gone = client.describe_state_machine().state_machine_arn(&first).send().await;
    assert!(gone.unwrap_err().into_service_error().is_state_machine_does_not_exist());
}

#[tokio::test]
async fn a_states_own_query_language_is_refused_by_that_name() {
    let bench = Bench::new(Functions::default()).await;
    let client = client(&bench).await;
    let state = json!({ "Type": "Succeed", "QueryLanguage": "JSONata" });
    for top in [json!({}), json!({ "QueryLanguage": "JSONPath" })] {
        let mut definition = json!({ "StartAt": "A", "States": { "A": state } });
        definition.as_object_mut().unwrap().extend(top.as_object().unwrap().clone());
        let request = client.create_state_machine().name("bad").role_arn("arn:aws:iam::0:role/r");
        let error = request.definition(definition.to_string()).send().await.unwrap_err();
        let error = error.into_service_error().to_string();
        let is_named = error.contains("QueryLanguage")
            && (error.contains("/States/A/QueryLanguage") || top != json!({}));
        assert!(is_named, "{error}");
    }
    let whole = machine("A", json!({ "A": state }));
    let request = client.create_state_machine().name("good").role_arn("arn:aws:iam::0:role/r");
    request.definition(whole.to_string()).send().await.unwrap();
}

#[tokio::test]
async fn definitions_that_cannot_be_used_are_refused() {
    let bench = Bench::new(Functions::default()).await;
    let client = client(&bench).await;
    let bad = [
        (json!({ "StartAt": "A", "States": { "A": { "Type": "Succeed" } } }), "QueryLanguage"),
        (pass(json!("{% $a ?? 1 %}")), "INVALID_JSONATA_EXPRESSION"),
        (pass(json!("{% $states.result %}")), "'$states.result' does not exist"),
        (pass(json!({ "v": "{% phone %}" })), "Reference to 'phone' at the top level is not supported"),
        (pass(json!("{% $states.output %}")), "'$states.output' does not exist"),
        (machine("B", json!({ "A": { "Type": "Succeed" } })), "there is no state 'B'"),
        (
            machine("A", json!({ "A": { "Type": "Pass", "InputPath": "$", "End": true } })),
            "belongs to JSONPath",
        ),
        (machine("A", json!({ "A": { "Type": "Pass", "Next": "A" } })), "No state ends the flow"),
        (machine("A", json!({ "A": { "Type": "Succeed" }, "B": { "Type": "Succeed" } })), "is not reachable"),
        (
            machine("A", json!({ "A": { "Type": "Pass", "Assign": { "states": 1 }, "End": true } })),
            "is not 'states'",
        ),
        (
            machine(
                "A",
                json!({ "A": { "Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "End": true } }),
            ),
            "cannot be called",
        ),
        (
            machine(
                "A",
                json!({ "A": {
                "Type": "Task",
                "Resource": "arn:aws:states:::lambda:invoke",
                "Arguments": { "Payload": 1 },
                "End": true,
            } }),
            ),
            "The field 'FunctionName' is required",
        ),
        (
            machine(
                "B",
                json!({ "B": { "Type": "Pass", "Assign": { "x": 1 }, "Next": "A" }, "A": {
                "Type": "Map",
                "ItemProcessor": { "StartAt": "I", "States": { "I": { "Type": "Pass", "Assign": { "x": 2 }, "End": true } } },
                "End": true,
            } }),
            ),
            "belongs to an outer scope",
        ),
        (
            machine(
                "A",
                json!({ "A": {
                "Type": "Task",
                "Resource": "arn:aws:states:::lambda:invoke",
                "Retry": [{ "ErrorEquals": ["States.ALL"] }, { "ErrorEquals": ["X"] }],
                "End": true,
            } }),
            ),
            "must be alone in its list",
        ),
    ];
    for (definition, message) in bad {
        let text = definition.to_string();
        let refused = client
            .create_state_machine()
            .name("bad")
            .definition(&text)
            .role_arn("arn:aws:iam::000000000000:role/any")
            .send()
            .await
            .unwrap_err()
            .into_service_error();
        assert!(refused.is_invalid_definition(), "{text}: {refused:?}");
        let told = refused.meta().message().unwrap();
        assert!(told.contains(message), "{text}: {told}");
        let validated = client.validate_state_machine_definition().definition(&text).send().await.unwrap();
        assert_eq!(validated.result, ValidateStateMachineDefinitionResultCode::Fail);
    }
    let good = pass(json!(1)).to_string();
    let validated = client.validate_state_machine_definition().definition(good).send().await.unwrap();
    assert_eq!(validated.result, ValidateStateMachineDefinitionResultCode::Ok);
}

#[tokio::test]
async fn requests_that_make_no_sense_get_named_errors() {
    let bench = Bench::new(Functions::default()).await;
    let arn = bench.engine.put_state_machine("m", &pass(json!(1)).to_string()).await.unwrap();
    let execution = "arn:aws:states:us-east-1:000000000000:execution:m:none";
    for (operation, request, error) in [
        ("FlyToTheMoon", json!({}), "UnknownOperationException"),
        ("CreateActivity", json!({ "name": "a" }), "UnknownOperationException"),
        ("DescribeMapRun", json!({}), "UnknownOperationException"),
        ("StartSyncExecution", json!({ "stateMachineArn": arn }), "StateMachineTypeNotSupported"),
        (
            "ValidateStateMachineDefinition",
            json!({ "definition": "{}", "maxResults": 101 }),
            "ValidationException",
        ),
        (
            "ValidateStateMachineDefinition",
            json!({ "definition": "{}", "severity": "ALL" }),
            "ValidationException",
        ),
        (
            "UpdateStateMachine",
            json!({ "stateMachineArn": format!("{arn}:1"), "roleArn": "r" }),
            "ValidationException",
        ),
        ("DeleteStateMachine", json!({ "stateMachineArn": format!("{arn}:1") }), "ValidationException"),
        ("ListExecutions", json!({}), "ValidationException"),
        ("ListExecutions", json!({ "mapRunArn": "arn" }), "ResourceNotFound"),
        ("ListExecutions", json!({ "stateMachineArn": arn, "redriveFilter": "ALL" }), "ValidationException"),
        ("RedriveExecution", json!({ "executionArn": arn }), "InvalidArn"),
        ("DescribeStateMachineAlias", json!({ "stateMachineAliasArn": arn }), "InvalidArn"),
        (
            "DescribeStateMachineAlias",
            json!({ "stateMachineAliasArn": format!("{arn}:live") }),
            "ResourceNotFound",
        ),
        (
            "DeleteStateMachineVersion",
            json!({ "stateMachineVersionArn": format!("{arn}:live") }),
            "InvalidArn",
        ),
        ("ListTagsForResource", json!({ "resourceArn": format!("{arn}2") }), "ResourceNotFound"),
        (
            "TagResource",
            json!({ "resourceArn": arn, "tags": [{ "key": "", "value": "v" }] }),
            "ValidationException",
        ),
        ("StartExecution", json!({}), "ValidationException"),
        ("StartExecution", json!({ "stateMachineArn": "m" }), "InvalidArn"),
        ("StartExecution", json!({ "stateMachineArn": format!("{arn}2") }), "StateMachineDoesNotExist"),
        ("StartExecution", json!({ "stateMachineArn": arn, "name": "a b" }), "InvalidName"),
        ("StartExecution", json!({ "stateMachineArn": arn, "input": "{" }), "InvalidExecutionInput"),
        (
            "StartExecution",
            json!({ "stateMachineArn": arn, "input": format!("\"{}\"", "x".repeat(262_144)) }),
            "InvalidExecutionInput",
        ),
        ("DescribeExecution", json!({ "executionArn": arn }), "InvalidArn"),
        ("DescribeExecution", json!({ "executionArn": execution }), "ExecutionDoesNotExist"),
        ("GetExecutionHistory", json!({ "executionArn": execution }), "ExecutionDoesNotExist"),
        ("ListExecutions", json!({ "stateMachineArn": arn, "nextToken": "?" }), "InvalidToken"),
        ("ListExecutions", json!({ "stateMachineArn": arn, "statusFilter": "DONE" }), "ValidationException"),
        ("ListStateMachines", json!({ "maxResults": 1001 }), "ValidationException"),
        ("UpdateStateMachine", json!({ "stateMachineArn": arn }), "MissingRequiredParameter"),
    ] {
        assert_eq!(
            call(&bench.engine, operation, &request).await,
            Err(error.to_owned()),
            "{operation} {request}"
        );
    }
}

#[tokio::test]
async fn status_changes_are_published_in_the_form_of_eventbridge() {
    let mut bench = Bench::new(Functions::default()).await;
    let mut changes = bench.engine.subscribe();
    let ended = bench.run(&pass(json!({ "ok": true })), &json!({ "n": 1 })).await;
    let running = changes.recv().await.unwrap().document;
    assert_eq!(running["detail-type"], "Step Functions Execution Status Change");
    assert_eq!(
        (&running["detail"]["status"], &running["detail"]["output"]),
        (&json!("RUNNING"), &Value::Null)
    );
    let detail = changes.recv().await.unwrap().document["detail"].clone();
    assert_eq!(detail["executionArn"], json!(ended.execution_arn));
    assert_eq!(detail["status"], "SUCCEEDED");
    assert_eq!(detail["input"], r#"{"n":1}"#);
    assert_eq!(detail["output"], r#"{"ok":true}"#);
    assert_eq!(detail["stopDate"], json!(ended.stopped.unwrap().as_millisecond()));
}
