//! The settings of its section under `plugins`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Settings of Slack under `plugins`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The API's address. Default: `https://slack.com/api`.
    #[serde(default = "api")]
    pub base_url: String,
}

fn api() -> String {
    "https://slack.com/api".into()
}
