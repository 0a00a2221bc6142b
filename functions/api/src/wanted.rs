//! What a socket follows: the query of its address, the same for `serve` and for an account's gateway.

use control::Following;
use jiff::Timestamp;
use serde::Deserialize;

/// The subject.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    /// Opens the socket, once.
    pub(crate) ticket: String,
    /// An execution.
    #[serde(default)]
    pub(crate) execution: Option<String>,
    /// The number of its last frame that the reader has.
    #[serde(default)]
    pub(crate) after: u64,
    /// A project, in place of an execution.
    #[serde(default)]
    pub(crate) project: Option<String>,
}

/// The error for a request that names nothing or too much.
pub(crate) const NOTHING_NAMED: &str =
    "either `execution`, in 1 to 80 characters, or `project`, in 1 to 200, must say what to follow";

/// What the query of a socket's address has.
pub(crate) const ACCEPTED: &str = "accepted: `ticket`, with `execution` and perhaps the number `after`, or with `project`, each of them once";

/// The longest name of an execution, in bytes: it is ASCII.
const LONGEST_NAME: usize = 80;

/// The most characters of a project's key: it is part of a sort key, which takes 1 KiB.
const LONGEST_KEY: usize = 200;

impl Wanted {
    /// The subject to follow; `None` if nothing or too much is named, or no execution or project has such a name.
    pub(crate) fn following(&self, opened_at: Timestamp) -> Option<Following> {
        let is_name = |name: &String| (1..=LONGEST_NAME).contains(&name.len());
        let is_key = |key: &String| (1..=LONGEST_KEY).contains(&key.chars().count());
        if !self.execution.as_ref().is_none_or(is_name) || !self.project.as_ref().is_none_or(is_key) {
            return None;
        }
        Following::of(self.execution.as_deref(), self.after, self.project.as_deref(), opened_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_executions_and_keys_of_projects_are_followed_at_their_lengths() {
        let of = |execution: Option<String>, project: Option<String>| {
            let wanted = Wanted { ticket: "t".to_owned(), execution, after: 0, project };
            wanted.following(Timestamp::UNIX_EPOCH).is_some()
        };
        let long = |length: usize| Some("ü".repeat(length));
        assert!(of(Some("e".repeat(80)), None) && of(None, long(200)));
        assert!(!of(Some("e".repeat(81)), None) && !of(None, long(201)));
        assert!(!of(Some(String::new()), None) && !of(None, Some(String::new())));
        assert!(!of(None, None) && !of(Some("e".to_owned()), Some("SHOP".to_owned())));
    }
}
