//! A small repository to call tools on.

use super::super::*;
use crate::agent_paths::AgentPaths;
use crate::file_edit::FileEdit;
use crate::ignored_paths::IgnoredPaths;
use crate::protected_paths::ProtectedPaths;
use crate::state::WorkspaceState;
use crate::workspace::{Base, Contents};
use async_trait::async_trait;
use domain::plugins::{FileContent, TreeEntry, TreeEntryKind};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// A repository, and its agent's changes.
pub(super) struct World {
    pub(super) tree: Vec<TreeEntry>,
    pub(super) contents: Held,
    pub(super) state: WorkspaceState,
    pub(super) paths: AgentPaths,
    pub(super) loaded: Option<BTreeSet<String>>,
    pub(super) tools: Vec<String>,
    pub(super) review: Option<ReviewSubject>,
}

/// Contents in memory, which are there at once.
#[derive(Default)]
pub(super) struct Held(pub(super) BTreeMap<String, FileContent>);

#[async_trait]
impl Contents for Held {
    async fn read(&self, entries: &[&TreeEntry]) -> Result<BTreeMap<String, FileContent>, ActionError> {
        let found = entries.iter().filter_map(|entry| self.0.get_key_value(&entry.path));
        Ok(found.map(|(path, content)| (path.clone(), content.clone())).collect())
    }
}

impl World {
    /// CI is protected and `build/` is ignored.
    pub(super) fn new() -> Self {
        let mut world = Self::empty();
        world.add("src/cart.py", "def total():\n    return 1\n\ndef one():\n    return 1\n");
        world.add("src/win.py", "\u{feff}def total():\r\n    return 1\r\n");
        world.add("src/empty.py", "");
        world.add("README.md", "# Shop\n");
        world.add("docs/Cafe\u{301}.md", "# Café\n");
        world.add(".github/workflows/ci.yml", "on: push\n");
        world.add(".gitignore", "build/\n");
        world.add("build/kept.txt", "kept\n");
        world.add("settings.json", "{\"a\": 1}\n");
        world.add(
            "model.bin",
            &format!("version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize 5\n", "0".repeat(64)),
        );
        world.put("run.sh", TreeEntryKind::ExecutableFile, FileContent::Text("echo\n".into()));
        world.put("logo.png", TreeEntryKind::File, FileContent::Binary(b"\x89PNG\0".to_vec()));
        world.put("latin.txt", TreeEntryKind::File, FileContent::Binary(b"caf\xe9\n".to_vec()));
        for (path, kind) in [
            ("src", TreeEntryKind::Folder),
            ("link", TreeEntryKind::SymbolicLink),
            ("vendored", TreeEntryKind::Submodule),
        ] {
            world.tree.push(TreeEntry { path: path.into(), kind, size: None, id: None });
        }
        world.tree.push(TreeEntry {
            path: "huge.txt".into(),
            kind: TreeEntryKind::File,
            size: Some(5_000_000),
            id: None,
        });
        world
    }

    pub(super) fn empty() -> Self {
        Self {
            tree: Vec::new(),
            contents: Held::default(),
            state: WorkspaceState::default(),
            paths: AgentPaths::default(),
            loaded: None,
            tools: Vec::new(),
            review: None,
        }
    }

    pub(super) fn add(&mut self, path: &str, text: &str) {
        self.put(path, TreeEntryKind::File, FileContent::Text(text.to_owned()));
    }

    fn put(&mut self, path: &str, kind: TreeEntryKind, content: FileContent) {
        let size = match &content {
            FileContent::Text(text) => text.len(),
            FileContent::Binary(bytes) => bytes.len(),
        };
        self.tree.push(TreeEntry { path: path.into(), kind, size: Some(size as u64), id: None });
        self.contents.0.insert(path.to_owned(), content);
    }

    /// Performs a call as a session does: with only the state of the one before.
    pub(super) fn call(&mut self, name: &str, input: Value) -> ToolEnd {
        let call = ToolCall { id: "t".into(), name: name.into(), input };
        self.with(async |workspace| workspace.run(&call).await.unwrap())
    }

    pub(super) fn with<T>(&mut self, act: impl AsyncFnOnce(&mut Workspace<'_>) -> T) -> T {
        let protected = ProtectedPaths::new(&[".github/**".to_owned()]).unwrap();
        let ignored = IgnoredPaths::read([(".gitignore", "build/\n")]);
        let base = Base {
            tree: &self.tree,
            contents: &self.contents,
            protected: &protected,
            ignored: &ignored,
            paths: &self.paths,
            loaded: self.loaded.as_ref(),
        };
        let access = if self.loaded.is_some() { FileAccess::Partial } else { FileAccess::Whole };
        let mut offered = ToolSet::new(&self.tools, access, false).unwrap();
        if let Some(subject) = &self.review {
            offered = offered.with_review(&self.tools, subject);
        }
        let workspace = Workspace::new(base, offered, std::mem::take(&mut self.state));
        let mut workspace = workspace.reviewing(self.review.as_ref());
        let result = now(act(&mut workspace));
        // As it is between two turns.
        let json = serde_json::to_string(workspace.state()).unwrap();
        drop(workspace);
        self.state = serde_json::from_str(&json).unwrap();
        result
    }

    /// Performs a call that succeeds, and gives its answer.
    pub(super) fn told(&mut self, name: &str, input: Value, words: &str) -> String {
        match self.call(name, input.clone()) {
            ToolEnd::Result { text, is_error: false } if text.contains(words) => text,
            end => panic!("{name} {input}: {end:?}, not {words:?}"),
        }
    }

    /// Performs a call that is refused, which changes nothing.
    pub(super) fn refused(&mut self, name: &str, input: Value, words: &str) -> String {
        let before = self.state.clone();
        match self.call(name, input.clone()) {
            ToolEnd::Result { text, is_error: true } if text.contains(words) => {
                assert_eq!(self.state, before, "{name} {input}");
                text
            }
            end => panic!("{name} {input}: {end:?}, not {words:?}"),
        }
    }

    pub(super) fn read(&mut self, path: &str) -> String {
        self.told("read_file", json!({"path": path}), "")
    }

    pub(super) fn edit(&mut self, path: &str, old: &str, new: &str) -> String {
        self.told("edit_file", json!({"path": path, "old_string": old, "new_string": new}), "Edited")
    }

    /// The resulting commit: path, content, and the hash of the earlier content.
    pub(super) fn files(&mut self) -> Vec<FileEdit> {
        self.with(async |workspace| workspace.edits("a".repeat(40).parse().unwrap()).files)
    }

    /// What would be committed of one path.
    pub(super) fn content(&mut self, path: &str) -> Option<String> {
        let file = self.files().into_iter().find(|file| file.path == path).unwrap();
        file.content
    }
}

/// The result of a future that never waits.
fn now<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("nothing here waits"),
    }
}
