//! The plugin itself.

use crate::settings::Settings;
use async_trait::async_trait;
use domain::plugins::{
    CommentId, CreatedTask, InspectedTask, LinkedTask, Mark, NewTask, StatusChange, TaskLink, TaskManagement,
    TaskQuery,
};
use domain::{ActionError, Attachment, Task};
use http_client::{Auth, Client, Options};
use secrecy::SecretString;
use serde::Deserialize;

/// A personal API key, `lin_api_…` (<https://linear.app/developers/graphql#personal-api-keys>).
#[derive(Debug, Clone, Deserialize)]
pub struct Credentials {
    /// The key.
    pub api_key: SecretString,
}

/// A Linear workspace.
#[derive(Debug, Clone)]
pub struct Linear {
    pub(crate) client: Client,
    /// Where files are that people put into tickets.
    pub(crate) uploads: String,
}

impl Linear {
    /// Does not connect yet.
    ///
    /// # Errors
    /// `Rejected` when `base_url` cannot be used.
    pub fn new(
        settings: &Settings,
        credentials: Credentials,
        options: &Options,
    ) -> Result<Self, ActionError> {
        // An API key is sent as it is; only tokens of OAuth are sent as `Bearer`.
        let auth = Auth::Header { name: "authorization", value: credentials.api_key };
        let client = Client::new("Linear", &settings.base_url, auth, options)?;
        Ok(Self { client, uploads: settings.uploads() })
    }
}

#[async_trait]
impl TaskManagement for Linear {
    async fn get_task(&self, task_id: &str) -> Result<Task, ActionError> {
        let issue = self.ticket(task_id).await?;
        // Of the whole text: a task has its beginning.
        let attachments = self.files_linked_in(issue.description.as_deref().unwrap_or_default());
        Ok(Task::from(issue).with_attachments(attachments))
    }

    async fn read_attachment(
        &self,
        task_id: &str,
        attachment: &Attachment,
        most: usize,
    ) -> Result<Vec<u8>, ActionError> {
        self.content_of(task_id, attachment, most).await
    }

    async fn files_in(&self, _task_id: &str, words: &str) -> Result<Vec<Attachment>, ActionError> {
        Ok(self.files_linked_in(words))
    }

    async fn create_task(&self, new: &NewTask, mark: &Mark) -> Result<CreatedTask, ActionError> {
        self.create_ticket(new, mark).await
    }

    async fn find_created(&self, _project: &str, mark: &Mark) -> Result<Option<CreatedTask>, ActionError> {
        self.find_created_ticket(mark).await
    }

    async fn inspect_task(&self, task_id: &str) -> Result<Option<InspectedTask>, ActionError> {
        self.inspect_ticket(task_id).await
    }

    async fn rewrite_task(&self, present: &Task, new: &NewTask, _: &Mark) -> Result<(), ActionError> {
        self.rewrite_ticket(present, new).await
    }

    async fn withdraw_task(&self, task_id: &str) -> Result<(), ActionError> {
        self.trash_ticket(task_id).await
    }

    async fn blockers(&self, task_id: &str) -> Result<Option<Vec<TaskLink>>, ActionError> {
        self.blocking_tickets(task_id).await
    }

    async fn link_blocker(
        &self,
        task_id: &str,
        blocker: &str,
        mark: &Mark,
    ) -> Result<LinkedTask, ActionError> {
        self.block_ticket(task_id, blocker, mark).await
    }

    async fn unlink_blocker(&self, _: &str, link: &TaskLink) -> Result<(), ActionError> {
        self.remove_link(link).await
    }

    async fn update_status(&self, task_id: &str, status: &str) -> Result<StatusChange, ActionError> {
        self.move_to_state(task_id, status).await
    }

    async fn add_comment(
        &self,
        task_id: &str,
        markdown: &str,
        mark: &Mark,
    ) -> Result<CommentId, ActionError> {
        self.create_comment(task_id, markdown, mark).await
    }

    async fn find_comment(&self, task_id: &str, mark: &Mark) -> Result<Option<CommentId>, ActionError> {
        self.find_created_comment(task_id, mark).await
    }

    async fn update_comment(
        &self,
        task_id: &str,
        comment: &CommentId,
        markdown: &str,
        _mark: &Mark,
    ) -> Result<(), ActionError> {
        self.replace_comment(task_id, comment, markdown).await
    }

    async fn get_project_tasks(&self, query: &TaskQuery) -> Result<Vec<Task>, ActionError> {
        self.team_tickets(query).await
    }

    async fn remove_label(&self, task_id: &str, label: &str) -> Result<(), ActionError> {
        self.unlabel(task_id, label).await
    }

    async fn own_account(&self) -> Result<Option<String>, ActionError> {
        Ok(Some(self.viewer().await?.id))
    }

    async fn react(&self, task_id: &str, comment: Option<&CommentId>) -> Result<(), ActionError> {
        self.add_reaction(task_id, comment).await
    }
}
