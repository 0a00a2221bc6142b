//! `jira-comment`: somebody asks for a change in a comment on the ticket.

use crate::commands::demo::round::{Revision, Round};
use serde_json::{Value, json};

pub(super) const REVISION: Revision = Revision { name: "jira-comment", delivery };

fn delivery(round: &Round<'_>) -> Option<Value> {
    Some(json!({
        "kind": "jira-comment", "ticket": round.ticket, "by": round.person("jira")?,
        "text": format!("@ticketsmith revise {}", round.words()),
    }))
}
