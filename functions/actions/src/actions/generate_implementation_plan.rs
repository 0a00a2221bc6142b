//! `generate_implementation_plan`: has a model plan the implementation of a ticket.

use crate::artifacts::{Analysis, Plan};
use domain::action::Agent;
use domain::{BranchName, RepositoryName, Stored, Task};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the step gives.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// The ticket.
    pub task: Task,
    /// What `analyze_codebase` gave.
    #[schemars(extend("x-aliases" = ["analysis"]))]
    #[serde(default)]
    pub codebase_analysis: Option<Stored<Analysis>>,
    /// `owner/name` or a URL. Default: the project's repository.
    #[schemars(extend("x-aliases" = ["repository_path", "repository_url"]))]
    #[serde(default)]
    pub repository: Option<RepositoryName>,
    /// The branch to read. Default: the project's base branch.
    #[schemars(extend("x-aliases" = ["branch_name"]))]
    #[serde(default)]
    pub branch: Option<BranchName>,
    /// The prompt's template, relative to the folder of `ticketsmith.yaml`. Default: the action's own.
    #[serde(default)]
    pub prompt_template: Option<String>,
    /// Which agent works. Default: `development`.
    #[serde(default)]
    pub agent: Option<Agent>,
    /// More for the agent to keep to, from the workflow's author.
    #[serde(default)]
    pub instructions: Option<String>,
}

/// What later steps can read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// The plan, for the steps that follow.
    pub plan: Stored<Plan>,
    /// The same in a few sentences.
    pub summary: String,
    /// The paths it means to change or create.
    pub files: Vec<String>,
}
