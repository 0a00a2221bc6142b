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
    "`execution` or `project` must say what to follow, in 1 to 80 characters";

/// What the query of a socket's address has.
pub(crate) const ACCEPTED: &str = "accepted: `ticket`, with `execution` and perhaps the number `after`, or with `project`, each of them once";

/// The longest name of an execution or key of a project.
const LONGEST: usize = 80;

impl Wanted {
    /// The subject to follow; `None` if nothing or too much is named, or no execution or project has such a name.
    pub(crate) fn following(&self, opened_at: Timestamp) -> Option<Following> {
        let named = [&self.execution, &self.project].into_iter().flatten();
        if named.into_iter().any(|name| name.is_empty() || name.len() > LONGEST) {
            return None;
        }
        Following::of(self.execution.as_deref(), self.after, self.project.as_deref(), opened_at)
    }
}
