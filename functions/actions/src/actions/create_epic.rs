//! `create_epic`: creates an epic in a project.

use crate::action::{Action, Done, NoOutput};
use crate::actions::create_task;
use crate::context::Context;
use crate::spec::ActionSpec;
use domain::PluginType;
use domain::plugins::NewTask;
use records::Partition;
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
pub struct CreateEpic;

impl Action for CreateEpic {
    type Input = Input;
    type Output = Output;

    const SPEC: ActionSpec = ActionSpec::of_plugin("create_epic", PluginType::TaskManagement)
        .effect()
        .confirmed()
        .reading(&[Partition::Event]);

    async fn run(context: &Context<'_>, input: Input) -> Result<Done<Output>, NoOutput> {
        let (tracker, scope) = (context.tracker().await?, context.scope());
        let new = NewTask {
            project: scope.tracker_project(input.project.as_deref())?.to_owned(),
            task_type: "Epic".to_owned(),
            title: input.title,
            description: input.description.unwrap_or_default(),
            labels: input.labels,
            epic: None,
            story_points: None,
        };
        let done = create_task::create(context, &*tracker, &new).await?;
        Ok(Done::for_good(Output { task_id: done.output.task_id, url: done.output.url }))
    }
}
