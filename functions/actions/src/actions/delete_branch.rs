//! `delete_branch`: deletes a branch.

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
    /// The branch to delete.
    #[schemars(extend("x-aliases" = ["branch_name"]))]
    pub branch: BranchName,
}

/// What later steps can read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// The branch.
    pub branch: String,
    /// Whether it was there.
    pub deleted: bool,
}
