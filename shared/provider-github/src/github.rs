//! The plugin itself.

mod task_management;
#[cfg(test)]
mod tests;

use crate::app::Installation;
use crate::author::{Author, author, noreply_host};
use crate::credentials::Credentials;
use crate::refusal::{explained, is_about_movement};
use crate::settings::{Settings, is_server, media, site};
use async_trait::async_trait;
use domain::plugins::{
    Checks, Commit, CommitRequest, FailedCheck, FileContent, LineRemark, Mark, PullRequest,
    PullRequestClosing, PullRequestRequest, RepositoryAccess, RepositoryInfo, RepositoryPermission, Reviews,
    TreeEntry, VersionControl,
};
use domain::{ActionError, BranchName, CommitSha, ErrorKind, RepositoryName};
use http_client::{Answer, Auth, Client, Failure, Options, Request};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock};

/// Trees and files may be large: a tree is listed up to 7 MB, a file is read up to 40 MiB in base64.
const LARGEST_ANSWER: usize = 64 * 1024 * 1024;

/// GitHub, or a GitHub Enterprise Server.
#[derive(Debug, Clone)]
pub struct Github {
    pub(crate) client: Client,
    /// For the GraphQL API, which is next to the REST API on an Enterprise Server.
    pub(crate) graphql: Client,
    /// For public pages of the website.
    pub(crate) site: Client,
    /// For the host that an Enterprise Server may keep people's files on.
    pub(crate) media: Option<Client>,
    pub(crate) installation: Option<Arc<Installation>>,
    /// Whether it is an Enterprise Server, whose site is on the API's own host.
    pub(crate) is_server: bool,
    /// The author of commits; `None` leaves it to GitHub.
    pub(crate) author: Option<Author>,
    /// Where people's noreply addresses are.
    pub(crate) noreply: String,
    /// GraphQL's names of repositories.
    pub(crate) node_ids: Arc<Mutex<HashMap<RepositoryName, String>>>,
    /// The login of what we create, once known.
    pub(crate) own_login: Arc<OnceLock<String>>,
}

impl Github {
    /// Does not connect yet.
    ///
    /// # Errors
    /// `Rejected` when `base_url`, `commit_author` or an App's private key cannot be used.
    pub fn new(
        settings: &Settings,
        credentials: Credentials,
        access: RepositoryAccess,
        options: &Options,
    ) -> Result<Self, ActionError> {
        let is_server = is_server(&settings.base_url);
        let (auth, app) = match credentials {
            Credentials::Token { token } => (Auth::Bearer(token), None),
            Credentials::App(app) => (Auth::None, Some(app)),
        };
        let client = |base_url: &str| -> Result<Client, ActionError> {
            Ok(Client::new("GitHub", base_url, auth.clone(), options)?
                .header("accept", "application/vnd.github+json")
                .header("x-github-api-version", "2022-11-28")
                .largest_answer(LARGEST_ANSWER))
        };
        let base_url = settings.base_url.trim_end_matches('/');
        let (graphql, client) =
            (client(base_url.strip_suffix("/v3").unwrap_or(base_url))?, client(base_url)?);
        let address = site(&settings.base_url);
        let site = Client::new("GitHub", &address, Auth::None, options)?;
        // A server without a name has no such host.
        let media = media(&settings.base_url)
            .and_then(|address| Client::new("GitHub", &address, Auth::None, options).ok());
        let installation = app.map(|app| Installation::new(app, access)).transpose()?.map(Arc::new);
        let author = author(settings.commit_author.as_deref(), installation.is_some(), client.section())?;
        let noreply = noreply_host(base_url);
        let (node_ids, own_login) = (Arc::default(), Arc::default());
        Ok(Self {
            client,
            graphql,
            site,
            media,
            installation,
            is_server,
            author,
            noreply,
            node_ids,
            own_login,
        })
    }

    /// Sends a request about a repository, as who may do that there.
    pub(crate) async fn send(
        &self,
        repository: &RepositoryName,
        request: Request<'_>,
    ) -> Result<Answer, Failure> {
        let request = self.authorized(repository, request).await?;
        request.send().await.map_err(|failure| told(failure, repository))
    }

    /// The same, and again for some seconds while the failure `is_early`.
    pub(crate) async fn send_settled(
        &self,
        repository: &RepositoryName,
        request: Request<'_>,
        is_early: impl Fn(&Failure) -> bool + Send + Sync,
    ) -> Result<Answer, Failure> {
        let request = self.authorized(repository, request).await?;
        request.send_settled(is_early).await.map_err(|failure| told(failure, repository))
    }

    async fn authorized<'client>(
        &self,
        repository: &RepositoryName,
        request: Request<'client>,
    ) -> Result<Request<'client>, ActionError> {
        if repository.is_nested() {
            return Err(ActionError::rejected(format!(
                "`{repository}` cannot be a repository on GitHub, which has no nested groups; accepted: `owner/name`"
            )));
        }
        Ok(match &self.installation {
            None => request,
            Some(installation) => request.bearer(installation.token(&self.client, repository).await?),
        })
    }
}

