//! `review`: somebody reviews the pull request and asks for changes.

use crate::commands::demo::round::{Revision, Round};
use serde_json::{Value, json};

pub(super) const REVISION: Revision = Revision { name: "review", delivery };

fn delivery(round: &Round<'_>) -> Option<Value> {
    let (repository, number) = (round.repository()?, round.number()?);
    if let Some(by) = round.person("github") {
        return Some(json!({
            "kind": "github-review", "repository": repository, "pull_request": number, "verdict": "changes_requested", "by": by,
            "text": round.words(),
        }));
    }
    // A review says nothing as a whole there.
    let remark = json!({ "path": "README.md", "line": 1, "body": round.words() });
    Some(json!({
        "kind": "gitlab-review", "merge_request": format!("{repository}!{number}"), "verdict": "requested_changes",
        "by": round.person("gitlab")?, "comments": [remark],
    }))
}
