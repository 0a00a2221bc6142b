//! The plugin types as traits. A trait holds only what workflows need from every provider of its type; its methods are
//! named for the outside effect, so that a reader sees what a function may do.
//!
//! Methods that make something outside take a [`Mark`]: the key is left on what they make, so that a repeat finds it.

mod ai_provider;
mod communication;
mod documentation;
mod task_management;
mod version_control;

pub use ai_provider::{AiProvider, ModelReply, ModelRequest, PromptBlock, StopReason, Usage};
pub use communication::{Communication, Message, MessageBody, MessageButton, SentMessage};
pub use documentation::{Documentation, Page, PageRequest};
pub use task_management::{CommentId, NewTask, StatusChange, TaskManagement, TaskQuery};
pub use version_control::{
    Commit, CommitRequest, FileChange, FileContent, PullRequest, PullRequestRequest, RepositoryAccess,
    RepositoryInfo, RepositoryPermission, TreeEntry, TreeEntryKind, VersionControl,
};

use jiff::Timestamp;
use sha2::{Digest, Sha256};

/// What is left on every outside thing we make, so that a repeat of the same effect finds it and does not make a second one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// The effect's idempotency key. It stays with us: what is left outside is its [`Mark::digest`].
    pub key: String,
    /// When the effect was first intended: the date of commits, so that a repeated commit has the same id.
    pub at: Timestamp,
}

impl Mark {
    /// The first 32 hex digits of the key's SHA-256: what stands on the outside thing, safe in every field and in public.
    pub fn digest(&self) -> String {
        let mut digest = hex::encode(Sha256::digest(self.key.as_bytes()));
        digest.truncate(32);
        digest
    }
}
