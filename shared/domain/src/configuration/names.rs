//! Names of providers, and of their instances in one configuration.

use crate::repository::{InvalidName, checked_name};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;

checked_name! {
    /// A configuration's name for a provider it uses: the key of its section under `plugins`, often the provider's own name.
    InstanceName
}

checked_name! {
    /// The name of a provider: `jira`. Which ones exist is said by the list of providers.
    ProviderId
}

impl FromStr for InstanceName {
    type Err = InvalidName;

    fn from_str(given: &str) -> Result<Self, InvalidName> {
        let expected =
            "a name under plugins; accepted: up to 40 of a-z, 0-9, `-` and `_`, the first a letter";
        check(given, expected).map(Self)
    }
}

impl FromStr for ProviderId {
    type Err = InvalidName;

    fn from_str(given: &str) -> Result<Self, InvalidName> {
        let expected = "a provider's name; accepted: up to 40 of a-z, 0-9, `-` and `_`, the first a letter";
        check(given, expected).map(Self)
    }
}

impl Borrow<str> for InstanceName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

fn check(given: &str, expected: &'static str) -> Result<String, InvalidName> {
    let given = given.to_owned();
    let is_legal = given.len() <= 40
        && given.starts_with(|first: char| first.is_ascii_lowercase())
        && given.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_'));
    if is_legal { Ok(given) } else { Err(InvalidName { given, expected }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked_when_they_are_made() {
        for name in ["jira", "jira-2", "old_jira"] {
            assert_eq!(name.parse::<InstanceName>().unwrap().as_str(), name);
        }
        for name in ["", "Jira", "2jira", "a b", "a#b", "a/b", &"a".repeat(41)] {
            assert!(name.parse::<InstanceName>().unwrap_err().to_string().contains("accepted"), "{name}");
        }
    }
}
