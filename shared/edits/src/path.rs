//! Paths inside a repository.

use crate::names::is_git_folder;
use domain::repository::InvalidName;

/// Checks that a path is inside a repository: relative, with `/` between its parts, never leaving the root and never into `.git`.
///
/// # Errors
/// [`InvalidName`] with the path and what is accepted, if the path is absolute, empty or longer than 4,096 bytes, or contains `..`,
/// `.`, an empty part, a backslash, a control character, or a part that some file system takes for `.git`.
pub fn check_path(path: &str) -> Result<(), InvalidName> {
    let legal = !path.is_empty()
        && path.len() <= 4096
        && !path.contains(|c: char| c.is_control() || c == '\\')
        && path
            .split('/')
            .all(|part| !part.is_empty() && part != "." && part != ".." && !is_git_folder(part));
    if legal {
        Ok(())
    } else {
        Err(InvalidName {
            given: path.to_owned(),
            expected: "a path inside the repository; accepted: relative, `/` between parts, no `.`, `..`, `.git` or backslash",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_inside() {
        for path in ["a", "src/main.rs", ".github/workflows/ci.yml", "a b/c"] {
            assert!(check_path(path).is_ok(), "{path}");
        }
        for path in
            ["", "/etc/passwd", "../x", "a/../b", "a//b", "./a", ".git/config", "a/.GIT/hooks", "a\\b", "a\0"]
        {
            assert!(check_path(path).is_err(), "{path}");
        }
        for path in
            ["a/git~1/config", ".g\u{200c}it/x", ".git /hooks/x", ".git::$INDEX_ALLOCATION/x", ".git./x"]
        {
            assert!(check_path(path).is_err(), "{path:?}");
        }
    }
}
