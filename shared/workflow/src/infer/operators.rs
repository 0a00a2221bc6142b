//! Operators, conditions and calls: what they take and what they give.

use super::{Inference, capitalized};
use crate::functions;
use crate::types::{Kind, Type};
use jlens_core::ast::BinaryOp;
use jlens_core::{Node, NodeKind};

impl Inference<'_, '_, '_> {
    pub(super) fn binary(&mut self, op: BinaryOp, lhs: &Node, rhs: &Node, context: Option<&Type>) -> Type {
        let left = self.infer(lhs, context);
        // The right side is evaluated only where the left one has not decided.
        let known = match op {
            BinaryOp::And => found_present(lhs, &self.given.value).holding,
            BinaryOp::Or => found_present(lhs, &self.given.value).failing,
            _ => Vec::new(),
        };
        let right = self.knowing(known, rhs, context);
        match op {
            BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul | BinaryOp::Div | BinaryOp::Mod => {
                for (node, kind) in [(lhs, &left), (rhs, &right)] {
                    self.operand(node, kind, op.symbol());
                    if !kind.may_be_null() && !kind.fits(&Type::new(Kind::Number)) {
                        self.error(node, format!("`{}` takes numbers, but this is {kind}", op.symbol()));
                    }
                }
                Type::new(Kind::Number)
            }
            BinaryOp::Lt | BinaryOp::Le | BinaryOp::Gt | BinaryOp::Ge => {
                for (node, kind) in [(lhs, &left), (rhs, &right)] {
                    self.operand(node, kind, op.symbol());
                }
                Type::new(Kind::Boolean)
            }
            BinaryOp::Concat => {
                self.in_text(lhs, &left);
                self.in_text(rhs, &right);
                Type::text()
            }
            BinaryOp::Range => Type::new(Kind::Integer),
            _ => Type::new(Kind::Boolean),
        }
    }

    /// An operand of arithmetic or comparison, which `null` would end the execution.
    pub(super) fn operand(&mut self, node: &Node, kind: &Type, operator: &str) {
        if kind.may_be_null() {
            let text =
                self.given.value.get(node.span.start..node.span.end).unwrap_or_default().trim().to_owned();
            let zero = if matches!(kind.kind, Kind::Text(_)) { "''" } else { "0" };
            let why = kind.why_absent();
            self.error(node, format!("this may be `null`, and `{operator}` cannot take it{why}"))
                .help(format!("write `({text} != null ? {text} : {zero})`"));
        }
    }

    pub(super) fn in_text(&mut self, node: &Node, kind: &Type) {
        if let Some((message, help)) = not_for_text(kind) {
            self.error(node, message).help(help);
        }
    }

    pub(super) fn condition(
        &mut self,
        condition: &Node,
        then: &Node,
        otherwise: Option<&Node>,
        context: Option<&Type>,
    ) -> Type {
        self.infer(condition, context);
        let findings = found_present(condition, &self.given.value);
        let kind = self.knowing(findings.holding, then, context);
        let other = otherwise.map(|node| self.knowing(findings.failing, node, context));
        match other {
            Some(other) => kind.or(other),
            None => {
                self.partial = true;
                kind.nullable()
            }
        }
    }

    /// The type of a node where these paths are known to be there.
    fn knowing(&mut self, present: Vec<Present>, node: &Node, context: Option<&Type>) -> Type {
        let known = self.present.len();
        self.present.extend(present);
        let kind = self.infer(node, context);
        self.present.truncate(known);
        kind
    }

    pub(super) fn call(&mut self, procedure: &Node, args: &[Node], context: Option<&Type>) -> Type {
        let kinds: Vec<Type> = args.iter().map(|argument| self.infer(argument, context)).collect();
        let NodeKind::Variable { name } = &procedure.kind else {
            self.infer(procedure, context);
            return Type::any();
        };
        if self.local(name).is_some() {
            return Type::any();
        }
        if !crate::names::is_function(name) {
            let names = functions::names();
            self.error(procedure, format!("JSONata has no function `${name}`"))
                .accepted(name, names.iter().copied());
            return Type::any();
        }
        for (argument, kind) in args.iter().zip(&kinds) {
            if let Kind::Stored(what) = &kind.kind
                && name != "exists"
            {
                self.error(argument, format!("a stored `{what}` cannot be read in expressions"));
            }
        }
        functions::result(name, &kinds)
    }
}

/// Why a value cannot stand inside text, and what to do.
pub(crate) fn not_for_text(kind: &Type) -> Option<(String, String)> {
    match &kind.kind {
        Kind::Object(_) => {
            let names = kind.field_names();
            let help = match names.first() {
                Some(field) => format!("name one of its fields, as in `.{field}`: {}", names.join(", ")),
                None => "use `$string(…)` for its JSON".to_owned(),
            };
            Some((format!("{} cannot stand inside text", capitalized(&kind.to_string())), help))
        }
        Kind::Stored(what) => Some((
            format!("a stored `{what}` cannot stand inside text"),
            "it travels by reference: pass it whole to the step that needs it".to_owned(),
        )),
        _ => None,
    }
}

/// A path that a condition has found to be more than `null`.
#[derive(Debug, Clone)]
pub(super) struct Present {
    pub(super) path: String,
    /// Whether it cannot be undefined either.
    pub(super) defined: bool,
}

/// What a condition finds to be there when it holds, and when it does not.
#[derive(Debug, Default)]
struct Findings {
    holding: Vec<Present>,
    failing: Vec<Present>,
}

fn found_present(condition: &Node, source: &str) -> Findings {
    let found = |node: &Node, defined| {
        let path = source.get(node.span.start..node.span.end).unwrap_or_default().trim().to_owned();
        vec![Present { path, defined }]
    };
    match &condition.kind {
        NodeKind::Path { .. } => Findings { holding: found(condition, true), ..Findings::default() },
        NodeKind::Binary { op, lhs, rhs } => match (op, &rhs.kind) {
            (BinaryOp::Ne, NodeKind::Null) => Findings { holding: found(lhs, true), ..Findings::default() },
            // What is undefined equals nothing, `null` neither.
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
