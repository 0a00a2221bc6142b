//! Which issue or pull request is meant.

use domain::reference::Numbered;
use domain::{ActionError, RepositoryName};
use std::fmt;
use std::str::FromStr;

/// An issue or pull request as `owner/name#12`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IssueReference {
    pub(crate) repository: RepositoryName,
    pub(crate) number: u64,
}

impl FromStr for IssueReference {
    type Err = ActionError;

    fn from_str(given: &str) -> Result<Self, ActionError> {
        match given.parse() {
            Ok(Numbered { repository, sign: '#', number }) => Ok(Self { repository, number }),
            _ => Err(ActionError::rejected(format!(
                "`{given}` is not a GitHub issue; accepted: `owner/name#12`"
            ))),
        }
    }
}

impl fmt::Display for IssueReference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}#{}", self.repository, self.number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issue_and_nothing_else() {
        assert_eq!("acme/shop#12".parse::<IssueReference>().unwrap().to_string(), "acme/shop#12");
        for given in ["SHOP-1", "acme/shop", "acme/shop#", "#12", "acme#12", "acme/shop#-1", "acme/../x#1"] {
            assert!(given.parse::<IssueReference>().is_err(), "{given}");
        }
    }
}
