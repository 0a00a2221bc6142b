//! `pull-request-comment`: somebody asks for a change in a comment on the pull request.

use crate::commands::demo::round::{Revision, Round};
use serde_json::Value;

pub(super) const REVISION: Revision = Revision { name: "pull-request-comment", delivery };

fn delivery(round: &Round<'_>) -> Option<Value> {
    round.on_pull_request(&format!("@ticketsmith {}", round.words()))
}
