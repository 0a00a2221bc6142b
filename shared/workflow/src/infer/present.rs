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
    match &condition.kind {
        NodeKind::Binary { op, lhs, rhs } => match (op, &lhs.kind, &rhs.kind) {
            (BinaryOp::Ne, _, NodeKind::Null) => holding(lhs),
            (BinaryOp::Ne, NodeKind::Null, _) => holding(rhs),
            // An undefined value equals nothing, not even `null`.
            (BinaryOp::Eq, _, NodeKind::Null) => {
                Findings { failing: found(lhs, false), ..Findings::default() }
            }
            (BinaryOp::Eq, NodeKind::Null, _) => {
                Findings { failing: found(rhs, false), ..Findings::default() }
            }
            // What equals something that is written down is there.
            (BinaryOp::Eq, _, written) if is_literal(written) => holding(lhs),
            (BinaryOp::Eq, written, _) if is_literal(written) => holding(rhs),
            (BinaryOp::Ne, _, written) if is_literal(written) => {
                Findings { failing: found(lhs, true), ..Findings::default() }
            }
            (BinaryOp::Ne, written, _) if is_literal(written) => {
                Findings { failing: found(rhs, true), ..Findings::default() }
            }
            (BinaryOp::In, _, NodeKind::Array { items })
                if items.iter().all(|item| is_literal(&item.kind)) =>
            {
                holding(lhs)
            }
            (BinaryOp::And, ..) => {
                let (mut left, right) = (found_present(lhs, source), found_present(rhs, source));
                left.holding.extend(right.holding);
                Findings { holding: left.holding, ..Findings::default() }
            }
            (BinaryOp::Or, ..) => {
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
        // What counts as true is there.
        NodeKind::Path { .. } | NodeKind::Variable { .. } => holding(condition),
        _ => Findings::default(),
    }
}

/// Whether a node is a value that is not `null`.
fn is_literal(node: &NodeKind) -> bool {
    matches!(node, NodeKind::String { .. } | NodeKind::Number { .. } | NodeKind::Bool { .. })
}
