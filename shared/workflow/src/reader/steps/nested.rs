//! Steps inside steps.

use crate::model::Step;
use crate::reader::fields::Fields;
use crate::reader::state::{ReadSteps, Reader};
use crate::yaml::Data;

/// The steps of a list that must have some.
pub(super) fn read_some(
    fields: &Fields<'_>,
    key: &str,
    read_steps: ReadSteps,
    reader: &mut Reader<'_, '_>,
) -> Option<Vec<Step>> {
    let node = fields.required(key, reader)?;
    let steps = read_steps(node, &format!("`{key}`"), reader);
    if matches!(&node.data, Data::List(items) if items.is_empty()) {
        reader.problems.error(node.span, format!("`{key}` needs at least one step"));
    }
    Some(steps)
}
