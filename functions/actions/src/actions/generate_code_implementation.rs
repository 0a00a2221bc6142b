//! `generate_code_implementation`: has a model write the edits that implement a ticket, with tests.

use crate::artifacts::{Analysis, Implementation, Plan};
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
    /// What `generate_implementation_plan` gave.
    #[schemars(extend("x-aliases" = ["implementation_plan"]))]
    #[serde(default)]
    pub plan: Option<Stored<Plan>>,
    /// What `analyze_codebase` gave.
    #[schemars(extend("x-aliases" = ["analysis"]))]
    #[serde(default)]
    pub codebase_analysis: Option<Stored<Analysis>>,
    /// `owner/name` or a URL. Default: the project's repository.
    #[schemars(extend("x-aliases" = ["repository_path", "repository_url"]))]
    #[serde(default)]
    pub repository: Option<RepositoryName>,
    /// The branch to read; where it does not exist yet, the base branch is read. Default: the project's base branch.
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
    /// The edits and the words that go with them.
    pub implementation: Implementation,
}
