//! The settings of its section under `plugins`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Settings of Claude under `plugins`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The API's address. Default: `https://api.anthropic.com`.
    #[serde(default = "api")]
    pub base_url: String,
    /// The model. Default: `claude-sonnet-5-5`.
    #[serde(default = "model")]
    pub model: String,
    /// The most tokens one reply may have. Default: 32000.
    #[serde(default = "max_output_tokens")]
    #[schemars(range(min = 1))]
    pub max_output_tokens: u32,
}

fn api() -> String {
    "https://api.anthropic.com".into()
}
fn model() -> String {
    "claude-sonnet-5-5".into()
}
fn max_output_tokens() -> u32 {
    32_000
}
