//! `revert_commit`: moves a branch back from a commit to its parent, while nobody has built on it.

use domain::{BranchName, CommitSha, RepositoryName};
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
    /// The branch.
    #[schemars(extend("x-aliases" = ["branch_name"]))]
    pub branch: BranchName,
    /// The commit to take back.
    pub sha: CommitSha,
    /// The commit the branch pointed to before.
    pub parent: CommitSha,
}

/// What later steps can read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// The branch.
    pub branch: String,
    /// The commit it points to now.
    pub sha: String,
}
