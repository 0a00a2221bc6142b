//! The values that a condition finds to be present.

use jlens_core::ast::BinaryOp;
use jlens_core::{Node, NodeKind};

/// A path that a condition has found to be more than `null`.
#[derive(Debug, Clone)]
pub(super) struct Present {
    pub(super) path: String,
    /// Whether it cannot be undefined either.
    pub(super) defined: bool,
}

/// The values that a condition finds to be present when it holds, and when it does not.
#[derive(Debug, Default)]
pub(super) struct Findings {
    pub(super) holding: Vec<Present>,
    pub(super) failing: Vec<Present>,
}

pub(super) fn found_present(condition: &Node, source: &str) -> Findings {
    let found = |node: &Node, defined| {
        let path = source.get(node.span.start..node.span.end).unwrap_or_default().trim().to_owned();
        vec![Present { path, defined }]
    };
    let holding = |node: &Node| Findings { holding: found(node, true), ..Findings::default() };
    let failing = |node: &Node, defined| Findings { failing: found(node, defined), ..Findings::default() };
    match &condition.kind {
        NodeKind::Binary { op: op @ (BinaryOp::Eq | BinaryOp::Ne), lhs, rhs } => {
            // The constant may be on either side.
            let is_constant = matches!(rhs.kind, NodeKind::Null) || is_literal(&rhs.kind);
            let (value, constant) = if is_constant { (lhs, &rhs.kind) } else { (rhs, &lhs.kind) };
            match (op, constant) {
                (BinaryOp::Ne, NodeKind::Null) => holding(value),
                // An undefined value equals nothing, not even `null`.
                (_, NodeKind::Null) => failing(value, false),
                // A value that equals a constant is present.
                (BinaryOp::Eq, constant) if is_literal(constant) => holding(value),
                (_, constant) if is_literal(constant) => failing(value, true),
                _ => Findings::default(),
            }
        }
        NodeKind::Binary { op, lhs, rhs } => match (op, &rhs.kind) {
            (BinaryOp::In, NodeKind::Array { items }) if items.iter().all(|item| is_literal(&item.kind)) => {
                holding(lhs)
            }
            (BinaryOp::And, _) => {
                let (mut left, right) = (found_present(lhs, source), found_present(rhs, source));
                left.holding.extend(right.holding);
                Findings { holding: left.holding, ..Findings::default() }
            }
            (BinaryOp::Or, _) => {
                let (mut left, right) = (found_present(lhs, source), found_present(rhs, source));
                left.failing.extend(right.failing);
                Findings { failing: left.failing, ..Findings::default() }
            }
            _ => Findings::default(),
        },
        NodeKind::Block { exprs, .. } => {
            let mut findings = match exprs.as_slice() {
                [only] => found_present(only, source),
                _ => Findings::default(),
            };
            findings.holding.extend(found(condition, true));
            findings
        }
        NodeKind::Function { procedure, args } => match (&procedure.kind, args.as_slice()) {
            (NodeKind::Variable { name }, [argument]) if name == "boolean" => found_present(argument, source),
            (NodeKind::Variable { name }, [argument]) if name == "not" => {
                let Findings { holding, failing } = found_present(argument, source);
                Findings { holding: failing, failing: holding }
            }
            _ => Findings::default(),
        },
        // A value that counts as true is present.
        NodeKind::Path { .. } | NodeKind::Variable { .. } => holding(condition),
        _ => Findings::default(),
    }
}

/// Whether a node is a value that is not `null`.
fn is_literal(node: &NodeKind) -> bool {
    matches!(node, NodeKind::String { .. } | NodeKind::Number { .. } | NodeKind::Bool { .. })
}
