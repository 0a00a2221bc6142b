//! Code hosts.

use super::checks::{Checks, FailedCheck};
use super::{LineRemark, Mark, Reviews};
use crate::error::ActionError;
use crate::repository::{BranchName, CommitSha, RepositoryName};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// A function's access to a code host. Credentials are narrowed to this if possible; personal tokens cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RepositoryAccess {
    /// Read a repository's metadata and permissions.
    ReadMetadata,
    /// Read files.
    ReadContents,
    /// Read issues, pull requests and comments on them.
    ReadConversations,
    /// Read how the checks of a commit ended, and where branches are.
    ReadChecks,
    /// Also read the text of its checks.
    ReadCheckLogs,
    /// Create and delete branches and push commits.
    WriteContents,
    /// Open and close pull requests.
    WritePullRequests,
    /// Mark pull requests as ready for review, settle what reviews say, and open pull requests that revert merged ones.
    WriteReviews,
    /// Create and change issues; comment and react on issues and pull requests.
    WriteIssues,
}

/// A host of repositories.
///
/// Every method answers `Rejected` if something does not exist or is not allowed, naming it; `Conflict` if a branch moved
/// underneath; `Throttled` and `Unavailable` as the provider says.
#[async_trait]
pub trait VersionControl: Send + Sync {
    /// Reads a repository's metadata.
    async fn repository_info(&self, repository: &RepositoryName) -> Result<RepositoryInfo, ActionError>;

    /// Every entry of the tree at a branch or commit. A tree too large for the provider to list whole is an error.
    async fn tree(&self, repository: &RepositoryName, reference: &str)
    -> Result<Vec<TreeEntry>, ActionError>;

    /// The contents of files on a branch or commit, in the given order; `None` for missing files.
    async fn read_files(
        &self,
        repository: &RepositoryName,
        reference: &str,
        paths: &[String],
    ) -> Result<Vec<Option<FileContent>>, ActionError>;

    /// The commit a branch points to; `None` if there is no such branch.
    async fn find_branch(
        &self,
        repository: &RepositoryName,
        branch: &BranchName,
    ) -> Result<Option<CommitSha>, ActionError>;

    /// Creates a branch at a commit; `Conflict` when it exists at another one.
    async fn create_branch(
        &self,
        repository: &RepositoryName,
        branch: &BranchName,
        at: &CommitSha,
    ) -> Result<(), ActionError>;

    /// Deletes a branch while it points to this commit; nothing happens when it is gone, and `Conflict` when it points elsewhere.
    async fn delete_branch(
        &self,
        repository: &RepositoryName,
        branch: &BranchName,
        at: &CommitSha,
    ) -> Result<(), ActionError>;

    /// Whether a branch at `head` has the content it had at `since`. If a code host cannot move a branch back, commits that were reverted do
    /// not count.
    async fn is_unchanged_since(
        &self,
        _repository: &RepositoryName,
        since: &CommitSha,
        head: &CommitSha,
    ) -> Result<bool, ActionError> {
        Ok(since == head)
    }

    /// Makes one commit of many files on top of `request.parent` and moves the branch to it while it points to the parent: `Conflict`
    /// when the branch has moved. A repeat with the same mark finds the commit in the branch, also under later ones.
    async fn commit(
        &self,
        repository: &RepositoryName,
        request: &CommitRequest,
        mark: &Mark,
    ) -> Result<Commit, ActionError>;

    /// The commit that an earlier attempt with the same mark pushed to a branch, if the branch still has it among its newest ones.
    async fn find_commit(
        &self,
        repository: &RepositoryName,
        branch: &BranchName,
        mark: &Mark,
    ) -> Result<Option<Commit>, ActionError>;

    /// Moves a branch from `commit` back to its parent in one step; `Conflict` when the branch points elsewhere, so that nothing
    /// that was pushed in between is lost.
    async fn revert_commit(
        &self,
        repository: &RepositoryName,
        branch: &BranchName,
        commit: &CommitSha,
        parent: &CommitSha,
    ) -> Result<(), ActionError>;

    /// How a tracker that is also this code host names a pull request to comment on: `owner/name#7`.
    fn pull_request_reference(&self, repository: &RepositoryName, number: u64) -> String {
        format!("{repository}#{number}")
    }

    /// The open pull request from this branch into that one.
    async fn find_pull_request(
        &self,
        repository: &RepositoryName,
        source: &BranchName,
        target: &BranchName,
    ) -> Result<Option<PullRequest>, ActionError>;

    /// Opens a pull request; its body carries the mark, invisibly.
    async fn create_pull_request(
        &self,
        repository: &RepositoryName,
        request: &PullRequestRequest,
        mark: &Mark,
    ) -> Result<PullRequest, ActionError>;

    /// The paths that a pull request changes, as the code host lists them; at most the 3,000 it names.
    async fn pull_request_files(
        &self,
        repository: &RepositoryName,
        number: u64,
    ) -> Result<Vec<String>, ActionError>;

    /// A review's comments on lines of a pull request, in order.
    async fn review_remarks(
        &self,
        repository: &RepositoryName,
        number: u64,
        review: u64,
    ) -> Result<Vec<LineRemark>, ActionError>;

