//! `create_task`: creates a ticket in a project.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the step gives.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// The title.
    pub title: String,
    /// The description in Markdown.
    #[serde(default)]
    pub description: Option<String>,
    /// The project's key in the tracker. Default: the execution's project.
    #[serde(default)]
    pub project: Option<String>,
    /// The ticket's type by the tracker's name. Default: `Task`.
    #[serde(default)]
    pub task_type: Option<String>,
    /// Labels.
    #[serde(default)]
    pub labels: Vec<String>,
    /// The key of the epic it belongs to.
    #[schemars(extend("x-aliases" = ["epic_link"]))]
    #[serde(default)]
    pub epic: Option<String>,
    /// Story points, where the configuration names the field.
    #[serde(default)]
    pub story_points: Option<f64>,
}

/// What later steps can read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// The new ticket's key.
    pub task_id: String,
    /// Where people open it.
    pub url: Option<String>,
}
