//! `get_repository_info`: reads a repository's metadata.

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
}

/// What later steps can read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// `owner/name`.
    pub repository: String,
    /// Where people open it.
    pub url: String,
    /// The branch shown first.
    pub default_branch: String,
    /// What it is about.
    pub description: Option<String>,
    /// The main programming language.
    pub language: Option<String>,
    /// Whether only invited people see it.
    pub private: bool,
    /// Whether nothing may be changed any more.
    pub archived: bool,
}
