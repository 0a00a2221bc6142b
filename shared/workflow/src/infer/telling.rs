//! Reports what is found in an expression, at its place in the file.

use super::{Inference, place};
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use jlens_core::{Node, NodeKind};

impl Inference<'_, '_, '_> {
    /// Reports a mistake in a node.
    pub(super) fn error(&mut self, node: &Node, message: impl Into<String>) -> &mut Diagnostic {
        let span = self.place_of(node);
        self.checker.problems.error(span, message)
    }

    /// Reports what is probably not meant.
    pub(super) fn warning(&mut self, node: &Node, message: impl Into<String>) -> &mut Diagnostic {
        let span = self.place_of(node);
        self.checker.problems.warning(span, message)
    }

    fn place_of(&self, node: &Node) -> Span {
        let end = if matches!(node.kind, NodeKind::Name { .. }) { node.pos } else { node.span.end };
        place(self.given, Span::new(node.span.start, end))
    }

    /// A node as it is written.
    pub(super) fn written(&self, node: &Node) -> String {
        self.given.value.get(node.span.start..node.span.end).unwrap_or_default().trim().to_owned()
    }
}
