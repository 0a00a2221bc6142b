//! Pull requests as people name them.

use super::Numbered;
use crate::repository::{BranchName, InvalidName, RepositoryName};
use std::str::FromStr;

/// No name of a repository with a branch is longer, in bytes; records are not read under longer ones.
const LONGEST: usize = 500;

/// A pull request: `owner/name#7` or `group/project!7` by its number, or `owner/name@branch` for the newest one from a branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedPullRequest {
    /// Its repository.
    pub repository: RepositoryName,
    /// Which one of it.
    pub which: WhichPullRequest,
}

/// Which pull request of a repository is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WhichPullRequest {
    /// The one with this number.
    Number(u64),
    /// The newest one from this branch.
    Branch(BranchName),
}

impl NamedPullRequest {
    /// Whether this pull request is meant: in any case of its repository's name, as code hosts ignore it.
    pub fn is(&self, repository: &RepositoryName, number: u64, branch: &str) -> bool {
        let is_named = match &self.which {
            WhichPullRequest::Number(named) => *named == number,
            WhichPullRequest::Branch(named) => named.as_str() == branch,
        };
        is_named && self.repository.as_str().eq_ignore_ascii_case(repository.as_str())
    }
}

impl FromStr for NamedPullRequest {
    type Err = InvalidName;

    fn from_str(given: &str) -> Result<Self, InvalidName> {
        let read = || match given.split_once('@') {
            Some((repository, branch)) => {
                let which = WhichPullRequest::Branch(branch.parse().ok()?);
                Some(Self { repository: repository.parse().ok()?, which })
            }
            None => {
                let Numbered { repository, number, .. } = given.parse().ok()?;
                Some(Self { repository, which: WhichPullRequest::Number(number) })
            }
        };
        let named = if given.len() <= LONGEST { read() } else { None };
        named.ok_or_else(|| InvalidName {
            given: given.to_owned(),
            expected: "a pull request; accepted: `owner/name#7`, `group/project!7`, `owner/name@branch`",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pull_request_by_its_number_or_its_branch_and_nothing_else() {
        let repository: RepositoryName = "Acme/shop".parse().unwrap();
        for (name, is_it) in [
            ("acme/shop#7", true),
            ("acme/shop!7", true),
            ("acme/shop@feature/SHOP-1", true),
            ("acme/shop#8", false),
            ("acme/shop@feature/shop-1", false),
            ("acme/web#7", false),
            ("acme/web@feature/SHOP-1", false),
            ("group/sub/name!12", false),
        ] {
            let named: NamedPullRequest = name.parse().unwrap();
            assert_eq!(named.is(&repository, 7, "feature/SHOP-1"), is_it, "{name}");
        }
        let long = format!("acme/{}@main", ["a"; 300].join("/"));
        for name in [
            "evidence.json",
            "./a#b",
            "acme/shop",
            "acme/shop#x",
            "acme/shop#0",
            "acme/shop@",
            "-",
            "",
            &long,
        ] {
            let refused = name.parse::<NamedPullRequest>().unwrap_err().to_string();
            assert!(
                refused.contains("is not a pull request; accepted: `owner/name#7`, `group/project!7`"),
                "{refused}"
            );
        }
    }
}
