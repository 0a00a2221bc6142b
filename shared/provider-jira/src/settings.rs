//! The settings of its section under `plugins`.

use crate::fields::CustomFields;
use schemars::JsonSchema;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeMap;

/// Settings of Jira Cloud under `plugins`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The site: `https://acme.atlassian.net`.
    #[schemars(example = "https://acme.atlassian.net")]
    pub base_url: String,
    /// Custom fields by our names: `story_points`, `epic_link`, `team`.
    #[serde(default, deserialize_with = "custom_fields")]
    #[schemars(example = BTreeMap::from([("story_points", "customfield_10001"), ("epic_link", "customfield_10002"), ("team", "customfield_10003")]))]
    pub custom_fields: BTreeMap<String, String>,
    /// The site's type of issue links by which a planned ticket waits for another, by its name. Default: `Blocks`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"Blocks")]
    pub link_type: Option<String>,
}

impl Settings {
    /// The type of links; without one, the type that every site has at first.
    pub(crate) fn link_type(&self) -> &str {
        self.link_type.as_deref().unwrap_or("Blocks")
    }
}

fn custom_fields<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, String>, D::Error> {
    let configured = Deserialize::deserialize(deserializer)?;
    CustomFields::new(&configured).map_err(D::Error::custom)?;
    Ok(configured)
}
