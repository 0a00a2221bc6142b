//! Trackers.

use super::Mark;
use crate::error::ActionError;
use crate::task::{Attachment, Task};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// A tracker of tickets.
///
/// Every method answers `Rejected` if something does not exist or is not allowed, naming it; `Throttled` and `Unavailable` as
/// the provider says.
#[async_trait]
pub trait TaskManagement: Send + Sync {
    /// Reads one ticket. `repository_url` and `team_channel` stay `None`: they come from the configuration.
    async fn get_task(&self, task_id: &str) -> Result<Task, ActionError>;

    /// Reads the content of a file attached to a ticket, as [`Task::attachments`] lists it. More than `most` bytes are refused. The ID may
    /// come from anybody: with our credentials, a file is read only if the tracker says that the ticket has it, or, within the ticket's own
    /// repository, if the ID cannot be guessed, so that whoever knows it has seen it there. No credentials leave the tracker's own host, and nothing
    /// is read from hosts other than the tracker's known file hosts. The default, for trackers that list no files, is `Rejected`.
    async fn read_attachment(
        &self,
        task_id: &str,
        _attachment: &Attachment,
        _most: usize,
    ) -> Result<Vec<u8>, ActionError> {
        Err(ActionError::rejected(format!("files attached to `{task_id}` cannot be read")))
    }

    /// The files that words said about a ticket link, or name as the tracker writes it, of those that
    /// [`read_attachment`](Self::read_attachment) reads. The tracker is asked only where the words do not say it all. The default is none.
    async fn files_in(&self, _task_id: &str, _words: &str) -> Result<Vec<Attachment>, ActionError> {
        Ok(Vec::new())
    }

    /// Creates a ticket (or an epic) and returns its key and URL.
    async fn create_task(&self, new: &NewTask, mark: &Mark) -> Result<CreatedTask, ActionError>;

    /// The ticket that an earlier attempt with the same mark made.
    async fn find_created(&self, project: &str, mark: &Mark) -> Result<Option<CreatedTask>, ActionError>;

    /// Whether [`find_created`](Self::find_created) sees a ticket as soon as it is there. Where a search lags, that it sees none
    /// does not mean for some minutes that there is none.
    fn shows_creations_at_once(&self) -> bool {
        true
    }

    /// Where people see whether a ticket with this mark is there, if the tracker has such a page.
    fn creation_url(&self, _project: &str, _mark: &Mark) -> Option<String> {
        None
    }

    /// The address of a ticket for people, if it can be derived without asking the tracker.
    fn task_url(&self, _task_id: &str) -> Option<String> {
        None
    }

    /// A ticket with the data that shows whether people have worked on it; `None` if it no longer exists. One that was created a moment
    /// ago is waited for.
    async fn inspect_task(&self, task_id: &str) -> Result<Option<InspectedTask>, ActionError>;

    /// Rewrites a ticket that we created: its title, its description, its epic and its story points, wherever the tracker keeps them. Everything
    /// else stays. `present` is the ticket as it was just read: an epic and story points that it has already are not sent.
    async fn rewrite_task(&self, present: &Task, new: &NewTask, mark: &Mark) -> Result<(), ActionError>;

    /// Takes back a ticket that we created: it is deleted, or closed as not planned if the tracker cannot delete.
    async fn withdraw_task(&self, task_id: &str) -> Result<(), ActionError>;

    /// The tickets that a ticket waits for, according to the tracker's own links; also weaker links, if the tracker has no
    /// others. `None` if the ticket no longer exists. The default, for trackers without links, is `Rejected`.
    async fn blockers(&self, task_id: &str) -> Result<Option<Vec<TaskLink>>, ActionError> {
        Err(ActionError::rejected(format!("the tracker of `{task_id}` has no links between tickets")))
    }

    /// Links a ticket with one that it waits for. The mark determines the link's ID, if the tracker lets us choose it. The default, for
    /// trackers without links, is `Rejected`.
    async fn link_blocker(
        &self,
        task_id: &str,
        _blocker: &str,
        _mark: &Mark,
    ) -> Result<LinkedTask, ActionError> {
        Err(ActionError::rejected(format!("the tracker of `{task_id}` has no links between tickets")))
    }

    /// Removes a link that [`blockers`](Self::blockers) listed. A missing one is left alone. The default, for trackers without links,
    /// is `Rejected`.
    async fn unlink_blocker(&self, task_id: &str, _link: &TaskLink) -> Result<(), ActionError> {
        Err(ActionError::rejected(format!("the tracker of `{task_id}` has no links between tickets")))
    }

    /// Whether [`NewTask::story_points`] can be given.
    fn takes_story_points(&self) -> bool {
        false
    }

    /// Moves a ticket to a status by the tracker's name (compared ignoring case, `_`, `-` and spaces) and returns its former status.
    /// A ticket that already has it is left alone.
    async fn update_status(&self, task_id: &str, status: &str) -> Result<StatusChange, ActionError>;

    /// Adds a comment, in Markdown, carrying the mark.
    async fn add_comment(&self, task_id: &str, markdown: &str, mark: &Mark)
    -> Result<CommentId, ActionError>;

