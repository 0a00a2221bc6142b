//! `get_project_tasks`: lists the tickets of a project, newest first.

use crate::action::{Action, Done, NoOutput};
use crate::context::Context;
use crate::spec::ActionSpec;
use domain::ActionError;
use domain::PluginType;
use domain::Task;
use domain::plugins::TaskQuery;
use domain::text::{TextLimit, cut};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The step's inputs.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// The project's key in the tracker. Default: the execution's project.
    #[serde(default)]
    pub project: Option<String>,
    /// Only those in this status.
    #[schemars(extend("x-status" = true))]
    #[serde(default)]
    pub status: Option<String>,
    /// At most so many, 1 to 100. Default: 50.
    #[serde(default)]
    pub limit: Option<u32>,
}

/// What later steps can read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// The tickets; descriptions are cut to what fits into the output.
    pub tasks: Vec<Task>,
    /// How many they are.
    pub count: u32,
}

/// How much text of descriptions an output has room for, in bytes.
const ROOM: usize = 128 * 1024;

/// Lists tickets.
///
/// # Errors
/// `Rejected` when the limit is not from 1 to 100 or the project is not configured; the tracker's errors.
pub struct GetProjectTasks;

impl Action for GetProjectTasks {
    type Input = Input;
    type Output = Output;

    const SPEC: ActionSpec = ActionSpec::of_plugin("get_project_tasks", PluginType::TaskManagement);

    async fn run(context: &Context<'_>, input: Input) -> Result<Done<Output>, NoOutput> {
        let (tracker, scope) = (context.tracker().await?, context.scope());
        let limit = input.limit.unwrap_or(50);
        if !(1..=100).contains(&limit) {
            return Err(ActionError::rejected(format!("`limit` is {limit}; accepted: 1 to 100")).into());
        }
        let project = scope.tracker_project(input.project.as_deref())?.to_owned();
        let mut tasks =
            tracker.get_project_tasks(&TaskQuery { project, status: input.status, limit }).await?;
        let each = ROOM / tasks.len().max(1);
        for task in &mut tasks {
            task.description = cut(&task.description, TextLimit::bytes(each), "…");
        }
        let count = u32::try_from(tasks.len()).unwrap_or(u32::MAX);
        Ok(Done::for_good(Output { tasks, count }))
    }
}
