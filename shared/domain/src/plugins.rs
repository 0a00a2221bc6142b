//! The plugin types as traits. A trait contains only what workflows need from every provider of its type; its methods are
//! named after their external effect, so that a reader sees what a function may do.
//!
//! Methods that create something take a [`Mark`]: its key is left on the created object, so that a repeat finds it.

mod ai_provider;
mod checks;
mod communication;
mod conversation;
mod documentation;
mod git_objects;
mod monitoring;
mod reviews;
mod task_management;
mod version_control;

pub use ai_provider::{
    AiProvider, ModelReply, ModelRequest, NoReply, PromptBlock, StopReason, TokenPrices, Usage, WhyRefused,
};
pub use checks::{CheckConclusion, Checks, FailedCheck};
pub use communication::{
    Communication, FileChannels, Message, MessageBody, MessageButton, REST_OF_QUESTION, SentMessage,
};
pub use conversation::{Content, Effort, ModelMessage, ModelTool, Part, Speaker, ToolCall};
pub use documentation::{Documentation, Page, PageContent, PageRequest};
pub use monitoring::{Metric, MetricQuery, Monitoring, MonitoringEvent, Series, Statistic, Unit};
pub use reviews::{
    ChangedFile, LineComment, LineRemark, NewReview, ReviewThread, ReviewedPullRequest, Reviews,
    SubmittedReview, ThreadComment, lines_in_words,
};
pub use task_management::{
    CommentId, CreatedTask, InspectedTask, LinkedTask, NewTask, Restriction, StatusChange, TaskLink,
    TaskManagement, TaskQuery,
};
pub use version_control::{
    Commit, CommitRequest, FileChange, FileContent, PullRequest, PullRequestClosing, PullRequestRequest,
    RepositoryAccess, RepositoryInfo, RepositoryPermission, TreeEntry, TreeEntryKind, VersionControl,
};

use jiff::Timestamp;
use sha2::{Digest, Sha256};

/// A mark that we leave on everything we create, so that a repeat of the effect finds it instead of creating another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// The effect's idempotency key. It stays private; only its [`Mark::digest`] is left on the object.
    pub key: String,
    /// When the effect was first intended: the date of commits, so that a repeated commit has the same id.
    pub at: Timestamp,
}

impl Mark {
    /// The prefix of every mark in a text. It is removed from other people's texts: anything that looks like a mark is defused before it is sent.
    pub const BEGIN: &str = "<!-- ticketsmith:";

    /// The first 32 hex digits of the key's SHA-256, which are left on the object; safe in any field and in public.
    pub fn digest(&self) -> String {
        let mut digest = hex::encode(Sha256::digest(self.key.as_bytes()));
        digest.truncate(32);
        digest
    }
}
