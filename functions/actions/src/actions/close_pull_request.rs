//! `close_pull_request`: closes a pull request without merging it.

use domain::RepositoryName;
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
    /// The pull request's number.
    #[schemars(extend("x-aliases" = ["pr_number"]))]
    pub number: u64,
}

/// What later steps can read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// The pull request's number.
    pub number: u64,
}
