//! The rules for every change of a file: those in one reply and those by an agent's tools.

use crate::ignored_paths::IgnoredPaths;
use crate::path::check_path;
use crate::protected_paths::ProtectedPaths;
use std::fmt::Display;

/// The largest content of one file, in bytes.
pub(crate) const LARGEST_FILE: usize = 1024 * 1024;

/// Checks that a path is inside the repository and may be changed. `path` is the given path, `real` is the tree's spelling.
pub(crate) fn check_changeable(path: &str, real: &str, protected: &ProtectedPaths) -> Result<(), String> {
    check_path(path).map_err(|error| error.to_string())?;
    if protected.contains(real) {
        return Err(format!("`{real}` is protected: only people may change it"));
    }
    Ok(())
}

/// Checks that a file that does not exist may be created.
pub(crate) fn check_not_ignored(path: &str, ignored: &IgnoredPaths) -> Result<(), String> {
    match ignored.ignoring(path) {
        Some((file, pattern)) => Err(format!("`{path}` is ignored by the pattern `{pattern}` of `{file}`")),
        None => Ok(()),
    }
}

/// Checks that a content can be committed.
pub(crate) fn check_size(path: &str, bytes: usize) -> Result<(), String> {
    if bytes > LARGEST_FILE {
        return Err(format!("`{path}` would be larger than {LARGEST_FILE} bytes"));
    }
    Ok(())
}

/// Why an existing file cannot be changed.
pub(crate) fn unchangeable(path: &str, reason: impl Display) -> String {
    format!("`{path}` cannot be changed, because it is {reason}")
}

/// That a path does not exist, and which path that some machine takes for it does.
pub(crate) fn missing(path: &str, twin: Option<&str>) -> String {
    match twin {
        Some(twin) => format!("`{path}` does not exist; the repository has `{twin}`"),
        None => format!("`{path}` does not exist"),
    }
}
