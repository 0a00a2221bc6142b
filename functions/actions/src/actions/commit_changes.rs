//! `commit_changes`: makes one commit of many files on a branch; its inverse moves the branch back.

use crate::artifacts::{FileEdit, Implementation};
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
    /// The branch to commit on; it is created from the base branch when it does not exist.
    #[schemars(extend("x-aliases" = ["branch_name", "source_branch"]))]
    pub branch: BranchName,
    /// What a missing branch starts from. Default: the project's base branch.
    #[schemars(extend("x-aliases" = ["target_branch"]))]
    #[serde(default)]
    pub base_branch: Option<BranchName>,
    /// What `generate_code_implementation` gave. Either this or `files`.
    #[schemars(extend("x-aliases" = ["generated_code"]))]
    #[serde(default)]
    pub implementation: Option<Implementation>,
    /// Files to write or delete. Either this or `implementation`.
    #[serde(default)]
    pub files: Vec<FileEdit>,
    /// The commit message. Default: the implementation's.
    #[schemars(extend("x-aliases" = ["commit_message"]))]
    #[serde(default)]
    pub message: Option<String>,
}

/// What later steps can read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// The commit.
    pub sha: String,
    /// Where people see it.
    pub url: String,
    /// The branch.
    pub branch: String,
    /// The paths it changes.
    pub files: Vec<String>,
}
