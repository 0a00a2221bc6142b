//! Who asks for an operation, and by what.

use crate::directory::Directory;
use domain::{Actor, EventName};

/// Somebody who asks for something of an execution.
#[derive(Debug, Clone, Copy)]
pub struct Caller<'a> {
    /// The configured people, projects and tickets.
    pub directory: &'a Directory,
    /// Who asks, with the configured person filled in where one matches.
    pub actor: &'a Actor,
    /// What they did to ask: a command, a comment, a button.
    pub trigger: &'a EventName,
    /// The delivery's id; the same delivery starts only one execution.
    pub delivery: &'a str,
}

impl Caller<'_> {
    /// The name that records and other people's messages show.
    pub(crate) fn name(&self) -> &str {
        let shown = self.actor.person.as_ref().or(self.actor.display_name.as_ref());
        shown.unwrap_or(&self.actor.id)
    }
}