    /// Where the code host looks for the code owners file; the first one that exists counts.
    fn code_owners_paths(&self) -> &'static [&'static str] {
        &["CODEOWNERS", "docs/CODEOWNERS"]
    }

    /// Closes a pull request without merging, unless it is closed or merged already.
    async fn close_pull_request(
        &self,
        repository: &RepositoryName,
        number: u64,
    ) -> Result<PullRequestClosing, ActionError>;

    /// Opens a pull request that reverts a merged one; a repeat with the same mark finds it. `Conflict` if later changes
    /// are in the way.
    async fn revert_pull_request(
        &self,
        repository: &RepositoryName,
        number: u64,
        _mark: &Mark,
    ) -> Result<PullRequest, ActionError> {
        Err(ActionError::rejected(format!(
            "the code host of {repository} cannot revert #{number}, which was merged"
        )))
    }

    /// The newest attempt of every check of a commit, of all kinds that the code host has.
    async fn checks(&self, repository: &RepositoryName, commit: &CommitSha) -> Result<Checks, ActionError>;

    /// The checks of a commit whose newest attempt failed, with their text, sorted by name. The text may
    /// be long; only its beginning is left out.
    async fn failed_checks(
        &self,
        repository: &RepositoryName,
        commit: &CommitSha,
    ) -> Result<Vec<FailedCheck>, ActionError> {
        let _ = commit;
        Err(ActionError::rejected(format!("the code host of {repository} does not say why checks fail")))
    }

    /// Marks a draft as ready for review. Does nothing if it is not a draft.
    async fn mark_ready(&self, repository: &RepositoryName, number: u64) -> Result<(), ActionError> {
        Err(ActionError::rejected(format!(
            "the code host of {repository} has no drafts, so #{number} cannot be marked as ready"
        )))
    }

    /// The code host's pull request reviews; `None` if it has none.
    fn reviews(&self) -> Option<&dyn Reviews> {
        None
    }

    /// What a person, by the code host's login, may do in the repository.
    async fn permission(
        &self,
        repository: &RepositoryName,
        login: &str,
    ) -> Result<RepositoryPermission, ActionError>;
}

/// A repository's metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepositoryInfo {
    /// `owner/name`.
    pub repository: RepositoryName,
    /// Where people open it.
    pub url: String,
    /// The branch shown first.
    pub default_branch: BranchName,
    /// Its description.
    pub description: Option<String>,
    /// The main programming language.
    pub language: Option<String>,
    /// Whether only invited people see it.
    pub private: bool,
    /// Whether it is archived and can no longer be changed.
    pub archived: bool,
}

/// One entry of a tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TreeEntry {
    /// The path from the root.
    pub path: String,
    /// Its kind.
    pub kind: TreeEntryKind,
    /// Bytes, for files.
    pub size: Option<u64>,
    /// What names a file's content: its blob's id, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

/// The kind of a tree's entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum TreeEntryKind {
    /// A file.
    File,
    /// A file with the executable bit.
    ExecutableFile,
    /// A symbolic link.
    SymbolicLink,
    /// A folder.
    Folder,
    /// Another repository.
    Submodule,
}

/// A file's content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum FileContent {
    /// UTF-8 text.
    Text(String),
    /// Anything else.
    Binary(Vec<u8>),
}

/// A commit to create.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitRequest {
    /// The branch to move.
    pub branch: BranchName,
    /// The commit that the branch must point to.
    pub parent: CommitSha,
    /// The message; the mark is added as a trailer.
    pub message: String,
    /// The login, at the code host, of the person for whom the commit is made: a co-author. `None` if unknown.
    pub co_author: Option<String>,
    /// The files, each path once.
    pub changes: Vec<FileChange>,
}

/// The change to one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileChange {
    /// The file has this content afterwards.
    Write {
        /// The path from the root.
        path: String,
        /// The whole content.
        content: FileContent,
        /// Whether it has the executable bit.
        executable: bool,
    },
    /// The file has the content that another one has at the parent, which is not read for it. The other path is changed by the same commit, too.
    Move {
        /// The path from the root.
        path: String,
        /// The other path.
        from: String,
        /// The id of the blob at the other path.
        id: String,
        /// Whether it has the executable bit.
        executable: bool,
    },
    /// The file is gone afterwards.
    Delete {
        /// The path from the root.
        path: String,
    },
}

impl FileChange {
    /// The path it is about.
    pub fn path(&self) -> &str {
        match self {
            Self::Write { path, .. } | Self::Move { path, .. } | Self::Delete { path } => path,
        }
    }
}

/// A commit that was created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Its id.
    pub sha: CommitSha,
    /// Where people see it.
    pub url: String,
}

/// A pull request to open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullRequestRequest {
    /// The branch with the changes.
    pub source: BranchName,
    /// The branch they go to.
    pub target: BranchName,
    /// The title.
    pub title: String,
    /// The description in Markdown.
    pub description: String,
    /// Whether it is opened as a draft. Where the code host refuses drafts, the title says that it is not ready yet.
    pub draft: bool,
}

/// A pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullRequest {
    /// Its number in the repository.
    pub number: u64,
    /// Where people see it.
    pub url: String,
    /// Whether it is not ready for review: a draft, or one whose title says so.
    pub draft: bool,
    /// The digests of the marks that its body carries.
    pub marks: Vec<String>,
}

impl PullRequest {
    /// Whether an effect with this mark opened it.
    pub fn carries(&self, mark: &Mark) -> bool {
        self.marks.contains(&mark.digest())
    }
}

/// What became of a request to close a pull request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PullRequestClosing {
    /// It was open, and is closed now.
    Closed,
    /// It was closed before.
    WasClosed,
    /// It was merged before, so that it cannot be closed.
    WasMerged,
}

/// A person's access to a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RepositoryPermission {
    /// Nothing.
    None,
    /// Read.
    Read,
    /// Push.
    Write,
    /// Change its settings.
    Admin,
}
