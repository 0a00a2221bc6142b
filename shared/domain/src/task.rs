//! A ticket as workflows see it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One ticket, in the one form that every tracker is translated into. Every field is always present; what the tracker
/// does not have is `null`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Task {
    /// The tracker's key: `SHOP-1` in Jira, `owner/name#12` in GitHub.
    pub task_id: String,
    /// The same as `task_id`.
    #[serde(default)]
    pub id: String,
    /// The project's key in the tracker.
    #[serde(default)]
    pub project: Option<String>,
    /// The ticket's title.
    pub title: String,
    /// The description as Markdown, at most 32 KiB.
    #[serde(default)]
    pub description: String,
    /// The status by the tracker's own name: `In Progress`.
    #[serde(default)]
    pub status: Option<String>,
    /// `Bug`, `Story`, …, by the tracker's own name.
    #[serde(default)]
    pub task_type: Option<String>,
    /// The display name of whom it is assigned to.
    #[serde(default)]
    pub assignee: Option<String>,
    /// The priority by the tracker's own name.
    #[serde(default)]
    pub priority: Option<String>,
    /// Its labels.
    #[serde(default)]
    pub labels: Vec<String>,
    /// Story points, where the project's configuration names the field.
    #[serde(default)]
    pub story_points: Option<f64>,
    /// The key of the epic it belongs to.
    #[serde(default)]
    pub epic_link: Option<String>,
    /// The team, where the project's configuration names the field.
    #[serde(default)]
    pub team: Option<String>,
    /// When it was created, as the tracker writes it.
    #[serde(default)]
    pub created: Option<String>,
    /// When it was last changed, as the tracker writes it.
    #[serde(default)]
    pub updated: Option<String>,
    /// Where people open it.
    #[serde(default)]
    pub url: Option<String>,
    /// The repository that the project's configuration names, as a URL people open.
    #[serde(default)]
    pub repository_url: Option<String>,
    /// The channel that the project's configuration names.
    #[serde(default)]
    pub team_channel: Option<String>,
}
