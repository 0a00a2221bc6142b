//! Checks a model's edits against the files it saw, and applies them.

use crate::edit::{Edit, Operation, Replacement};
use crate::file_edit::{FileEdit, sha256};
use crate::path::check_path;
use crate::protected_paths::ProtectedPaths;
use domain::ActionError;
use domain::plugins::{TreeEntry, TreeEntryKind};
use std::collections::{BTreeMap, BTreeSet};

/// The largest content of one file, in bytes.
const LARGEST_FILE: usize = 1024 * 1024;

/// What the edits are made on: the repository as the model saw it.
#[derive(Debug)]
pub struct Ground<'a> {
    /// Every entry of the tree.
    pub tree: &'a [TreeEntry],
    /// The content of each file that the model was shown.
    pub seen: &'a BTreeMap<String, String>,
    /// What must not be touched.
    pub protected: &'a ProtectedPaths,
}

impl Ground<'_> {
    /// Applies the edits to the present contents. Edits that change nothing are left out.
    ///
    /// # Errors
    /// `Rejected` naming every edit that cannot be made and why: a path that is illegal, protected or given twice; a present file
    /// that the model was not shown; a `search` text that does not stand exactly once; nothing left to change.
    pub fn apply(&self, edits: &[Edit]) -> Result<Vec<FileEdit>, ActionError> {
        let mut problems = Vec::new();
        let mut files = Vec::new();
        let mut paths = BTreeSet::new();
        for edit in edits {
            if !paths.insert(edit.path.as_str()) {
                problems.push(format!("`{}` is edited twice", edit.path));
                continue;
            }
            match self.apply_one(edit) {
                Ok(file) => files.extend(file),
                Err(problem) => problems.push(problem),
            }
        }
        problems.extend(collisions(&files, self.tree));
        if problems.is_empty() && files.is_empty() {
            problems.push("it changes nothing".to_owned());
        }
        if problems.is_empty() {
            return Ok(files);
        }
        Err(ActionError::rejected(format!("the model's change cannot be made: {}", problems.join("; "))))
    }

    fn apply_one(&self, edit: &Edit) -> Result<Option<FileEdit>, String> {
        let path = &edit.path;
        check_path(path).map_err(|error| error.to_string())?;
        if self.protected.contains(path) {
            return Err(format!("`{path}` is protected: only people may change it"));
        }
        let entry = self.tree.iter().find(|entry| entry.path == *path);
        let was_executable = entry.is_some_and(|entry| entry.kind == TreeEntryKind::ExecutableFile);
        let executable = edit.executable.unwrap_or(was_executable);
        let before = || match (entry, self.seen.get(path)) {
            (None, _) => Err(format!("`{path}` does not exist")),
            (Some(_), Some(content)) => Ok(content),
            (Some(_), None) => Err(format!("`{path}` exists, but the model was not shown it")),
        };
        let (content, before) = match edit.operation {
            Operation::Create if entry.is_some() => return Err(format!("`{path}` exists already")),
            Operation::Create => (Some(whole_content(edit)?), None),
            Operation::Replace => {
                let before = before()?;
                (Some(whole_content(edit)?), Some(before))
            }
            Operation::Edit => {
                let before = before()?;
                (Some(replace_parts(path, before, &edit.replacements)?), Some(before))
            }
            Operation::Delete => (None, Some(before()?)),
        };
        if content.as_ref().is_some_and(|content| content.len() > LARGEST_FILE) {
            return Err(format!("`{path}` would be larger than {LARGEST_FILE} bytes"));
        }
        if content.is_some() && content.as_ref() == before && executable == was_executable {
            return Ok(None);
        }
        Ok(Some(FileEdit {
            path: path.clone(),
            content,
            executable,
            before_sha256: before.map(|before| sha256(before)),
        }))
    }
}

fn whole_content(edit: &Edit) -> Result<String, String> {
    edit.content.clone().ok_or_else(|| format!("`{}` is given no content", edit.path))
}

fn replace_parts(path: &str, before: &str, replacements: &[Replacement]) -> Result<String, String> {
    if replacements.is_empty() {
        return Err(format!("`{path}` is given no replacements"));
    }
    let mut content = before.to_owned();
    for (index, Replacement { search, replace }) in replacements.iter().enumerate() {
        let number = index + 1;
        if search.is_empty() {
            return Err(format!("replacement {number} in `{path}` searches for nothing"));
        }
        match content.matches(search.as_str()).count() {
            1 => content = content.replacen(search.as_str(), replace, 1),
            0 => return Err(format!("the text of replacement {number} does not stand in `{path}`")),
            times => {
                return Err(format!("the text of replacement {number} stands {times} times in `{path}`"));
            }
        }
    }
    Ok(content)
}

