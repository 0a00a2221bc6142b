//! From YAML to the model: which keys there are, what their values may be, and every mistake in them.

mod fields;
mod inputs;
mod steps;
mod triggers;
mod values;

use crate::catalog::Catalog;
use crate::diagnostic::Problems;
use crate::model::Workflow;
use crate::source::Source;
use crate::yaml;
use fields::{Fields, text};

/// The keys of a workflow.
const KEYS: [&str; 8] =
    ["name", "description", "version", "triggers", "inputs", "variables", "steps", "outputs"];

/// Reads a workflow; mistakes are reported, and what could be read all the same is returned so that it is checked in the
/// same run.
pub(crate) fn read<'s>(
    source: &'s Source,
    catalog: &Catalog,
    problems: &mut Problems<'s>,
) -> Option<Workflow> {
    let root = yaml::read(source, problems)?;
    let line_starts = source.text.match_indices('\n').map(|(newline, _)| newline + 1).collect();
    let mut reader = Reader { source, catalog, problems, depth: 0, line_starts };
    let fields = Fields::of(&root, "a workflow", &KEYS, &mut reader)?;
    let title = fields.required("name", &mut reader).and_then(|node| text(node, "`name`", &mut reader));
    let description = fields.get("description").and_then(|node| text(node, "`description`", &mut reader));
    if let Some(version) = fields.get("version") {
        text(version, "`version`", &mut reader);
    }
    let triggers = fields.get("triggers").map(|node| triggers::read(node, &mut reader)).unwrap_or_default();
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
        inputs,
        definitions,
        steps: steps.unwrap_or_default(),
        outputs,
    })
}

pub(crate) struct Reader<'r, 's> {
    pub(crate) source: &'s Source,
    /// The events that may be named.
    pub(crate) catalog: &'r Catalog,
    pub(crate) problems: &'r mut Problems<'s>,
    /// How many lists of steps stand around the present place.
    pub(crate) depth: usize,
    /// Where every line but the first starts.
    line_starts: Vec<usize>,
}

impl Reader<'_, '_> {
    /// The line of a byte offset, counted from 1.
    pub(crate) fn line(&self, offset: usize) -> usize {
        self.line_starts.partition_point(|start| *start <= offset) + 1
    }
}
