//! How changed paths fit into a tree.

use crate::file_edit::FileEdit;
use crate::identity::{is_composed_otherwise, path_identity};
use crate::names::not_portable;
use domain::plugins::{TreeEntry, TreeEntryKind};
use std::collections::{BTreeMap, BTreeSet};

/// A tree to look paths up in.
pub(crate) struct Tree<'a> {
    entries: BTreeMap<&'a str, &'a TreeEntry>,
    by_identity: BTreeMap<String, Vec<&'a TreeEntry>>,
}

impl<'a> Tree<'a> {
    pub(crate) fn new(entries: &'a [TreeEntry]) -> Self {
        let mut by_identity: BTreeMap<String, Vec<&TreeEntry>> = BTreeMap::new();
        for entry in entries {
            by_identity.entry(path_identity(&entry.path)).or_default().push(entry);
        }
        Self { entries: entries.iter().map(|entry| (entry.path.as_str(), entry)).collect(), by_identity }
    }

    /// The entry at exactly this path.
    pub(crate) fn exact(&self, path: &str) -> Option<&'a TreeEntry> {
        self.entries.get(path).copied()
    }

    /// The entry at a path, even if its name is composed differently: models write `é` as one character.
    pub(crate) fn find(&self, path: &str) -> Option<&'a TreeEntry> {
        let composed = || self.twins(path).find(|entry| is_composed_otherwise(&entry.path, path));
        self.exact(path).or_else(composed)
    }

    /// A new path in the spelling of existing folders: if a folder's name is composed differently, a model cannot write it so.
    pub(crate) fn in_present_folders(&self, path: &str) -> String {
        let folders = path.rmatch_indices('/').map(|(end, _)| path.split_at(end));
        let mut present =
            folders.filter_map(|(folder, rest)| Some(format!("{}{rest}", self.find(folder)?.path)));
        present.next().unwrap_or_else(|| path.to_owned())
    }

    /// Entries whose paths are one with this one on some machine.
    pub(crate) fn twins(&self, path: &str) -> impl Iterator<Item = &'a TreeEntry> {
        self.by_identity.get(&path_identity(path)).into_iter().flatten().copied()
    }
}

/// Why these changes do not fit into a tree, one sentence for each problem that names its path; empty if they fit. Problems are: a
/// new name that some machine cannot check out, or takes for another name in the tree or in the same change; a file below a path
/// that is not a folder; a symbolic link, a folder or a submodule in place of the file.
pub fn path_problems(files: &[FileEdit], tree: &[TreeEntry]) -> Vec<String> {
    let deleted: BTreeSet<&str> =
        files.iter().filter(|file| file.is_deletion()).map(|file| file.path.as_str()).collect();
    let present = || tree.iter().filter(|entry| !deleted.contains(entry.path.as_str()));
    let kinds: BTreeMap<&str, TreeEntryKind> =
        present().map(|entry| (entry.path.as_str(), entry.kind)).collect();
    let written = || files.iter().filter(|file| !file.is_deletion()).map(|file| file.path.as_str());
    let is_new = |path: &&str| !kinds.contains_key(path);
    let mut problems: Vec<String> = written()
        .chain(deleted.iter().copied())
        .filter_map(|path| Some(format!("`{path}` {}", not_a_file(tree_kind(tree, &kinds, path)?)?)))
        .collect();
    if !written().any(|path| is_new(&path)) {
        return problems;
    }

    let mut names = Names::default();
    for entry in present().filter(|entry| entry.kind != TreeEntryKind::Folder) {
        names.add(&entry.path);
    }
    for path in written().filter(is_new) {
        let is_file = |part: &&str| {
            let is_kept_file = kinds.get(part).is_some_and(|kind| *kind != TreeEntryKind::Folder);
            *part != path && (is_kept_file || written().any(|written| written == *part))
        };
        if let Some(part) = parts(path).find(is_file) {
            problems.push(format!("`{path}` cannot be below `{part}`, which is not a folder"));
        } else if let Some(reason) =
            parts(path).filter(|part| !names.contains(part)).find_map(last_name_problem)
        {
            problems.push(format!("`{path}` cannot be created: {reason}"));
        } else if let Some(other) = names.add(path) {
            problems.push(format!(
                "`{path}` collides with `{other}`: where file systems ignore case, the two are one"
            ));
        }
    }
    problems
}

fn tree_kind(tree: &[TreeEntry], kinds: &BTreeMap<&str, TreeEntryKind>, path: &str) -> Option<TreeEntryKind> {
    kinds.get(path).copied().or_else(|| tree.iter().find(|entry| entry.path == path).map(|entry| entry.kind))
}

