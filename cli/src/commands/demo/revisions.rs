//! The demo's second round: the triggers that revise the pull request which the first round made. One file per trigger.

mod jira_comment;
mod pull_request_comment;
mod review;
mod slack_thread;

use super::round::Revision;
use serde_json::Value;

pub(super) use pull_request_comment::saying;

/// All of them, in the order of their names.
const ALL: &[Revision] =
    &[jira_comment::REVISION, pull_request_comment::REVISION, review::REVISION, slack_thread::REVISION];

/// The trigger of this name.
pub(super) fn find(name: &str) -> Option<&'static Revision> {
    ALL.iter().find(|revision| revision.name == name)
}

/// The names of those that can happen in a world, for people.
pub(super) fn names(world: &Value) -> impl Iterator<Item = &'static str> {
    ALL.iter().filter(|revision| revision.is_possible(world)).map(|revision| revision.name)
}
