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
    /// Reads patterns; `setting` is what an error calls them.
    ///
    /// # Errors
    /// `Rejected` naming the first text that is not a glob pattern, and why.
    pub(crate) fn new(setting: &str, patterns: &[String]) -> Result<Self, ActionError> {
        let wrong = |pattern: &str, error: &globset::Error| {
            ActionError::rejected(format!("{setting}: `{pattern}` is not a glob pattern: {}", error.kind()))
        };
        let mut set = GlobSetBuilder::new();
        for pattern in patterns {
            let glob = GlobBuilder::new(&path_identity(pattern))
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
