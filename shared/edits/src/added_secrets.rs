//! The secrets that a change adds to a repository.

use crate::file_edit::FileEdit;
use crate::secrets::{new_secrets, secrets_in};
use domain::plugins::FileContent;

/// No more places are named.
const MOST_NAMED: usize = 10;

/// The paths whose former contents show whether a change adds secrets: files with secrets in them, and deleted files, whose
/// content may have moved; not those that nobody read, because they are too large or no text. Empty if no file has any.
pub fn suspicious(files: &[FileEdit]) -> Vec<String> {
    let has_secrets =
        |file: &&FileEdit| file.content.as_deref().is_some_and(|text| !secrets_in(text).is_empty());
    if !files.iter().any(|file| has_secrets(&file)) {
        return Vec::new();
    }
    files
        .iter()
        .filter(|file| (file.is_deletion() && file.before_id.is_none()) || has_secrets(file))
        .map(|file| file.path.clone())
        .collect()
}

/// Where a change adds secrets, without showing them: `src/a.py`, line 3: a GitHub token. `former` has the contents of the
/// [`suspicious`] paths in their order.
pub fn added_secrets(files: &[FileEdit], former: &[Option<FileContent>]) -> Option<String> {
    let former: Vec<&str> = former
        .iter()
        .filter_map(|content| match content {
            Some(FileContent::Text(text)) => Some(text.as_str()),
            Some(FileContent::Binary(_)) | None => None,
        })
        .collect();
    let places: Vec<String> = files
        .iter()
        .flat_map(|file| {
            let found = file.content.as_deref().map(|text| new_secrets(text, former.iter().copied()));
            let place = |line, what| format!("`{}`, line {line}: {what}", file.path);
            found.unwrap_or_default().into_iter().map(move |found| place(found.line, found.what))
        })
        .collect();
    let more = places.len().saturating_sub(MOST_NAMED);
    let named = places.iter().take(MOST_NAMED).cloned().collect::<Vec<_>>().join("; ");
    match (places.len(), more) {
        (0, _) => None,
        (_, 0) => Some(named),
        _ => Some(format!("{named}; and {more} more")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_deleted_unread_is_not_read_for_secrets_either() {
        let file = |path: &str, content: Option<String>, before_id: Option<&str>| FileEdit {
            path: path.into(),
            content,
            base64: None,
            moved: None,
            executable: false,
            before_sha256: None,
            before_id: before_id.map(str::to_owned),
        };
        // Made when the test runs, so that this file holds no secret.
        let secret = format!("ghp_{}", "aB3dE6gH9j".repeat(4).get(..36).unwrap());
        let files = [
            file("film.mp4", None, Some("a1")),
            file("keys.txt", Some(secret), None),
            file("old.txt", None, None),
        ];
        assert_eq!(suspicious(&files), ["keys.txt", "old.txt"]);
    }
}