    /// Adds a comment that only those may read who may read a comment with this restriction. The default, for trackers whose comments
    /// everybody reads who sees the ticket, is `Rejected`: nothing is shown to more people than it was meant for.
    async fn add_restricted_comment(
        &self,
        task_id: &str,
        _markdown: &str,
        _restriction: &Restriction,
        _mark: &Mark,
    ) -> Result<CommentId, ActionError> {
        Err(ActionError::rejected(format!(
            "comments on `{task_id}` cannot be restricted to some of its readers"
        )))
    }

    /// The comment that an earlier attempt with the same mark made.
    async fn find_comment(&self, task_id: &str, mark: &Mark) -> Result<Option<CommentId>, ActionError>;

    /// Replaces a comment's text, in Markdown, keeping its mark and who may read it.
    async fn update_comment(
        &self,
        task_id: &str,
        comment: &CommentId,
        markdown: &str,
        mark: &Mark,
    ) -> Result<(), ActionError>;

    /// Tickets of a project, newest first, at most `limit`.
    async fn get_project_tasks(&self, query: &TaskQuery) -> Result<Vec<Task>, ActionError>;

    /// Removes a label, if present.
    async fn remove_label(&self, task_id: &str, label: &str) -> Result<(), ActionError>;

    /// The account that changes are made with, as this tracker's webhooks name it. The default, for trackers that do not say, is `None`.
    async fn own_account(&self) -> Result<Option<String>, ActionError> {
        Ok(None)
    }

    /// Reacts to a ticket, or a comment on it, with 👀. The default, for trackers without reactions, does nothing.
    async fn react(&self, _task_id: &str, _comment: Option<&CommentId>) -> Result<(), ActionError> {
        Ok(())
    }
}

/// A ticket to create.
#[derive(Debug, Clone, PartialEq)]
pub struct NewTask {
    /// The project's key.
    pub project: String,
    /// The ticket's type by the tracker's name: `Task`, `Epic`.
    pub task_type: String,
    /// The title.
    pub title: String,
    /// The description in Markdown.
    pub description: String,
    /// Labels.
    pub labels: Vec<String>,
    /// The key of the epic it belongs to.
    pub epic: Option<String>,
    /// Story points, if the configuration names the field.
    pub story_points: Option<f64>,
}

/// A ticket that was created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreatedTask {
    /// The tracker's key.
    pub task_id: String,
    /// Where people open it.
    pub url: Option<String>,
}

impl From<Task> for CreatedTask {
    fn from(task: Task) -> Self {
        Self { task_id: task.task_id, url: task.url }
    }
}

/// A link by which a ticket waits for another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskLink {
    /// The ticket that it waits for, by the tracker's key.
    pub blocker: String,
    /// The tracker's id of the link.
    pub id: String,
}

/// What became of a link that was asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LinkedTask {
    /// Why the link is weaker than that one ticket waits for the other, if it is.
    pub note: Option<String>,
}

/// A ticket, looked at closely.
#[derive(Debug, Clone, PartialEq)]
pub struct InspectedTask {
    /// The ticket.
    pub task: Task,
    /// How many comments it has.
    pub comments: u64,
    /// How many files and entries of work people have added, which would be gone with the ticket. Zero for trackers that keep what is withdrawn.
    pub additions: u64,
    /// Whether it is in the state that [`TaskManagement::withdraw_task`] leaves, if that leaves the ticket: closed.
    pub withdrawn: bool,
}

impl InspectedTask {
    /// The visible and editable content of the ticket, as a digest: it stays the same until somebody touches the ticket.
    pub fn look(&self) -> String {
        let task = &self.task;
        let mut labels = task.labels.clone();
        labels.sort();
        let seen = json!([
            task.title,
            task.description,
            task.status,
            task.task_type,
            task.assignee,
            task.priority,
            labels,
            task.story_points,
            task.epic_link,
            task.team,
            self.comments,
        ]);
        // A look that was recorded before additions counted stays valid.
        let additions = if self.additions == 0 { String::new() } else { self.additions.to_string() };
        let mut digest = hex::encode(Sha256::digest(format!("{seen}{additions}").as_bytes()));
        digest.truncate(32);
        digest
    }
}

/// A query for a project's tickets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskQuery {
    /// The project's key.
    pub project: String,
    /// Only those in this status.
    pub status: Option<String>,
    /// At most so many, 1 to 100.
    pub limit: u32,
}

/// A comment's id in its tracker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommentId {
    /// The tracker's id.
    pub id: String,
    /// The URL for people, if the tracker provides one.
    pub url: Option<String>,
}

/// Who may read a comment, if that is not everybody who sees its ticket.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Restriction {
    /// The role or group whose members may, as the tracker's own API writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub readers: Option<Value>,
    /// Whether only the team may, and not the customers of its service desk.
    #[serde(default)]
    pub internal: bool,
}

/// A ticket's status before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusChange {
    /// The former status, by the tracker's name.
    pub previous: String,
    /// The new status, by the tracker's name.
    pub status: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_be_gone_with_a_ticket_changes_its_look() {
        let task: Task = serde_json::from_value(json!({"task_id": "A-1", "title": "T"})).unwrap();
        let look = |comments, additions| {
            InspectedTask { task: task.clone(), comments, additions, withdrawn: false }.look()
        };
        // As earlier versions recorded it.
        assert_eq!(look(0, 0), "d7614f26ba523ec9187cfb13bf4008ed");
        assert_ne!(look(0, 0), look(0, 1), "a file");
        assert_ne!(look(0, 1), look(0, 2), "another one");
        assert_ne!(look(0, 1), look(1, 0), "a comment is no file");
    }
}
