//! The `github` section of a world file.

mod check;

pub use check::{Annotation, Check, CheckEnd, Ends};

use std::{collections::BTreeMap, path::PathBuf};

use jiff::Timestamp;
use serde::Deserialize;

use crate::attachment::Attachment;
use crate::error::WorldError;

/// GitHub as it is when a simulation starts.
///
/// ```yaml
/// github:
///   secret: ticketsmith/github
///   bot: ticketsmith-bot
///   users:
///     - { login: ada, name: Ada Lovelace }
///     - { login: ticketsmith-bot, type: Bot }
///   repositories:
///     - name: acme/shop
///       path: shop-repository
///       private: true
///       protected: [main]
///       collaborators: { ada: write, ticketsmith-bot: write }
///       issues: [{ title: Prices show no currency, user: ada }]
/// ```
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct World {
    /// Name of the secret with the fields `webhook_secret` and either `token` (of the account in `bot`) or `app_id`,
    /// `installation_id` and `private_key` (of the app in `app`; an RSA key in PEM).
    pub secret: String,
    /// Login of the owner of the token. Required if the secret has a `token`.
    #[serde(default)]
    pub bot: Option<String>,
    /// The scopes of the token, as `repo`, if it is a classic one; a fine-grained token has none.
    #[serde(default)]
    pub token_scopes: Option<Vec<String>>,
    /// The GitHub App. Required if the secret has an `app_id`.
    #[serde(default)]
    pub app: Option<App>,
    /// Accounts of people and bots. Owners of repositories that are not listed are organizations.
    #[serde(default)]
    pub users: Vec<User>,
    /// Repositories.
    pub repositories: Vec<Repository>,
    /// Requests an account may make in an hour; GitHub's own 5000 when absent.
    #[serde(default = "default_rate_limit")]
    pub rate_limit: u32,
    /// How many requests about something that was just pushed or opened are answered as if it were not there, since GitHub does not show
    /// everywhere at once what is new.
    #[serde(default)]
    pub lag: u32,
    /// Entries a recursive tree shows before it is cut off and says `truncated`; GitHub's own 100000 when absent.
    #[serde(default = "default_tree_limit")]
    pub tree_limit: usize,
    /// Whether it is an Enterprise Server: the API is below `/api/v3`, pictures have no addresses that are keys by themselves, and the site
    /// gives a private repository's files to a token.
    #[serde(default)]
    pub enterprise_server: bool,
}

fn default_rate_limit() -> u32 {
    5_000
}

fn default_tree_limit() -> usize {
    100_000
}

/// A GitHub App with one installation, on all repositories.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct App {
    /// The name in the app's address; `<slug>[bot]` is the login it acts under.
    pub slug: String,
    /// The installation's permissions, as `contents: write`. `metadata: read` is implied.
    pub permissions: BTreeMap<String, Level>,
    /// The events that it subscribes to; those that Ticketsmith reads when absent.
    #[serde(default = "default_events")]
    pub events: Vec<String>,
}

fn default_events() -> Vec<String> {
    [
        "check_suite",
        "issue_comment",
        "issues",
        "pull_request",
        "pull_request_review",
        "pull_request_review_comment",
        "status",
    ]
    .map(str::to_owned)
    .into()
}

/// How much a permission of an app allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Looking.
    Read,
    /// Looking and changing.
    Write,
    /// All of it.
    Admin,
}

impl Level {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Admin => "admin",
        }
    }
}

/// An account.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// Login, without `@`.
    pub login: String,
    /// Name that people see.
    #[serde(default)]
    pub name: Option<String>,
    /// Address that commits carry; GitHub's no-reply address when absent.
    #[serde(default)]
    pub email: Option<String>,
    /// What kind of account it is.
    #[serde(default)]
    pub r#type: UserType,
}

/// The kinds of accounts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub enum UserType {
    /// A person.
    #[default]
    User,
    /// A program.
    Bot,
    /// An organization.
    Organization,
}

impl UserType {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Bot => "Bot",
            Self::Organization => "Organization",
        }
    }
}

