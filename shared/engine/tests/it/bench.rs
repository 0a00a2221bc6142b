//! An engine on a temporary log, with scripted functions and skipped time.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use engine::{
    Clock, Durability, Engine, ExecutionDescription, FunctionError, Invoke, Settings, SkippingClock,
    StatusChange,
};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::broadcast;

type Function = Box<dyn Fn(usize, &Value) -> Result<Value, FunctionError> + Send + Sync>;

/// Functions by name. Each receives the number of its earlier calls.
#[derive(Default)]
pub(crate) struct Functions {
    functions: HashMap<String, Function>,
    calls: Mutex<Vec<(String, Value)>>,
}

impl Functions {
    pub(crate) fn with(
        mut self,
        name: &str,
        function: impl Fn(usize, &Value) -> Result<Value, FunctionError> + Send + Sync + 'static,
    ) -> Self {
        self.functions.insert(name.to_owned(), Box::new(function));
        self
    }

    /// The payloads that `name` was called with.
    pub(crate) fn calls(&self, name: &str) -> Vec<Value> {
        let calls = self.calls.lock().unwrap();
        calls.iter().filter(|(called, _)| called == name).map(|(_, payload)| payload.clone()).collect()
    }
}

#[async_trait]
impl Invoke for Functions {
    async fn invoke(&self, function: &str, payload: Value) -> Result<Value, FunctionError> {
        let before = self.calls(function).len();
        self.calls.lock().unwrap().push((function.to_owned(), payload.clone()));
        match self.functions.get(function) {
            Some(body) => body(before, &payload),
            None => Err(FunctionError::not_found(function)),
        }
    }
}

pub(crate) struct Bench {
    pub(crate) engine: Engine,
    pub(crate) functions: Arc<Functions>,
    pub(crate) clock: Arc<SkippingClock>,
    pub(crate) folder: tempfile::TempDir,
    changes: broadcast::Receiver<StatusChange>,
}

pub(crate) fn start_of_time() -> Timestamp {
    "2026-01-01T00:00:00Z".parse().unwrap()
}

/// Opens an engine on a log file. Tests need not survive a loss of power.
pub(crate) fn open(log: &Path, clock: Arc<dyn Clock>, functions: Arc<dyn Invoke>) -> Engine {
    let settings = Settings { durability: Durability::ProcessDeath, ..Settings::default() };
    Engine::open(log, clock, functions, settings).unwrap()
}

impl Bench {
    pub(crate) async fn new(functions: Functions) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(SkippingClock::new(start_of_time()));
        let functions = Arc::new(functions);
        let engine =
            open(&folder.path().join("log.sqlite"), Arc::clone(&clock) as _, Arc::clone(&functions) as _);
        engine.resume().await.unwrap();
        let changes = engine.subscribe();
        Self { engine, functions, clock, folder, changes }
    }

    /// Starts a machine and gives the execution's ARN.
    pub(crate) async fn start(&self, definition: &Value, input: &Value) -> String {
        let machine = self.engine.put_state_machine("machine", &definition.to_string()).await.unwrap();
        self.engine.start_execution(&machine, None, input).await.unwrap()
    }

    /// Waits for an execution's end.
    pub(crate) async fn end(&mut self, execution: &str) -> ExecutionDescription {
        let ended = async {
            loop {
                let change = self.changes.recv().await.unwrap();
                if change.execution_arn == execution && change.status != "RUNNING" {
                    break;
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(20), ended).await.expect("the execution does not end");
        self.engine.describe_execution(execution).await.unwrap()
    }

    pub(crate) async fn run(&mut self, definition: &Value, input: &Value) -> ExecutionDescription {
        let execution = self.start(definition, input).await;
        self.end(&execution).await
    }

    /// Seconds since the bench was set up, in skipped time.
    pub(crate) fn elapsed(&self) -> f64 {
        self.clock.now().duration_since(start_of_time()).as_secs_f64()
    }

    /// The types of an execution's events.
    pub(crate) async fn history(&self, execution: &str) -> Vec<Value> {
        let request = json!({ "executionArn": execution, "maxResults": 1000 });
        call(&self.engine, "GetExecutionHistory", &request).await.unwrap()["events"]
            .as_array()
            .unwrap()
            .clone()
    }
}

/// Calls an operation of the API without a socket; an error gives its `__type`.
pub(crate) async fn call(engine: &Engine, operation: &str, request: &Value) -> Result<Value, String> {
    use axum::body::{Body, to_bytes};
    use axum::http::Request;
    use tower::ServiceExt;

    let request = Request::post("/")
        .header("x-amz-target", format!("AWSStepFunctions.{operation}"))
        .body(Body::from(request.to_string()))
        .unwrap();
    let response = engine.router().oneshot(request).await.unwrap();
    let succeeded = response.status().is_success();
    let body: Value =
        serde_json::from_slice(&to_bytes(response.into_body(), 1 << 24).await.unwrap()).unwrap();
    if succeeded { Ok(body) } else { Err(body["__type"].as_str().unwrap().to_owned()) }
}

/// A machine of the given states that starts at the first.
pub(crate) fn machine(start_at: &str, states: Value) -> Value {
    json!({ "QueryLanguage": "JSONata", "StartAt": start_at, "States": states })
}

/// A machine of one Pass state with this output.
pub(crate) fn pass(output: Value) -> Value {
    machine("Pass", json!({ "Pass": { "Type": "Pass", "Output": output, "End": true } }))
}

/// A Task state that invokes a function, to which more fields can be added.
pub(crate) fn invoke(function: &str, payload: Value, more: Value) -> Value {
    let mut state = json!({
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": { "FunctionName": function, "Payload": payload },
    });
    state.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    state
}

/// Runs a machine and compares its output.
#[track_caller]
pub(crate) fn check(definition: &Value, input: &Value, expected: &Value) {
    let ended = run(Functions::default(), definition, input);
    assert_eq!((ended.error.as_deref(), ended.cause.as_deref()), (None, None));
    let output: Value = serde_json::from_str(&ended.output.unwrap()).unwrap();
    assert_eq!(&output, expected);
}

/// Runs a machine without functions that must fail, and compares error and cause.
#[track_caller]
pub(crate) fn check_failure(definition: &Value, input: &Value, error: &str, cause: &str) {
    let ended = run(Functions::default(), definition, input);
    assert_eq!(ended.status, "FAILED");
    assert_eq!(ended.error.as_deref(), Some(error));
    assert_eq!(ended.cause.as_deref(), Some(cause));
}

/// Runs a machine to its end.
pub(crate) fn run(functions: Functions, definition: &Value, input: &Value) -> ExecutionDescription {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { Bench::new(functions).await.run(definition, input).await })
}
