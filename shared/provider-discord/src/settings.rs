//! The settings of its section under `plugins`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Settings of Discord under `plugins`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The API's address. Default: `https://discord.com/api/v10`.
    #[serde(default = "api")]
    pub base_url: String,
    /// The ID of the server (guild) whose channels are meant by their names. Needed only if the bot is in several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
}

fn api() -> String {
    "https://discord.com/api/v10".into()
}
