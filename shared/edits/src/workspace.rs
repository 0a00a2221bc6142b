//! An agent's view of a repository: the base commit, and the agent's changes on top of it.

mod change;
mod refusal;
mod view;

pub(crate) use refusal::Refusal;
pub(crate) use view::{Present, Source};

use crate::agent_paths::AgentPaths;
use crate::file_edit::{Edits, FileEdit};
use crate::ignored_paths::IgnoredPaths;
use crate::protected_paths::ProtectedPaths;
use crate::review::ReviewSubject;
use crate::state::{PlanItem, WorkspaceState};
use crate::tool_set::ToolSet;
use crate::tree::Tree;
use async_trait::async_trait;
use domain::plugins::{FileContent, TreeEntry};
use domain::{ActionError, CommitSha};
use std::collections::{BTreeMap, BTreeSet};

/// The contents of the base commit's files.
#[async_trait]
pub trait Contents: Send + Sync {
    /// Reads files, by path. A file whose content was not imported, because of its size or because it is not text, is left out. The
    /// entries of one call have at most 4 MiB together, unless it is a single one.
    ///
    /// # Errors
    /// Those of the storage.
    async fn read(&self, entries: &[&TreeEntry]) -> Result<BTreeMap<String, FileContent>, ActionError>;
}

/// The inputs of an agent's work, which its calls never change.
#[derive(Clone, Copy)]
pub struct Base<'a> {
    /// Every entry of the base commit's tree.
    pub tree: &'a [TreeEntry],
    /// The contents of its files.
    pub contents: &'a dyn Contents,
    /// Paths that must not be changed.
    pub protected: &'a ProtectedPaths,
    /// Paths that are not created: the rules of every `.gitignore` of the tree.
    pub ignored: &'a IgnoredPaths,
    /// Where the agent works.
    pub paths: &'a AgentPaths,
    /// The paths of the loaded files; `None` if all are.
    pub loaded: Option<&'a BTreeSet<String>>,
}

/// A repository as an agent sees and changes it. [`Workspace::run`] performs the calls of its tools; nothing but the state
/// changes.
pub struct Workspace<'a> {
    pub(crate) base: Base<'a>,
    pub(crate) tree: Tree<'a>,
    pub(crate) state: WorkspaceState,
    offered: ToolSet,
    review: Option<&'a ReviewSubject>,
}

impl<'a> Workspace<'a> {
    /// The repository with what earlier calls made of it.
    pub fn new(base: Base<'a>, offered: ToolSet, state: WorkspaceState) -> Self {
        Self { tree: Tree::new(base.tree), base, state, offered, review: None }
    }

    /// The same with a pull request, for the tools of reviews.
    #[must_use]
    pub fn reviewing(self, review: Option<&'a ReviewSubject>) -> Self {
        Self { review, ..self }
    }

    /// The state kept for the next turn.
    pub fn into_state(self) -> WorkspaceState {
        self.state
    }

    /// The present state, to keep for the next turn.
    pub fn state(&self) -> &WorkspaceState {
        &self.state
    }

    /// The model's plan.
    pub fn plan(&self) -> &[PlanItem] {
        &self.state.plan
    }

    /// Every change, as `commit_changes` takes it.
    pub fn edits(&self, base: CommitSha) -> Edits {
        self.state.edits(base)
    }

    pub(crate) fn files(&self) -> impl Iterator<Item = FileEdit> {
        self.state.files()
    }

    pub(crate) fn review(&self) -> Option<&'a ReviewSubject> {
        self.review
    }

    pub(crate) fn offered(&self) -> &ToolSet {
        &self.offered
    }
}