/// A repository. Its content comes from `path` or from `files`; with neither it is empty.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Repository {
    /// `owner/name`.
    pub name: String,
    /// A folder whose files, without those its `.gitignore` files name, become the first commit; or a git clone whose
    /// branches and tags are taken over. Relative to the world file's folder.
    #[serde(default)]
    pub path: Option<PathBuf>,
    /// Files of the first commit: path and text.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
    /// The branch work starts from.
    #[serde(default = "default_branch")]
    pub default_branch: String,
    /// One line about it.
    #[serde(default)]
    pub description: Option<String>,
    /// Whether only collaborators see it.
    #[serde(default)]
    pub private: bool,
    /// Branches that nobody pushes to or deletes.
    #[serde(default)]
    pub protected: Vec<String>,
    /// A ruleset's requirements for every branch.
    #[serde(default)]
    pub ruleset: Ruleset,
    /// Texts that push protection takes for secrets.
    #[serde(default)]
    pub secrets: Vec<String>,
    /// People's permissions.
    #[serde(default)]
    pub collaborators: BTreeMap<String, Role>,
    /// Labels in addition to those on the issues.
    #[serde(default)]
    pub labels: Vec<String>,
    /// Issues, numbered from 1 in this order.
    #[serde(default)]
    pub issues: Vec<Issue>,
    /// Pull requests, numbered on from the issues.
    #[serde(default)]
    pub pull_requests: Vec<PullRequest>,
    /// Check runs that every commit on a branch other than the default one is found to have. One that succeeds, `test`, when absent.
    #[serde(default = "default_checks")]
    pub checks: Vec<Check>,
    /// Whether pull requests may be drafts, which free plans do not have in private repositories.
    #[serde(default = "has_drafts")]
    pub drafts: bool,
    /// Date of the repository and of the first commit made from `path` or `files`.
    #[serde(default = "default_created_at")]
    pub created_at: Timestamp,
}

fn default_branch() -> String {
    "main".into()
}

fn default_checks() -> Vec<Check> {
    vec![Check { name: "test".into(), conclusion: Ends(vec![CheckEnd::Success]), ..Check::default() }]
}

fn has_drafts() -> bool {
    true
}

/// 2026-01-01T00:00:00Z: a fixed date, so that the same files make the same commit.
fn default_created_at() -> Timestamp {
    Timestamp::constant(1_767_225_600, 0)
}

/// Rules for all branches; absent ones require nothing.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ruleset {
    /// Whether commits must have verified signatures. GitHub signs an app's commits that do not name an author.
    #[serde(default)]
    pub signed_commits: bool,
    /// The prefixes of new branches' names.
    #[serde(default)]
    pub branch_prefix: Option<String>,
}

/// [Roles](https://docs.github.com/organizations/managing-user-access-to-your-organizations-repositories/managing-repository-roles/repository-roles-for-an-organization)
/// of a collaborator, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Sees code and issues, opens issues and comments.
    Read,
    /// Labels and closes too.
    Triage,
    /// Pushes too.
    Write,
    /// Changes settings too.
    Maintain,
    /// Everything.
    Admin,
}

impl Role {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Triage => "triage",
            Self::Write => "write",
            Self::Maintain => "maintain",
            Self::Admin => "admin",
        }
    }

    /// The word of the older `permission` field, which knows only three.
    pub(super) fn legacy(self) -> &'static str {
        match self {
            Self::Read | Self::Triage => "read",
            Self::Write | Self::Maintain => "write",
            Self::Admin => "admin",
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
    pub body: Option<String>,
    /// Login of who opened it.
    pub user: String,
    /// Names of its labels.
    #[serde(default)]
    pub labels: Vec<String>,
    /// Comments, oldest first.
    #[serde(default)]
    pub comments: Vec<Comment>,
    /// Files that people put into the body, which links them.
    #[serde(default)]
    pub attachments: Vec<Attachment>,
}

/// A comment.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Comment {
    /// Login of its author.
    pub user: String,
    /// Markdown.
    pub body: String,
}

/// An open pull request between two branches of a repository. `files` makes the branch with the changes; else it comes from a git clone.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PullRequest {
    /// One line.
    pub title: String,
    /// Markdown.
    #[serde(default)]
    pub body: Option<String>,
    /// Login of who opened it.
    pub user: String,
    /// The branch with the changes.
    pub head: String,
    /// The files that the branch changes, relative to its target branch: path and text, `null` for a deleted file.
    #[serde(default)]
    pub files: BTreeMap<String, Option<String>>,
    /// The fork that the branch is in, as `owner/name`.
    #[serde(default)]
    pub fork: Option<String>,
    /// The branch they are meant for; the default branch when absent.
    #[serde(default)]
    pub base: Option<String>,
    /// Whether it is a draft.
    #[serde(default)]
    pub draft: bool,
}

/// A mistake in a world, and its place.
pub(super) fn invalid(place: impl Into<String>, problem: String) -> WorldError {
    WorldError::Invalid { place: place.into(), problem }
}
