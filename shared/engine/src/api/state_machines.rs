//! State machines and their tags.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{page, seconds, without_nulls};
use crate::definition;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::log::{Revision, StateMachineRow};
use crate::state_machines::NewStateMachine;

#[derive(Deserialize, Serialize)]
struct Tag {
    key: String,
    value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CreateStateMachine {
    name: String,
    definition: String,
    role_arn: String,
    #[serde(rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    tags: Vec<Tag>,
    #[serde(default)]
    publish: bool,
}

fn refuse_versions(publish: bool) -> Result<(), EngineError> {
    let message = "The engine keeps no versions; leave out 'publish'";
    if publish { Err(EngineError::Validation(message.to_owned())) } else { Ok(()) }
}

pub(super) async fn create(engine: &Engine, request: CreateStateMachine) -> Result<Value, EngineError> {
    if request.kind.as_deref().is_some_and(|kind| kind != "STANDARD") {
        return Err(EngineError::Validation(
            "The engine runs state machines of type STANDARD only".to_owned(),
        ));
    }
    refuse_versions(request.publish)?;
    let row = engine
        .inner
        .create(NewStateMachine {
            name: request.name,
            definition: request.definition,
            role_arn: request.role_arn,
            tags: request.tags.into_iter().map(|tag| (tag.key, tag.value)).collect(),
        })
        .await?;
    Ok(json!({ "stateMachineArn": row.arn, "creationDate": seconds(row.created) }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UpdateStateMachine {
    state_machine_arn: String,
    definition: Option<String>,
    role_arn: Option<String>,
    #[serde(default)]
    publish: bool,
}

pub(super) async fn update(engine: &Engine, request: UpdateStateMachine) -> Result<Value, EngineError> {
    refuse_versions(request.publish)?;
    let row = engine.inner.update(&request.state_machine_arn, request.definition, request.role_arn).await?;
    Ok(json!({ "updateDate": seconds(row.revision.created), "revisionId": row.revision.id.to_string() }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StateMachine {
    state_machine_arn: String,
}

fn description(row: &StateMachineRow, revision: &Revision) -> Value {
    json!({
        "stateMachineArn": row.arn,
        "name": row.name,
        "definition": revision.definition,
        "roleArn": revision.role_arn,
        "revisionId": revision.id.to_string(),
        "loggingConfiguration": { "level": "OFF", "includeExecutionData": false },
        "tracingConfiguration": { "enabled": false },
    })
}

pub(super) async fn describe(engine: &Engine, request: StateMachine) -> Result<Value, EngineError> {
    let row = engine.inner.state_machine(&request.state_machine_arn).await?;
    let mut answer = description(&row, &row.revision);
    answer["status"] = json!("ACTIVE");
    answer["type"] = json!("STANDARD");
    answer["creationDate"] = json!(seconds(row.created));
    Ok(answer)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Execution {
    execution_arn: String,
}

pub(super) async fn describe_for_execution(
    engine: &Engine,
    request: Execution,
) -> Result<Value, EngineError> {
    let execution = engine.inner.execution(&request.execution_arn).await?;
    let row = engine.inner.state_machine(&execution.state_machine_arn).await?;
    let revision = engine.inner.log.revision(execution.revision).await?;
    let revision = revision.as_ref().unwrap_or(&row.revision);
    let mut answer = description(&row, revision);
    answer["updateDate"] = json!(seconds(revision.created));
    Ok(answer)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ListStateMachines {
    max_results: Option<i64>,
    next_token: Option<String>,
}

pub(super) async fn list(engine: &Engine, request: ListStateMachines) -> Result<Value, EngineError> {
    let limit = page::size(request.max_results)?;
    let after = request.next_token.as_deref().map(page::last).transpose()?.unwrap_or_default();
    let rows = engine.inner.log.state_machines(after, limit).await?;
    let next = rows.get(limit - 1).map(|row| page::token(&row.arn));
    let machines: Vec<Value> = rows
        .into_iter()
        .map(|row| {
            json!({
                "stateMachineArn": row.arn,
                "name": row.name,
                "type": "STANDARD",
                "creationDate": seconds(row.created),
            })
        })
        .collect();
    Ok(without_nulls(json!({ "stateMachines": machines, "nextToken": next })))
}

pub(super) async fn delete(engine: &Engine, request: StateMachine) -> Result<Value, EngineError> {
    match engine.inner.state_machine(&request.state_machine_arn).await {
        Ok(row) => engine.inner.log.delete_state_machine(row.arn).await?,
        // Deleting what is not there succeeds, as on AWS.
        Err(EngineError::StateMachineDoesNotExist(_)) => {}
        Err(error) => return Err(error),
    }
    Ok(json!({}))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ValidateStateMachineDefinition {
    definition: String,
    severity: Option<String>,
    max_results: Option<i64>,
}

pub(super) fn validate(request: ValidateStateMachineDefinition) -> Result<Value, EngineError> {
    let mut found = definition::validate(&request.definition);
    if request.severity.as_deref() != Some("WARNING") {
        found.retain(|diagnostic| diagnostic.severity == definition::Severity::Error);
    }
    let failed = found.iter().any(|diagnostic| diagnostic.severity == definition::Severity::Error);
    let limit = page::size(request.max_results)?.min(100);
    let truncated = found.len() > limit;
    found.truncate(limit);
    Ok(json!({
        "result": if failed { "FAIL" } else { "OK" },
        "diagnostics": found,
        "truncated": truncated,
    }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Resource {
    resource_arn: String,
}

pub(super) async fn list_tags(engine: &Engine, request: Resource) -> Result<Value, EngineError> {
    let row = engine.inner.state_machine(&request.resource_arn).await?;
    let tags: Vec<Tag> = row.tags.into_iter().map(|(key, value)| Tag { key, value }).collect();
    Ok(json!({ "tags": tags }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TagResource {
    resource_arn: String,
    tags: Vec<Tag>,
}

pub(super) async fn tag(engine: &Engine, request: TagResource) -> Result<Value, EngineError> {
    let mut row = engine.inner.state_machine(&request.resource_arn).await?;
    row.tags.extend(request.tags.into_iter().map(|tag| (tag.key, tag.value)));
    set_tags(engine, row.arn, row.tags).await
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UntagResource {
    resource_arn: String,
    tag_keys: Vec<String>,
}

pub(super) async fn untag(engine: &Engine, request: UntagResource) -> Result<Value, EngineError> {
    let mut row = engine.inner.state_machine(&request.resource_arn).await?;
    row.tags.retain(|key, _| !request.tag_keys.contains(key));
    set_tags(engine, row.arn, row.tags).await
}

async fn set_tags(
    engine: &Engine,
    arn: String,
    tags: BTreeMap<String, String>,
) -> Result<Value, EngineError> {
    engine.inner.log.set_tags(arn, tags).await?;
    Ok(json!({}))
}
