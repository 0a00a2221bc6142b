//! `--trigger plan`: requirements become a plan, the person who asked for it approves it, and it becomes tickets.

use super::state::{list, services, world};
use crate::commands::deliver::deliver;
use crate::connection::Connection;
use crate::exit::{Exit, Outcome};
use domain::built_in_actions::CREATE_PLANNED_TASK;
use records::ExecutionView;
use serde_json::{Value, json};
use std::time::Duration;

/// The name for `--trigger`.
pub(super) const NAME: &str = "plan";

/// How often the world is looked at.
const INTERVAL: Duration = Duration::from_millis(200);

/// Waits until the plan is shown with its buttons, and approves it as the person in `delivery`.
///
/// # Errors
/// Unreachable when the simulation does not answer; negative when the approval is not accepted.
pub(super) async fn approve(control: &str, delivery: &Value, to: &str) -> Outcome {
    let mut tick = tokio::time::interval(INTERVAL);
    loop {
        tick.tick().await;
        let state = world(control).await?;
        let messages = services(&state).flat_map(|service| list(&service["messages"]));
        let Some(message) = messages.filter(|message| message.to_string().contains("\"approve\"")).last()
        else {
            continue;
        };
        let press = json!({
            "kind": "slack-button",
            "action_id": "approve",
            "message": message["ts"],
            "by": delivery["by"],
            "channel": delivery["channel"],
        });
        let receipt = deliver(control, &press, to).await?;
        return match receipt["status"] == 200 {
            true => Ok(()),
            false => Err(Exit::negative(format!("the approval was not accepted: {receipt}"))),
        };
    }
}

/// The tickets that an execution created or updated, in order, as people see them in the world.
///
/// # Errors
/// Unreachable when the records are.
pub(super) async fn tickets(
    connection: &Connection,
    view: &ExecutionView,
    state: &Value,
) -> Outcome<Vec<Value>> {
    let Some(run) = view.execution.run() else { return Ok(Vec::new()) };
    let mut effects = connection.table.effects_of(run).await.map_err(Exit::unreachable)?;
    effects.sort_by_key(|effect| effect.sequence);
    let made = effects.into_iter().filter(|effect| effect.action.as_str() == CREATE_PLANNED_TASK);
    let shown = made.filter_map(|effect| effect.output).map(|output| {
        let known = services(state).flat_map(list).find(|ticket| ticket["key"] == output["task_id"]);
        let known = known.unwrap_or(&Value::Null);
        json!({
            "key": output["task_id"],
            "url": output["url"],
            "state": output["state"],
            "type": known["type"],
            "title": known["summary"],
            "description": known["description"],
        })
    });
    Ok(shown.collect())
}
