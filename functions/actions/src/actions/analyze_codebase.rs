//! `analyze_codebase`: has a model describe the parts of a codebase that matter to a ticket.

use crate::artifacts::Analysis;
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
    /// The analysis, for the steps that follow.
    pub analysis: Stored<Analysis>,
    /// The same in a few sentences.
    pub summary: String,
    /// The paths that matter to the ticket.
    pub relevant_files: Vec<String>,
}
