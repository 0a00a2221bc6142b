//! `create_page_from_template`: creates a page of documentation; its inverse deletes it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the step gives.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Which template: the name of a file in `prompts/pages/` without its ending, `feature_documentation`.
    #[schemars(extend("x-aliases" = ["template"]))]
    pub template_type: String,
    /// The page's title.
    pub title: String,
    /// The main text in Markdown.
    #[serde(default)]
    pub content: Option<String>,
    /// The space's key. Default: the project's.
    #[serde(default)]
    pub space: Option<String>,
    /// The id of the page it stands under.
    #[serde(default)]
    pub parent: Option<String>,
}

/// What later steps can read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// Where people see it.
    pub doc_url: String,
    /// The wiki's id.
    pub page_id: String,
}
