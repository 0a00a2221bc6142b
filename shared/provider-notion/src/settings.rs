//! The settings of its section under `plugins`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Settings of Notion under `plugins`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The API's address. Default: `https://api.notion.com`.
    #[serde(default = "api")]
    pub base_url: String,
}

fn api() -> String {
    "https://api.notion.com".into()
}
