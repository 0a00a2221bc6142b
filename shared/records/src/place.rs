//! An execution's place in the line of its project.

use crate::error::RecordsError;
use crate::item::{Item, to_item};
use crate::keys::{self, Key};
use crate::retention;
use crate::timestamp;
use domain::execution::UNDO_WORKFLOW;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// An execution's place in the line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The execution's name.
    pub name: String,
    /// The person who began it, by [`domain::Actor::account`].
    pub account: String,
    /// When it was begun.
    #[serde(with = "timestamp")]
    pub begun_at: Timestamp,
    /// Whether it is at work rather than waiting.
    pub at_work: bool,
    /// Whether it waits under the key by which a person's oldest are found first. One just begun does not yet.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub queued: bool,
}

impl Place {
    /// The project in whose line it is; none for an execution without a project, and for one that takes effects back, which never waits.
    pub(crate) fn in_line_of<'a>(self, project: Option<&'a str>, workflow: &str) -> Option<(&'a str, Self)> {
        Some((project.filter(|_| workflow != UNDO_WORKFLOW)?, self))
    }

    pub(crate) fn to_item(&self, project: &str) -> Result<Item, RecordsError> {
        let expires_at = retention::expires_at(self.begun_at, retention::LISTED);
        to_item(self, self.key(project), Some(expires_at))
    }

    pub(crate) fn key(&self, project: &str) -> Key {
        match self.queued {
            true => keys::queued_place(project, &self.account, self.begun_at, &self.name),
            false => keys::place(project, &self.name),
        }
    }
}
