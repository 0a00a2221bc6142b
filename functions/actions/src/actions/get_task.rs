//! `get_task`: reads one ticket.

use crate::action::{Action, Done, NoOutput};
use crate::context::Context;
use crate::spec::ActionSpec;
use domain::PluginType;
use domain::Task;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The step's inputs.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// The tracker's key: `SHOP-1`, or `owner/name#12` for GitHub Issues.
    pub task_id: String,
}

/// What later steps can read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// The ticket, with the project's repository and channel.
    pub task: Task,
}

/// Reads the ticket and adds its project's configuration.
///
/// # Errors
/// `Rejected` if there is no such ticket; the tracker's errors.
pub struct GetTask;

impl Action for GetTask {
    type Input = Input;
    type Output = Output;

    const SPEC: ActionSpec = ActionSpec::of_plugin("get_task", PluginType::TaskManagement);

    async fn run(context: &Context<'_>, input: Input) -> Result<Done<Output>, NoOutput> {
        let scope = context.scope();
        let tracker = context.tracker().await?;
        let mut task = tracker.get_task(&input.task_id).await?;
        let ticket = scope.directory.ticket(&input.task_id);
        let project = ticket.map_or(&scope.project, |ticket| ticket.project());
        task.repository_url = providers::repository_url(&scope.configuration, project);
        task.team_channel.clone_from(&project.channel);
        Ok(Done::for_good(Output { task }))
    }
}
