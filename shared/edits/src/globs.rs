//! Sets of glob patterns over paths.

use crate::identity::path_identity;
use domain::ActionError;
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

/// Patterns in which `*` stays within a folder and `**` does not. Case and the composition of characters do not matter, because
/// some file systems ignore them.
#[derive(Debug, Clone)]
pub(crate) struct Globs {
    patterns: Vec<String>,
    matcher: GlobSet,
}

impl Globs {
    /// Reads patterns; errors call them `setting`. `infra/` is everything in the folder, and a `/` or `./` before a pattern
    /// means nothing: paths start at the root.
    ///
    /// # Errors
    /// `Rejected` naming the first text that is not a glob pattern, or that no path can match, and why.
    pub(crate) fn new(setting: &str, patterns: &[String]) -> Result<Self, ActionError> {
        let wrong = |pattern: &str, error: &globset::Error| {
            ActionError::rejected(format!("{setting}: `{pattern}` is not a glob pattern: {}", error.kind()))
        };
        let mut set = GlobSetBuilder::new();
        for pattern in patterns {
            let written = from_the_root(pattern).map_err(|reason| {
                ActionError::rejected(format!("{setting}: `{pattern}` matches no path: {reason}"))
            })?;
            let glob = GlobBuilder::new(&path_identity(&written))
                .literal_separator(true)
                .case_insensitive(true)
                .build()
                .map_err(|error| wrong(pattern, &error))?;
            set.add(glob);
        }
        let matcher = set.build().map_err(|error| wrong("", &error))?;
        Ok(Self { patterns: patterns.to_vec(), matcher })
    }

    /// Whether a path from the repository's root matches one of the patterns.
    pub(crate) fn contains(&self, path: &str) -> bool {
        self.matcher.is_match(path_identity(path))
    }

    pub(crate) fn patterns(&self) -> &[String] {
        &self.patterns
    }
}

/// A pattern as paths are written, from the repository's root.
fn from_the_root(pattern: &str) -> Result<String, &'static str> {
    let rest = pattern.strip_prefix("./").unwrap_or(pattern).trim_start_matches('/');
    let folder = rest.strip_suffix('/');
    let parts = folder.unwrap_or(rest);
    if parts.trim().is_empty() {
        return Err("it is empty");
    }
    if parts.starts_with('!') {
        return Err("`!` has no effect here; leave the pattern out");
    }
    if parts.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return Err("no path has `.`, `..` or an empty part");
    }
    let mut escaped = parts.split('\\').skip(1);
    if escaped.any(|rest| rest.starts_with(|first: char| first.is_alphanumeric())) {
        return Err("the parts of a path are separated by `/`");
    }
    Ok(folder.map_or_else(|| rest.to_owned(), |folder| format!("{folder}/**")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_and_a_path_from_the_root_are_read_as_people_write_them() {
        let matches =
            |pattern: &str, path: &str| Globs::new("paths", &[pattern.to_owned()]).unwrap().contains(path);
        for (pattern, path) in [
            ("infra/", "infra/a/main.tf"),
            ("/infra/**", "infra/main.tf"),
            ("./Makefile", "Makefile"),
            ("/docs/*.md", "docs/a.md"),
            ("a\\[b]", "a[b]"),
        ] {
            assert!(matches(pattern, path), "{pattern} {path}");
        }
        assert!(!matches("infra/", "infrastructure/x") && !matches("/docs/*.md", "a/docs/b.md"));
    }

    #[test]
    fn a_pattern_that_no_path_matches_is_refused() {
        for pattern in ["", " ", "/", "./", "!infra/**", "../x", "a/./b", "a//b", "infra\\main.tf", "a["] {
            let refused = Globs::new("paths", &[pattern.to_owned()]).unwrap_err();
            assert!(refused.message.starts_with(&format!("paths: `{pattern}` ")), "{refused}");
        }
    }
}
