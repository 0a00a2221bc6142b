//! Reviews of pull requests: the change as the code host shows it, and comments on its lines.

use super::Mark;
use crate::error::ActionError;
use crate::repository::{CommitSha, RepositoryName};
use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A code host on which pull requests are reviewed. Errors are those of [`VersionControl`](super::VersionControl).
#[async_trait]
pub trait Reviews: Send + Sync {
    /// A pull request with its two ends, open or not.
    async fn read_pull_request(
        &self,
        repository: &RepositoryName,
        number: u64,
    ) -> Result<ReviewedPullRequest, ActionError>;

    /// The files that a pull request changes, with the changed lines, in the code host's order.
    async fn changes(
        &self,
        repository: &RepositoryName,
        number: u64,
    ) -> Result<Vec<ChangedFile>, ActionError>;

    /// The threads about lines of a pull request, oldest first.
    async fn threads(
        &self,
        repository: &RepositoryName,
        number: u64,
    ) -> Result<Vec<ReviewThread>, ActionError>;

    /// The commit that our newest review of a pull request is about.
    async fn last_reviewed(
        &self,
        repository: &RepositoryName,
        number: u64,
    ) -> Result<Option<CommitSha>, ActionError>;

    /// The review that an earlier attempt with the same mark finished.
    async fn find_review(
        &self,
        repository: &RepositoryName,
        number: u64,
        mark: &Mark,
    ) -> Result<Option<SubmittedReview>, ActionError>;

    /// Comments on lines and summarizes. It neither approves nor blocks the pull request. A repeat with the same mark adds only what is
    /// missing.
    async fn submit_review(
        &self,
        repository: &RepositoryName,
        number: u64,
        review: &NewReview,
        mark: &Mark,
    ) -> Result<SubmittedReview, ActionError>;

    /// Answers in a thread. A repeat with the same mark finds the answer.
    async fn reply_in_thread(
        &self,
        repository: &RepositoryName,
        number: u64,
        thread: &ReviewThread,
        markdown: &str,
        mark: &Mark,
    ) -> Result<(), ActionError>;

    /// Marks a thread as resolved. Does nothing if it is.
    async fn resolve_thread(
        &self,
        repository: &RepositoryName,
        number: u64,
        thread: &str,
    ) -> Result<(), ActionError>;
}

/// A pull request as a reviewer needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewedPullRequest {
    /// Its number in the repository.
    pub number: u64,
    /// Where people see it.
    pub url: String,
    /// The title.
    pub title: String,
    /// The description in Markdown, without marks.
    pub description: String,
    /// The login of who opened it.
    pub author: Option<String>,
    /// The branch with the changes.
    pub source: String,
    /// The branch that they go to.
    pub target: String,
    /// The commit with the changes.
    pub head: CommitSha,
    /// The commit that the changes are compared with.
    pub base: CommitSha,
    /// Whether it is neither closed nor merged.
    pub is_open: bool,
    /// Whether it was merged.
    pub is_merged: bool,
    /// Whether the branch is in another repository.
    pub is_from_fork: bool,
}

/// A file that a pull request changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedFile {
    /// The path, after the change.
    pub path: String,
    /// The path before the change, if it differs.
    pub former_path: Option<String>,
    /// The hunks of a unified diff; absent for binary files and for files that the code host does not show.
    pub patch: Option<String>,
}

/// A line of a diff: unchanged lines have a number before and after the change, removed ones only before, added ones only after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LineComment {
    /// The path, after the change.
    pub path: String,
    /// The path before the change.
    pub former_path: String,
    /// The line before the change, counted from 1.
    pub old_line: Option<u64>,
    /// The line after the change, counted from 1.
    pub new_line: Option<u64>,
    /// The text, in Markdown.
    pub text: String,
}

/// A review to submit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewReview {
    /// The commit that was looked at.
    pub head: CommitSha,
    /// The commit that it was compared with.
    pub base: CommitSha,
    /// The summary, in Markdown.
    pub summary: String,
    /// Comments on lines of the diff.
    pub comments: Vec<LineComment>,
}

/// A review as people see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubmittedReview {
    /// Where people see it.
    pub url: String,
}

/// A thread about a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviewThread {
    /// How the code host names it.
    pub id: String,
    /// The file.
    pub path: String,
    /// The line after the change; absent if the line is gone.
    pub line: Option<u64>,
    /// Whether somebody resolved it.
    pub is_resolved: bool,
    /// The comments, oldest first.
    pub comments: Vec<ThreadComment>,
}

/// A comment in a thread.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ThreadComment {
    /// The author's login.
    pub author: Option<String>,
    /// Whether we said it.
    pub is_ours: bool,
    /// The digests of our marks in it; none in other people's comments.
    pub marks: Vec<String>,
    /// The text, in Markdown, without marks.
    pub text: String,
}

impl ReviewThread {
    /// Whether we began it.
    pub fn is_ours(&self) -> bool {
        self.comments.first().is_some_and(|first| first.is_ours)
    }

    /// Whether an effect with this mark spoke in it.
    pub fn carries(&self, mark: &Mark) -> bool {
        let digest = mark.digest();
        self.comments.iter().any(|comment| comment.marks.contains(&digest))
    }
}

/// A review's comment on a line, or on a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineRemark {
    /// The file's path from the root.
    pub path: String,
    /// The line, counted from 1; absent for comments on a whole file and on lines that are gone.
    pub line: Option<u64>,
    /// The first line, if it is about several, of which `line` is the last.
    pub first_line: Option<u64>,
    /// The text, in Markdown.
    pub text: String,
}

/// Lines of a file in words, by the last and, where there are several, the first one: `line 12`, `lines 3–12`.
pub fn lines_in_words(first: Option<u64>, last: u64) -> String {
    match first.filter(|first| *first < last) {
        Some(first) => format!("lines {first}–{last}"),
        None => format!("line {last}"),
    }
}
