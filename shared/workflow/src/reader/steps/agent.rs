//! `type: agent`.

use crate::model::AgentWork;
use crate::reader::fields::{Fields, text};
use crate::reader::state::Reader;
use crate::reader::values::{given, named};

pub(super) fn read(fields: &Fields<'_>, reader: &mut Reader<'_, '_>) -> AgentWork {
    AgentWork {
        agent: fields.get("agent").and_then(|node| text(node, "`agent`", reader)),
        inputs: fields.get("inputs").map(|node| named(node, "`inputs`", reader)).unwrap_or_default(),
        approvers: fields.get("approvers").map(|node| given(node, reader)),
    }
}
