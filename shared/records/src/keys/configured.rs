//! The keys of what is configured by the API, beside the configuration file.
//!
//! | what is asked | how | `pk` | `sk` |
//! |---|---|---|---|
//! | whether something has changed | get | `CONFIGURED#PROJECTS` | `HEAD` |
//! | one project | get | `CONFIGURED#PROJECTS` | `PROJECT#<key in lower case>` |
//! | all projects | query | `CONFIGURED#PROJECTS` | `PROJECT#` |

use super::Key;
use domain::folded;

pub(crate) const PROJECT: &str = "PROJECT#";

/// The partition of all projects: they are few, and an installation accepts a bounded number.
pub(crate) fn projects_partition() -> String {
    "CONFIGURED#PROJECTS".to_owned()
}

pub(crate) fn projects_head() -> Key {
    Key::new(projects_partition(), "HEAD")
}

/// Keys are compared ignoring case, as in the configuration.
pub(crate) fn project(key: &str) -> Key {
    Key::new(projects_partition(), format!("{PROJECT}{}", folded(key)))
}
