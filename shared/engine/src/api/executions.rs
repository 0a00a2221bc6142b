//! Executions.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{page, seconds, without_nulls};
use crate::engine::Engine;
use crate::error::EngineError;
use crate::execution::Failure;
use crate::executions::Start;
use crate::log::Filter;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StartExecution {
    state_machine_arn: String,
    name: Option<String>,
    input: Option<String>,
}

pub(super) async fn start(engine: &Engine, request: StartExecution) -> Result<Value, EngineError> {
    let StartExecution { state_machine_arn, name, input } = request;
    let row = engine.inner.start(Start { state_machine_arn, name, input, parent: None }).await?;
    Ok(json!({ "executionArn": row.arn, "startDate": seconds(row.started) }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DescribeExecution {
    execution_arn: String,
}

pub(super) async fn describe(engine: &Engine, request: DescribeExecution) -> Result<Value, EngineError> {
    let row = engine.inner.execution(&request.execution_arn).await?;
    Ok(without_nulls(json!({
        "executionArn": row.arn,
        "stateMachineArn": row.state_machine_arn,
        "name": row.name,
        "status": row.status,
        "startDate": seconds(row.started),
        "stopDate": row.stopped.map(seconds),
        "input": row.input,
        "inputDetails": { "included": true },
        "output": row.output,
        "outputDetails": row.output.as_ref().map(|_| json!({ "included": true })),
        "error": row.error,
        "cause": row.cause,
        "redriveCount": 0,
        "redriveStatus": "NOT_REDRIVABLE",
        "redriveStatusReason": "The engine does not redrive executions",
    })))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ListExecutions {
    state_machine_arn: Option<String>,
    status_filter: Option<String>,
    max_results: Option<i64>,
    next_token: Option<String>,
}

pub(super) async fn list(engine: &Engine, request: ListExecutions) -> Result<Value, EngineError> {
    let Some(state_machine_arn) = request.state_machine_arn else {
        return Err(EngineError::Validation("stateMachineArn is required".to_owned()));
    };
    let machine = engine.inner.state_machine(&state_machine_arn).await?;
    let statuses = ["RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"];
    if let Some(unknown) = request.status_filter.as_deref().filter(|status| !statuses.contains(status)) {
        let message = format!("'{unknown}' is no status; there are {}", statuses.join(", "));
        return Err(EngineError::Validation(message));
    }
    let limit = page::size(request.max_results)?;
    let rows = engine
        .inner
        .log
        .executions(Filter {
            state_machine_arn: machine.arn,
            status: request.status_filter,
            before: request.next_token.as_deref().map(page::last_number).transpose()?,
            limit,
        })
        .await?;
    let next = rows.get(limit - 1).map(|row| page::token(&row.key.to_string()));
    let executions: Vec<Value> = rows
        .into_iter()
        .map(|row| {
            without_nulls(json!({
                "executionArn": row.arn,
                "stateMachineArn": row.state_machine_arn,
                "name": row.name,
                "status": row.status,
                "startDate": seconds(row.started),
                "stopDate": row.stopped.map(seconds),
                "redriveCount": 0,
            }))
        })
        .collect();
    Ok(without_nulls(json!({ "executions": executions, "nextToken": next })))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StopExecution {
    execution_arn: String,
    error: Option<String>,
    cause: Option<String>,
}

pub(super) async fn stop(engine: &Engine, request: StopExecution) -> Result<Value, EngineError> {
    let failure = Failure { error: request.error, cause: request.cause, ..Failure::default() };
    let stopped = engine.inner.stop(&request.execution_arn, failure).await?;
    Ok(json!({ "stopDate": seconds(stopped) }))
}
