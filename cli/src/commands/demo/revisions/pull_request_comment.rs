//! `pull-request-comment`: somebody asks for a change in a comment on the pull request.

use crate::commands::demo::round::{Revision, Round};
use serde_json::{Value, json};

pub(super) const REVISION: Revision = Revision { name: "pull-request-comment", delivery };

fn delivery(round: &Round<'_>) -> Option<Value> {
    saying(round, &format!("@ticketsmith {}", round.words()))
}

/// A comment on the pull request; `None` if nobody in the world has an account at its code host.
pub(in crate::commands::demo) fn saying(round: &Round<'_>, text: &str) -> Option<Value> {
    let (repository, number) = (round.repository()?, round.number()?);
    if let Some(by) = round.person("github") {
        return Some(json!({
            "kind": "github-comment", "repository": repository, "issue": number, "text": text, "by": by,
        }));
    }
    let by = round.person("gitlab")?;
    Some(json!({ "kind": "gitlab-comment", "on": format!("{repository}!{number}"), "text": text, "by": by }))
}
