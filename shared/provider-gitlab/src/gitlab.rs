//! The plugin itself.

use crate::account::User;
use crate::author::{Author, author};
use crate::reference::{Kind, Reference};
use crate::refusal::explained;
use crate::settings::Settings;
use async_trait::async_trait;
use domain::plugins::{
    Checks, CommentId, Commit, CommitRequest, CreatedTask, FailedCheck, FileContent, InspectedTask,
    LineRemark, LinkedTask, Mark, NewTask, PullRequest, PullRequestClosing, PullRequestRequest,
    RepositoryInfo, RepositoryPermission, Reviews, StatusChange, TaskLink, TaskManagement, TaskQuery,
    TreeEntry, VersionControl,
};
use domain::{ActionError, Attachment, BranchName, CommitSha, RepositoryName, Task};
use http_client::{Answer, Auth, Client, Failure, Options, Request};
use provider::same_site;
use secrecy::SecretString;
use serde::Deserialize;
use std::sync::{Arc, OnceLock};

/// Files may be large: GitLab gives them in base64.
const LARGEST_ANSWER: usize = 64 * 1024 * 1024;

/// Where the API is below a server's address.
const API: &str = "/api/v4";

/// Our identity at GitLab: a token of a project, a group or a person.
#[derive(Debug, Clone, Deserialize)]
pub struct Credentials {
    /// The token.
    pub token: SecretString,
}

/// GitLab.com, or a GitLab server.
#[derive(Debug, Clone)]
pub struct Gitlab {
    pub(crate) client: Client,
    /// The server's address for people, without a slash at its end.
    pub(crate) site: String,
    /// The author of commits; `None` leaves it to GitLab.
    pub(crate) author: Option<Author>,
    /// The token's account, once it was asked for.
    pub(crate) own: Arc<OnceLock<User>>,
}

impl Gitlab {
    /// Does not connect yet.
    ///
    /// # Errors
    /// `Rejected` when `base_url` or `commit_author` cannot be used.
    pub fn new(
        settings: &Settings,
        credentials: Credentials,
        options: &Options,
    ) -> Result<Self, ActionError> {
        let site = site(&settings.base_url);
        let auth = Auth::Bearer(credentials.token);
        let client = Client::new("GitLab", &format!("{site}{API}"), auth, options)?
            .header("accept", "application/json")
            .largest_answer(LARGEST_ANSWER);
        let author = author(settings.commit_author.as_deref(), client.section())?;
        Ok(Self { client, site, author, own: Arc::default() })
    }

    /// Sends a request about a project.
    pub(crate) async fn send(
        &self,
        project: &RepositoryName,
        request: Request<'_>,
    ) -> Result<Answer, Failure> {
        request.send().await.map_err(|failure| explained(failure, project))
    }

    /// The same, and again for some seconds while the failure `is_early`.
    pub(crate) async fn send_settled(
        &self,
        project: &RepositoryName,
        request: Request<'_>,
        is_early: impl Fn(&Failure) -> bool + Send + Sync,
    ) -> Result<Answer, Failure> {
        request.send_settled(is_early).await.map_err(|failure| explained(failure, project))
    }
}

/// The address that people open, of one that may name the API.
pub(crate) fn site(base_url: &str) -> String {
    let site = same_site(base_url);
    site.strip_suffix(API).map(str::to_owned).unwrap_or(site)
}

/// GitLab does not distinguish what is hidden from what does not exist.
pub(crate) fn not_there(what: impl std::fmt::Display) -> ActionError {
    ActionError::rejected(format!("GitLab has no {what}, or the configured token may not see it"))
}

#[async_trait]
impl VersionControl for Gitlab {
    async fn repository_info(&self, project: &RepositoryName) -> Result<RepositoryInfo, ActionError> {
        self.read_project(project).await
    }

    async fn tree(&self, project: &RepositoryName, reference: &str) -> Result<Vec<TreeEntry>, ActionError> {
        self.read_tree(project, reference).await
    }

    async fn read_files(
        &self,
        project: &RepositoryName,
        reference: &str,
        paths: &[String],
    ) -> Result<Vec<Option<FileContent>>, ActionError> {
        self.contents(project, reference, paths).await
    }

    async fn find_branch(
        &self,
        project: &RepositoryName,
        branch: &BranchName,
    ) -> Result<Option<CommitSha>, ActionError> {
        self.branch_head(project, branch).await
    }

