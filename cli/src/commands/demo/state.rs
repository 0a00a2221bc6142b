//! The state of the simulated services, as the simulation reports it.

use crate::commands::deliver::control_client;
use crate::exit::{Exit, Outcome};
use serde_json::Value;

/// The current state of the services.
///
/// # Errors
/// Unreachable when the simulation does not answer.
pub(super) async fn world(control: &str) -> Outcome<Value> {
    let response = control_client()?.get(format!("{control}/_world/state")).send().await;
    response.map_err(Exit::unreachable)?.json().await.map_err(Exit::unreachable)
}

/// A text from the state, or an empty one.
pub(super) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// The state of each simulated service.
pub(super) fn services(state: &Value) -> impl Iterator<Item = &Value> {
    state.as_object().into_iter().flat_map(serde_json::Map::values)
}

pub(super) fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}
