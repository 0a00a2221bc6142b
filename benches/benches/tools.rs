//! An agent's tools on a large repository whose contents are in memory.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a benchmark that cannot be set up ends")]

use async_trait::async_trait;
use divan::Bencher;
use divan::counter::BytesCount;
use domain::ActionError;
use domain::plugins::{FileContent, ToolCall, TreeEntry, TreeEntryKind};
use edits::{
    AgentPaths, Base, Contents, FileAccess, IgnoredPaths, ProtectedPaths, ToolEnd, ToolSet, Workspace,
    WorkspaceState,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::LazyLock;

fn main() {
    divan::main();
}

/// As much as is imported whole. Among the tests, whose code is not optimized, a sixteenth.
const BYTES: usize = if cfg!(debug_assertions) { 4 } else { 64 } * 1024 * 1024;

/// A repository of files of 16 KiB.
struct Repository {
    tree: Vec<TreeEntry>,
    contents: Held,
    protected: ProtectedPaths,
    ignored: IgnoredPaths,
    paths: AgentPaths,
}

struct Held(BTreeMap<String, FileContent>);

#[async_trait]
impl Contents for Held {
    async fn read(&self, entries: &[&TreeEntry]) -> Result<BTreeMap<String, FileContent>, ActionError> {
        let found = entries.iter().filter_map(|entry| self.0.get_key_value(&entry.path));
        Ok(found.map(|(path, content)| (path.clone(), content.clone())).collect())
    }
}

static REPOSITORY: LazyLock<Repository> = LazyLock::new(|| {
    let (mut tree, mut contents) = (Vec::new(), BTreeMap::new());
    for number in 0..BYTES / (16 * 1024) {
        let path = format!("src/module{}/file{number}.rs", number % 100);
        let mut text = String::with_capacity(17 * 1024);
        let mut line = 0;
        while text.len() < 16 * 1024 {
            text.push_str(&format!(
                "    let value_{line} = compute(item_{}, \"straße {number}\");\n",
                line * 7 % 13
            ));
            line += 1;
        }
        tree.push(TreeEntry {
            path: path.clone(),
            kind: TreeEntryKind::File,
            size: Some(text.len() as u64),
            id: None,
        });
        contents.insert(path, FileContent::Text(text));
    }
    Repository {
        tree,
        contents: Held(contents),
        protected: ProtectedPaths::new(&[".github/**".to_owned()]).unwrap(),
        ignored: IgnoredPaths::default(),
        paths: AgentPaths::default(),
    }
});

/// Performs one call, as a turn does: with a separate workspace.
fn call(runtime: &tokio::runtime::Runtime, name: &str, input: Value) -> String {
    let repository = &*REPOSITORY;
    let base = Base {
        tree: &repository.tree,
        contents: &repository.contents,
        protected: &repository.protected,
        ignored: &repository.ignored,
        paths: &repository.paths,
        loaded: None,
    };
    let offered = ToolSet::new(&[], FileAccess::Whole, false).unwrap();
    let mut workspace = Workspace::new(base, offered, WorkspaceState::default());
    let call = ToolCall { id: "bench".into(), name: name.into(), input };
    match runtime.block_on(workspace.run(&call)).unwrap() {
        ToolEnd::Result { text, .. } => text,
        end => panic!("{end:?}"),
    }
}

/// A search through everything, including with patterns that take other engines long.
#[divan::bench(args = ["nowhere_at_all", "(?i)value_\\d+ = (sum|product)\\(", "\\bcompute\\(\\w+, \"stra.e x", "[a-z](_|[0-9a-z ]){60}x;"])]
fn search(bencher: Bencher<'_, '_>, pattern: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let _ = &*REPOSITORY;
    bencher.counter(BytesCount::new(BYTES)).bench_local(|| {
        let text = call(&runtime, "search", json!({"pattern": pattern}));
        assert!(text.starts_with("No matches"), "{text}");
    });
}

#[divan::bench]
fn list_files(bencher: Bencher<'_, '_>) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let _ = &*REPOSITORY;
    bencher.bench_local(|| call(&runtime, "list_files", json!({"glob": "file1*.rs"})));
}
