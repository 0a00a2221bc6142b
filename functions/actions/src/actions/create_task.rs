//! `create_task`: creates a ticket in a project.

use crate::action::{Action, Done, NoOutput};
use crate::context::Context;
use crate::effect::Effect;
use crate::spec::ActionSpec;
use domain::ActionError;
use domain::PluginType;
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
    /// The ticket's type by the tracker's name. Default: `Task`.
    #[serde(default)]
    pub task_type: Option<String>,
    /// Labels.
    #[serde(default)]
    pub labels: Vec<String>,
    /// The key of the epic it belongs to.
    #[schemars(extend("x-aliases" = ["epic_link"]))]
    #[serde(default)]
    pub epic: Option<String>,
    /// Story points, where the configuration names the field.
    #[serde(default)]
    pub story_points: Option<f64>,
}

/// What later steps can read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// The new ticket's key.
    pub task_id: String,
    /// Where people open it.
    pub url: Option<String>,
}

/// Creates the ticket, unless an earlier attempt did.
///
/// # Errors
/// `Rejected` when the project is not configured or the tracker does not accept a value; the tracker's errors.
pub struct CreateTask;

impl Action for CreateTask {
    type Input = Input;
    type Output = Output;

    const SPEC: ActionSpec = ActionSpec::of_plugin("create_task", PluginType::TaskManagement).effect();

    async fn run(context: &Context<'_>, input: Input) -> Result<Done<Output>, NoOutput> {
        let (tracker, scope) = (context.tracker().await?, context.scope());
        let new = NewTask {
            project: scope.tracker_project(input.project.as_deref())?.to_owned(),
            task_type: input.task_type.unwrap_or_else(|| "Task".to_owned()),
            title: input.title,
            description: input.description.unwrap_or_default(),
            labels: input.labels,
            epic: input.epic,
            story_points: input.story_points,
        };
        Ok(create(&*tracker, context.effect(), &new).await?)
    }
}

/// Creates a ticket of any type, unless an earlier attempt did.
pub(crate) async fn create(
    tracker: &dyn TaskManagement,
    effect: &Effect,
    new: &NewTask,
) -> Result<Done<Output>, ActionError> {
    let intent = effect.intend(false).await?;
    let earlier = match intent.resumed {
        true => tracker.find_created(&new.project, &intent.mark).await?,
        false => None,
    };
    let task = match earlier {
        Some(task) => task,
        None => tracker.create_task(new, &intent.mark).await?,
    };
    Ok(Done::for_good(Output { task_id: task.task_id, url: task.url }))
}
