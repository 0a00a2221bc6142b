//! Names of providers, and of their instances in one configuration.

use crate::repository::InvalidName;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;

macro_rules! checked_name {
    ($(#[$doc:meta])* $name:ident, $expected:literal) => {
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

        impl FromStr for $name {
            type Err = InvalidName;

            fn from_str(given: &str) -> Result<Self, InvalidName> {
                given.to_owned().try_into()
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidName;

            fn try_from(given: String) -> Result<Self, InvalidName> {
                if is_name(&given) { Ok(Self(given)) } else { Err(InvalidName { given, expected: $expected }) }
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

checked_name! {
    /// What a configuration calls one provider it uses: the key of its section under `plugins`, often the provider's own name.
    InstanceName,
    "a name under plugins; accepted: up to 40 of a-z, 0-9, `-` and `_`, the first a letter"
}

checked_name! {
    /// The name of a provider: `jira`. Which ones exist is said by the list of providers.
    ProviderId,
    "a provider's name; accepted: up to 40 of a-z, 0-9, `-` and `_`, the first a letter"
}

fn is_name(given: &str) -> bool {
    given.len() <= 40
        && given.starts_with(|first: char| first.is_ascii_lowercase())
        && given.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_'))
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
