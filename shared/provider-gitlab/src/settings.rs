//! The settings of its section under `plugins`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Settings of GitLab, on GitLab.com or a server of one's own, under `plugins`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The address of the server, as people open it. Default: `https://gitlab.com`.
    #[serde(default = "server")]
    pub base_url: String,
    /// The author of commits: `Name <address>`, or `account` for the account of the token. Default: `account`. The person who started the
    /// work is a co-author.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = "Ticketsmith <ticketsmith@acme.example>")]
    pub commit_author: Option<String>,
}

fn server() -> String {
    "https://gitlab.com".into()
}