    async fn create_branch(
        &self,
        project: &RepositoryName,
        branch: &BranchName,
        at: &CommitSha,
    ) -> Result<(), ActionError> {
        self.make_branch(project, branch, at).await
    }

    async fn delete_branch(
        &self,
        project: &RepositoryName,
        branch: &BranchName,
        at: &CommitSha,
    ) -> Result<(), ActionError> {
        self.remove_branch(project, branch, at).await
    }

    async fn is_unchanged_since(
        &self,
        project: &RepositoryName,
        since: &CommitSha,
        head: &CommitSha,
    ) -> Result<bool, ActionError> {
        self.has_only_reverted_commits(project, since, head).await
    }

    async fn commit(
        &self,
        project: &RepositoryName,
        request: &CommitRequest,
        mark: &Mark,
    ) -> Result<Commit, ActionError> {
        self.make_commit(project, request, mark).await
    }

    async fn find_commit(
        &self,
        project: &RepositoryName,
        branch: &BranchName,
        mark: &Mark,
    ) -> Result<Option<Commit>, ActionError> {
        self.find_marked_commit(project, branch, mark, None).await
    }

    async fn revert_commit(
        &self,
        project: &RepositoryName,
        branch: &BranchName,
        commit: &CommitSha,
        parent: &CommitSha,
    ) -> Result<(), ActionError> {
        self.take_back_commit(project, branch, commit, parent).await
    }

    fn pull_request_reference(&self, project: &RepositoryName, number: u64) -> String {
        Reference { project: project.clone(), kind: Kind::MergeRequest, number }.to_string()
    }

    async fn find_pull_request(
        &self,
        project: &RepositoryName,
        source: &BranchName,
        target: &BranchName,
    ) -> Result<Option<PullRequest>, ActionError> {
        self.open_merge_request(project, source, target).await
    }

    async fn create_pull_request(
        &self,
        project: &RepositoryName,
        request: &PullRequestRequest,
        mark: &Mark,
    ) -> Result<PullRequest, ActionError> {
        self.make_merge_request(project, request, mark).await
    }

    async fn close_pull_request(
        &self,
        project: &RepositoryName,
        number: u64,
    ) -> Result<PullRequestClosing, ActionError> {
        self.shut_merge_request(project, number).await
    }

    async fn revert_pull_request(
        &self,
        project: &RepositoryName,
        number: u64,
        mark: &Mark,
    ) -> Result<PullRequest, ActionError> {
        self.revert_merged(project, number, mark).await
    }

    async fn pull_request_files(
        &self,
        project: &RepositoryName,
        number: u64,
    ) -> Result<Vec<String>, ActionError> {
        self.changed_files(project, number).await
    }

    async fn review_remarks(
        &self,
        project: &RepositoryName,
        number: u64,
        review: u64,
    ) -> Result<Vec<LineRemark>, ActionError> {
        self.remarks_of(project, number, review).await
    }

    async fn checks(&self, project: &RepositoryName, commit: &CommitSha) -> Result<Checks, ActionError> {
        self.read_checks(project, commit).await
    }

    async fn failed_checks(
        &self,
        project: &RepositoryName,
        commit: &CommitSha,
    ) -> Result<Vec<FailedCheck>, ActionError> {
        self.read_failures(project, commit).await
    }

    async fn mark_ready(&self, project: &RepositoryName, number: u64) -> Result<(), ActionError> {
        self.end_draft(project, number).await
    }

    fn code_owners_paths(&self) -> &'static [&'static str] {
        &["CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS"]
    }

    fn reviews(&self) -> Option<&dyn Reviews> {
        Some(self)
    }

    async fn permission(
        &self,
        project: &RepositoryName,
        login: &str,
    ) -> Result<RepositoryPermission, ActionError> {
        self.permission_of(project, login).await
    }
}

#[async_trait]
impl TaskManagement for Gitlab {
    async fn get_task(&self, task_id: &str) -> Result<Task, ActionError> {
        self.read_issue(&Reference::issue(task_id)?).await
    }

    async fn read_attachment(
        &self,
        task_id: &str,
        attachment: &Attachment,
        most: usize,
    ) -> Result<Vec<u8>, ActionError> {
        self.content_of(&task_id.parse::<Reference>()?.project, attachment, most).await
    }