/// Paths that would need a file to be a folder at once.
fn collisions(files: &[FileEdit], tree: &[TreeEntry]) -> Vec<String> {
    let deleted: BTreeSet<&str> =
        files.iter().filter(|file| file.content.is_none()).map(|file| file.path.as_str()).collect();
    let written: BTreeSet<&str> =
        files.iter().filter(|file| file.content.is_some()).map(|file| file.path.as_str()).collect();
    let is_file = |path: &str| {
        written.contains(path)
            || (!deleted.contains(path)
                && tree.iter().any(|entry| entry.path == path && entry.kind != TreeEntryKind::Folder))
    };
    written
        .iter()
        .filter_map(|path| {
            let parent =
                path.match_indices('/').map(|(end, _)| &path[..end]).find(|parent| is_file(parent))?;
            Some(format!("`{path}` cannot stand under `{parent}`, which is no folder"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn entry(path: &str, kind: TreeEntryKind) -> TreeEntry {
        TreeEntry { path: path.into(), kind, size: Some(1) }
    }

    fn edit(path: &str, operation: Operation) -> Edit {
        Edit { path: path.into(), operation, content: None, replacements: vec![], executable: None }
    }

    fn with_content(path: &str, operation: Operation, content: &str) -> Edit {
        Edit { content: Some(content.into()), ..edit(path, operation) }
    }

    fn parts(path: &str, replacements: &[(&str, &str)]) -> Edit {
        let replacements = replacements
            .iter()
            .map(|(search, replace)| Replacement { search: (*search).into(), replace: (*replace).into() })
            .collect();
        Edit { replacements, ..edit(path, Operation::Edit) }
    }

    fn apply(edits: &[Edit]) -> Result<Vec<FileEdit>, String> {
        let tree = [
            entry("src", TreeEntryKind::Folder),
            entry("src/cart.py", TreeEntryKind::File),
            entry("src/secret.py", TreeEntryKind::File),
            entry("run.sh", TreeEntryKind::ExecutableFile),
            entry("link", TreeEntryKind::SymbolicLink),
        ];
        let seen = BTreeMap::from([
            ("src/cart.py".to_owned(), "def total():\n    return 1\n\ndef one():\n    return 1\n".to_owned()),
            ("run.sh".to_owned(), "echo\n".to_owned()),
        ]);
        let protected = ProtectedPaths::new(&[".github/**".to_owned()]).unwrap();
        Ground { tree: &tree, seen: &seen, protected: &protected }.apply(edits).map_err(|error| error.message)
    }

    #[test]
    fn edits_become_whole_files() {
        let files = apply(&[
            parts(
                "src/cart.py",
                &[("def total():\n    return 1", "def total():\n    return 2"), ("one", "uno")],
            ),
            with_content("src/new.py", Operation::Create, "x = 1\n"),
            with_content("run.sh", Operation::Replace, "echo hi\n"),
        ])
        .unwrap();
        assert_eq!(
            files[0].content.as_deref(),
            Some("def total():\n    return 2\n\ndef uno():\n    return 1\n")
        );
        assert!(files[0].before_sha256.is_some() && files[1].before_sha256.is_none());
        assert!(files[2].executable, "the bit stays");
        assert_eq!(apply(&[edit("run.sh", Operation::Delete)]).unwrap()[0].content, None);
    }

    #[test]
    fn what_cannot_be_made_is_named() {
        let check = |edits: &[Edit], words: &str| {
            let message = apply(edits).unwrap_err();
            assert!(message.contains(words), "{message}");
        };
        check(&[parts("src/cart.py", &[("return 1", "return 2")])], "stands 2 times");
        check(&[parts("src/cart.py", &[("return 3", "")])], "does not stand in `src/cart.py`");
        check(&[parts("src/cart.py", &[("", "x")])], "searches for nothing");
        check(&[parts("src/cart.py", &[])], "no replacements");
        check(&[with_content("src/secret.py", Operation::Replace, "")], "was not shown");
        check(&[edit("src/secret.py", Operation::Delete)], "was not shown");
        check(&[edit("link", Operation::Delete)], "was not shown");
        check(&[with_content("src/cart.py", Operation::Create, "")], "exists already");
        check(&[edit("nowhere.py", Operation::Delete)], "does not exist");
        check(&[with_content("../x", Operation::Create, "")], "inside the repository");
        check(&[with_content(".GitHub/workflows/x.yml", Operation::Create, "")], "protected");
        check(&[edit("new.py", Operation::Create)], "no content");
        check(&[with_content("src/cart.py/x", Operation::Create, "")], "no folder");
        check(&[edit("run.sh", Operation::Delete), edit("run.sh", Operation::Delete)], "twice");
        check(&[with_content("run.sh", Operation::Replace, "echo\n")], "changes nothing");
        check(&[], "changes nothing");
    }

    proptest! {
        #[test]
        fn applying_never_panics_and_an_applied_edit_says_what_it_was_made_from(
            before in "[abä\n]{0,30}",
            searches in prop::collection::vec(("[abä\n]{0,3}", any::<String>()), 0..4),
            path in "(src/)?(cart\\.py|[a-z./\\\\é]{0,8})",
        ) {
            let tree = [entry("src/cart.py", TreeEntryKind::File)];
            let seen = BTreeMap::from([("src/cart.py".to_owned(), before.clone())]);
            let protected = ProtectedPaths::new(&["docs/**".to_owned()]).unwrap();
            let replacements = searches.iter().map(|(search, replace)| Replacement {
                search: search.clone(), replace: replace.clone(),
            }).collect();
            let edit = Edit { replacements, ..edit(&path, Operation::Edit) };
            if let Ok(files) = (Ground { tree: &tree, seen: &seen, protected: &protected }).apply(&[edit]) {
                prop_assert_eq!(files[0].before_sha256.clone(), Some(sha256(&before)));
                prop_assert!(files[0].content.as_ref() != Some(&before));
            }
        }
    }
}