/// A failure with a sentence for its reason, if we have one. GitHub answers 409 for many reasons, and `Conflict` is only for what
/// says that something has moved.
fn told(mut failure: Failure, repository: &RepositoryName) -> Failure {
    if let Some(error) = explained(&failure, repository) {
        failure.error = error;
    } else if failure.status == Some(409) && !is_about_movement(&failure) {
        failure.error.kind = ErrorKind::Rejected;
    }
    failure
}

/// GitHub does not distinguish what is hidden from what does not exist.
pub(crate) fn not_there(what: impl std::fmt::Display) -> ActionError {
    ActionError::rejected(format!("GitHub has no {what}, or the configured token or App may not see it"))
}

#[async_trait]
impl VersionControl for Github {
    async fn repository_info(&self, repository: &RepositoryName) -> Result<RepositoryInfo, ActionError> {
        self.read_repository(repository).await
    }

    async fn tree(
        &self,
        repository: &RepositoryName,
        reference: &str,
    ) -> Result<Vec<TreeEntry>, ActionError> {
        self.read_tree(repository, reference).await
    }

    async fn read_files(
        &self,
        repository: &RepositoryName,
        reference: &str,
        paths: &[String],
    ) -> Result<Vec<Option<FileContent>>, ActionError> {
        self.contents(repository, reference, paths).await
    }

    async fn find_branch(
        &self,
        repository: &RepositoryName,
        branch: &BranchName,
    ) -> Result<Option<CommitSha>, ActionError> {
        self.branch_head(repository, branch).await
    }

    async fn create_branch(
        &self,
        repository: &RepositoryName,
        branch: &BranchName,
        at: &CommitSha,
    ) -> Result<(), ActionError> {
        self.make_branch(repository, branch, at).await
    }

    async fn delete_branch(
        &self,
        repository: &RepositoryName,
        branch: &BranchName,
        at: &CommitSha,
    ) -> Result<(), ActionError> {
        self.remove_branch(repository, branch, at).await
    }

    async fn commit(
        &self,
        repository: &RepositoryName,
        request: &CommitRequest,
        mark: &Mark,
    ) -> Result<Commit, ActionError> {
        self.make_commit(repository, request, mark).await
    }

    async fn find_commit(
        &self,
        repository: &RepositoryName,
        branch: &BranchName,
        mark: &Mark,
    ) -> Result<Option<Commit>, ActionError> {
        self.find_marked_commit(repository, branch, mark).await
    }

    async fn revert_commit(
        &self,
        repository: &RepositoryName,
        branch: &BranchName,
        commit: &CommitSha,
        parent: &CommitSha,
    ) -> Result<(), ActionError> {
        self.take_back_commit(repository, branch, commit, parent).await
    }

    async fn find_pull_request(
        &self,
        repository: &RepositoryName,
        source: &BranchName,
        target: &BranchName,
    ) -> Result<Option<PullRequest>, ActionError> {
        self.open_pull_request(repository, source, target).await
    }

    async fn create_pull_request(
        &self,
        repository: &RepositoryName,
        request: &PullRequestRequest,
        mark: &Mark,
    ) -> Result<PullRequest, ActionError> {
        self.make_pull_request(repository, request, mark).await
    }

    async fn close_pull_request(
        &self,
        repository: &RepositoryName,
        number: u64,
    ) -> Result<PullRequestClosing, ActionError> {
        self.shut_pull_request(repository, number).await
    }

    async fn revert_pull_request(
        &self,
        repository: &RepositoryName,
        number: u64,
        mark: &Mark,
    ) -> Result<PullRequest, ActionError> {
        self.revert_merged(repository, number, mark).await
    }

    async fn pull_request_files(
        &self,
        repository: &RepositoryName,
        number: u64,
    ) -> Result<Vec<String>, ActionError> {
        self.changed_files(repository, number).await
    }

    async fn review_remarks(
        &self,
        repository: &RepositoryName,
        number: u64,
        review: u64,
    ) -> Result<Vec<LineRemark>, ActionError> {
        self.remarks_of(repository, number, review).await
    }

    async fn checks(&self, repository: &RepositoryName, commit: &CommitSha) -> Result<Checks, ActionError> {
        self.read_checks(repository, commit).await
    }

    async fn failed_checks(
        &self,
        repository: &RepositoryName,
        commit: &CommitSha,
    ) -> Result<Vec<FailedCheck>, ActionError> {
        self.why_checks_failed(repository, commit).await
    }

    async fn mark_ready(&self, repository: &RepositoryName, number: u64) -> Result<(), ActionError> {
        self.ready_for_review(repository, number).await
    }

    fn code_owners_paths(&self) -> &'static [&'static str] {
        &[".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"]
    }

    fn reviews(&self) -> Option<&dyn Reviews> {
        Some(self)
    }

    async fn permission(
        &self,
        repository: &RepositoryName,
        login: &str,
    ) -> Result<RepositoryPermission, ActionError> {
        self.permission_of(repository, login).await
    }
}
