//! Reading: the base commit's files with the changes applied.

use super::Workspace;
use super::refusal::Refusal;
use crate::file_edit::content_sha256;
use crate::identity::{is_composed_otherwise, path_identity};
use crate::path::check_path;
use crate::rules::{LARGEST_FILE, missing};
use crate::shown::{Unshown, shown_text};
use crate::state::{Change, ChangedContent};
use crate::tree::not_a_file;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::ActionError;
use domain::plugins::{FileContent, TreeEntry, TreeEntryKind};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// How much is read at once, in bytes.
const BATCH_BYTES: u64 = 4 * 1024 * 1024;

/// Something at a path.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Present<'w> {
    pub(crate) path: &'w str,
    pub(crate) kind: TreeEntryKind,
    /// Where its content is.
    pub(crate) source: Source<'w>,
}

/// Where a content is.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Source<'w> {
    Base(&'w TreeEntry),
    Changed(&'w ChangedContent),
}

impl<'w> Present<'w> {
    pub(super) fn in_base(entry: &'w TreeEntry) -> Self {
        Self { path: &entry.path, kind: entry.kind, source: Source::Base(entry) }
    }

    fn changed(path: &'w str, change: &'w Change) -> Option<Self> {
        let kind = if change.executable { TreeEntryKind::ExecutableFile } else { TreeEntryKind::File };
        Some(Self { path, kind, source: Source::Changed(change.content.as_ref()?) })
    }

    pub(crate) fn is_file(&self) -> bool {
        not_a_file(self.kind).is_none()
    }

    /// Its size in bytes.
    pub(crate) fn size(&self) -> u64 {
        match self.source {
            Source::Base(entry) => entry.size.unwrap_or_default(),
            Source::Changed(content) => content.size() as u64,
        }
    }
}

impl ChangedContent {
    /// The content in the form in which contents are kept.
    pub(crate) fn new(content: &FileContent) -> Self {
        match content {
            FileContent::Text(text) => Self::Text(text.clone()),
            FileContent::Binary(bytes) => Self::Base64(STANDARD.encode(bytes)),
        }
    }

    /// The size of the content in bytes; a few more for one in base64.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Base64(text) => text.len() / 4 * 3,
            Self::Moved(moved) => usize::try_from(moved.size).unwrap_or(usize::MAX),
        }
    }

    pub(super) fn decoded(&self) -> Result<FileContent, ActionError> {
        match self {
            Self::Text(text) => Ok(FileContent::Text(text.clone())),
            Self::Base64(text) => STANDARD
                .decode(text)
                .map(FileContent::Binary)
                .map_err(|error| ActionError::internal(format!("a changed file is not base64: {error}"))),
            Self::Moved(moved) => Err(ActionError::internal(format!("`{}` was not read", moved.from))),
        }
    }
}

