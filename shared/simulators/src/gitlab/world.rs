//! The `gitlab` section of a world file.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::Timestamp;
use serde::Deserialize;

use crate::attachment::Attachment;

/// GitLab as it is when a simulation starts.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct World {
    /// Name of the secret with the field `token`, of the account in `bot`.
    pub secret: String,
    /// Username of the account whose token callers show.
    pub bot: String,
    /// The scopes of the token.
    #[serde(default = "default_scopes")]
    pub scopes: Vec<String>,
    /// Whether one issue can block another, as in the paid tiers.
    #[serde(default)]
    pub blocking_links: bool,
    /// Accounts of people and bots.
    pub users: Vec<User>,
    /// Projects.
    pub projects: Vec<Project>,
}

fn default_scopes() -> Vec<String> {
    vec!["api".to_owned()]
}

/// An account.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// The username, without `@`.
    pub username: String,
    /// The shown name.
    pub name: String,
    /// The address in commits; one that nobody reads when absent.
    #[serde(default)]
    pub email: Option<String>,
    /// Whether it belongs to a project's access token.
    #[serde(default)]
    pub bot: bool,
}

/// A project. Its content comes from `content` or from `files`; with neither it is empty.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Project {
    /// `group/sub/project`.
    pub path: String,
    /// A folder whose files become the first commit; or a git clone. Relative to the world file's folder.
    #[serde(default)]
    pub content: Option<PathBuf>,
    /// Files of the first commit: path and text.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
    /// The branch work starts from.
    #[serde(default = "default_branch")]
    pub default_branch: String,
    /// One line about it.
    #[serde(default)]
    pub description: Option<String>,
    /// Branches that only maintainers and owners push to.
    #[serde(default)]
    pub protected: Vec<String>,
    /// People's permissions.
    #[serde(default)]
    pub members: BTreeMap<String, Level>,
    /// Issues, numbered from 1 in this order.
    #[serde(default)]
    pub issues: Vec<Issue>,
    /// The jobs of the pipeline that each commit on another branch than the default one has.
    #[serde(default = "default_jobs")]
    pub jobs: Vec<WorldJob>,
    /// Whether they run in merge requests only, on the merge of the branch with its target.
    #[serde(default)]
    pub merged_results: bool,
    /// Date of the project and of the first commit made from `content` or `files`.
    #[serde(default = "default_created_at")]
    pub created_at: Timestamp,
}

fn default_branch() -> String {
    "main".into()
}

fn default_jobs() -> Vec<WorldJob> {
    vec![WorldJob::Succeeding("test".into())]
}

/// A job of a new commit's pipeline.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum WorldJob {
    /// The name of one that succeeds.
    Succeeding(String),
    /// One that can fail.
    Failing(FailingJob),
}

/// A job that fails at the first commit of each branch, and succeeds at the others.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FailingJob {
    /// Its name.
    pub name: String,
    /// Its output if it fails.
    pub log: String,
    /// At how many commits of a branch it fails.
    #[serde(default)]
    pub failures: usize,
}

impl WorldJob {
    /// The name, the status, and its output at the commit of a branch with this many before it.
    pub(super) fn at(&self, commits_before: usize) -> (String, String, String) {
        match self {
            Self::Failing(job) if commits_before < job.failures => {
                (job.name.clone(), "failed".to_owned(), job.log.clone())
            }
            Self::Succeeding(name) | Self::Failing(FailingJob { name, .. }) => {
                (name.clone(), "success".to_owned(), String::new())
            }
        }
    }

    pub(super) fn fail_first(&mut self) {
        if let Self::Failing(job) = self {
            job.failures = 1;
        }
    }
}

/// 2026-01-01T00:00:00Z: a fixed date, so that the same files make the same commit.
fn default_created_at() -> Timestamp {
    Timestamp::constant(1_767_225_600, 0)
}

/// [Access levels](https://docs.gitlab.com/api/members/#roles), weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Sees issues and writes notes.
    Guest,
    /// Sees code and labels issues, too.
    Reporter,
    /// Pushes, too.
    Developer,
    /// Changes settings, too.
    Maintainer,
    /// Everything.
    Owner,
}

impl Level {
    pub(super) fn number(self) -> u32 {
        match self {
            Self::Guest => 10,
            Self::Reporter => 20,
            Self::Developer => 30,
            Self::Maintainer => 40,
            Self::Owner => 50,
        }
    }
}

/// An issue.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Issue {
    /// One line.
    pub title: String,
    /// Markdown.
    #[serde(default)]
    pub description: Option<String>,
    /// Username of who opened it.
    pub author: String,
    /// Names of its labels.
    #[serde(default)]
    pub labels: Vec<String>,
    /// Files that were uploaded to the project and are linked at the end of the description. GitLab does not say who uploaded them.
    #[serde(default)]
    pub attachments: Vec<Attachment>,
}
