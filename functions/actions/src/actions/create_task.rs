//! `create_task`: creates a ticket in a project.

use crate::action::{Action, Done, NoOutput};
use crate::context::Context;
use crate::effect::Intent;
use crate::spec::ActionSpec;
use domain::plugins::{CreatedTask, Mark, NewTask, TaskManagement};
use domain::{ActionError, PluginType};
use records::{Partition, Table};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The step's inputs.
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
    /// Story points, if the configuration names the field.
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

    const SPEC: ActionSpec = ActionSpec::of_plugin("create_task", PluginType::TaskManagement)
        .effect()
        .confirmed()
        .reading(&[Partition::Event]);

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
        Ok(create(context, &*tracker, &new).await?)
    }
}

/// Creates a ticket of any type, unless an earlier attempt did. Where the tracker's search lags, a ticket whose creation was not
/// answered may be there although nothing shows it, so none is created until people have said that it is not.
///
/// # Errors
/// `Unconfirmed` while it is unknown whether an earlier attempt created it; the tracker's errors.
pub(crate) async fn create(
    context: &Context<'_>,
    tracker: &dyn TaskManagement,
    new: &NewTask,
) -> Result<Done<Output>, ActionError> {
    let intent = context.effect().intend(false).await?;
    create_intended(context, tracker, new, &intent).await
}

/// As [`create`], with the effect's intention.
///
/// # Errors
/// As [`create`].
pub(crate) async fn create_intended(
    context: &Context<'_>,
    tracker: &dyn TaskManagement,
    new: &NewTask,
    intent: &Intent,
) -> Result<Done<Output>, ActionError> {
    let effect = context.effect();
    let earlier = match intent.resumed {
        true => find_created(context.table(), tracker, &new.project, &intent.mark).await?,
        false => None,
    };
    if let Some(created) = earlier {
        return Ok(Done::for_good(created.into()));
    }
    let place = tracker.creation_url(&new.project, &intent.mark);
    if intent.doubtful && !tracker.shows_creations_at_once() {
        let look = place.map(|place| format!(": {place}")).unwrap_or_default();
        return Err(ActionError::unconfirmed(format!(
            "the answer to the creation of \u{201c}{}\u{201d} in {} was lost, and no ticket shows up yet{look}",
            new.title, new.project
        )));
    }
    let created = effect.send(place, tracker.create_task(new, &intent.mark)).await?;
    Ok(Done::for_good(created.into()))
}

impl From<CreatedTask> for Output {
    fn from(created: CreatedTask) -> Self {
        Self { task_id: created.task_id, url: created.url }
    }
}

/// The ticket that an earlier attempt created: a delivery may report it before the tracker's search shows it.
///
/// # Errors
/// Those of the table and the tracker.
pub(crate) async fn find_created(
    table: &Table,
    tracker: &dyn TaskManagement,
    project: &str,
    mark: &Mark,
) -> Result<Option<CreatedTask>, ActionError> {
    match table.creation(&mark.digest()).await? {
        Some(task_id) => Ok(Some(CreatedTask { url: tracker.task_url(&task_id), task_id })),
        None => tracker.find_created(project, mark).await,
    }
}
