//! State machines.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{page, seconds, tags, versions, without_nulls};
use crate::arn::{Qualifier, StateMachineArn};
use crate::definition::variable_references;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::log::{LogError, Revision};
use crate::state_machines::NewStateMachine;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CreateStateMachine {
    name: String,
    definition: String,
    role_arn: String,
    #[serde(rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    tags: Vec<tags::Tag>,
    #[serde(flatten)]
    settings: Settings,
}

/// Options for creating and updating a state machine, other than its definition and role.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Settings {
    #[serde(default)]
    publish: bool,
    version_description: Option<String>,
    logging_configuration: Option<Value>,
    tracing_configuration: Option<Value>,
    encryption_configuration: Option<Value>,
}

impl Settings {
    /// Refuses what the engine would otherwise ignore silently.
    fn check(&self) -> Result<(), EngineError> {
        if self.version_description.is_some() && !self.publish {
            let message = "Version description can only be set when publish is true";
            return Err(EngineError::Validation(message.to_owned()));
        }
        let field = |settings: &Option<Value>, field: &str| Some(settings.as_ref()?.get(field)?.clone());
        if field(&self.logging_configuration, "level").is_some_and(|level| level != "OFF") {
            return Err(EngineError::InvalidLoggingConfiguration(
                "The engine sends no logs to CloudWatch; leave out 'loggingConfiguration' or set its level to OFF"
                    .to_owned(),
            ));
        }
        if field(&self.tracing_configuration, "enabled") == Some(Value::Bool(true)) {
            return Err(EngineError::InvalidTracingConfiguration(
                "The engine sends nothing to X-Ray; leave out 'tracingConfiguration' or disable it"
                    .to_owned(),
            ));
        }
        if field(&self.encryption_configuration, "type").is_some_and(|kind| kind != "AWS_OWNED_KEY") {
            return Err(EngineError::InvalidEncryptionConfiguration(
                "The engine knows no KMS keys; leave out 'encryptionConfiguration' or set its type to AWS_OWNED_KEY"
                    .to_owned(),
            ));
        }
        Ok(())
    }

    /// Publishes a version, if requested, and returns its ARN.
    async fn publish(self, engine: &Engine, arn: &str) -> Result<Option<String>, EngineError> {
        if !self.publish {
            return Ok(None);
        }
        let (version, _) = versions::publish_present(engine, arn, None, self.version_description).await?;
        Ok(Some(version))
    }
}

/// Refuses every type of state machine but STANDARD.
pub(super) fn check_type(kind: Option<&str>) -> Result<(), EngineError> {
    match kind {
        None | Some("STANDARD") => Ok(()),
        Some("EXPRESS") => Err(EngineError::StateMachineTypeNotSupported(
            "The engine does not run state machines of type EXPRESS; use STANDARD".to_owned(),
        )),
        Some(other) => Err(EngineError::Validation(format!(
            "'{other}' is not a type of state machine; the engine runs those of type STANDARD"
        ))),
    }
}

pub(super) async fn create(engine: &Engine, request: CreateStateMachine) -> Result<Value, EngineError> {
    check_type(request.kind.as_deref())?;
    request.settings.check()?;
    let mut all = BTreeMap::new();
    tags::add(request.tags, &mut all)?;
    let new = NewStateMachine {
        name: request.name,
        definition: request.definition,
        role_arn: request.role_arn,
        tags: all,
    };
    let row = engine.inner.create(new).await?;
    let version = request.settings.publish(engine, &row.arn).await?;
    Ok(without_nulls(json!({
        "stateMachineArn": row.arn,
        "creationDate": seconds(row.created),
        "stateMachineVersionArn": version,
    })))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UpdateStateMachine {
    state_machine_arn: String,
    definition: Option<String>,
    role_arn: Option<String>,
    #[serde(flatten)]
    settings: Settings,
}

pub(super) async fn update(engine: &Engine, request: UpdateStateMachine) -> Result<Value, EngineError> {
    request.settings.check()?;
    let row = engine.inner.update(&request.state_machine_arn, request.definition, request.role_arn).await?;
    let version = request.settings.publish(engine, &row.arn).await?;
    Ok(without_nulls(json!({
        "updateDate": seconds(row.revision.created),
        "revisionId": row.revision.public_id(),
        "stateMachineVersionArn": version,
    })))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StateMachine {
    state_machine_arn: String,
}

fn description(arn: &str, name: &str, revision: &Revision) -> Value {
    let references = variable_references(&revision.definition);
    without_nulls(json!({
        "stateMachineArn": arn,
        "name": name,
        "definition": revision.definition,
        "roleArn": revision.role_arn,
        "revisionId": revision.public_id(),
        "loggingConfiguration": { "level": "OFF", "includeExecutionData": false },
        "tracingConfiguration": { "enabled": false },
        "variableReferences": (!references.is_empty()).then_some(references),
    }))
}

pub(super) async fn describe(engine: &Engine, request: StateMachine) -> Result<Value, EngineError> {
    let asked = &request.state_machine_arn;
    let target = engine.inner.target(asked).await?;
    let machine = target.machine;
    let version = match StateMachineArn::parse(asked).and_then(|arn| arn.qualifier) {
        Some(Qualifier::Version(number)) => engine.inner.log.version(machine.arn.clone(), number).await?,
        Some(Qualifier::Alias(_)) | None => None,
    };
    let arn = target.qualifiers.version.as_ref().unwrap_or(&machine.arn);
    let mut answer = description(arn, &machine.name, &target.revision);
    answer["status"] = json!(if machine.deleting { "DELETING" } else { "ACTIVE" });
    answer["type"] = json!("STANDARD");
    answer["creationDate"] =
        json!(seconds(version.as_ref().map_or(machine.created, |version| version.created)));
    answer["description"] = json!(version.and_then(|version| version.description));
    Ok(without_nulls(answer))
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
    let missing = || LogError::Damaged(format!("revision {} is missing", execution.revision));
    let revision = engine.inner.log.revision(execution.revision).await?.ok_or_else(missing)?;
    let machine = &execution.state_machine_arn;
    let name = StateMachineArn::parse(machine).map_or(machine.as_str(), |arn| arn.name);
    let arn = execution.qualifiers.version.as_ref().unwrap_or(machine);
    let mut answer = description(arn, name, &revision);
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
    engine.inner.delete(&request.state_machine_arn).await?;
    Ok(json!({}))
}
