//! `update_task_status`: moves a ticket to another status; its inverse moves it back.

use crate::action::{Action, Done, NoOutput};
use crate::actions::add_comment;
use crate::actions::add_comment::AddComment;
use crate::actions::get_task::GetTask;
use crate::context::Context;
use crate::spec::ActionSpec;
use domain::configuration::same_status;
use domain::plugins::StatusChange;
use domain::{ActionError, PluginType};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The step's inputs.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// The tracker's key.
    pub task_id: String,
    /// The status, as the tracker or `statuses:` of the configuration names it; case, `_` and `-` do not matter.
    #[schemars(extend("x-status" = true))]
    pub status: String,
    /// A comment in Markdown to add.
    #[serde(default)]
    pub comment: Option<String>,
}

/// What later steps can read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// The new status, by the tracker's name.
    pub status: String,
    /// The former status, by the tracker's name.
    pub previous_status: String,
}

/// Adds the comment, then moves the ticket. The former status is remembered across attempts, so that the inverse stays correct.
///
/// # Errors
/// `Rejected` if there is no such ticket or the status cannot be reached, naming those that can; the tracker's errors.
pub struct UpdateTaskStatus;

impl Action for UpdateTaskStatus {
    type Input = Input;
    type Output = Output;

    const SPEC: ActionSpec = ActionSpec::of_plugin("update_task_status", PluginType::TaskManagement)
        .effect()
        .undone_by(&["update_task_status"]);

    async fn run(context: &Context<'_>, input: Input) -> Result<Done<Output>, NoOutput> {
        let (tracker, effect) = (context.tracker().await?, context.effect());
        let tracker = &*tracker;
        let task_id = input.task_id;
        let wanted = context.scope().project.tracker_status(&input.status);
        let previous: Option<String> = effect
            .remember("previous", GetTask::SPEC.id(), async || Ok(tracker.get_task(&task_id).await?.status))
            .await?;
        if let Some(comment) = input.comment {
            let input = add_comment::Input { task_id: task_id.clone(), comment };
            let asked = serde_json::to_value(&input)
                .map_err(|error| ActionError::internal(format!("a comment's input is not JSON: {error}")))?;
            let part = effect.part("comment", AddComment::SPEC.id(), asked);
            part.perform(async |part| add_comment::add(tracker, part, input).await).await?;
        }
        let moved_before = previous.as_deref().is_some_and(|previous| same_status(previous, wanted));
        let intent = effect.intend(moved_before).await?;
        let now = match intent.resumed {
            true => tracker.get_task(&task_id).await?.status,
            false => None,
        };
        let status = match now {
            Some(now) if same_status(&now, wanted) => StatusChange { previous: now.clone(), status: now },
            _ => {
                let place = tracker.task_url(&task_id).unwrap_or_else(|| task_id.clone());
                effect.send(Some(place), tracker.update_status(&task_id, wanted)).await?
            }
        };
        let StatusChange { previous: before, status } = status;
        let output = Output { previous_status: previous.clone().unwrap_or(before), status };
        match previous {
            Some(previous) if !same_status(&previous, &output.status) => Ok(Done::undone_by(
                output,
                Self::SPEC.id(),
                json!({ "task_id": task_id, "status": previous }),
            )),
            _ => Ok(Done::for_good(output)),
        }
    }
}
