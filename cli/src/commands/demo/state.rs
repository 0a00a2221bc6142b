//! The state of the simulated services, as the simulation tells it.

use crate::commands::deliver::control_client;
use crate::connection::Connection;
use crate::exit::{Exit, Outcome};
use records::ExecutionView;
use serde_json::Value;
use std::collections::BTreeSet;
use std::time::Duration;

/// What the services know now.
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

/// The world after the last comment was edited, which happens shortly after the execution ends; waits up to `limit` for it.
///
/// # Errors
/// Unreachable when the records or the simulation do not answer.
pub(super) async fn settled_world(
    control: &str,
    connection: &Connection,
    view: &ExecutionView,
    limit: Duration,
) -> Outcome<Value> {
    let name = &view.execution.name;
    let mut seen = BTreeSet::new();
    let mut tick = tokio::time::interval(Duration::from_millis(200));
    let settled = async {
        loop {
            tick.tick().await;
            let progress = connection.table.progress(name).await.map_err(Exit::unreachable)?;
            // An execution without a ticket has no comment.
            if view.execution.task_id.is_none() {
                return Ok(());
            }
            // Settled when a second read finds the same digest, edited after the end.
            if let Some(progress) = progress
                && view.execution.ended_at.is_some_and(|ended| progress.edited_at >= ended)
                && !seen.insert(progress.digest)
            {
                return Ok::<(), Exit>(());
            }
        }
    };
    if let Ok(result) = tokio::time::timeout(limit, settled).await {
        result?;
    } else {
        eprintln!("the last comment on the ticket is late; see `ticketsmith demo -v`");
    }
    world(control).await
}
