//! `update_task_status`: moves a ticket to another status; its inverse moves it back.

use crate::actions::add_comment;
use crate::effect::{Done, Effect};
use domain::configuration::{Project, same_status};
use domain::plugins::TaskManagement;
use domain::{ActionError, ActionName};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// What the step gives.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// The tracker's key.
    pub task_id: String,
    /// The status, as the tracker or `statuses:` of the configuration names it; case, `_` and `-` do not matter.
    pub status: String,
    /// A comment in Markdown to leave with it.
    #[serde(default)]
    pub comment: Option<String>,
}

/// What later steps can read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// What it is now, by the tracker's name.
    pub status: String,
    /// What it was, by the tracker's name.
    pub previous_status: String,
}

/// Leaves the comment, then moves the ticket. What it was before is remembered across attempts, so that the inverse stays true.
///
/// # Errors
/// `Rejected` when there is no such ticket or the status cannot be reached, naming those that can; the tracker's errors.
pub async fn run(
    tracker: &dyn TaskManagement,
    effect: &Effect,
    project: &Project,
    input: Input,
) -> Result<Done<Output>, ActionError> {
    let task_id = input.task_id;
    let wanted = project.tracker_status(&input.status);
    let previous: Option<String> = effect
        .remember("previous", ActionName::GetTask, async || Ok(tracker.get_task(&task_id).await?.status))
        .await?;
    if let Some(comment) = input.comment {
        let part = effect.part("comment", ActionName::AddComment);
        let input = add_comment::Input { task_id: task_id.clone(), comment };
        part.perform(async |part| add_comment::run(tracker, part, input).await).await?;
    }
    let moved_before = previous.as_deref().is_some_and(|previous| same_status(previous, wanted));
    effect.intend(moved_before).await?;
    let change = tracker.update_status(&task_id, wanted).await?;
    let output =
        Output { previous_status: previous.clone().unwrap_or(change.previous), status: change.status };
    match previous {
        Some(previous) if !same_status(&previous, &output.status) => Ok(Done::undone_by(
            output,
            ActionName::UpdateTaskStatus,
            json!({ "task_id": task_id, "status": previous }),
        )),
        _ => Ok(Done::for_good(output)),
    }
}
