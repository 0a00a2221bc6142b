//! Names of things in a repository, validated on creation.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

/// A name that a code host does not accept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is not {expected}")]
pub struct InvalidName {
    /// The given text.
    pub given: String,
    /// The accepted form, with its article.
    pub expected: &'static str,
}

/// A name that is checked by its `FromStr`, which is next to it.
macro_rules! checked_name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
        #[serde(try_from = "String", into = "String")]
        #[schemars(with = "String")]
        pub struct $name(String);

        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidName;

            fn try_from(given: String) -> Result<Self, InvalidName> {
                given.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }
    };
}

pub(crate) use checked_name;

/// A repository as `owner/name`, or `group/subgroup/name` if a code host nests groups: up to 20 parts. It can also be given as a URL:
/// `https://github.com/acme/shop`, with or without `.git`, and `git@github.com:acme/shop.git`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct RepositoryName {
    path: String,
    /// Whether it was given as a link, whose path begins with that of the server. It makes no difference to which repository it is.
    is_link: bool,
}

checked_name! {
    /// A branch without `refs/heads/`, by git's own rules: <https://git-scm.com/docs/git-check-ref-format>.
    BranchName
}

checked_name! {
    /// The full SHA-1 or SHA-256 of a commit, in lower-case hex.
    CommitSha
}

/// The most parts that a repository's path has anywhere: <https://docs.gitlab.com/user/group/subgroups/>.
pub(crate) const MOST_PARTS: usize = 20;

impl RepositoryName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.path
    }

    /// The part before the last slash: the owner, or the groups.
    pub fn owner(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(owner, _)| owner)
    }

    /// The part after the last slash.
    pub fn name(&self) -> &str {
        self.path.rsplit_once('/').map_or(self.as_str(), |(_, name)| name)
    }

    /// The repository that a link names on a server below this path: `acme/shop` for `https://git.acme.example/gitlab/acme/shop` and `gitlab`.
    /// `None` if it was not given as a link, or as one to somewhere else: a group may have the name of the path.
    pub fn below(&self, path: &str) -> Option<Self> {
        let below = self.path.strip_prefix(path)?.strip_prefix('/')?;
        let is_repository = self.is_link && below.contains('/');
        is_repository.then(|| Self { path: below.to_owned(), is_link: false })
    }

    /// Whether it is in a nested group.
    pub fn is_nested(&self) -> bool {
        self.owner().contains('/')
    }
}

impl PartialEq for RepositoryName {
    fn eq(&self, other: &Self) -> bool {
        self.path == other.path
    }
}

impl Eq for RepositoryName {}

impl PartialOrd for RepositoryName {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for RepositoryName {
    fn cmp(&self, other: &Self) -> Ordering {
        self.path.cmp(&other.path)
    }
}

impl Hash for RepositoryName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.path.hash(state);
    }
}

impl fmt::Display for RepositoryName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.path)
    }
}

impl TryFrom<String> for RepositoryName {
    type Error = InvalidName;

    fn try_from(given: String) -> Result<Self, InvalidName> {
        given.parse()
    }
}

impl From<RepositoryName> for String {
    fn from(name: RepositoryName) -> Self {
        name.path
    }
}

impl FromStr for RepositoryName {
    type Err = InvalidName;

    fn from_str(given: &str) -> Result<Self, InvalidName> {
        let invalid = || InvalidName {
            given: given.to_owned(),
            expected: "a repository; accepted: `owner/name`, `group/subgroup/name`, or its URL",
        };
        let path = match given.split_once("://") {
            Some((_, rest)) => rest.split_once('/').map(|(_, path)| path).ok_or_else(invalid)?,
            None => given
                .strip_prefix("git@")
                .and_then(|rest| rest.split_once(':'))
                .map_or(given, |(_, path)| path),
        };
        // GitLab writes `/-/` between a repository and its page.
        let path = path.split("/-/").next().unwrap_or(path).trim_end_matches('/');
        let path = path.strip_suffix(".git").unwrap_or(path);
        let legal = |part: &str| {
            !part.is_empty()
                && part.len() <= 100
                && !matches!(part, "." | ".." | "-")
                && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
        };
        let parts = path.split('/').count();
        if (2..=MOST_PARTS).contains(&parts) && path.split('/').all(legal) {
            let is_link = given.starts_with("https://") || given.starts_with("http://");
            Ok(Self { path: path.to_owned(), is_link })
        } else {
            Err(invalid())
        }
    }
}

