//! Task tokens.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::engine::Engine;
use crate::error::EngineError;
use crate::execution::{Answer, Failure};
use crate::executions::success;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Success {
    task_token: String,
    output: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Failed {
    task_token: String,
    error: Option<String>,
    cause: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Heartbeat {
    task_token: String,
}

pub(super) async fn succeed(engine: &Engine, request: Success) -> Result<Value, EngineError> {
    engine.inner.answer_token(&request.task_token, success(&request.output)?).await?;
    Ok(json!({}))
}

pub(super) async fn fail(engine: &Engine, request: Failed) -> Result<Value, EngineError> {
    let failure = Failure { error: request.error, cause: request.cause, ..Failure::default() };
    engine.inner.answer_token(&request.task_token, Answer::Failure(failure)).await?;
    Ok(json!({}))
}

pub(super) async fn heartbeat(engine: &Engine, request: Heartbeat) -> Result<Value, EngineError> {
    engine.inner.answer_token(&request.task_token, Answer::Heartbeat).await?;
    Ok(json!({}))
}
