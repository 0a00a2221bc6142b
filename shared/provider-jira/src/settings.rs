//! The settings of its section under `plugins`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Settings of Jira Cloud under `plugins`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The site: `https://acme.atlassian.net`.
    #[schemars(example = "https://acme.atlassian.net")]
    pub base_url: String,
    /// Custom fields by our names: `story_points`, `epic_link`, `team`.
    #[serde(default)]
    #[schemars(example = BTreeMap::from([("story_points", "customfield_10001"), ("epic_link", "customfield_10002"), ("team", "customfield_10003")]))]
    pub custom_fields: BTreeMap<String, String>,
}
