//! The contents of a repository that a session works on, kept by the commit so that every session of the project finds them, and no tool
//! needs a credential.
//!
//! Files are kept in groups: thousands of small items would be slow to write and to read.

use crate::context::Context;
use async_trait::async_trait;
use domain::configuration::{InstanceName, Project};
use domain::plugins::{FileContent, TreeEntry, TreeEntryKind, VersionControl};
use domain::{ActionError, CommitSha, PluginType};
use edits::{Contents, without_needless_ids};
use futures::stream::{self, StreamExt, TryStreamExt};
use jiff::Timestamp;
use records::{ReadingOf, Table};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, Ordering};

/// The most text that is imported; beyond it, the agent loads what it needs.
pub(super) const MOST_IMPORTED: u64 = 64 * 1024 * 1024;
/// A larger file is not imported.
const LARGEST_FILE: u64 = 1024 * 1024;
/// The most non-text files that are prepared for checks: each is a request.
const MOST_OTHERS: usize = 200;
/// The most bytes in a group, unless it is a single file.
const GROUP_BYTES: u64 = 1024 * 1024;
/// The most files in a group.
const GROUP_FILES: usize = 200;
/// How many groups are read or fetched at a time.
const AT_A_TIME: usize = 4;

/// A commit of a project's repository, in the records.
#[derive(Clone, Copy)]
pub(crate) struct Commit<'a> {
    pub(super) table: &'a Table,
    pub(super) project: &'a Project,
    pub(super) commit: &'a CommitSha,
    pub(super) now: Timestamp,
}

impl<'a> Commit<'a> {
    pub(crate) fn new(context: &'a Context<'_>, project: &'a Project, commit: &'a CommitSha) -> Self {
        Self { table: context.table(), project, commit, now: context.clock().now() }
    }

    fn reading<'r>(&'r self, paths: &'r [String]) -> ReadingOf<'r> {
        let instance = self.project.providers.get(&PluginType::VersionControl);
        ReadingOf {
            instance: instance.map_or("", InstanceName::as_str),
            repository: self.project.repository.as_str(),
            commit: self.commit.as_str(),
            paths,
        }
    }

    /// The tree; `None` if the stored one has expired.
    pub(super) async fn tree(&self) -> Result<Option<Vec<TreeEntry>>, ActionError> {
        Ok(self.table.reading_lately(self.reading(&[])).await?)
    }

    /// A group of files; `None` if the stored one has expired.
    pub(crate) async fn group(
        &self,
        paths: &[String],
    ) -> Result<Option<Vec<Option<FileContent>>>, ActionError> {
        Ok(self.table.reading_lately(self.reading(paths)).await?)
    }

    /// Fetches the groups that are not stored yet.
    pub(crate) async fn import(
        &self,
        host: &dyn VersionControl,
        groups: &[Vec<String>],
    ) -> Result<(), ActionError> {
        let groups: Vec<_> = groups.iter().map(|paths| self.import_group(host, paths)).collect();
        stream::iter(groups).buffer_unordered(AT_A_TIME).try_collect::<Vec<()>>().await?;
        Ok(())
    }

    async fn import_group(&self, host: &dyn VersionControl, paths: &[String]) -> Result<(), ActionError> {
        if paths.is_empty() {
            return Ok(());
        }
        // In the table, where tools find it: they do not share this function's memory.
        let kept: Option<Vec<Option<FileContent>>> = self.table.reading(self.reading(paths)).await?;
        if kept.is_some() {
            return Ok(());
        }
        let contents = host.read_files(&self.project.repository, self.commit.as_str(), paths).await?;
        self.table.keep_reading(self.reading(paths), &contents, self.now).await?;
        Ok(())
    }

    /// The project whose repository it is of.
    pub(crate) fn project(&self) -> &'a Project {
        self.project
    }

    /// Its id.
    pub(crate) fn commit(&self) -> &'a CommitSha {
        self.commit
    }

    /// The groups with everything from the tree that a command may need: its texts, and small other files.
    ///
    /// # Errors
    /// `Rejected` if the repository is too large.
    pub(crate) fn whole(&self, tree: &[TreeEntry]) -> Result<Vec<Vec<String>>, ActionError> {
        let texts: Vec<&TreeEntry> = tree.iter().filter(|entry| is_imported(entry)).collect();
        let bytes: u64 = texts.iter().filter_map(|entry| entry.size).sum();
        if bytes > MOST_IMPORTED {
            return Err(ActionError::rejected(format!(
                "{} has {bytes} bytes of text, and checks run on at most {MOST_IMPORTED}; the repository's own CI checks pushed code",
                self.project.repository
            )));
        }
        let is_other = |entry: &&TreeEntry| {
            let is_file = matches!(entry.kind, TreeEntryKind::File | TreeEntryKind::ExecutableFile);
            is_file && !is_imported(entry) && entry.size.unwrap_or_default() <= LARGEST_FILE
        };
        let others = tree.iter().filter(is_other).take(MOST_OTHERS);
        Ok(groups(texts).into_iter().chain(groups(others)).collect())
    }

    /// The tree, fetched if it is not stored.
    pub(crate) async fn fetch_tree(&self, host: &dyn VersionControl) -> Result<Vec<TreeEntry>, ActionError> {
        if let Some(tree) = self.table.reading(self.reading(&[])).await? {
            return Ok(tree);
        }
        let tree = host.tree(&self.project.repository, self.commit.as_str()).await?;
        let tree = without_needless_ids(tree);
        self.table.keep_reading(self.reading(&[]), &tree, self.now).await?;
        Ok(tree)
    }
}

