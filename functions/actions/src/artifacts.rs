//! What agents make and pass on: analyses, plans, edits.

use domain::execution::Inverse;
use domain::{ActionName, CommitSha, Stored};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What an agent found out about a codebase, with respect to a ticket.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Analysis {
    /// A few sentences for people.
    pub summary: String,
    /// How the code is organised and what matters to the ticket, in Markdown.
    pub details: String,
    /// The paths that matter to the ticket.
    pub relevant_files: Vec<String>,
    /// How the project's tests are written and where they stand, in Markdown.
    pub testing: String,
}

/// How an agent means to implement a ticket.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Plan {
    /// A few sentences for people.
    pub summary: String,
    /// What is done, in order.
    pub steps: Vec<String>,
    /// Paths of present files that change or must be read.
    pub files_to_read: Vec<String>,
    /// Paths that change or are created.
    pub files_to_change: Vec<String>,
    /// What could go wrong.
    pub risks: Vec<String>,
}

/// The edits that implement a ticket, and the words that go with them. The words stand inline, so that expressions can read
/// them; the edits are stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Implementation {
    /// What was done, in a few sentences.
    pub summary: String,
    /// A title for the pull request.
    pub pr_title: String,
    /// A description for the pull request in Markdown, at most 32 KiB.
    pub pr_description: String,
    /// Documentation of the change in Markdown, at most 32 KiB.
    pub documentation: String,
    /// A commit message.
    pub commit_message: String,
    /// The paths that change.
    pub files: Vec<String>,
    /// The edits.
    pub edits: Stored<Edits>,
}

/// Edits of files, applied and checked: every file with its whole new content.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Edits {
    /// The commit that the present contents were read from.
    pub base: CommitSha,
    /// Each path once.
    pub files: Vec<FileEdit>,
}

/// What happens to one file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileEdit {
    /// The path from the repository's root.
    pub path: String,
    /// The whole new content; `null` deletes the file.
    pub content: Option<String>,
    /// Whether the file has the executable bit.
    #[serde(default)]
    pub executable: bool,
    /// The SHA-256 of the content that the edit was made from, in hex; `null` where the file did not exist. An edit without it is made
    /// whatever stands there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before_sha256: Option<String>,
}

/// One effect of a run, as a rollback reads it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EffectEntry {
    /// The effect's idempotency key.
    pub key: String,
    /// The action that made it.
    pub action: ActionName,
    /// What takes it back; `null` for what stays.
    pub inverse: Option<Inverse>,
}
