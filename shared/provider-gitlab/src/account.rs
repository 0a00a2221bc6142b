//! Accounts as GitLab describes them.

use serde::Deserialize;

/// The author of something.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Account {
    pub(crate) username: String,
}

/// An account as GitLab describes it.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct User {
    pub(crate) id: u64,
    pub(crate) username: String,
    #[serde(default)]
    pub(crate) name: Option<String>,
    /// Whether it belongs to a project's or a group's access token.
    #[serde(default)]
    pub(crate) bot: bool,
}
