//! The settings of its section under `plugins`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Settings of Linear under `plugins`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The API's address. Default: `https://api.linear.app`.
    #[serde(default = "api")]
    pub base_url: String,
}

fn api() -> String {
    "https://api.linear.app".into()
}
