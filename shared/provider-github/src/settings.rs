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
}

fn api() -> String {
    "https://api.github.com".into()
}
