//! One execution on its own engine, where time is skipped instead of slept.

use crate::answers::Answers;
use crate::error::TestError;
use crate::file::Defaults;
use crate::functions::{Functions, State};
use crate::history::History;
use crate::names::{Names, function_of};
use axum::body::{Body, to_bytes};
use axum::http::Request;
use domain::execution::ExecutionInput;
use engine::{Durability, Engine, Invoke, Settings, SkippingClock};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tower::ServiceExt;
use workflow::{Catalog, Compilation, substitute};

/// An execution that takes longer than this, on the wall clock, will never end.
const LONGEST: Duration = Duration::from_secs(300);
/// The largest page of a history, in bytes: a thousand events of the largest payload each are never that much.
const LARGEST_PAGE: usize = 512 * 1024 * 1024;
/// The function that answers for another workflow.
const CHILD: &str = "Child";
/// When every execution starts.
const START: &str = "2026-01-01T00:00:00Z";

/// How an execution ended, and its effects.
pub(crate) struct Ended {
    pub(crate) status: String,
    pub(crate) output: Option<Value>,
    pub(crate) error: Option<String>,
    pub(crate) cause: Option<String>,
    pub(crate) history: History,
    pub(crate) state: State,
}

/// Runs a compiled workflow to its end.
pub(crate) async fn run(
    compilation: &Compilation,
    catalog: &Arc<Catalog>,
    names: &Names,
    answers: Answers,
    defaults: Option<Defaults>,
    input: &ExecutionInput,
) -> Result<Ended, TestError> {
    let folder = tempfile::tempdir().map_err(TestError::engine)?;
    let start: Timestamp = START.parse().map_err(TestError::engine)?;
    let clock = Arc::new(SkippingClock::new(start));
    let functions =
        Arc::new(Functions::new(Arc::clone(catalog), names.clone(), answers, defaults, Arc::clone(&clock)));
    let settings = Settings { durability: Durability::ProcessDeath, ..Settings::default() };
    let path = folder.path().join("log");
    let engine = Engine::open(&path, clock, Arc::clone(&functions) as Arc<dyn Invoke>, settings)
        .map_err(TestError::engine)?;
    functions.connect(engine.clone());
    let changes = engine.subscribe();
    engine.resume().await.map_err(TestError::engine)?;
    let execution = start_execution(&engine, compilation, input).await?;
    let wait = until_end(&engine, &execution, changes);
    if tokio::time::timeout(LONGEST, wait).await.is_err() {
        return Err(TestError::Endless);
    }
    let described = engine.describe_execution(&execution).await.map_err(TestError::engine)?;
    let history = History::of(events(&engine, &execution).await?, names);
    engine.shutdown(Duration::ZERO).await;
    let state = std::mem::take(&mut *functions.state());
    Ok(Ended {
        status: described.status,
        output: described.output.and_then(|output| serde_json::from_str(&output).ok()),
        error: described.error,
        cause: described.cause,
        history,
        state,
    })
}

async fn start_execution(
    engine: &Engine,
    compilation: &Compilation,
    input: &ExecutionInput,
) -> Result<String, TestError> {
    let definition = compilation.definition.as_ref().ok_or(TestError::NotCompiled)?;
    let mut children = Vec::new();
    for placeholder in workflow::placeholders(definition) {
        if let Some(name) = placeholder.strip_suffix("StateMachineArn") {
            let arn =
                engine.put_state_machine(name, &child().to_string()).await.map_err(TestError::engine)?;
            children.push((placeholder, arn));
        }
    }
    let definition = substitute(definition, |name| {
        let child = children.iter().find(|(placeholder, _)| placeholder == name);
        child.map(|(_, arn)| arn.clone()).or_else(|| function_of(name).map(str::to_owned))
    });
    let machine = engine
        .put_state_machine(&compilation.name, &definition.to_string())
        .await
        .map_err(TestError::engine)?;
    let input = serde_json::to_value(input).map_err(TestError::engine)?;
    engine.start_execution(&machine, Some("test"), &input).await.map_err(TestError::engine)
}

/// The stand-in for another workflow: it returns the case's result for the step that calls it.
fn child() -> Value {
    let input = "$states.context.Execution.Input";
    json!({
        "QueryLanguage": "JSONata",
        "StartAt": "Answer",
        "States": {"Answer": {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Arguments": {"FunctionName": CHILD, "Payload": {
                "v": 1,
                "run": format!("{{% {input}.parent.run %}}"),
                "key": format!("{{% {input}.parent.at %}}"),
                "project": format!("{{% {input}.project %}}"),
                "actor": format!("{{% {input}.actor %}}"),
                "input": format!("{{% {input}.inputs %}}"),
            }},
            "Output": "{% $states.result.Payload %}",
            "End": true,
        }},
    })
}

async fn until_end(
    engine: &Engine,
    execution: &str,
    mut changes: tokio::sync::broadcast::Receiver<engine::StatusChange>,
) {
    use tokio::sync::broadcast::error::RecvError;
    loop {
        match changes.recv().await {
            Ok(change) if change.execution_arn == execution && change.status != "RUNNING" => return,
            Ok(_) => {}
            Err(RecvError::Closed) => return,
            Err(RecvError::Lagged(_)) => {
                if engine.describe_execution(execution).await.is_ok_and(|now| now.status != "RUNNING") {
                    return;
                }
            }
        }
    }
}

/// The whole history, as clients of Step Functions read it.
async fn events(engine: &Engine, execution: &str) -> Result<Vec<Value>, TestError> {
    let mut events = Vec::new();
    let mut next = None;
    loop {
        let body = json!({"executionArn": execution, "maxResults": 1000, "includeExecutionData": false, "nextToken": next});
        let request = Request::post("/")
            .header("x-amz-target", "AWSStepFunctions.GetExecutionHistory")
            .body(Body::from(body.to_string()))
            .map_err(TestError::engine)?;
        let response = engine.router().oneshot(request).await.map_err(TestError::engine)?;
        let bytes = to_bytes(response.into_body(), LARGEST_PAGE).await.map_err(TestError::engine)?;
        let mut page: Value = serde_json::from_slice(&bytes).map_err(TestError::engine)?;
        let Some(Value::Array(part)) = page.get_mut("events").map(Value::take) else {
            return Err(TestError::Engine(format!("the engine returned no history: {page}")));
        };
        events.extend(part);
        match page.get("nextToken").and_then(Value::as_str) {
            Some(token) => next = Some(token.to_owned()),
            None => return Ok(events),
        }
    }
}
