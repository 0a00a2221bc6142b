//! A ticket as workflows see it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One ticket, in the common form for all trackers. Every field is always present; what the tracker
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
    /// The display name of the assignee.
    #[serde(default)]
    pub assignee: Option<String>,
    /// The priority by the tracker's own name.
    #[serde(default)]
    pub priority: Option<String>,
    /// Its labels.
    #[serde(default)]
    pub labels: Vec<String>,
    /// Story points, if the project's configuration names the field.
    #[serde(default)]
    pub story_points: Option<f64>,
    /// The key of the epic it belongs to.
    #[serde(default)]
    pub epic_link: Option<String>,
    /// The team, if the project's configuration names the field.
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
    /// The attached files, without their contents: at most 50, and only if the ticket was read individually and the tracker's
    /// files can be read.
    #[serde(default)]
    pub attachments: Vec<Attachment>,
    /// How many more files are attached to it.
    #[serde(default)]
    pub more_attachments: u32,
}

impl Task {
    /// The ticket with its attached files, of which it lists the first 50.
    #[must_use]
    pub fn with_attachments(self, mut attachments: Vec<Attachment>) -> Self {
        let more = attachments.len().saturating_sub(MOST_ATTACHMENTS);
        attachments.truncate(MOST_ATTACHMENTS);
        Self { attachments, more_attachments: u32::try_from(more).unwrap_or(u32::MAX), ..self }
    }
}

/// The most files that a ticket lists, because it is passed from step to step.
const MOST_ATTACHMENTS: usize = 50;

/// A file attached to a ticket, as the tracker describes it. Its author chose its name and may have chosen its type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Attachment {
    /// The tracker's ID of it: a number in Jira, a secret and a name in GitLab, a path below its uploads in GitHub and Linear.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its media type, if known: `text/plain`; `image/*` for a picture of any type.
    #[serde(default)]
    pub media_type: Option<String>,
    /// Its size in bytes, if known.
    #[serde(default)]
    pub size: Option<u64>,
    /// The display name of its author, if known.
    #[serde(default)]
    pub author: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_lists_a_bounded_number_of_files_and_counts_the_others() {
        let task: Task = serde_json::from_value(serde_json::json!({"task_id": "A-1", "title": "T"})).unwrap();
        assert_eq!((task.attachments.len(), task.more_attachments), (0, 0), "as earlier steps gave it");
        let file = |number: usize| Attachment {
            id: number.to_string(),
            name: "a".into(),
            media_type: None,
            size: None,
            author: None,
        };
        let task = task.with_attachments((0..53).map(file).collect());
        assert_eq!((task.attachments.len(), task.more_attachments), (50, 3));
        assert_eq!(task.attachments[49].id, "49");
    }
}
