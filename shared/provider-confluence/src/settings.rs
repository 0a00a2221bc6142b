//! The settings of its section under `plugins`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Settings of Confluence Cloud under `plugins`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The site: `https://acme.atlassian.net`. The API's `/wiki` is added.
    #[schemars(example = "https://acme.atlassian.net")]
    pub base_url: String,
}
