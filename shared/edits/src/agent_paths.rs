//! The part of a repository that an agent works in.

use crate::globs::Globs;
use domain::ActionError;

/// An agent's `paths`, compiled. Without patterns, the agent works in the whole repository.
#[derive(Debug, Clone, Default)]
pub struct AgentPaths {
    globs: Option<Globs>,
}

impl AgentPaths {
    /// Reads glob patterns as [`ProtectedPaths::new`](crate::ProtectedPaths::new) does.
    ///
    /// # Errors
    /// `Rejected` naming the first text that is not a glob pattern, and why.
    pub fn new(patterns: &[String]) -> Result<Self, ActionError> {
        let globs = if patterns.is_empty() { None } else { Some(Globs::new("paths", patterns)?) };
        Ok(Self { globs })
    }

    /// Whether the agent may see and change a path.
    pub fn contains(&self, path: &str) -> bool {
        self.globs.as_ref().is_none_or(|globs| globs.contains(path))
    }

    /// The patterns, as they were written.
    pub fn patterns(&self) -> &[String] {
        self.globs.as_ref().map_or(&[], Globs::patterns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_patterns_everything_is_inside() {
        assert!(AgentPaths::new(&[]).unwrap().contains("a/b"));
        let paths = AgentPaths::new(&["shop/**".to_owned()]).unwrap();
        assert!(paths.contains("shop/src/a.py") && !paths.contains("docs/a.md"));
        assert!(AgentPaths::new(&["a[".to_owned()]).unwrap_err().message.starts_with("paths: `a[`"));
    }
}