/// Whether a file's content is worth importing: not too large for a model to change, and perhaps text.
pub(super) fn is_imported(entry: &TreeEntry) -> bool {
    let is_file = matches!(entry.kind, TreeEntryKind::File | TreeEntryKind::ExecutableFile);
    is_file && entry.size.unwrap_or_default() <= LARGEST_FILE && crate::agent::files::is_text(entry)
}

/// The groups that files are kept in. The same files always make the same groups.
pub(super) fn groups<'a>(entries: impl IntoIterator<Item = &'a TreeEntry>) -> Vec<Vec<String>> {
    let mut entries: Vec<&TreeEntry> = entries.into_iter().collect();
    entries.sort_by(|one, other| one.path.cmp(&other.path));
    let (mut groups, mut bytes) = (Vec::<Vec<String>>::new(), 0);
    for entry in entries {
        let size = entry.size.unwrap_or_default();
        match groups.last_mut() {
            Some(group) if bytes + size <= GROUP_BYTES && group.len() < GROUP_FILES => {
                group.push(entry.path.clone());
                bytes += size;
            }
            _ => {
                groups.push(vec![entry.path.clone()]);
                bytes = size;
            }
        }
    }
    groups
}

/// The `.gitignore` files of a tree, as one group.
pub(super) fn ignore_files(tree: &[TreeEntry]) -> Vec<String> {
    let is_rules = |path: &str| path == ".gitignore" || path.ends_with("/.gitignore");
    tree.iter()
        .filter(|entry| is_imported(entry) && is_rules(&entry.path))
        .map(|entry| entry.path.clone())
        .collect()
}

/// What of a commit was imported, read when it is first needed.
pub(super) struct Imported<'a> {
    commit: Commit<'a>,
    groups: Vec<Vec<String>>,
    index: BTreeMap<String, usize>,
    read: Mutex<BTreeMap<usize, Arc<BTreeMap<String, FileContent>>>>,
    expired: AtomicBool,
}

impl<'a> Imported<'a> {
    pub(super) fn new(commit: Commit<'a>, groups: Vec<Vec<String>>) -> Self {
        let paths = groups
            .iter()
            .enumerate()
            .flat_map(|(at, group)| group.iter().map(move |path| (path.clone(), at)));
        let index = paths.collect();
        Self { commit, groups, index, read: Mutex::default(), expired: AtomicBool::new(false) }
    }

    /// The paths that were imported.
    pub(super) fn paths(&self) -> BTreeSet<String> {
        self.index.keys().cloned().collect()
    }

    /// Whether something that was imported has expired since.
    pub(super) fn has_expired(&self) -> bool {
        self.expired.load(Ordering::Relaxed)
    }

    async fn group(&self, at: usize) -> Result<Arc<BTreeMap<String, FileContent>>, ActionError> {
        let known = self.read.lock().unwrap_or_else(PoisonError::into_inner).get(&at).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let paths = self.groups.get(at).map(Vec::as_slice).unwrap_or_default();
        let Some(contents) = self.commit.group(paths).await? else {
            self.expired.store(true, Ordering::Relaxed);
            return Err(ActionError::unavailable("the imported files of the repository have expired"));
        };
        let found = paths.iter().zip(contents);
        let group: BTreeMap<_, _> =
            found.filter_map(|(path, content)| Some((path.clone(), content?))).collect();
        let group = Arc::new(group);
        self.read.lock().unwrap_or_else(PoisonError::into_inner).insert(at, Arc::clone(&group));
        Ok(group)
    }
}

#[async_trait]
impl Contents for Imported<'_> {
    async fn read(&self, entries: &[&TreeEntry]) -> Result<BTreeMap<String, FileContent>, ActionError> {
        let mut wanted = BTreeMap::<usize, Vec<&str>>::new();
        for entry in entries {
            if let Some(at) = self.index.get(&entry.path) {
                wanted.entry(*at).or_default().push(&entry.path);
            }
        }
        let groups: Vec<_> = wanted.keys().copied().map(|at| self.group(at)).collect();
        let groups: Vec<_> = stream::iter(groups).buffered(AT_A_TIME).try_collect().await?;
        let mut contents = BTreeMap::new();
        for (paths, group) in wanted.values().zip(groups) {
            for path in paths {
                if let Some(content) = group.get(*path) {
                    contents.insert((*path).to_owned(), content.clone());
                }
            }
        }
        Ok(contents)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(path: &str, size: u64) -> TreeEntry {
        TreeEntry { path: path.into(), kind: TreeEntryKind::File, size: Some(size), id: None }
    }

    #[test]
    fn groups_are_small_and_the_same_whatever_the_order() {
        let mut entries: Vec<_> = (0..500).map(|n| entry(&format!("src/{n:03}.py"), 10)).collect();
        entries.push(entry("large.py", GROUP_BYTES));
        let sizes = |groups: &[Vec<String>]| groups.iter().map(Vec::len).collect::<Vec<_>>();
        let made = groups(&entries);
        assert_eq!(sizes(&made), [1, 200, 200, 100]);
        entries.reverse();
        assert_eq!(groups(&entries), made);
        assert!(groups(&[]).is_empty());
    }

    #[test]
    fn what_no_model_can_change_is_not_imported() {
        assert!(is_imported(&entry("a.py", LARGEST_FILE)));
        assert!(!is_imported(&entry("a.py", LARGEST_FILE + 1)) && !is_imported(&entry("a.png", 1)));
        let tree = [entry(".gitignore", 3), entry("a/.gitignore", 3), entry("a/my.gitignore", 3)];
        assert_eq!(ignore_files(&tree), [".gitignore", "a/.gitignore"]);
    }
}
