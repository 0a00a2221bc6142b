//! The subject of a session's review: a change with its lines, and threads that wait for an answer; and the session's comments on them.

use crate::diff::{DiffFile, Side};
use domain::CommitSha;
use domain::plugins::{LineComment, ReviewThread};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A pull request as a session is given it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviewSubject {
    /// The pull request's number.
    pub number: u64,
    /// The branch with the changes.
    pub source: String,
    /// The commit with the changes.
    pub head: CommitSha,
    /// The commit that they are compared with.
    pub base: CommitSha,
    /// The commit of the review before, if there was one: only what changed since is reviewed.
    pub since: Option<CommitSha>,
    /// The files to review; none if only threads are answered.
    pub files: Vec<DiffFile>,
    /// The threads that wait for an answer.
    pub threads: Vec<ReviewThread>,
}

/// An agent's comments on a pull request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Review {
    /// Its comments on lines of the diff.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub comments: Vec<LineComment>,
    /// Its answers in threads.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answers: Vec<ThreadAnswer>,
}

/// An answer in a thread.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ThreadAnswer {
    /// How the code host names the thread.
    pub thread: String,
    /// Whether the thread's request is done.
    pub done: bool,
    /// What was done, or why not.
    pub text: String,
}

impl Review {
    /// Whether nothing was said.
    pub fn is_empty(&self) -> bool {
        self.comments.is_empty() && self.answers.is_empty()
    }
}

impl ReviewSubject {
    /// The file of this path, after the change or, for [`Side::Before`], before it.
    pub fn file(&self, path: &str, side: Side) -> Option<&DiffFile> {
        let former = || self.files.iter().find(|file| side == Side::Before && file.former_path == path);
        self.files.iter().find(|file| file.path == path).or_else(former)
    }

    /// The comments on lines that this review may be about. All of a session's are; nothing else is ever sent.
    pub fn placed(&self, comments: Vec<LineComment>) -> Vec<LineComment> {
        let is_placed = |comment: &LineComment| {
            let lines =
                self.files.iter().filter(|file| file.path == comment.path).flat_map(|file| &file.lines);
            let place = (comment.old_line, comment.new_line);
            lines.into_iter().any(|line| line.is_fresh && (line.old, line.new) == place)
        };
        comments.into_iter().filter(is_placed).collect()
    }
}
