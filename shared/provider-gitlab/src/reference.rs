//! Which issue or merge request is meant.

use domain::reference::Numbered;
use domain::{ActionError, RepositoryName};
use std::fmt;
use std::str::FromStr;

/// An issue as `group/project#12`, or a merge request as `group/project!12`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reference {
    pub(crate) project: RepositoryName,
    pub(crate) kind: Kind,
    pub(crate) number: u64,
}

/// The kinds that are numbered separately.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Issue,
    MergeRequest,
}

impl Kind {
    /// The sign before its number.
    pub(crate) const fn sign(self) -> char {
        match self {
            Self::Issue => '#',
            Self::MergeRequest => '!',
        }
    }

    /// Its part of addresses for people.
    pub(crate) const fn page(self) -> &'static str {
        match self {
            Self::Issue => "issues",
            Self::MergeRequest => "merge_requests",
        }
    }
}

impl Reference {
    /// Refuses everything but issues.
    pub(crate) fn issue(given: &str) -> Result<Self, ActionError> {
        let read: Self = given.parse()?;
        match read.kind {
            Kind::Issue => Ok(read),
            Kind::MergeRequest => Err(ActionError::rejected(format!(
                "`{given}` is a merge request of GitLab; accepted here: an issue, as `group/project#12`"
            ))),
        }
    }

    /// Where people open it.
    pub(crate) fn url(&self, site: &str) -> String {
        format!("{site}/{}/-/{}/{}", self.project, self.kind.page(), self.number)
    }
}

impl FromStr for Reference {
    type Err = ActionError;

    fn from_str(given: &str) -> Result<Self, ActionError> {
        let read = given.parse().map(|Numbered { repository: project, sign, number }| {
            let kind = if sign == Kind::Issue.sign() { Kind::Issue } else { Kind::MergeRequest };
            Self { project, kind, number }
        });
        read.map_err(|_| {
            ActionError::rejected(format!(
                "`{given}` is nothing on GitLab; accepted: an issue, as `group/project#12`, or a merge request, as `group/project!12`"
            ))
        })
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}{}{}", self.project, self.kind.sign(), self.number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sign_tells_issues_and_merge_requests_apart() {
        for (given, kind) in [
            ("acme/shop#12", Kind::Issue),
            ("acme/web/shop!12", Kind::MergeRequest),
            ("a/b/c/d/e/f#1", Kind::Issue),
        ] {
            let read: Reference = given.parse().unwrap();
            assert_eq!((read.kind, read.to_string().as_str()), (kind, given));
        }
        for given in
            ["SHOP-1", "acme/shop", "acme/shop#", "#12", "acme#12", "acme/shop#-1", "acme/../x!1", "a/b#0"]
        {
            assert!(given.parse::<Reference>().is_err(), "{given}");
        }
        let refused = Reference::issue("acme/shop!12").unwrap_err();
        assert!(refused.message.contains("group/project#12"), "{refused}");
    }
}
