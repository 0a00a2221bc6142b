//! `type: switch`.

use super::nested::read_some;
use crate::keys::{CASE_KEYS, names};
use crate::model::{Case, Switch};
use crate::reader::fields::{Fields, list};
use crate::reader::state::{ReadSteps, Reader};
use crate::reader::values::condition;

pub(super) fn read(
    fields: &Fields<'_>,
    read_steps: ReadSteps,
    reader: &mut Reader<'_, '_>,
) -> Option<Switch> {
    let node = fields.required("cases", reader)?;
    let nodes = list(node, "`cases`", reader)?;
    if nodes.is_empty() {
        reader.problems.error(node.span, "a switch needs at least one case");
    }
    let mut cases = Vec::new();
    for node in nodes {
        let Some(fields) = Fields::of(node, "a case", &names(&CASE_KEYS), reader) else { continue };
        let when = fields.required("when", reader).map(|node| condition(node, reader));
        let steps = read_some(&fields, "steps", read_steps, reader);
        if let (Some(when), Some(steps)) = (when, steps) {
            cases.push(Case { when, steps });
        }
    }
    let default = fields.get("default").map(|node| read_steps(node, "`default`", reader));
    Some(Switch { cases, default })
}
