//! The keys of items that the API configures, in addition to the configuration file.
//!
//! | what is asked | how | `pk` | `sk` |
//! |---|---|---|---|
//! | whether anything has changed | get | `CONFIGURED#PROJECTS` | `HEAD` |
//! | one project | get | `CONFIGURED#PROJECTS` | `PROJECT#<key in lower case>` |
//! | all projects | query | `CONFIGURED#PROJECTS` | `PROJECT#` |
//! | one person | get | `CONFIGURED#PEOPLE` | `PERSON#<name in lower case>` |
//! | all people | query | `CONFIGURED#PEOPLE` | `PERSON#` |
//! | one plugin instance | get | `CONFIGURED#PLUGINS` | `PLUGIN#<name>` |
//! | all plugin instances | query | `CONFIGURED#PLUGINS` | `PLUGIN#` |

use super::Key;
use crate::configured_item::ConfiguredItem;
use domain::folded;

/// The partition of everything of a kind: a bounded number.
pub(crate) fn partition<T: ConfiguredItem>() -> String {
    format!("CONFIGURED#{}", T::KINDS.to_ascii_uppercase())
}

/// The prefix of a kind's sort keys.
pub(crate) fn prefix<T: ConfiguredItem>() -> String {
    format!("{}#", T::KIND.to_ascii_uppercase())
}

/// The head of all kinds. It is with the projects, because they came first.
pub(crate) fn head() -> Key {
    Key::new("CONFIGURED#PROJECTS".to_owned(), "HEAD")
}

/// Keys are compared ignoring case, as in the configuration.
pub(crate) fn item<T: ConfiguredItem>(key: &str) -> Key {
    Key::new(partition::<T>(), format!("{}{}", prefix::<T>(), folded(key)))
}
