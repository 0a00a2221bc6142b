//! `pull-request-comment`: somebody asks for a change in a comment on the pull request.

use crate::commands::demo::round::{Revision, Round};
use serde_json::{Value, json};

pub(super) const REVISION: Revision = Revision { name: "pull-request-comment", delivery };

fn delivery(round: &Round<'_>) -> Option<Value> {
    Some(json!({
        "kind": "github-comment", "repository": round.repository()?, "issue": round.number()?, "by": round.person("github")?,
        "text": format!("@ticketsmith {}", round.words()),
    }))
}
