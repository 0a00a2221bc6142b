//! The parts of an agent's workspace that a session keeps between two turns.

use crate::file_edit::{Edits, FileEdit, MovedContent};
use crate::review::Review;
use domain::CommitSha;
use domain::ProjectPlan;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Everything an agent has changed, read and planned. It is small apart from the contents of changed files.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkspaceState {
    /// What differs from the base commit, by path.
    #[serde(default)]
    pub changes: BTreeMap<String, Change>,
    /// The files that the model has read in this generation, with the SHA-256 of their content in hex.
    #[serde(default)]
    pub read: BTreeMap<String, String>,
    /// The lines of files that it has read in part and was not shown, as the first and the last of each range.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub unseen: BTreeMap<String, Vec<(usize, usize)>>,
    /// The plan, in order.
    #[serde(default)]
    pub plan: Vec<PlanItem>,
    /// The plan of a project that it proposed last, if it plans one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposal: Option<ProjectPlan>,
    /// The model's notes for its next generation, only the newest.
    #[serde(default)]
    pub notes: Option<String>,
    /// Its comments on a pull request so far.
    #[serde(default, skip_serializing_if = "Review::is_empty")]
    pub review: Review,
}

impl WorkspaceState {
    /// Forgets which files were read: a new generation has none of their contents before it. Changes, plan and notes stay.
    pub fn new_generation(&mut self) {
        self.read.clear();
        self.unseen.clear();
    }

    /// How many items of the plan are done, and how many count: all but those that were dropped.
    pub fn progress(&self) -> (usize, usize) {
        let counted = self.plan.iter().filter(|item| item.status != PlanStatus::Dropped);
        let done = self.plan.iter().filter(|item| item.status == PlanStatus::Done);
        (done.count(), counted.count())
    }

    /// Every change, as `commit_changes` takes it.
    pub fn edits(&self, base: CommitSha) -> Edits {
        Edits { base, files: self.files().collect() }
    }

    pub(crate) fn files(&self) -> impl Iterator<Item = FileEdit> {
        self.changes.iter().map(|(path, change)| FileEdit::of(path, change))
    }
}

impl FileEdit {
    /// What an agent's change makes of a file.
    pub fn of(path: &str, change: &Change) -> Self {
        let (mut content, mut base64, mut moved) = (None, None, None);
        match &change.content {
            Some(ChangedContent::Text(text)) => content = Some(text.clone()),
            Some(ChangedContent::Base64(bytes)) => base64 = Some(bytes.clone()),
            Some(ChangedContent::Moved(unread)) => moved = Some(unread.clone()),
            None => {}
        }
        Self {
            path: path.to_owned(),
            content,
            base64,
            moved,
            executable: change.executable,
            before_sha256: change.before_sha256.clone(),
            before_id: change.before_id.clone(),
        }
    }
}

/// How one file differs from the base commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// The file's current content; `None` if it is deleted.
    pub content: Option<ChangedContent>,
    /// Whether it has the executable bit.
    pub executable: bool,
    /// The SHA-256, in hex, of the base commit's content at this path; `None` if there is no file.
    pub before_sha256: Option<String>,
    /// The id of the base commit's blob at this path, if it was not read; then there is no SHA-256.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before_id: Option<String>,
}

/// The content of a changed file, in its own form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangedContent {
    /// UTF-8 text.
    Text(String),
    /// The bytes of a file that was moved and is not UTF-8, in base64.
    Base64(String),
    /// The content of a file that was moved without being read.
    Moved(MovedContent),
}

/// One item of an agent's plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanItem {
    /// The task, in one line.
    pub text: String,
    /// How far it is.
    pub status: PlanStatus,
}

/// How far an item of a plan is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlanStatus {
    /// Not begun.
    Open,
    /// Being worked on.
    InProgress,
    /// Finished.
    Done,
    /// No longer needed.
    Dropped,
}

impl PlanStatus {
    /// The words for all of them.
    pub(crate) const NAMES: &'static [&'static str] = &["open", "in_progress", "done", "dropped"];

    /// Whether nothing is left to do.
    pub fn is_settled(self) -> bool {
        matches!(self, Self::Done | Self::Dropped)
    }
}
