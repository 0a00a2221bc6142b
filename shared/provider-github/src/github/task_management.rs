//! Issues as the tickets of a project.

use super::Github;
use crate::issue_reference::IssueReference;
use crate::reaction::{Reaction, Subject};
use crate::settings::site;
use async_trait::async_trait;
use domain::plugins::{
    CommentId, CreatedTask, InspectedTask, LinkedTask, Mark, NewTask, StatusChange, TaskLink, TaskManagement,
    TaskQuery,
};
use domain::{ActionError, Attachment, Task};

#[async_trait]
impl TaskManagement for Github {
    async fn get_task(&self, task_id: &str) -> Result<Task, ActionError> {
        self.read_issue(&task_id.parse()?).await
    }

    async fn read_attachment(
        &self,
        task_id: &str,
        attachment: &Attachment,
        most: usize,
    ) -> Result<Vec<u8>, ActionError> {
        self.content_of(&task_id.parse()?, attachment, most).await
    }

    async fn files_in(&self, _task_id: &str, words: &str) -> Result<Vec<Attachment>, ActionError> {
        Ok(self.files_linked_in(words))
    }

    async fn create_task(&self, new: &NewTask, mark: &Mark) -> Result<CreatedTask, ActionError> {
        Ok(self.make_issue(new, mark).await?.into())
    }

    async fn find_created(&self, project: &str, mark: &Mark) -> Result<Option<CreatedTask>, ActionError> {
        Ok(self.find_marked_issue(project, mark).await?.map(CreatedTask::from))
    }

    fn task_url(&self, task_id: &str) -> Option<String> {
        let IssueReference { repository, number } = task_id.parse().ok()?;
        // GitHub leads from an issue's address to a pull request of the number.
        Some(format!("{}/{repository}/issues/{number}", site(self.client.base_url())))
    }

    async fn inspect_task(&self, task_id: &str) -> Result<Option<InspectedTask>, ActionError> {
        self.inspect_issue(&task_id.parse()?).await
    }

    async fn rewrite_task(&self, present: &Task, new: &NewTask, mark: &Mark) -> Result<(), ActionError> {
        self.rewrite_issue(&present.task_id.parse()?, new, mark).await
    }

    async fn withdraw_task(&self, task_id: &str) -> Result<(), ActionError> {
        self.close_as_not_planned(&task_id.parse()?).await
    }

    async fn blockers(&self, task_id: &str) -> Result<Option<Vec<TaskLink>>, ActionError> {
        self.blocking_issues(&task_id.parse()?).await
    }

    async fn link_blocker(&self, task_id: &str, blocker: &str, _: &Mark) -> Result<LinkedTask, ActionError> {
        self.block_issue(&task_id.parse()?, &blocker.parse()?).await
    }

    async fn unlink_blocker(&self, task_id: &str, link: &TaskLink) -> Result<(), ActionError> {
        self.remove_dependency(&task_id.parse()?, link).await
    }

    async fn update_status(&self, task_id: &str, status: &str) -> Result<StatusChange, ActionError> {
        self.set_status(&task_id.parse()?, status).await
    }

    async fn add_comment(
        &self,
        task_id: &str,
        markdown: &str,
        mark: &Mark,
    ) -> Result<CommentId, ActionError> {
        self.make_comment(&task_id.parse()?, markdown, mark).await
    }

    async fn find_comment(&self, task_id: &str, mark: &Mark) -> Result<Option<CommentId>, ActionError> {
        self.find_marked_comment(&task_id.parse()?, mark).await
    }

    async fn update_comment(
        &self,
        task_id: &str,
        comment: &CommentId,
        markdown: &str,
        mark: &Mark,
    ) -> Result<(), ActionError> {
        self.replace_comment(&task_id.parse()?, comment, markdown, mark).await
    }

    async fn get_project_tasks(&self, query: &TaskQuery) -> Result<Vec<Task>, ActionError> {
        self.list_issues(query).await
    }

    async fn remove_label(&self, task_id: &str, label: &str) -> Result<(), ActionError> {
        self.unlabel(&task_id.parse()?, label).await
    }

    async fn react(&self, task_id: &str, comment: Option<&CommentId>) -> Result<(), ActionError> {
        let issue: IssueReference = task_id.parse()?;
        let subject = match comment {
            Some(comment) => Subject::Comment(comment.id.parse().map_err(|_| {
                ActionError::internal(format!("`{}` is not the ID of a comment on GitHub", comment.id))
            })?),
            None => Subject::Issue(issue.number),
        };
        Self::react(self, &issue.repository, &subject, Reaction::Eyes).await
    }

    async fn own_account(&self) -> Result<Option<String>, ActionError> {
        // A token's owner is also a person: of their actions, only those with our mark are ours.
        match self.installation {
            Some(_) => self.ask_own_login().await.map(Some),
            None => Ok(None),
        }
    }
}
