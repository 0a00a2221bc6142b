//! Checks a model's edits against the files it saw, and applies them.

use crate::edit::{Edit, Operation, Replacement};
use crate::file_edit::{FileEdit, content_sha256, sha256};
use crate::ignored_paths::IgnoredPaths;
use crate::protected_paths::ProtectedPaths;
use crate::rules::{check_changeable, check_not_ignored, check_size, missing, unchangeable};
use crate::shown::Unshown;
use crate::text::Text;
use crate::tree::{Tree, not_a_file, path_problems};
use domain::ActionError;
use domain::plugins::{FileContent, TreeEntry, TreeEntryKind};
use std::collections::{BTreeMap, BTreeSet};

/// The base of the edits: the repository as the model saw it.
#[derive(Debug, Clone, Copy)]
pub struct Ground<'a> {
    /// Every entry of the tree.
    pub tree: &'a [TreeEntry],
    /// The content of each file that the model was shown, in the file's own form.
    pub seen: &'a BTreeMap<String, String>,
    /// Why files were not shown, if there is a reason, and the content of those that were read.
    pub unshown: &'a BTreeMap<String, (Unshown, Option<FileContent>)>,
    /// Paths that must not be touched.
    pub protected: &'a ProtectedPaths,
    /// Paths that are not created.
    pub ignored: &'a IgnoredPaths,
}

impl Ground<'_> {
    /// Applies the edits to the current contents and returns each changed file with its whole new content. Edits that change nothing are left out. Each file keeps its form: [`Text`] says how.
    ///
    /// # Errors
    /// `Rejected` naming every invalid edit and the reason: a path that is illegal, protected, ignored, given twice, or the same
    /// as another path on some machine; an existing file that the model was not shown, that is not a file, or that is not text; a
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
        let path = &entry.map_or_else(|| tree.in_present_folders(&edit.path), |entry| entry.path.clone());
        check_changeable(&edit.path, path, self.protected)?;
        if let Some(problem) = entry.and_then(|entry| not_a_file(entry.kind)) {
            return Err(format!("`{path}` {problem}"));
        }
        let was_executable = entry.is_some_and(|entry| entry.kind == TreeEntryKind::ExecutableFile);
        let executable = edit.executable.unwrap_or(was_executable);
        let (content, before_sha256) = match (edit.operation, entry) {
            (Operation::Create, Some(_)) => return Err(format!("`{path}` already exists")),
            (Operation::Create, None) => {
                check_not_ignored(path, self.ignored)?;
                (Some(whole_content(edit)?.to_owned()), None)
            }
            (_, None) => {
                let twin = tree.twins(path).next().map(|twin| twin.path.as_str());
                return Err(missing(path, twin));
            }
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
        check_size(path, content.as_ref().map_or(0, String::len))?;
        if content.is_some() && content.as_ref() == self.seen.get(path) && executable == was_executable {
            return Ok(None);
        }
        Ok(Some(FileEdit {
            path: path.clone(),
            content,
            base64: None,
            moved: None,
            executable,
            before_sha256,
            before_id: None,
        }))
    }

    /// The content of a file that the model was shown.
    fn before(&self, path: &str) -> Result<&str, String> {
        match (self.seen.get(path), self.unshown.get(path)) {
            (Some(content), _) => Ok(content),
            (None, Some((reason, _))) => Err(unchangeable(path, reason)),
            (None, None) => Err(format!("`{path}` exists, but the model was not shown it")),
        }
    }

    /// The hash of a file to delete: one that the model was shown, or one that cannot be shown.
    fn hash_to_delete(&self, path: &str) -> Result<Option<String>, String> {
        match self.unshown.get(path) {
            Some((reason, content)) if reason.may_be_removed() => Ok(content.as_ref().map(content_sha256)),
            _ => Ok(Some(sha256(self.before(path)?))),
        }
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