impl Workspace<'_> {
    /// Every file, link and submodule inside the agent's paths, sorted by path.
    pub(crate) fn present(&self) -> BTreeMap<&str, Present<'_>> {
        let is_kept = |entry: &&TreeEntry| {
            entry.kind != TreeEntryKind::Folder && !self.state.changes.contains_key(&entry.path)
        };
        let kept = self.base.tree.iter().filter(is_kept).map(Present::in_base);
        let changed = self.state.changes.iter().filter_map(|(path, change)| Present::changed(path, change));
        let inside = kept.chain(changed).filter(|present| self.base.paths.contains(present.path));
        inside.map(|present| (present.path, present)).collect()
    }

    /// The entry at a path, even if its name is composed differently: models write `é` as one character.
    pub(crate) fn find(&self, path: &str) -> Option<Present<'_>> {
        if let Some((path, change)) = self.state.changes.get_key_value(path) {
            return Present::changed(path, change);
        }
        let composed = || {
            let mut changes = self.state.changes.iter();
            changes.find_map(|(name, change)| {
                is_composed_otherwise(name, path).then(|| Present::changed(name, change)).flatten()
            })
        };
        let in_base = || self.tree.find(path).filter(|entry| !self.state.changes.contains_key(&entry.path));
        composed().or_else(|| in_base().map(Present::in_base))
    }

    /// The file at a path.
    ///
    /// # Errors
    /// What is wrong with the path, or that it is not a file.
    pub(crate) fn file(&self, path: &str) -> Result<Present<'_>, String> {
        self.check_inside(path)?;
        let Some(present) = self.find(path) else {
            if self.is_folder(path) {
                return Err(format!("`{path}` is a folder"));
            }
            return Err(missing(path, self.twin(path)));
        };
        match not_a_file(present.kind) {
            Some(problem) => Err(format!("`{path}` {problem}")),
            None => Ok(present),
        }
    }

    /// Checks that a path is inside the repository and the agent's paths.
    pub(crate) fn check_inside(&self, path: &str) -> Result<(), String> {
        check_path(path).map_err(|error| match self.meant(path) {
            Some(meant) => format!("{error}; the repository has `{meant}`"),
            None => error.to_string(),
        })?;
        if self.base.paths.contains(path) {
            return Ok(());
        }
        Err(format!(
            "`{path}` is outside the paths that this agent may see and change: {}",
            self.base.paths.patterns().join(", ")
        ))
    }

    /// The file whose path a wrong one is on some machine, or ends with: `src\cart.py`, `/workspace/src/cart.py`.
    fn meant(&self, path: &str) -> Option<String> {
        /// Longer paths are not what somebody means.
        const MOST_PARTS: usize = 30;
        let path = path.replace('\\', "/");
        let ends = path.match_indices('/').take(MOST_PARTS).map(|(at, _)| &path[at + 1..]);
        let is_visible =
            |end: &&str| check_path(end).is_ok() && self.base.paths.contains(end) && self.find(end).is_some();
        std::iter::once(path.as_str()).chain(ends).find(is_visible).map(str::to_owned)
    }

    /// Whether anything is below a path.
    pub(crate) fn is_folder(&self, path: &str) -> bool {
        let below = format!("{path}/");
        let is_below = |name: &str| name.starts_with(&below);
        let changes = &self.state.changes;
        changes.iter().any(|(name, change)| change.content.is_some() && is_below(name))
            || self.base.tree.iter().any(|entry| {
                entry.kind != TreeEntryKind::Folder
                    && is_below(&entry.path)
                    && !changes.contains_key(&entry.path)
            })
    }

    /// A present path that some machine takes for this one.
    fn twin(&self, path: &str) -> Option<&str> {
        let identity = path_identity(path);
        let changed = self
            .state
            .changes
            .iter()
            .find(|(name, change)| change.content.is_some() && path_identity(name) == identity);
        let is_kept = |entry: &&TreeEntry| !self.state.changes.contains_key(&entry.path);
        let in_base = || self.tree.twins(path).find(is_kept).map(|entry| entry.path.as_str());
        changed.map(|(name, _)| name.as_str()).or_else(in_base)
    }

    /// Whether a content is loaded.
    pub(crate) fn is_loaded(&self, present: &Present<'_>) -> bool {
        match present.source {
            Source::Base(entry) => self.base.loaded.is_none_or(|loaded| loaded.contains(&entry.path)),
            Source::Changed(_) => true,
        }
    }

    /// A file's content.
    pub(crate) async fn content(&self, file: &Present<'_>) -> Result<FileContent, Refusal> {
        let entry = match file.source {
            Source::Changed(ChangedContent::Moved(moved)) => {
                return Err(not_imported(file.path, moved.size).into());
            }
            Source::Changed(content) => return Ok(content.decoded()?),
            Source::Base(entry) => entry,
        };
        if !self.is_loaded(file) {
            return Err(format!(
                "`{}` is not loaded: call load_paths with it or with a folder above it",
                entry.path
            )
            .into());
        }
        let content = self.base.contents.read(&[entry]).await?.remove(&entry.path);
        content.ok_or_else(|| not_imported(&entry.path, entry.size.unwrap_or_default()).into())
    }

    /// The base commit's content at these paths, in order; nothing for files that do not exist or were not imported.
    pub(crate) async fn former(&self, paths: &[String]) -> Result<Vec<Option<FileContent>>, ActionError> {
        let mut former = Vec::with_capacity(paths.len());
        for path in paths {
            let entry = self.base.tree.iter().find(|entry| entry.path == *path);
            former.push(match entry {
                Some(entry) => self.base.contents.read(&[entry]).await?.remove(path),
                None => None,
            });
        }
        Ok(former)
    }

    /// The contents of loaded and imported files, in order.
    pub(crate) async fn contents<'f>(
        &self,
        files: &[Present<'f>],
    ) -> Result<Vec<(&'f str, FileContent)>, ActionError> {
        let entries: Vec<&TreeEntry> = files
            .iter()
            .filter_map(|file| match file.source {
                Source::Base(entry) => Some(entry),
                Source::Changed(_) => None,
            })
            .collect();
        let mut read =
            if entries.is_empty() { BTreeMap::new() } else { self.base.contents.read(&entries).await? };
        let mut contents = Vec::new();
        for file in files {
            match file.source {
                Source::Base(entry) => {
                    contents.extend(read.remove(&entry.path).map(|content| (file.path, content)));
                }
                Source::Changed(ChangedContent::Moved(_)) => {}
                Source::Changed(content) => contents.push((file.path, content.decoded()?)),
            }
        }
        Ok(contents)
    }

    /// Files in groups that are read at once: no more than [`BATCH_BYTES`], or one larger file.
    pub(crate) fn batches<'f>(&self, files: &[Present<'f>]) -> Vec<Vec<Present<'f>>> {
        let mut batches: Vec<Vec<Present<'f>>> = Vec::new();
        let mut room = 0;
        for file in files {
            match batches.last_mut().filter(|_| file.size() <= room) {
                Some(batch) => batch.push(*file),
                None => {
                    batches.push(vec![*file]);
                    room = BATCH_BYTES;
                }
            }
            room = room.saturating_sub(file.size());
        }
        batches
    }

    /// The text of a file that may be shown and edited, in its own form.
    pub(crate) async fn text(&self, file: &Present<'_>) -> Result<String, Refusal> {
        let content = self.content(file).await?;
        match shown_text(&content) {
            Ok(_) => match content {
                FileContent::Text(text) => Ok(text),
                FileContent::Binary(_) => Err(unreadable(file.path, Unshown::Binary).into()),
            },
            Err(reason) => Err(unreadable(file.path, reason).into()),
        }
    }

    /// Keeps the model's notes.
    pub(crate) fn note(&mut self, notes: Option<String>) {
        if notes.is_some() {
            self.state.notes = notes;
        }
    }

    /// Notes that the model knows a file's content.
    pub(crate) fn note_read(&mut self, path: &str, content: &str) {
        let sha256 = content_sha256(&FileContent::Text(content.to_owned()));
        self.state.read.insert(path.to_owned(), sha256);
    }

    /// Notes that the model was shown a part of a file that has so many lines. What it was shown of another content does not count.
    pub(crate) fn note_shown(
        &mut self,
        path: &str,
        content: &str,
        shown: RangeInclusive<usize>,
        lines: usize,
    ) {
        let known = self.state.read.get(path).cloned();
        self.note_read(path, content);
        let unseen = self.state.unseen.remove(path).unwrap_or_default();
        let is_same = known.is_some() && known.as_ref() == self.state.read.get(path);
        let unseen = if is_same { unseen } else { vec![(1, lines)] };
        let (before, after) = (shown.start().saturating_sub(1), shown.end().saturating_add(1));
        let parts = unseen.into_iter().flat_map(|(from, to)| [(from, to.min(before)), (from.max(after), to)]);
        let unseen: Vec<_> = parts.filter(|(from, to)| from <= to).collect();
        if !unseen.is_empty() {
            self.state.unseen.insert(path.to_owned(), unseen);
        }
    }

    /// Moves the lines that the model was not shown of a file to where they are after a change of its text, as [`Text`](crate::Text) has it.
    pub(crate) fn move_unseen(&mut self, path: &str, before: &str, after: &str) {
        let Some(unseen) = self.state.unseen.get(path) else { return };
        let (old, new): (Vec<&str>, Vec<&str>) = (before.split('\n').collect(), after.split('\n').collect());
        if old.len() == new.len() {
            return;
        }
        let start = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
        let ends = old.iter().skip(start).rev().zip(new.iter().skip(start).rev());
        let end = ends.take_while(|(old, new)| old == new).count();
        let (old_end, new_end) = (old.len() - end, new.len() - end);
        let heads = unseen.iter().map(|(from, to)| (*from, (*to).min(start)));
        // Where several places changed, it is not known which lines between them are new.
        let is_between = unseen.iter().any(|(from, to)| (*from).max(start + 1) <= (*to).min(old_end));
        let between = is_between.then_some((start + 1, new_end));
        let moved = |line: usize| (line + new_end).saturating_sub(old_end);
        let tails = unseen.iter().map(|(from, to)| (moved((*from).max(old_end + 1)), moved(*to)));
        let unseen: Vec<_> = heads.chain(between).chain(tails).filter(|(from, to)| from <= to).collect();
        match unseen.is_empty() {
            true => self.state.unseen.remove(path),
            false => self.state.unseen.insert(path.to_owned(), unseen),
        };
    }

    /// The lines that the model was not shown of a file that it has read, which has so many, in words.
    pub(crate) fn unseen(&self, path: &str, lines: usize) -> Option<String> {
        let ranges = self.state.unseen.get(path)?.iter();
        let ranges: Vec<String> = ranges
            .filter(|(from, _)| *from <= lines)
            .map(|(from, to)| format!("{from}–{}", (*to).min(lines)))
            .collect();
        (!ranges.is_empty()).then(|| ranges.join(", "))
    }
}

fn unreadable(path: &str, reason: Unshown) -> String {
    format!("`{path}` cannot be read or edited, because it is {reason}")
}

fn not_imported(path: &str, size: u64) -> String {
    if size > LARGEST_FILE as u64 {
        return format!("`{path}` has {size} bytes, which is too large to be read or changed");
    }
    format!("`{path}` is not text: it can be moved or deleted, but neither read nor changed")
}
