//! Operators, conditions and calls: their operands and results.

use super::Inference;
use super::present::{Present, found_present};
use crate::functions;
use crate::in_text::not_for_text;
use crate::types::{Kind, Type};
use jlens_core::ast::BinaryOp;
use jlens_core::{Node, NodeKind};

impl Inference<'_, '_, '_> {
    pub(super) fn binary(&mut self, op: BinaryOp, lhs: &Node, rhs: &Node, context: Option<&Type>) -> Type {
        let left = self.infer(lhs, context);
        // The right side is evaluated only if the left one has not decided.
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
                self.ordered(lhs, rhs, (&left, &right), op.symbol());
                Type::new(Kind::Boolean)
            }
            BinaryOp::Concat => {
                for (node, kind) in [(lhs, &left), (rhs, &right)] {
                    self.in_text(node, kind);
                    self.joined(node, kind);
                }
                Type::text()
            }
            BinaryOp::Range => Type::new(Kind::Integer),
            BinaryOp::Eq | BinaryOp::Ne => {
                self.compared((lhs, rhs), (&left, &right), op == BinaryOp::Ne);
                self.mistaken(lhs, rhs, context);
                Type::new(Kind::Boolean)
            }
            _ => Type::new(Kind::Boolean),
        }
    }

    /// Checks an operand of arithmetic or comparison: there, `null` would end the execution.
    pub(super) fn operand(&mut self, node: &Node, kind: &Type, operator: &str) {
        if kind.may_be_null() {
            let text = self.written(node);
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
        let unwraps = self.unwraps;
        self.unwraps = false;
        let other = otherwise.map(|node| self.knowing(findings.failing, node, context));
        self.unwraps |= unwraps;
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

    /// `list ~> $function(more)`: calls the function with the value before the arrow as its first argument.
    pub(super) fn apply(&mut self, node: &Node, lhs: &Node, rhs: &Node, context: Option<&Type>) -> Type {
        let makes_function = match &lhs.kind {
            NodeKind::Lambda(_) | NodeKind::Partial { .. } => true,
            NodeKind::Variable { name } => self.local(name).is_none() && crate::names::is_function(name),
            _ => false,
        };
        if makes_function {
            self.infer(lhs, context);
            self.infer(rhs, context);
            self.unwraps = true;
            return Type::any();
        }
        let kind = match &rhs.kind {
            NodeKind::Transform(_) => {
                let kind = self.value(lhs, context);
                self.infer(rhs, Some(context.unwrap_or(&Type::any())));
                self.unwraps = false;
                kind
            }
            NodeKind::Function { procedure, args } => {
                let args: Vec<&Node> = std::iter::once(lhs).chain(args).collect();
                self.call(procedure, &args, context)
            }
            _ => self.call(rhs, &[lhs], context),
        };
        if self.unwraps && kind.item().is_some_and(|item| item.item().is_some()) {
            self.error(node, "JSONata would return a single list itself, not nested in a list")
                .help("write the call without `~>`: `$map(list, …)`");
        }
        kind
    }

    pub(super) fn call(&mut self, procedure: &Node, args: &[&Node], context: Option<&Type>) -> Type {
        let name = match &procedure.kind {
            NodeKind::Variable { name } if self.local(name).is_none() => Some(name.as_str()),
            _ => None,
        };
        let mut kinds: Vec<Type> = Vec::new();
        for argument in args {
            // A function from the workflow returns its result for each item.
            let own = match &argument.kind {
                NodeKind::Variable { name: own } if name == Some("map") && self.local(own).is_some() => {
                    self.results.get(own).map(|(kind, _)| kind.clone())
                }
                _ => None,
            };
            let kind = match (&argument.kind, kinds.first()) {
                (_, Some(_)) if own.is_some() => own.unwrap_or_else(Type::any),
                // These call their function for each item of their list.
                (NodeKind::Lambda(definition), Some(list)) if matches!(name, Some("map" | "filter")) => {
                    let item = super::item_of(list);
                    self.lambda(&definition.params, &definition.body, item, context)
                }
                // `$exists` is asked of what JSONata itself finds.
                _ if name.is_none_or(|name| name == "exists") => self.infer(argument, context),
                _ => self.value(argument, context),
            };
            kinds.push(kind);
        }
        self.unwraps = false;
        let NodeKind::Variable { name } = &procedure.kind else {
            self.infer(procedure, context);
            self.unwraps = true;
            return Type::any();
        };
        if self.local(name).is_some() {
            let (kind, unwraps) = self.results.get(name).cloned().unwrap_or((Type::any(), true));
            self.unwraps = unwraps;
            return kind;
        }
        if !crate::names::is_function(name) {
            let names = functions::names();
            self.error(procedure, format!("JSONata has no function `${name}`"))
                .accepted(name, names.iter().copied());
            return Type::any();
        }
        self.arguments(name, procedure, args, &kinds);
        for (argument, kind) in args.iter().zip(&kinds) {
            if let Kind::Stored(what) = &kind.kind
                && name != "exists"
            {
                self.error(argument, format!("a stored `{what}` cannot be read in expressions"));
            }
        }
        self.unwraps = functions::unwraps(name);
        functions::result(name, &kinds)
    }
}
