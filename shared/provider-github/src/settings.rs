//! The settings of its section under `plugins`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Settings of GitHub, or a GitHub Enterprise Server, under `plugins`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The API's address. Default: `https://api.github.com`.
    #[serde(default = "api")]
    pub base_url: String,
    /// The author of commits: `Name <address>`, or `account` for the account of the credentials. Default: `account` with a GitHub App, whose
    /// commits GitHub then signs, and `Ticketsmith <commits@ticketsmith.invalid>` with a token. The person who started the work is a co-author.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = "Ticketsmith <ticketsmith@acme.example>")]
    pub commit_author: Option<String>,
}

fn api() -> String {
    "https://api.github.com".into()
}
