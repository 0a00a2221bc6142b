//! The person who requests an operation, and how.

use crate::authority::Authority;
use crate::directory::Directory;
use domain::{Actor, EventName};
use jiff::Timestamp;

/// A person who requests an operation on an execution.
#[derive(Debug, Clone, Copy)]
pub struct Caller<'a> {
    /// The configured people, projects and tickets.
    pub directory: &'a Directory,
    /// The requester, with the configured person filled in if one matches.
    pub actor: &'a Actor,
    /// What their credentials say in addition to their identity.
    pub authority: &'a Authority,
    /// How they asked: by a command, a comment, or a button.
    pub trigger: &'a EventName,
    /// The delivery's ID; a delivery starts at most one execution, and steers one thing however often it is sent.
    pub delivery: &'a str,
    /// When they asked, if the delivery says so: they refer to what they could see then. Otherwise, they are taken to ask now.
    pub at: Option<Timestamp>,
}

impl Caller<'_> {
    /// Whether they could see something that began at `since`. Their time is often rounded to whole seconds.
    pub(crate) fn could_see(&self, since: Timestamp) -> bool {
        self.at.is_none_or(|at| since.as_second() <= at.as_second())
    }

    /// The name to show in records and in messages to others.
    pub(crate) fn name(&self) -> &str {
        let shown = self.actor.person.as_ref().or(self.actor.display_name.as_ref());
        shown.unwrap_or(&self.actor.id)
    }
}