impl FromStr for BranchName {
    type Err = InvalidName;

    fn from_str(given: &str) -> Result<Self, InvalidName> {
        let forbidden =
            |c: char| c.is_control() || matches!(c, ' ' | '~' | '^' | ':' | '?' | '*' | '[' | '\\');
        let legal = !given.is_empty()
            && given.len() <= 200
            && given != "@"
            && !given.starts_with(['-', '/', '.'])
            && !given.ends_with(['/', '.'])
            && !given.contains("..")
            && !given.contains("//")
            && !given.contains("@{")
            && !given.contains(forbidden)
            && given.split('/').all(|part| !part.starts_with('.') && !part.ends_with(".lock"));
        if legal {
            Ok(Self(given.to_owned()))
        } else {
            Err(InvalidName {
                given: given.to_owned(),
                expected: "a branch name; git accepts letters, digits, `-`, `_`, `.` and `/` between them",
            })
        }
    }
}

impl FromStr for CommitSha {
    type Err = InvalidName;

    fn from_str(given: &str) -> Result<Self, InvalidName> {
        let hex = given.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if hex && matches!(given.len(), 40 | 64) {
            Ok(Self(given.to_owned()))
        } else {
            Err(InvalidName {
                given: given.to_owned(),
                expected: "a commit; accepted: 40 or 64 lower-case hex digits",
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repositories_from_names_and_urls() {
        for given in [
            "acme/shop",
            "https://github.com/acme/shop",
            "https://github.com/acme/shop.git",
            "http://127.0.0.1:9/acme/shop/",
            "git@github.com:acme/shop.git",
            "https://gitlab.com/acme/shop/-/tree/main/src",
            "https://gitlab.com/acme/shop/-/",
        ] {
            assert_eq!(given.parse::<RepositoryName>().unwrap().as_str(), "acme/shop", "{given}");
        }
        let long = ["a"; MOST_PARTS + 1].join("/");
        for given in [
            "",
            "acme",
            "acme//shop",
            "../shop",
            "acme/..",
            "acme/-",
            "acme/sh op",
            "https://github.com",
            &long,
        ] {
            assert!(given.parse::<RepositoryName>().is_err(), "{given}");
        }
        let nested: RepositoryName = "https://git.acme.example/acme/web/shop.git".parse().unwrap();
        assert_eq!((nested.owner(), nested.name(), nested.is_nested()), ("acme/web", "shop", true));
        assert!(["a"; MOST_PARTS].join("/").parse::<RepositoryName>().is_ok());
    }

    #[test]
    fn a_link_begins_with_the_path_of_its_server_and_a_name_does_not() {
        let below = |given: &str| {
            let name: RepositoryName = given.parse().unwrap();
            name.below("code/gitlab").map(String::from)
        };
        let link = "https://git.acme.example/code/gitlab/acme/web/shop/-/tree/main";
        assert_eq!(below(link).as_deref(), Some("acme/web/shop"));
        for other in [
            "code/gitlab/acme/web/shop",
            "git@git.acme.example:code/gitlab/acme/shop.git",
            "https://git.acme.example/code/gitlabs/acme/shop",
            "https://git.acme.example/code/gitlab/shop",
        ] {
            assert_eq!(below(other), None, "{other}");
        }
        let (link, name): (RepositoryName, RepositoryName) =
            ("https://github.com/acme/shop".parse().unwrap(), "acme/shop".parse().unwrap());
        assert_eq!((&link, link.cmp(&name)), (&name, Ordering::Equal));
    }

    #[test]
    fn branches_by_the_rules_of_git() {
        for given in ["main", "feature/SHOP-1", "a.b/c_d"] {
            assert!(given.parse::<BranchName>().is_ok(), "{given}");
        }
        for given in ["", "-x", "a..b", "a b", "a/.b", "x.lock", "a/", "/a", "a@{1}", "@", "a~1", "a\nb"] {
            assert!(given.parse::<BranchName>().is_err(), "{given}");
        }
    }
}
