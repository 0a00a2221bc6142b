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
    match &condition.kind {
        NodeKind::Path { .. } => Findings { holding: found(condition, true), ..Findings::default() },
        NodeKind::Binary { op, lhs, rhs } => match (op, &rhs.kind) {
            (BinaryOp::Ne, NodeKind::Null) => Findings { holding: found(lhs, true), ..Findings::default() },
            // An undefined value equals nothing, not even `null`.
            (BinaryOp::Eq, NodeKind::Null) => Findings { failing: found(lhs, false), ..Findings::default() },
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
        NodeKind::Block { exprs, .. } => match exprs.as_slice() {
            [only] => found_present(only, source),
            _ => Findings::default(),
        },
        NodeKind::Function { procedure, args } => match (&procedure.kind, args.as_slice()) {
            (NodeKind::Variable { name }, [argument]) if name == "boolean" => found_present(argument, source),
            (NodeKind::Variable { name }, [argument]) if name == "not" => {
                let Findings { holding, failing } = found_present(argument, source);
                Findings { holding: failing, failing: holding }
            }
            _ => Findings::default(),
        },
        _ => Findings::default(),
    }
}