/// An entry that is not an editable file.
pub(crate) fn not_a_file(kind: TreeEntryKind) -> Option<&'static str> {
    match kind {
        TreeEntryKind::File | TreeEntryKind::ExecutableFile => None,
        TreeEntryKind::SymbolicLink => Some("is a symbolic link, which is not edited"),
        TreeEntryKind::Folder => Some("is a folder"),
        TreeEntryKind::Submodule => Some("is another repository (a submodule), which is not edited"),
    }
}

fn last_name_problem(path: &str) -> Option<&'static str> {
    not_portable(path.rsplit('/').next().unwrap_or(path))
}

/// The folders that a path leads through, and the path.
fn parts(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(end, _)| &path[..end]).chain([path])
}

/// Paths and their folders, by identity.
#[derive(Default)]
struct Names<'a> {
    /// The spellings of each identity: a tree may already hold several.
    spellings: BTreeMap<String, BTreeSet<&'a str>>,
    exact: BTreeSet<&'a str>,
}

impl<'a> Names<'a> {
    fn contains(&self, path: &str) -> bool {
        self.exact.contains(path)
    }

    /// Adds a path, and returns what it or one of its folders collides with.
    fn add(&mut self, path: &'a str) -> Option<&'a str> {
        let mut collides = None;
        for part in parts(path) {
            if self.exact.contains(part) {
                continue;
            }
            let spellings = self.spellings.entry(path_identity(part)).or_default();
            collides = collides.or_else(|| spellings.first().copied());
            spellings.insert(part);
            self.exact.insert(part);
        }
        collides
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(tree: &[&str], written: &[&str], deleted: &[&str]) -> Vec<String> {
        let entry = |path: &str, kind| TreeEntry { path: path.into(), kind, size: Some(1), id: None };
        let mut entries: Vec<_> = tree.iter().map(|path| entry(path, TreeEntryKind::File)).collect();
        entries.extend([
            entry("src", TreeEntryKind::Folder),
            entry("link", TreeEntryKind::SymbolicLink),
            entry("vendored", TreeEntryKind::Submodule),
        ]);
        let file = |path: &&str, content: Option<&str>| FileEdit {
            path: (*path).into(),
            content: content.map(str::to_owned),
            base64: None,
            moved: None,
            executable: false,
            before_sha256: None,
            before_id: None,
        };
        let written = written.iter().map(|path| file(path, Some("x")));
        let files: Vec<_> = written.chain(deleted.iter().map(|path| file(path, None))).collect();
        path_problems(&files, &entries)
    }

    fn check(tree: &[&str], written: &[&str], words: &[&str]) {
        let problems = problems(tree, written, &[]);
        assert_eq!(problems.len(), words.len(), "{problems:?}");
        for (problem, words) in problems.iter().zip(words) {
            assert!(problem.contains(words), "{problem}");
        }
    }

    #[test]
    fn a_path_that_is_one_with_another_is_refused() {
        check(&["README.md"], &["readme.md"], &["collides with `README.md`"]);
        check(&["docs/Cafe\u{301}.md"], &["docs/Caf\u{e9}.md"], &["collides with `docs/Cafe\u{301}.md`"]);
        check(&[], &["Foo.txt", "foo.txt"], &["`foo.txt` collides with `Foo.txt`"]);
        check(&["src/a.py"], &["SRC/b.py"], &["`SRC/b.py` collides with `src`"]);
        check(&["src/a.py"], &["src/b.py", "src/new/c.py", "src/new/d.py"], &[]);
        check(&["A/x", "a/x"], &["A/y", "a/z"], &[]);
        check(&["README.md"], &["README.md"], &[]);
    }

    #[test]
    fn a_file_may_be_renamed_to_another_case() {
        assert_eq!(problems(&["readme.md"], &["README.md"], &["readme.md"]), Vec::<String>::new());
    }

    #[test]
    fn names_that_cannot_be_checked_out_are_not_created_but_stay() {
        let reserved =
            ["src/nul", "aux.c", "a:b.txt", "trail. ", "q?*.txt", "con/x.py", "GITHUB~1/workflows/x.yml"];
        check(
            &[],
            &reserved,
            &[
                "device",
                "device",
                "Windows allows none",
                "drops",
                "Windows allows none",
                "device",
                "short name",
            ],
        );
        check(&["aux.c", "con/x.py"], &["aux.c", "con/y.py"], &[]);
    }

    #[test]
    fn only_files_are_written_and_only_below_folders() {
        check(&["a.py"], &["a.py/x"], &["below `a.py`, which is not a folder"]);
        check(&[], &["link/x", "vendored/x"], &["below `link`", "below `vendored`"]);
        check(&[], &["x", "x/y"], &["`x/y` cannot be below `x`"]);
        check(&[], &["link", "vendored", "src"], &["symbolic link", "submodule", "is a folder"]);
        assert_eq!(problems(&[], &[], &["link"]).len(), 1);
        assert_eq!(problems(&["a"], &["a/b"], &["a"]), Vec::<String>::new());
    }
}
