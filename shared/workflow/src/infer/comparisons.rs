//! Comparisons that end the execution, or always have the same result.

use super::present::found_present;
use super::{Edit, Inference};
use crate::in_text::capitalized;
use crate::types::{Kind, Type};
use jlens_core::{Node, NodeKind};

impl Inference<'_, '_, '_> {
    /// `<` and the others take two numbers or two texts; anything else ends the execution.
    pub(super) fn ordered(&mut self, lhs: &Node, rhs: &Node, (left, right): (&Type, &Type), operator: &str) {
        let (text, number) = (Type::text(), Type::new(Kind::Number));
        for (node, kind) in [(lhs, left), (rhs, right)] {
            if !kind.holds_null() && !kind.fits(&text) && !kind.fits(&number) {
                self.error(node, format!("`{operator}` compares numbers or texts, but this is {kind}"));
                return;
            }
        }
        let is_either = |kind: &Type| kind.holds_null() || (kind.fits(&text) && kind.fits(&number));
        if !is_either(left) && !is_either(right) && left.fits(&text) != right.fits(&text) {
            self.error(rhs, format!("`{operator}` cannot compare {left} with {right}"))
                .help("`$number(…)` makes a number of a text");
        }
    }

    /// Reports comparisons that are never equal: values of different types are not. Of each side: its type, and whether JSONata may return the
    /// item of a one-item list there.
    pub(super) fn compared(
        &mut self,
        [(lhs, left, left_alone), (rhs, right, right_alone)]: [(&Node, &Type, bool); 2],
        is_not: bool,
    ) {
        let always = if is_not { "always holds" } else { "never holds" };
        for (node, kind, literal) in [(lhs, left, rhs), (rhs, right, lhs)] {
            if let (NodeKind::String { value }, Kind::Text(accepted)) = (&literal.kind, &kind.kind)
                // A text that is constant here may differ in the next round of a loop.
                && accepted.len() > 1
                && !accepted.contains(value)
            {
                let text = self.written(node);
                self.warning(literal, format!("`{text}` is never `{value}`, so that this {always}"))
                    .accepted(value, accepted.iter().map(String::as_str));
                return;
            }
        }
        let may_both_be_null = left.may_be_null() && right.may_be_null();
        let is_null = left.kind == Kind::Null || right.kind == Kind::Null;
        // Two objects may have any fields.
        let is_object = |kind: &Type| matches!(kind.kind, Kind::Object(_) | Kind::Stored(_));
        let are_texts = matches!((&left.kind, &right.kind), (Kind::Text(_), Kind::Text(_)));
        if may_both_be_null || is_null || are_texts || (is_object(left) && is_object(right)) {
            return;
        }
        if left.fits(right) || right.fits(left) {
            return;
        }
        for (alone, list, kind, value, other) in
            [(left_alone, lhs, left, rhs, right), (right_alone, rhs, right, lhs, left)]
        {
            if let (true, Kind::List(item)) = (alone, &kind.kind)
                && (item.fits(other) || other.fits(item))
            {
                let (list, value) = (self.written(list), self.written(value));
                let message = format!(
                    "this compares {other} with {kind}, which it can equal only if there is one item"
                );
                self.warning(rhs, message)
                    .help(format!("`{value} in {list}` asks whether it is in the list"));
                return;
            }
        }
        let message =
            format!("{} never equals {right}, so that this {always}", capitalized(&left.to_string()));
        let help = match (&left.kind, &right.kind) {
            (Kind::List(_), Kind::Text(_) | Kind::Integer | Kind::Number | Kind::Boolean) => Some(format!(
                "`{} in {}` asks whether it is in the list",
                self.written(rhs),
                self.written(lhs)
            )),
            (Kind::Boolean, Kind::Text(_)) | (Kind::Text(_), Kind::Boolean) => {
                Some("compare it with `true` or `false`, without quotes".to_owned())
            }
            (Kind::Integer | Kind::Number, Kind::Text(_)) | (Kind::Text(_), Kind::Integer | Kind::Number) => {
                Some("compare two numbers: `$number(…)` makes one of a text".to_owned())
            }
            _ => None,
        };
        let diagnostic = self.warning(rhs, message);
        if let Some(help) = help {
            diagnostic.help(help);
        }
    }

    /// Two names that are compared inside `[…]` are two fields of each item. If nothing is known about the items, a name that also exists outside
    /// probably means the value outside.
    pub(super) fn mistaken(&mut self, lhs: &Node, rhs: &Node, context: Option<&Type>) {
        if context.is_none_or(|context| context.kind != Kind::Any) {
            return;
        }
        let (Some(left), Some(right)) = (only_name(lhs), only_name(rhs)) else { return };
        for (node, name, other) in [(lhs, left, right), (rhs, right, left)] {
            if self.checker.scope.defines(name) && !self.checker.scope.defines(other) {
                self.warning(
                    node,
                    format!("`{name}` is a field of each item here, and not what has that name around it"),
                )
                .help(format!("write `${name}` for the value around it"));
            }
        }
    }

    /// Warns of operands of `&` that may be `null`: unlike text around `${ }`, it writes `null` as a word.
    pub(super) fn joined(&mut self, node: &Node, kind: &Type) {
        if kind.holds_null() && !self.is_guarded(node) {
            let text = self.written(node);
            let why = kind.why_absent();
            self.warning(node, format!("this may be `null`, and `&` then writes the word `null`{why}"))
                .help(format!("write `({text} != null ? {text} : '')`, or put the text outside `${{ }}`"));
        }
    }

    /// Whether the present step runs only where the path is more than `null`, by a `when` of its own or around it.
    pub(super) fn is_guarded(&self, node: &Node) -> bool {
        let range = self.range(node);
        let meant = self.edits.iter().rev().find_map(|edit| match edit {
            Edit::Replace(span, lowered) if span.start == range.start && span.end <= range.end => {
                Some(format!("{}{}", lowered.enclosed(), self.given.value.get(span.end..range.end)?))
            }
            _ => None,
        });
        let Some(meant) = meant else { return false };
        self.checker.scope.guards.iter().any(|guard| {
            let Ok(condition) = jlens_core::parse(guard) else { return false };
            found_present(&condition.root, guard).holding.iter().any(|present| present.path == meant)
        })
    }
}

/// The name, if the node is only a name.
fn only_name(node: &Node) -> Option<&str> {
    match &node.kind {
        NodeKind::Name { name } => Some(name),
        NodeKind::Path { steps, .. } => match steps.as_slice() {
            [Node { kind: NodeKind::Name { name }, .. }] => Some(name),
            _ => None,
        },
        _ => None,
    }
}
