//! Issues and pull requests by their repository and number.

use crate::repository::{InvalidName, RepositoryName};
use std::fmt;
use std::str::FromStr;

/// An issue or a pull request: `owner/name#7`, or `group/project!7` for a pull request where these are numbered apart. The repository may be in any
/// form of a [`RepositoryName`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Numbered {
    /// Its repository.
    pub repository: RepositoryName,
    /// The sign before its number: `#` or `!`.
    pub sign: char,
    /// Its number, from 1.
    pub number: u64,
}

impl FromStr for Numbered {
    type Err = InvalidName;

    fn from_str(given: &str) -> Result<Self, InvalidName> {
        let read = || {
            let at = given.rfind(['#', '!'])?;
            let repository = given[..at].parse::<RepositoryName>().ok()?;
            let digits = &given[at + 1..];
            // `parse` also accepts a plus, which no name has.
            let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit());
            let number = digits.parse::<u64>().ok().filter(|number| is_plain && *number > 0)?;
            Some(Self { repository, sign: given[at..].chars().next()?, number })
        };
        read().ok_or_else(|| InvalidName {
            given: given.to_owned(),
            expected: "an issue or a pull request; accepted: `owner/name#7`, `group/project!7`",
        })
    }
}

impl fmt::Display for Numbered {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}{}{}", self.repository, self.sign, self.number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issue_or_a_pull_request_and_nothing_else() {
        for (given, expected) in [
            ("acme/shop#7", "acme/shop#7"),
            ("acme/web/shop!007", "acme/web/shop!7"),
            ("https://github.com/acme/shop.git#7", "acme/shop#7"),
        ] {
            assert_eq!(given.parse::<Numbered>().unwrap().to_string(), expected, "{given}");
        }
        for given in [
            "SHOP-7",
            "acme/shop",
            "acme/shop#",
            "#7",
            "acme#7",
            "acme/shop#-1",
            "acme/shop#+7",
            "acme/shop#0",
            "acme/../x#1",
        ] {
            assert!(given.parse::<Numbered>().is_err(), "{given}");
        }
    }
}
