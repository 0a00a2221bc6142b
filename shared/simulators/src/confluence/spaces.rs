//! Spaces.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, Query, State as AxumState};
use serde_json::{Value, json};

use super::{Confluence, FIRST_SPACE_ID, Failure, State};

impl Confluence {
    /// Position of the space with this id.
    pub(super) fn space(&self, id: &str) -> Result<usize, Failure> {
        let position = id.parse::<usize>().ok().and_then(|id| id.checked_sub(FIRST_SPACE_ID));
        position.filter(|position| *position < self.0.world.spaces.len()).ok_or_else(Failure::no_space)
    }

    /// Id of a space's home page: its first.
    pub(super) fn home(&self, state: &State, space: usize) -> Option<String> {
        state.pages.iter().find(|page| page.space == space).map(|page| page.id.clone())
    }

    fn space_json(&self, state: &State, position: usize) -> Value {
        let space = &self.0.world.spaces[position];
        json!({
            "id": (FIRST_SPACE_ID + position).to_string(), "key": space.key, "name": space.name, "type": "global",
            "status": "current", "authorId": self.0.world.bot, "currentActiveAlias": space.key,
            "homepageId": self.home(state, position), "_links": {"webui": format!("/spaces/{}", space.key)},
        })
    }
}

pub(super) async fn list(
    AxumState(confluence): AxumState<Confluence>,
    Query(parameters): Query<BTreeMap<String, String>>,
) -> Json<Value> {
    let state = confluence.lock();
    let keys = parameters.get("keys").map(|keys| keys.split(',').collect::<Vec<_>>());
    let ids = parameters.get("ids").map(|ids| ids.split(',').collect::<Vec<_>>());
    let results: Vec<Value> = (0..confluence.0.world.spaces.len())
        .map(|position| confluence.space_json(&state, position))
        .filter(|space| keys.as_ref().is_none_or(|keys| keys.iter().any(|key| space["key"] == *key)))
        .filter(|space| ids.as_ref().is_none_or(|ids| ids.iter().any(|id| space["id"] == *id)))
        .collect();
    Json(json!({"results": results, "_links": {"base": confluence.base()}}))
}

pub(super) async fn operations(
    AxumState(confluence): AxumState<Confluence>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Failure> {
    let position = confluence.space(&id)?;
    let permitted = confluence.0.world.spaces[position].operations.iter();
    let operations: Vec<Value> = permitted
        .map(|permitted| json!({"operation": permitted.operation, "targetType": permitted.target_type}))
        .collect();
    Ok(Json(json!({"operations": operations})))
}
