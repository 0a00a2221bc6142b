//! Files that our commits may not touch.

use crate::globs::Globs;
use domain::ActionError;
use domain::configuration::{Problem, Project};

/// A project's `protected_paths`, compiled.
#[derive(Debug, Clone)]
pub struct ProtectedPaths {
    globs: Globs,
}

impl ProtectedPaths {
    /// Reads glob patterns as [`globset`] does: `*` stays within a folder, `**` does not. Case and the composition of
    /// characters do not matter, because some file systems ignore them: `.GitHub/workflows` is `.github/workflows` there. `infra/` is
    /// everything in that folder, and `/infra/**` is `infra/**`.
    ///
    /// # Errors
    /// `Rejected` naming the first text that is not a glob pattern, and why.
    pub fn new(patterns: &[String]) -> Result<Self, ActionError> {
        Ok(Self { globs: Globs::new("protected_paths", patterns)? })
    }

    /// Whether a path from the repository's root matches one of the patterns.
    pub fn contains(&self, path: &str) -> bool {
        self.globs.contains(path)
    }

    /// Checks that none of these paths, written or deleted, is protected.
    ///
    /// # Errors
    /// `Rejected` naming every protected path and the patterns.
    pub fn check<'a>(&self, paths: impl IntoIterator<Item = &'a str>) -> Result<(), ActionError> {
        let touched: Vec<_> = paths.into_iter().filter(|path| self.contains(path)).collect();
        if touched.is_empty() {
            return Ok(());
        }
        Err(ActionError::rejected(format!(
            "the change touches protected paths, which only people may change: {}; protected are: {}",
            touched.join(", "),
            self.globs.patterns().join(", ")
        )))
    }
}

/// Problems in a project's `protected_paths`, in the words of `config check`. Places are relative to the project.
pub fn protected_path_problems(project: &Project) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (position, pattern) in project.protected_paths.iter().enumerate() {
        if let Err(error) = ProtectedPaths::new(std::slice::from_ref(pattern)) {
            let message = error.message.trim_start_matches("protected_paths: ");
            problems.push(Problem::new(["protected_paths", &position.to_string()], message));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, protected: bool) {
        let patterns = [".github/**", "**/Dockerfile", "Jenkinsfile", ".gitlab-ci.yml"].map(str::to_owned);
        let paths = ProtectedPaths::new(&patterns).unwrap();
        assert_eq!(paths.contains(path), protected, "{path}");
        assert_eq!(paths.check([path]).is_err(), protected);
    }

    #[test]
    fn patterns_hold_in_any_case_and_at_the_root() {
        for path in [
            ".github/workflows/ci.yml",
            ".GITHUB/x",
            "Dockerfile",
            "a/b/dockerfile",
            "jenkinsfile",
            ".gitlab-ci.yml",
            ".github/wor\u{212a}flows/ci.yml",
            "\u{200b}/Doc\u{212a}erfile",
        ] {
            check(path, true);
        }
        for path in ["src/github/x.rs", "a/Jenkinsfile", "Dockerfile.md", ".githubx"] {
            check(path, false);
        }
    }

    #[test]
    fn what_steers_git_is_protected_without_a_setting() {
        let project = serde_json::json!({"key": "SHOP", "repository": "acme/shop"});
        let project: domain::configuration::Project = serde_json::from_value(project).unwrap();
        let paths = ProtectedPaths::new(&project.protected_paths).unwrap();
        for path in [".gitmodules", ".gitattributes", "sub/.gitattributes"] {
            assert!(paths.contains(path), "{path}");
        }
        assert!(!paths.contains(".gitignore"));
    }

    #[test]
    fn a_wrong_pattern_and_a_protected_path_are_named() {
        assert!(ProtectedPaths::new(&["a[".to_owned()]).unwrap_err().message.contains("`a[`"));
        let paths = ProtectedPaths::new(&["ci/**".to_owned()]).unwrap();
        let error = paths.check(["a", "CI/x"]).unwrap_err();
        assert!(error.message.contains("CI/x") && error.message.contains("ci/**"), "{error}");
    }
}
