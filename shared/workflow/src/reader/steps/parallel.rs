//! `type: parallel`.

use crate::model::{Branch, Parallel};
use crate::names;
use crate::reader::fields::{Fields, mapping};
use crate::reader::state::{ReadSteps, Reader};
use crate::yaml::Data;

/// More branches than this in one step are refused; a `foreach` is meant then.
const MOST_BRANCHES: usize = 40;

pub(super) fn read(
    fields: &Fields<'_>,
    read_steps: ReadSteps,
    reader: &mut Reader<'_, '_>,
) -> Option<Parallel> {
    let node = fields.required("branches", reader)?;
    let entries = mapping(node, "`branches`", reader)?;
    if entries.is_empty() {
        reader.problems.error(node.span, "a parallel step needs at least one branch");
    }
    if entries.len() > MOST_BRANCHES {
        reader
            .problems
            .error(node.span, format!("a parallel step has at most {MOST_BRANCHES} branches"))
            .help("use `foreach` for the same steps with different values");
    }
    let mut branches = Vec::new();
    for entry in entries {
        if let Err(refusal) = names::branch(&entry.key.value) {
            reader.problems.error(entry.key.span, refusal);
        }
        if matches!(&entry.value.data, Data::List(items) if items.is_empty()) {
            reader
                .problems
                .error(entry.value.span, format!("branch `{}` needs at least one step", entry.key.value));
        }
        let what = format!("branch `{}`", entry.key.value);
        branches.push(Branch { name: entry.key.clone(), steps: read_steps(&entry.value, &what, reader) });
    }
    Some(Parallel { branches })
}
