//! The plugin itself.

use crate::fields::CustomFields;
use crate::markdown_to_document::document_from_markdown;
use crate::settings::Settings;
use async_trait::async_trait;
use domain::plugins::{
    CommentId, CreatedTask, InspectedTask, LinkedTask, Mark, NewTask, Restriction, StatusChange, TaskLink,
    TaskManagement, TaskQuery,
};
use domain::{ActionError, Attachment, Task};
use http_client::{Auth, Client, Failure, Options};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::Value;
use std::sync::{Arc, OnceLock};

/// Our identity at Jira: an account and its API token
/// (<https://support.atlassian.com/atlassian-account/docs/manage-api-tokens-for-your-atlassian-account/>).
#[derive(Debug, Clone, Deserialize)]
pub struct Credentials {
    /// The account's address.
    pub email: String,
    /// The token.
    pub api_token: SecretString,
}

/// A Jira Cloud site.
#[derive(Debug, Clone)]
pub struct Jira {
    pub(crate) client: Client,
    pub(crate) custom_fields: CustomFields,
    /// The type of links by which a ticket waits for another.
    pub(crate) link_type: String,
    /// The ID of our own account, once known.
    pub(crate) own_account: Arc<OnceLock<String>>,
}

impl Jira {
    /// Does not connect yet.
    ///
    /// # Errors
    /// `Rejected` when `base_url` cannot be used or `custom_fields` names a field that we do not know.
    pub fn new(
        settings: &Settings,
        credentials: Credentials,
        options: &Options,
    ) -> Result<Self, ActionError> {
        let auth = Auth::Basic { user: credentials.email, password: credentials.api_token };
        let client =
            Client::new("Jira", &settings.base_url, auth, options)?.header("accept", "application/json");
        let custom_fields = CustomFields::new(&settings.custom_fields)
            .map_err(|problem| ActionError::rejected(format!("{}.{problem}", client.section())))?;
        let link_type = settings.link_type().to_owned();
        Ok(Self { client, custom_fields, link_type, own_account: Arc::default() })
    }

    /// Where people open a ticket.
    pub(crate) fn ticket_url(&self, key: &str) -> String {
        format!("{}/browse/{key}", self.client.base_url())
    }
}

/// Whether Jira does not know a ticket or comment yet that was made a moment ago.
pub(crate) fn is_early(failure: &Failure) -> bool {
    failure.status == Some(404)
}

/// Converts Markdown to a document off the threads that answer requests, since long texts take time.
///
/// # Errors
/// `Internal` when the work was broken off.
pub(crate) async fn document(markdown: String) -> Result<Value, ActionError> {
    let made = tokio::task::spawn_blocking(move || document_from_markdown(&markdown)).await;
    made.map_err(|error| ActionError::internal(format!("a text could not be written as a document: {error}")))
}

#[async_trait]
impl TaskManagement for Jira {
    async fn get_task(&self, task_id: &str) -> Result<Task, ActionError> {
        self.ticket(task_id).await
    }

    async fn read_attachment(
        &self,
        task_id: &str,
        attachment: &Attachment,
        most: usize,
    ) -> Result<Vec<u8>, ActionError> {
        self.content_of(task_id, attachment, most).await
    }

    async fn files_in(&self, task_id: &str, words: &str) -> Result<Vec<Attachment>, ActionError> {
        self.files_named_in(task_id, words).await
    }

    async fn create_task(&self, new: &NewTask, mark: &Mark) -> Result<CreatedTask, ActionError> {
        self.create_ticket(new, mark).await
    }

    async fn find_created(&self, project: &str, mark: &Mark) -> Result<Option<CreatedTask>, ActionError> {
        Ok(self.find_marked_ticket(project, mark).await?.map(CreatedTask::from))
    }

    /// Jira's search shows new tickets only after seconds or minutes:
    /// <https://developer.atlassian.com/cloud/jira/platform/search-and-reconcile/>.
    fn shows_creations_at_once(&self) -> bool {
        false
    }

    fn creation_url(&self, _: &str, mark: &Mark) -> Option<String> {
        Some(self.marked_tickets_url(mark))
    }

    fn task_url(&self, task_id: &str) -> Option<String> {
        Some(self.ticket_url(task_id))
    }

    async fn inspect_task(&self, task_id: &str) -> Result<Option<InspectedTask>, ActionError> {
        self.inspect_ticket(task_id).await
    }

    async fn rewrite_task(&self, present: &Task, new: &NewTask, _: &Mark) -> Result<(), ActionError> {
        self.rewrite_ticket(present, new).await
    }

    async fn withdraw_task(&self, task_id: &str) -> Result<(), ActionError> {
        self.delete_ticket(task_id).await
    }

    async fn blockers(&self, task_id: &str) -> Result<Option<Vec<TaskLink>>, ActionError> {
        self.blocking_tickets(task_id).await
    }

    async fn link_blocker(&self, task_id: &str, blocker: &str, _: &Mark) -> Result<LinkedTask, ActionError> {
        self.block_ticket(task_id, blocker).await
    }

    async fn unlink_blocker(&self, _: &str, link: &TaskLink) -> Result<(), ActionError> {
        self.remove_link(link).await
    }

    fn takes_story_points(&self) -> bool {
        self.custom_fields.story_points.is_some()
    }

    async fn update_status(&self, task_id: &str, status: &str) -> Result<StatusChange, ActionError> {
        self.move_to_status(task_id, status).await
    }

    async fn add_comment(
        &self,
        task_id: &str,
        markdown: &str,
        mark: &Mark,
    ) -> Result<CommentId, ActionError> {
        self.create_comment(task_id, markdown, None, mark).await
    }

    async fn add_restricted_comment(
        &self,
        task_id: &str,
        markdown: &str,
        restriction: &Restriction,
        mark: &Mark,
    ) -> Result<CommentId, ActionError> {
        self.create_comment(task_id, markdown, Some(restriction), mark).await
    }

    async fn find_comment(&self, task_id: &str, mark: &Mark) -> Result<Option<CommentId>, ActionError> {
        self.find_marked_comment(task_id, mark).await
    }

    async fn update_comment(
        &self,
        task_id: &str,
        comment: &CommentId,
        markdown: &str,
        mark: &Mark,
    ) -> Result<(), ActionError> {
        self.replace_comment(task_id, comment, markdown, mark).await
    }

    async fn get_project_tasks(&self, query: &TaskQuery) -> Result<Vec<Task>, ActionError> {
        self.project_tickets(query).await
    }

    async fn own_account(&self) -> Result<Option<String>, ActionError> {
        self.ask_account_id().await.map(Some)
    }

    async fn remove_label(&self, task_id: &str, label: &str) -> Result<(), ActionError> {
        self.unlabel(task_id, label).await
    }
}
