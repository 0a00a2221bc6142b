//! `create_pull_request`: opens a pull request; its inverse closes it.

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
    /// The branch with the changes.
    #[schemars(extend("x-aliases" = ["branch_name", "branch", "head"]))]
    pub source_branch: BranchName,
    /// The branch they go to. Default: the project's base branch.
    #[schemars(extend("x-aliases" = ["base_branch", "base"]))]
    #[serde(default)]
    pub target_branch: Option<BranchName>,
    /// The title.
    pub title: String,
    /// The description in Markdown.
    #[schemars(extend("x-aliases" = ["body"]))]
    #[serde(default)]
    pub description: Option<String>,
    /// Whether it is opened as a draft. Default: false.
    #[serde(default)]
    pub draft: Option<bool>,
}

/// What later steps can read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// Where people see it.
    pub pr_url: String,
    /// Its number.
    pub number: u64,
    /// The branch with the changes.
    pub branch: String,
    /// The paths it changes.
    pub files: Vec<String>,
    /// Whether it is new; an open one from the same branch is used as it is.
    pub created: bool,
}
