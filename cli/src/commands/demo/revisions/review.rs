//! `review`: somebody reviews the pull request and asks for changes.

use crate::commands::demo::round::{Revision, Round};
use serde_json::{Value, json};

pub(super) const REVISION: Revision = Revision { name: "review", delivery };

fn delivery(round: &Round<'_>) -> Option<Value> {
    Some(json!({
        "kind": "github-review", "repository": round.repository()?, "pull_request": round.number()?,
        "verdict": "changes_requested", "by": round.person("github")?, "text": round.words(),
    }))
}
