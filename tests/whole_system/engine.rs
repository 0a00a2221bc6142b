//! `ticketsmith engine`: only Step Functions, with functions behind Lambda's Invoke API.

use crate::process::Process;
use crate::support::eventually;
use axum::extract::{Path, State};
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(30);

/// The payloads that functions were invoked with.
type Invoked = Arc<Mutex<Vec<(String, Value)>>>;

async fn invoke(
    State(invoked): State<Invoked>,
    Path(function): Path<String>,
    Json(payload): Json<Value>,
) -> Json<Value> {
    invoked.lock().unwrap().push((function, payload.clone()));
    Json(payload)
}

/// A Lambda whose functions return their input.
async fn lambda() -> (String, Invoked) {
    let invoked = Invoked::default();
    let router = Router::new()
        .route("/2015-03-31/functions/{function}/invocations", post(invoke))
        .with_state(Arc::clone(&invoked));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (url, invoked)
}

/// A running engine.
struct Engine {
    process: Process,
    endpoint: String,
    client: reqwest::Client,
}

impl Engine {
    async fn start(folder: &std::path::Path, lambda: &str) -> Self {
        let arguments = ["engine", "--port", "0", "--data", "data", "--json", "--lambda-endpoint", lambda];
        let process = Process::start("engine", folder, &arguments.map(str::to_owned)).await;
        let told: Value = serde_json::from_str(&process.first_line).unwrap();
        let endpoint = told["endpoint"].as_str().unwrap().to_owned();
        assert!(endpoint.starts_with("http://127.0.0.1:"), "{endpoint}");
        Self { process, endpoint, client: reqwest::Client::builder().no_proxy().build().unwrap() }
    }

    async fn call(&self, operation: &str, request: Value) -> Value {
        let answer = self
            .client
            .post(&self.endpoint)
            .header("x-amz-target", format!("AWSStepFunctions.{operation}"))
            .json(&request)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 200, "{operation}: {}", answer.text().await.unwrap());
        answer.json().await.unwrap()
    }
}

#[tokio::test]
async fn it_invokes_functions_by_http_and_goes_on_after_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let (lambda, invoked) = lambda().await;
    let engine = Engine::start(folder.path(), &lambda).await;
    let task = |suffix: &str, payload: Value| {
        json!({
            "Type": "Task",
            "Resource": format!("arn:aws:states:::lambda:invoke{suffix}"),
            "Arguments": { "FunctionName": "echo", "Payload": payload },
        })
    };
    let mut greet = task("", json!({ "hello": "{% $states.input.name %}" }));
    greet["Assign"] = json!({ "greeting": "{% $states.result.Payload.hello %}" });
    greet["Next"] = json!("Ask");
    let mut ask = task(".waitForTaskToken", json!({ "token": "{% $states.context.Task.Token %}" }));
    ask["Output"] = json!({ "greeting": "{% $greeting %}", "answer": "{% $states.result %}" });
    ask["End"] = json!(true);
    let definition =
        json!({ "QueryLanguage": "JSONata", "StartAt": "Greet", "States": { "Greet": greet, "Ask": ask } });
    let role = "arn:aws:iam::000000000000:role/any";
    let machine = engine
        .call(
            "CreateStateMachine",
            json!({ "name": "m", "definition": definition.to_string(), "roleArn": role }),
        )
        .await;
    let input = json!({ "name": "Ada" }).to_string();
    let start = json!({ "stateMachineArn": machine["stateMachineArn"], "input": input });
    let execution = engine.call("StartExecution", start).await["executionArn"].clone();
    let submitted = async || {
        let newest = json!({ "executionArn": execution, "reverseOrder": true, "maxResults": 1 });
        let events = engine.call("GetExecutionHistory", newest).await;
        (events["events"][0]["type"] == "TaskSubmitted").then_some(())
    };
    eventually("the task that waits for its token", LIMIT, submitted).await;
    engine.process.kill().await;

    let engine = Engine::start(folder.path(), &lambda).await;
    let calls = invoked.lock().unwrap().clone();
    assert_eq!(calls.len(), 2, "a function that had answered was invoked again: {calls:?}");
    let token = calls[1].1["token"].clone();
    engine.call("SendTaskSuccess", json!({ "taskToken": token, "output": "42" })).await;
    let ended = async || {
        let described = engine.call("DescribeExecution", json!({ "executionArn": execution })).await;
        (described["status"] != "RUNNING").then_some(described)
    };
    let described = eventually("the end", LIMIT, ended).await;
    assert_eq!(described["output"], r#"{"greeting":"Ada","answer":42}"#, "{described}");
    engine.process.kill().await;
}
