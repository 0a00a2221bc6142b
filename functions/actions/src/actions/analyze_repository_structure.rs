//! `analyze_repository_structure`: counts languages, frameworks and file types of a repository, without a model.

use domain::{BranchName, RepositoryName};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What the step gives.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// `owner/name` or a URL. Default: the project's repository.
    #[schemars(extend("x-aliases" = ["repository_path", "repository_url"]))]
    #[serde(default)]
    pub repository: Option<RepositoryName>,
    /// The branch to read. Default: the project's base branch.
    #[schemars(extend("x-aliases" = ["branch_name"]))]
    #[serde(default)]
    pub branch: Option<BranchName>,
}

/// What later steps can read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// Programming languages, the most files first.
    pub languages: Vec<String>,
    /// Frameworks and build tools, by their files.
    pub frameworks: Vec<String>,
    /// How many files there are.
    pub total_files: u32,
    /// Files by extension (`.rs`), the 50 most frequent; files without one stand under the empty name.
    pub file_types: BTreeMap<String, u32>,
    /// Files by folder, two levels deep, the 100 largest.
    pub directory_structure: BTreeMap<String, u32>,
}
