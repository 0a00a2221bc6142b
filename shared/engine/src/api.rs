//! The API of Step Functions as the AWS SDKs speak it: AWS JSON 1.0.
//!
//! See <https://docs.aws.amazon.com/step-functions/latest/apireference/> and
//! <https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html>. There is no authentication here: the code that serves
//! the router puts it behind a check of their own.

mod aliases;
mod definitions;
mod executions;
mod history;
mod model;
mod page;
mod state_machines;
mod tags;
mod tasks;
mod test_state;
mod versions;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::engine::Engine;
use crate::error::EngineError;
use crate::limits::DEFINITION_BYTES;

/// The largest request: a definition of the maximum size in which JSON escapes every character once more.
const LARGEST_REQUEST: usize = 2 * DEFINITION_BYTES + 65_536;

impl Engine {
    /// The API, to be served at the root of an endpoint.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/", post(serve))
            .layer(DefaultBodyLimit::max(LARGEST_REQUEST))
            .with_state(self.clone())
    }
}

async fn serve(State(engine): State<Engine>, headers: HeaderMap, body: Bytes) -> Response {
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    let operation = target.strip_prefix("AWSStepFunctions.").unwrap_or(target);
    let result = dispatch(&engine, operation, &body).await;
    respond(operation, result)
}

async fn dispatch(engine: &Engine, operation: &str, body: &[u8]) -> Result<Value, EngineError> {
    match operation {
        "CreateStateMachineAlias" => aliases::create(engine, read(body)?).await,
        "DeleteStateMachineAlias" => aliases::delete(engine, read(body)?).await,
        "DeleteStateMachineVersion" => versions::delete(engine, read(body)?).await,
        "DescribeStateMachineAlias" => aliases::describe(engine, read(body)?).await,
        "ListStateMachineAliases" => aliases::list(engine, read(body)?).await,
        "ListStateMachineVersions" => versions::list(engine, read(body)?).await,
        "PublishStateMachineVersion" => versions::publish(engine, read(body)?).await,
        "UpdateStateMachineAlias" => aliases::update(engine, read(body)?).await,
        "CreateStateMachine" => state_machines::create(engine, read(body)?).await,
        "DeleteStateMachine" => state_machines::delete(engine, read(body)?).await,
        "DescribeExecution" => executions::describe(engine, read(body)?).await,
        "DescribeStateMachine" => state_machines::describe(engine, read(body)?).await,
        "DescribeStateMachineForExecution" => {
            state_machines::describe_for_execution(engine, read(body)?).await
        }
        "GetExecutionHistory" => history::get(engine, read(body)?).await,
        "ListExecutions" => executions::list(engine, read(body)?).await,
        "ListStateMachines" => state_machines::list(engine, read(body)?).await,
        "ListTagsForResource" => tags::list(engine, read(body)?).await,
        "RedriveExecution" => executions::redrive(engine, read(body)?).await,
        "SendTaskFailure" => tasks::fail(engine, read(body)?).await,
        "SendTaskHeartbeat" => tasks::heartbeat(engine, read(body)?).await,
        "SendTaskSuccess" => tasks::succeed(engine, read(body)?).await,
        "StartExecution" => executions::start(engine, read(body)?).await,
        "StopExecution" => executions::stop(engine, read(body)?).await,
        "TagResource" => tags::tag(engine, read(body)?).await,
        "TestState" => test_state::test(engine, read(body)?).await,
        "UntagResource" => tags::untag(engine, read(body)?).await,
        "UpdateStateMachine" => state_machines::update(engine, read(body)?).await,
        "ValidateStateMachineDefinition" => definitions::validate(read(body)?),
        other => Err(refuse(other)),
    }
}

/// Why the engine does not do what Step Functions would.
fn refuse(operation: &str) -> EngineError {
    let reason = match operation {
        "StartSyncExecution" => {
            let reason =
                "Only Express state machines can be run synchronously, and the engine does not run them";
            return EngineError::StateMachineTypeNotSupported(reason.to_owned());
        }
        "CreateActivity" | "DeleteActivity" | "DescribeActivity" | "GetActivityTask" | "ListActivities" => {
            "the engine has no activities; let a function take a task token instead"
        }
        "DescribeMapRun" | "ListMapRuns" | "UpdateMapRun" => {
            "only distributed Map states have Map Runs, and the engine does not run them"
        }
        _ => {
            "the engine offers state machines, versions, aliases, executions, their history, task tokens and tags"
        }
    };
    EngineError::UnknownOperation(operation.to_owned(), reason)
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, EngineError> {
    let unreadable =
        |error: serde_json::Error| EngineError::Validation(format!("The request cannot be read: {error}"));
    let request: Value = serde_json::from_slice(body).map_err(unreadable)?;
    model::check(&request)?;
    serde_json::from_value(request).map_err(unreadable)
}

fn respond(operation: &str, result: Result<Value, EngineError>) -> Response {
    let (status, body, error_type) = match result {
        Ok(body) => (StatusCode::OK, body, None),
        Err(error) => {
            let status = match error {
                EngineError::Log(_) => StatusCode::INTERNAL_SERVER_ERROR,
                _ => StatusCode::BAD_REQUEST,
            };
            if status.is_server_error() {
                tracing::error!(operation, %error, "a request to the engine failed");
            }
            let body = without_nulls(json!({
                "__type": error.name(),
                "message": error.to_string(),
                "reason": error.reason(),
            }));
            (status, body, Some(error.name()))
        }
    };
    let content_type = HeaderValue::from_static("application/x-amz-json-1.0");
    let mut response = (status, [(header::CONTENT_TYPE, content_type)], body.to_string()).into_response();
    if let Some(error_type) = error_type {
        let name = HeaderName::from_static("x-amzn-errortype");
        response.headers_mut().insert(name, HeaderValue::from_static(error_type));
    }
    response
}

/// A time in AWS JSON: seconds since 1970, with milliseconds after the point.
fn seconds(moment: Timestamp) -> f64 {
    moment.as_millisecond() as f64 / 1000.0
}

/// Removes the fields that are `null`, because AWS JSON omits absent fields.
fn without_nulls(mut value: Value) -> Value {
    if let Value::Object(fields) = &mut value {
        fields.retain(|_, field| !field.is_null());
    }
    value
}