    async fn files_in(&self, task_id: &str, words: &str) -> Result<Vec<Attachment>, ActionError> {
        // What is said on a merge request links files of its project, too.
        let project = task_id.parse::<Reference>().map(|reference| reference.project);
        Ok(project.map(|project| self.files_linked_in(words, &project)).unwrap_or_default())
    }

    async fn create_task(&self, new: &NewTask, mark: &Mark) -> Result<CreatedTask, ActionError> {
        Ok(self.make_issue(new, mark).await?.into())
    }

    async fn find_created(&self, project: &str, mark: &Mark) -> Result<Option<CreatedTask>, ActionError> {
        Ok(self.find_marked_issue(project, mark).await?.map(CreatedTask::from))
    }

    fn task_url(&self, task_id: &str) -> Option<String> {
        task_id.parse::<Reference>().ok().map(|reference| reference.url(&self.site))
    }

    async fn inspect_task(&self, task_id: &str) -> Result<Option<InspectedTask>, ActionError> {
        self.inspect_issue(&Reference::issue(task_id)?).await
    }

    async fn rewrite_task(&self, present: &Task, new: &NewTask, mark: &Mark) -> Result<(), ActionError> {
        self.rewrite_issue(&Reference::issue(&present.task_id)?, new, mark).await
    }

    /// GitLab lets only owners delete issues.
    async fn withdraw_task(&self, task_id: &str) -> Result<(), ActionError> {
        self.set_status(&Reference::issue(task_id)?, "closed").await.map(drop)
    }

    async fn blockers(&self, task_id: &str) -> Result<Option<Vec<TaskLink>>, ActionError> {
        self.blocking_issues(&Reference::issue(task_id)?).await
    }

    async fn link_blocker(&self, task_id: &str, blocker: &str, _: &Mark) -> Result<LinkedTask, ActionError> {
        self.block_issue(&Reference::issue(task_id)?, &Reference::issue(blocker)?).await
    }

    async fn unlink_blocker(&self, task_id: &str, link: &TaskLink) -> Result<(), ActionError> {
        self.remove_link(&Reference::issue(task_id)?, link).await
    }

    async fn update_status(&self, task_id: &str, status: &str) -> Result<StatusChange, ActionError> {
        self.set_status(&Reference::issue(task_id)?, status).await
    }

    async fn add_comment(
        &self,
        task_id: &str,
        markdown: &str,
        mark: &Mark,
    ) -> Result<CommentId, ActionError> {
        self.make_note(&task_id.parse()?, markdown, mark).await
    }

    async fn find_comment(&self, task_id: &str, mark: &Mark) -> Result<Option<CommentId>, ActionError> {
        self.find_marked_note(&task_id.parse()?, mark).await
    }

    async fn update_comment(
        &self,
        task_id: &str,
        comment: &CommentId,
        markdown: &str,
        mark: &Mark,
    ) -> Result<(), ActionError> {
        self.replace_note(&task_id.parse()?, comment, markdown, mark).await
    }

    async fn get_project_tasks(&self, query: &TaskQuery) -> Result<Vec<Task>, ActionError> {
        self.list_issues(query).await
    }

    async fn remove_label(&self, task_id: &str, label: &str) -> Result<(), ActionError> {
        self.unlabel(&Reference::issue(task_id)?, label).await
    }

    async fn react(&self, task_id: &str, comment: Option<&CommentId>) -> Result<(), ActionError> {
        self.award_eyes(&task_id.parse()?, comment).await
    }

    async fn own_account(&self) -> Result<Option<String>, ActionError> {
        // The owner of a personal token also acts: of their actions, only those with our mark are ours.
        let own = self.own_user().await?;
        Ok(own.bot.then(|| own.username.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_api_is_below_the_server() {
        for base_url in ["https://git.acme.example/", "https://git.acme.example/api/v4"] {
            let settings = Settings { base_url: base_url.to_owned(), commit_author: None };
            let options = Options::new().unwrap();
            let gitlab = Gitlab::new(&settings, Credentials { token: "t".into() }, &options).unwrap();
            assert_eq!(gitlab.client.base_url(), "https://git.acme.example/api/v4");
            assert_eq!(
                gitlab.task_url("a/b/c!3").as_deref(),
                Some("https://git.acme.example/a/b/c/-/merge_requests/3")
            );
        }
    }
}
