//! Versions of state machines.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{page, seconds, without_nulls};
use crate::arn::{Qualifier, StateMachineArn};
use crate::engine::Engine;
use crate::error::EngineError;
use crate::log::{Published, VersionRow};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PublishStateMachineVersion {
    state_machine_arn: String,
    revision_id: Option<String>,
    description: Option<String>,
}

pub(super) async fn publish(
    engine: &Engine,
    request: PublishStateMachineVersion,
) -> Result<Value, EngineError> {
    let PublishStateMachineVersion { state_machine_arn, revision_id, description } = request;
    let (arn, version) = publish_present(engine, &state_machine_arn, revision_id, description).await?;
    Ok(json!({ "stateMachineVersionArn": arn, "creationDate": seconds(version.created) }))
}

/// Publishes the present revision of a state machine, which `revision_id`, if given, must name. The same revision is
/// published once.
pub(super) async fn publish_present(
    engine: &Engine,
    state_machine_arn: &str,
    revision_id: Option<String>,
    description: Option<String>,
) -> Result<(String, VersionRow), EngineError> {
    let machine = engine.inner.state_machine(state_machine_arn).await?;
    if machine.deleting {
        return Err(EngineError::StateMachineDeleting(machine.arn));
    }
    let now = engine.inner.now();
    match engine.inner.log.publish(machine.arn.clone(), revision_id, description, now).await? {
        Published::Version(version) => Ok((format!("{}:{}", machine.arn, version.number), version)),
        Published::Missing => Err(EngineError::StateMachineDoesNotExist(machine.arn)),
        Published::OtherRevision => Err(EngineError::Conflict(format!(
            "Failed to publish the State Machine version for revision: the present revision of '{}' is another",
            machine.arn
        ))),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ListStateMachineVersions {
    state_machine_arn: String,
    max_results: Option<i64>,
    next_token: Option<String>,
}

pub(super) async fn list(engine: &Engine, request: ListStateMachineVersions) -> Result<Value, EngineError> {
    let machine = engine.inner.state_machine(&request.state_machine_arn).await?;
    let limit = page::size(request.max_results)?;
    let before = request.next_token.as_deref().map(page::last_number).transpose()?;
    let rows = engine.inner.log.versions(machine.arn.clone(), before, limit).await?;
    let next = rows.get(limit - 1).map(|row| page::token(&row.number.to_string()));
    let versions: Vec<Value> = rows
        .iter()
        .map(|row| {
            json!({
                "stateMachineVersionArn": format!("{}:{}", machine.arn, row.number),
                "creationDate": seconds(row.created),
            })
        })
        .collect();
    Ok(without_nulls(json!({ "stateMachineVersions": versions, "nextToken": next })))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DeleteStateMachineVersion {
    state_machine_version_arn: String,
}

pub(super) async fn delete(
    engine: &Engine,
    request: DeleteStateMachineVersion,
) -> Result<Value, EngineError> {
    let arn = &request.state_machine_version_arn;
    let Some(StateMachineArn { unqualified, qualifier: Some(Qualifier::Version(number)), .. }) =
        StateMachineArn::parse(arn)
    else {
        return Err(EngineError::InvalidArn(arn.clone()));
    };
    match engine.inner.log.delete_version(unqualified.to_owned(), number).await? {
        Ok(()) => Ok(json!({})),
        Err(aliases) => Err(EngineError::Conflict(format!(
            "Version to be deleted must not be referenced by an alias. Current list of aliases referencing this \
             version: [{}]",
            aliases.join(", ")
        ))),
    }
}
