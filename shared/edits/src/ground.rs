//! Checks a model's edits against the files it saw, and applies them.

use crate::edit::{Edit, Operation, Replacement};
use crate::file_edit::{FileEdit, content_sha256, sha256};
use crate::ignored_paths::IgnoredPaths;
use crate::path::check_path;
use crate::protected_paths::ProtectedPaths;
use crate::shown::Unshown;
use crate::text::Text;
use crate::tree::{Tree, not_a_file, path_problems};
use domain::ActionError;
use domain::plugins::{FileContent, TreeEntry, TreeEntryKind};
use std::collections::{BTreeMap, BTreeSet};

/// The largest content of one file, in bytes.
pub(crate) const LARGEST_FILE: usize = 1024 * 1024;

/// What the edits are made on: the repository as the model saw it.
#[derive(Debug, Clone, Copy)]
pub struct Ground<'a> {
    /// Every entry of the tree.
    pub tree: &'a [TreeEntry],
    /// The content of each file that the model was shown, in the file's own form.
    pub seen: &'a BTreeMap<String, String>,
    /// Why files were not shown, where there is a reason, and the content of those that were read.
    pub unshown: &'a BTreeMap<String, (Unshown, Option<FileContent>)>,
    /// What must not be touched.
    pub protected: &'a ProtectedPaths,
    /// What is not created.
    pub ignored: &'a IgnoredPaths,
}

impl Ground<'_> {
    /// Applies the edits to the current contents and returns each changed file with its whole new content. Edits that change nothing are left out. Each file keeps its form: [`Text`] says how.
    ///
    /// # Errors
    /// `Rejected` naming every edit that cannot be made and why: a path that is illegal, protected, ignored, given twice, or the same
    /// as another path on some machine; a present file that the model was not shown, that is not a file, or that is not text; a
    /// `search` text that does not occur exactly once; nothing left to change.
    pub fn apply(&self, edits: &[Edit]) -> Result<Vec<FileEdit>, ActionError> {
        let tree = Tree::new(self.tree);
        let mut problems = Vec::new();
        let mut files = Vec::new();
        let mut paths = BTreeSet::new();
        for edit in edits {
            let entry = tree.find(&edit.path);
            if !paths.insert(entry.map_or(edit.path.as_str(), |entry| &entry.path)) {
                problems.push(format!("`{}` is edited twice", edit.path));
                continue;
            }
            match self.apply_one(edit, entry, &tree) {
                Ok(file) => files.extend(file),
                Err(problem) => problems.push(problem),
            }
        }
        problems.extend(path_problems(&files, self.tree));
        if problems.is_empty() && files.is_empty() {
            problems.push("it changes nothing".to_owned());
        }
        if problems.is_empty() {
            return Ok(files);
        }
        Err(ActionError::rejected(format!("the model's change cannot be made: {}", problems.join("; "))))
    }

    fn apply_one(
        &self,
        edit: &Edit,
        entry: Option<&TreeEntry>,
        tree: &Tree<'_>,
    ) -> Result<Option<FileEdit>, String> {
        check_path(&edit.path).map_err(|error| error.to_string())?;
        let path = entry.map_or(&edit.path, |entry| &entry.path);
        if self.protected.contains(path) {
            return Err(format!("`{path}` is protected: only people may change it"));
        }
        if let Some(problem) = entry.and_then(|entry| not_a_file(entry.kind)) {
            return Err(format!("`{path}` {problem}"));
        }
        let was_executable = entry.is_some_and(|entry| entry.kind == TreeEntryKind::ExecutableFile);
        let executable = edit.executable.unwrap_or(was_executable);
        let (content, before_sha256) = match (edit.operation, entry) {
            (Operation::Create, Some(_)) => return Err(format!("`{path}` already exists")),
            (Operation::Create, None) => {
                self.check_not_ignored(path)?;
                (Some(whole_content(edit)?.to_owned()), None)
            }
            (_, None) => return Err(missing(path, tree)),
            (Operation::Delete, Some(_)) => (None, self.hash_to_delete(path)?),
            (Operation::Replace, Some(_)) => {
                let before = self.before(path)?;
                let mut text = Text::read(before);
                text.set(whole_content(edit)?);
                (Some(text.write()), Some(sha256(before)))
            }
            (Operation::Edit, Some(_)) => {
                let before = self.before(path)?;
                let mut text = Text::read(before);
                replace_parts(path, &mut text, &edit.replacements)?;
                (Some(text.write()), Some(sha256(before)))
            }
        };
        if content.as_ref().is_some_and(|content| content.len() > LARGEST_FILE) {
            return Err(format!("`{path}` would be larger than {LARGEST_FILE} bytes"));
        }
        if content.is_some() && content.as_ref() == self.seen.get(path) && executable == was_executable {
            return Ok(None);
        }
        Ok(Some(FileEdit { path: path.clone(), content, base64: None, executable, before_sha256 }))
    }

    /// The content of a file that the model was shown.
    fn before(&self, path: &str) -> Result<&str, String> {
        match (self.seen.get(path), self.unshown.get(path)) {
            (Some(content), _) => Ok(content),
            (None, Some((reason, _))) => Err(format!("`{path}` cannot be changed, because it is {reason}")),
            (None, None) => Err(format!("`{path}` exists, but the model was not shown it")),
        }
    }

    /// The hash of a file that is deleted: one that the model was shown, or one that nobody can show.
    fn hash_to_delete(&self, path: &str) -> Result<Option<String>, String> {
        match self.unshown.get(path) {
            Some((reason, content)) if reason.may_be_removed() => Ok(content.as_ref().map(content_sha256)),
            _ => Ok(Some(sha256(self.before(path)?))),
        }
    }

    fn check_not_ignored(&self, path: &str) -> Result<(), String> {
        match self.ignored.ignoring(path) {
            Some((file, pattern)) => {
                Err(format!("`{path}` is ignored by the pattern `{pattern}` of `{file}`"))
            }
            None => Ok(()),
        }
    }
}

fn missing(path: &str, tree: &Tree<'_>) -> String {
    match tree.twins(path).next() {
        Some(twin) => format!("`{path}` does not exist; the repository has `{}`", twin.path),
        None => format!("`{path}` does not exist"),
    }
}

fn whole_content(edit: &Edit) -> Result<&str, String> {
    edit.content.as_deref().ok_or_else(|| format!("`{}` is given no content", edit.path))
}

fn replace_parts(path: &str, text: &mut Text, replacements: &[Replacement]) -> Result<(), String> {
    if replacements.is_empty() {
        return Err(format!("`{path}` is given no replacements"));
    }
    for (index, Replacement { search, replace }) in replacements.iter().enumerate() {
        let number = index + 1;
        if search.is_empty() {
            return Err(format!("replacement {number} in `{path}` searches for nothing"));
        }
        text.replace_once(search, replace).map_err(|times| match times {
            0 => format!("the text of replacement {number} does not occur in `{path}`"),
            _ => format!("the text of replacement {number} occurs {times} times in `{path}`"),
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
