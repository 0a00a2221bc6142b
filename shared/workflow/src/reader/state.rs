//! Helpers shared by all readers.

use crate::catalog::Catalog;
use crate::diagnostic::Problems;
use crate::model::Step;
use crate::source::Source;
use crate::yaml::Node;

pub(crate) struct Reader<'r, 's> {
    pub(crate) source: &'s Source,
    /// The events that may be named.
    pub(crate) catalog: &'r Catalog,
    pub(crate) problems: &'r mut Problems<'s>,
    /// How many lists of steps are around the present place.
    pub(crate) depth: usize,
    /// Where every line but the first starts.
    line_starts: Vec<usize>,
}

/// Reads a list of steps, which messages call `what`. Readers of steps that hold others are given it.
pub(crate) type ReadSteps = fn(&Node, &str, &mut Reader<'_, '_>) -> Vec<Step>;

impl<'r, 's> Reader<'r, 's> {
    pub(crate) fn new(source: &'s Source, catalog: &'r Catalog, problems: &'r mut Problems<'s>) -> Self {
        let line_starts = source.text.match_indices('\n').map(|(newline, _)| newline + 1).collect();
        Self { source, catalog, problems, depth: 0, line_starts }
    }

    /// The line of a byte offset, counted from 1.
    pub(crate) fn line(&self, offset: usize) -> usize {
        self.line_starts.partition_point(|start| *start <= offset) + 1
    }
}
