//! `create_branch`: creates a branch from a base branch; its inverse deletes it, unless it existed before.

use domain::{BranchName, RepositoryName};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the step gives.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// `owner/name` or a URL. Default: the project's repository.
    #[schemars(extend("x-aliases" = ["repository_path", "repository_url"]))]
    #[serde(default)]
    pub repository: Option<RepositoryName>,
    /// The new branch.
    #[schemars(extend("x-aliases" = ["branch_name"]))]
    pub branch: BranchName,
    /// What it starts from. Default: the project's base branch.
    #[schemars(extend("x-aliases" = ["base"]))]
    #[serde(default)]
    pub base_branch: Option<BranchName>,
}

/// What later steps can read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// The branch.
    pub branch: String,
    /// Where people see it.
    pub branch_url: String,
    /// The commit it points to.
    pub sha: String,
    /// Whether it is new; a branch that existed is used as it is.
    pub created: bool,
}
