//! The tags of state machines.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::engine::Engine;
use crate::error::EngineError;
use crate::log::StateMachineRow;

/// Most tags of one state machine.
const MOST: usize = 50;
/// Longest key and longest value of a tag, in characters.
const KEY: usize = 128;
const VALUE: usize = 256;

#[derive(Deserialize, Serialize)]
pub(super) struct Tag {
    #[serde(default)]
    key: String,
    #[serde(default)]
    value: String,
}

/// Adds `tags` to those there are.
pub(super) fn add(tags: Vec<Tag>, all: &mut BTreeMap<String, String>) -> Result<(), EngineError> {
    for Tag { key, value } in tags {
        if !(1..=KEY).contains(&key.chars().count()) || value.chars().count() > VALUE {
            return Err(EngineError::Validation(format!(
                "A tag has a key of 1 to {KEY} characters and a value of at most {VALUE}; '{key}' has not"
            )));
        }
        all.insert(key, value);
    }
    if all.len() > MOST { Err(EngineError::TooManyTags(MOST)) } else { Ok(()) }
}

/// The state machine whose tags are meant.
async fn tagged(engine: &Engine, arn: &str) -> Result<StateMachineRow, EngineError> {
    engine.inner.state_machine(arn).await.map_err(|error| match error {
        EngineError::StateMachineDoesNotExist(arn) => EngineError::ResourceNotFound(arn),
        other => other,
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Resource {
    resource_arn: String,
}

pub(super) async fn list(engine: &Engine, request: Resource) -> Result<Value, EngineError> {
    let row = tagged(engine, &request.resource_arn).await?;
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
    let mut row = tagged(engine, &request.resource_arn).await?;
    add(request.tags, &mut row.tags)?;
    engine.inner.log.set_tags(row.arn, row.tags).await?;
    Ok(json!({}))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UntagResource {
    resource_arn: String,
    tag_keys: Vec<String>,
}

pub(super) async fn untag(engine: &Engine, request: UntagResource) -> Result<Value, EngineError> {
    let mut row = tagged(engine, &request.resource_arn).await?;
    row.tags.retain(|key, _| !request.tag_keys.contains(key));
    engine.inner.log.set_tags(row.arn, row.tags).await?;
    Ok(json!({}))
}
