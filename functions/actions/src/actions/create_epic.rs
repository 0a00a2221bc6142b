//! `create_epic`: creates an epic in a project.

use crate::actions::create_task;
use crate::effect::{Done, Effect};
use crate::scope::Scope;
use domain::ActionError;
use domain::plugins::{NewTask, TaskManagement};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the step gives.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// The title.
    pub title: String,
    /// The description in Markdown.
    #[serde(default)]
    pub description: Option<String>,
    /// The project's key in the tracker. Default: the execution's project.
    #[serde(default)]
    pub project: Option<String>,
    /// Labels.
    #[serde(default)]
    pub labels: Vec<String>,
}

/// What later steps can read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// The new epic's key.
    pub task_id: String,
    /// Where people open it.
    pub url: Option<String>,
}

/// Creates the epic, unless an earlier attempt did.
///
/// # Errors
/// As `create_task`.
pub async fn run(
    tracker: &dyn TaskManagement,
    effect: &Effect,
    scope: &Scope,
    input: Input,
) -> Result<Done<Output>, ActionError> {
    let new = NewTask {
        project: scope.tracker_project(input.project.as_deref())?.to_owned(),
        task_type: "Epic".to_owned(),
        title: input.title,
        description: input.description.unwrap_or_default(),
        labels: input.labels,
        epic: None,
        story_points: None,
    };
    let done = create_task::create(tracker, effect, &new).await?;
    Ok(Done::for_good(Output { task_id: done.output.task_id, url: done.output.url }))
}
