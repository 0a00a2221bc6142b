//! Who requests an operation, and how.

use crate::directory::Directory;
use domain::{Actor, EventName};

/// A person who requests an operation on an execution.
#[derive(Debug, Clone, Copy)]
pub struct Caller<'a> {
    /// The configured people, projects and tickets.
    pub directory: &'a Directory,
    /// Who asks, with the configured person filled in if one matches.
    pub actor: &'a Actor,
    /// How they asked: by a command, a comment, or a button.
    pub trigger: &'a EventName,
    /// The delivery's ID; a delivery starts at most one execution.
    pub delivery: &'a str,
}

impl Caller<'_> {
    /// The name to show in records and in messages to others.
    pub(crate) fn name(&self) -> &str {
        let shown = self.actor.person.as_ref().or(self.actor.display_name.as_ref());
        shown.unwrap_or(&self.actor.id)
    }
}
