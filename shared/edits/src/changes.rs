//! The changes of one commit.

use crate::path::check_path;
use domain::ActionError;
use domain::plugins::FileChange;
use std::collections::BTreeSet;

/// Checks that these changes can be one commit.
///
/// # Errors
/// `Rejected` if there are none, if a path is not inside the repository, or if one is changed twice.
pub fn check_changes(changes: &[FileChange]) -> Result<(), ActionError> {
    if changes.is_empty() {
        return Err(ActionError::rejected("there are no changes to commit"));
    }
    let mut paths = BTreeSet::new();
    for path in changes.iter().map(FileChange::path) {
        check_path(path).map_err(|error| ActionError::rejected(error.to_string()))?;
        if !paths.insert(path) {
            return Err(ActionError::rejected(format!("`{path}` is changed twice in one commit")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_that_cannot_be_one_commit() {
        let delete = |path: &str| FileChange::Delete { path: path.into() };
        assert!(check_changes(&[delete("a"), delete("b")]).is_ok());
        let check = |changes: &[FileChange], words: &str| {
            let error = check_changes(changes).unwrap_err();
            assert!(error.message.contains(words), "{error}");
        };
        check(&[], "no changes");
        check(&[delete("a"), delete("a")], "twice");
        check(&[delete("../a")], "inside the repository");
        check(&[delete(".git/config")], "inside the repository");
    }
}
