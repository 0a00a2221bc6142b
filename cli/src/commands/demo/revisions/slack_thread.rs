//! `slack-thread`: somebody answers in the thread of the message that announced the pull request.

use crate::commands::demo::round::{Revision, Round};
use serde_json::{Value, json};

pub(super) const REVISION: Revision = Revision { name: "slack-thread", delivery };

fn delivery(round: &Round<'_>) -> Option<Value> {
    Some(json!({
        "kind": "slack-thread", "channel": round.channel()?, "about": round.pull["html_url"], "by": round.person("slack")?,
        "text": round.words(),
    }))
}
