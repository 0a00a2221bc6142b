//! `type: workflow`.

use crate::model::SubWorkflow;
use crate::reader::fields::{Fields, text};
use crate::reader::state::Reader;
use crate::reader::values::named;

pub(super) fn read(fields: &Fields<'_>, reader: &mut Reader<'_, '_>) -> Option<SubWorkflow> {
    let name = fields.required("workflow", reader).and_then(|node| text(node, "`workflow`", reader));
    let inputs = fields.get("inputs").map(|node| named(node, "`inputs`", reader)).unwrap_or_default();
    Some(SubWorkflow { name: name?, inputs })
}
