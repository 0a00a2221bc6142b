//! From YAML to the model: the keys, their values, and every mistake in them.

mod fields;
mod inputs;
mod state;
mod steps;
mod triggers;
mod values;

use crate::catalog::Catalog;
use crate::diagnostic::Problems;
use crate::keys::{WORKFLOW_KEYS, names};
use crate::model::Workflow;
use crate::source::Source;
use crate::yaml;
pub(crate) use fields::{Fields, boolean, list, text, whole_number, word};
pub(crate) use state::Reader;

/// Reads a workflow; mistakes are reported, and what could be read all the same is returned so that it is checked in the
/// same run.
pub(crate) fn read<'s>(
    source: &'s Source,
    catalog: &Catalog,
    problems: &mut Problems<'s>,
) -> Option<Workflow> {
    let root = yaml::read(source, problems)?;
    let mut reader = Reader::new(source, catalog, problems);
    let fields = Fields::of(&root, "a workflow", &names(&WORKFLOW_KEYS), &mut reader)?;
    let title = fields.required("name", &mut reader).and_then(|node| text(node, "`name`", &mut reader));
    let description = fields.get("description").and_then(|node| text(node, "`description`", &mut reader));
    if let Some(version) = fields.get("version") {
        text(version, "`version`", &mut reader);
    }
    let triggers = fields.get("triggers").map(|node| triggers::read(node, &mut reader)).unwrap_or_default();
    let opt_in = fields.get("opt_in").and_then(|node| boolean(node, "`opt_in`", &mut reader));
    let inputs = fields.get("inputs").map(|node| inputs::read(node, &mut reader));
    let definitions = fields
        .get("variables")
        .map(|node| values::named(node, "`variables`", &mut reader))
        .unwrap_or_default();
    let outputs =
        fields.get("outputs").map(|node| values::named(node, "`outputs`", &mut reader)).unwrap_or_default();
    let steps = fields.required("steps", &mut reader).map(|node| {
        if matches!(&node.data, yaml::Data::List(items) if items.is_empty()) {
            reader.problems.error(node.span, "a workflow needs at least one step");
        }
        steps::read_all(node, "`steps`", &mut reader)
    });
    Some(Workflow {
        title: title.map_or_else(|| source.name().to_owned(), |title| title.value),
        description: description.map(|description| description.value),
        triggers,
        opt_in: opt_in.unwrap_or_default(),
        inputs,
        definitions,
        steps: steps.unwrap_or_default(),
        outputs,
    })
}
