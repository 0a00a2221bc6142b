//! Executions.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{page, seconds, without_nulls};
use crate::arn::{Qualifier, StateMachineArn};
use crate::engine::Engine;
use crate::error::EngineError;
use crate::execution::Failure;
use crate::executions::Start;
use crate::log::{Filter, Qualifiers, StateMachineRow};

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
    let obstacle = engine.inner.obstacle(&row).await?;
    Ok(without_nulls(json!({
        "executionArn": row.arn,
        "stateMachineArn": row.state_machine_arn,
        "stateMachineVersionArn": row.qualifiers.version,
        "stateMachineAliasArn": row.qualifiers.alias,
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
        "redriveCount": row.redrives,
        "redriveDate": row.redriven.map(seconds),
        "redriveStatus": if obstacle.is_some() { "NOT_REDRIVABLE" } else { "REDRIVABLE" },
        "redriveStatusReason": obstacle.map(|obstacle| obstacle.to_string()),
    })))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ListExecutions {
    state_machine_arn: Option<String>,
    map_run_arn: Option<String>,
    status_filter: Option<String>,
    redrive_filter: Option<String>,
    max_results: Option<i64>,
    next_token: Option<String>,
}

const STATUSES: [&str; 5] = ["RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"];

pub(super) async fn list(engine: &Engine, request: ListExecutions) -> Result<Value, EngineError> {
    let invalid = |message: String| Err(EngineError::Validation(message));
    let state_machine_arn = match (request.state_machine_arn, request.map_run_arn) {
        (Some(arn), None) => arn,
        (None, Some(arn)) => return Err(EngineError::ResourceNotFound(arn)),
        _ => return invalid("Either stateMachineArn or mapRunArn is required, and not both".to_owned()),
    };
    if let Some(unknown) = request.status_filter.as_deref().filter(|status| !STATUSES.contains(status)) {
        let known = STATUSES.join(", ");
        return invalid(format!("'{unknown}' is not a status of an execution; accepted: {known}"));
    }
    let redriven = match request.redrive_filter.as_deref() {
        None => None,
        Some("REDRIVEN") => Some(true),
        Some("NOT_REDRIVEN") => Some(false),
        Some(unknown) => {
            return invalid(format!(
                "'{unknown}' is not a redriveFilter; accepted: REDRIVEN and NOT_REDRIVEN"
            ));
        }
    };
    let (machine, qualifiers) = listed(engine, &state_machine_arn).await?;
    let limit = page::size(request.max_results)?;
    let rows = engine
        .inner
        .log
        .executions(Filter {
            state_machine_arn: machine.arn,
            qualifiers,
            redriven,
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
                "stateMachineVersionArn": row.qualifiers.version,
                "stateMachineAliasArn": row.qualifiers.alias,
                "redriveCount": row.redrives,
                "redriveDate": row.redriven.map(seconds),
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

/// The state machine whose executions are listed, and with which version or alias they must have been started.
async fn listed(engine: &Engine, arn: &str) -> Result<(StateMachineRow, Qualifiers), EngineError> {
    let parsed = StateMachineArn::parse(arn).ok_or_else(|| EngineError::InvalidArn(arn.to_owned()))?;
    let machine = engine.inner.state_machine(parsed.unqualified).await?;
    let qualifiers = match parsed.qualifier {
        None => Qualifiers::default(),
        Some(Qualifier::Version(_)) => Qualifiers { version: Some(arn.to_owned()), alias: None },
        Some(Qualifier::Alias(_)) => Qualifiers { version: None, alias: Some(arn.to_owned()) },
    };
    Ok((machine, qualifiers))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RedriveExecution {
    execution_arn: String,
    client_token: Option<String>,
}

pub(super) async fn redrive(engine: &Engine, request: RedriveExecution) -> Result<Value, EngineError> {
    let redriven = engine.inner.redrive(&request.execution_arn, request.client_token).await?;
    Ok(json!({ "redriveDate": seconds(redriven) }))
}
