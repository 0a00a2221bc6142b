//! Lists stay lists: JSONata returns the single item of a sequence, and nothing for an empty sequence.

use super::doubt::Doubt;
use super::{Edit, Inference};
use crate::source::Span;
use crate::types::{Kind, Type};
use jlens_core::{Node, NodeKind};
use std::collections::HashMap;

impl Inference<'_, '_, '_> {
    /// The test that decides whether a node is a list when the types do not say.
    pub(super) fn doubt_of(&mut self, node: &Node, kind: &Type) -> Option<Doubt> {
        let doubt = self.doubt.take();
        let attributes = &node.attrs;
        let is_plain = matches!(node.kind, NodeKind::Path { .. })
            && attributes.stages.is_empty()
            && attributes.predicate.is_empty()
            && attributes.group.is_none();
        doubt.filter(|_| self.unwraps && is_plain && kind.kind == Kind::Any)
    }

    /// The bytes of a node, without spaces around it.
    pub(super) fn range(&self, node: &Node) -> Span {
        let written = self.given.value.get(node.span.start..node.span.end).unwrap_or_default();
        let start = node.span.start + written.len() - written.trim_start().len();
        Span::new(start, node.span.end - (written.len() - written.trim_end().len()))
    }

    /// The type of a node that something keeps, if the types may not say whether it is a list: lists stay lists.
    pub(super) fn kept(&mut self, node: &Node, context: Option<&Type>) -> Type {
        let kind = self.value(node, context);
        if let Some(doubt) = self.doubt_of(node, &kind) {
            let (open, close) = doubt.around();
            self.edits.push(Edit::Around(self.range(node), open, close));
            self.unwraps = false;
        }
        kind
    }

    /// The type of a node that something keeps: a list stays a list.
    pub(super) fn value(&mut self, node: &Node, context: Option<&Type>) -> Type {
        let kind = self.infer(node, context);
        if let (true, Kind::List(item), false) = (self.unwraps, &kind.kind, kind.may_be_null()) {
            let is_call = match &node.kind {
                NodeKind::Lambda(put_off) => matches!(put_off.body.kind, NodeKind::Function { .. }),
                kind => matches!(kind, NodeKind::Function { .. }),
            };
            let close = if is_call && item.kind.may_be_list() { "[]]" } else { "]" };
            // A range becomes a list, whatever JSONata makes of one item or of none.
            self.edits.push(Edit::Around(self.range(node), "[".to_owned(), close.to_owned()));
            self.unwraps = false;
            self.picked = false;
        }
        kind
    }

    /// The type of a variable's value, from its binding on.
    pub(super) fn binding(&mut self, lhs: &Node, rhs: &Node, context: Option<&Type>) -> Type {
        if let (NodeKind::Variable { name }, NodeKind::Lambda(_)) = (&lhs.kind, &rhs.kind) {
            // A function may call itself.
            self.bind(name, Type::any());
            self.results.remove(name);
        }
        let kind = self.kept(rhs, context);
        let made = self.made.take().filter(|_| matches!(rhs.kind, NodeKind::Lambda(_)));
        if let (NodeKind::Variable { name }, Some(frame)) = (&lhs.kind, self.locals.last_mut()) {
            frame.insert(name.clone(), kind.clone());
            match made {
                Some(made) => self.results.insert(name.clone(), made),
                None => self.results.remove(name),
            };
        }
        kind
    }

    /// The type of the last of some expressions, for which the others bind variables.
    pub(super) fn block(&mut self, expressions: &[Node], context: Option<&Type>) -> Type {
        let Some((last, before)) = expressions.split_last() else { return Type::null() };
        self.locals.push(HashMap::new());
        for expression in before {
            self.infer(expression, context);
        }
        // The surrounding expression decides about plain parentheses.
        let kind = if before.is_empty() { self.infer(last, context) } else { self.kept(last, context) };
        self.locals.pop();
        kind
    }
}
