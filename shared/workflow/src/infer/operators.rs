//! Operators, conditions and calls: their operands and results.

use super::Inference;
use super::present::{Present, found_present};
use crate::functions::{self, Parameter};
use crate::in_text::not_for_text;
use crate::types::{Kind, Type};
use jlens_core::ast::BinaryOp;
use jlens_core::{Node, NodeKind};

impl Inference<'_, '_, '_> {
    pub(super) fn binary(&mut self, op: BinaryOp, lhs: &Node, rhs: &Node, context: Option<&Type>) -> Type {
        self.uncalled(lhs);
        self.uncalled(rhs);
        let left = self.used(lhs, context);
        let left_alone = self.unwraps;
        // The right side is evaluated only if the left one has not decided.
        let known = match op {
            BinaryOp::And => found_present(lhs, &self.given.value).holding,
            BinaryOp::Or => found_present(lhs, &self.given.value).failing,
            _ => Vec::new(),
        };
        let right = self.knowing(known, rhs, context);
        let right = self.as_picked(right);
        let right_alone = self.unwraps;
        match op {
            BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul | BinaryOp::Div | BinaryOp::Mod => {
                for (node, kind) in [(lhs, &left), (rhs, &right)] {
                    self.operand(node, kind, op.symbol());
                    if !kind.holds_null() && !kind.fits(&Type::new(Kind::Number)) {
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
            BinaryOp::Range => {
                for (node, kind) in [(lhs, &left), (rhs, &right)] {
                    self.operand(node, kind, op.symbol());
                    if !kind.holds_null() && !kind.fits(&Type::new(Kind::Integer)) {
                        self.error(node, format!("`..` takes whole numbers, but this is {kind}"));
                    }
                }
                Type::new(Kind::Integer)
            }
            BinaryOp::Eq | BinaryOp::Ne => {
                let sides = [(lhs, &left, left_alone), (rhs, &right, right_alone)];
                self.compared(sides, op == BinaryOp::Ne);
                self.mistaken(lhs, rhs, context);
                Type::new(Kind::Boolean)
            }
            _ => Type::new(Kind::Boolean),
        }
    }

    /// Checks an operand of arithmetic or comparison: there, `null` would end the execution.
    pub(super) fn operand(&mut self, node: &Node, kind: &Type, operator: &str) {
        if kind.holds_null() && !self.is_guarded(node) {
            let text = self.written(node);
            let zero = if matches!(kind.kind, Kind::Text(_)) { "''" } else { "0" };
            let why = kind.why_absent();
            self.error(node, format!("this may be `null`, and `{operator}` cannot take it{why}"))
                .help(format!("write `({text} != null ? {text} : {zero})`"));
        }
    }

    /// Reports a function where its result was probably meant: JSONata makes nothing of it, or an empty text.
    pub(super) fn uncalled(&mut self, node: &Node) {
        let NodeKind::Variable { name } = &node.kind else { return };
        if self.local(name).is_some() || !crate::names::is_function(name) {
            return;
        }
        let help = match self.checker.scope.defines(name) {
            true => format!("to read `{name}` of the workflow here, give it a name that no function has"),
            false => format!("write `${name}()` for its result"),
        };
        self.error(node, format!("`${name}` is a function")).help(help);
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
        let (unwraps, picked) = (self.unwraps, self.picked);
        self.unwraps = false;
        self.picked = false;
        let other = otherwise.map(|node| self.knowing(findings.failing, node, context));
        self.unwraps |= unwraps;
        self.picked |= picked;
        match other {
            Some(other) => kind.or(other),
            None => {
                self.partial = true;
                kind.or_missing()
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
        let parameters = name.and_then(functions::parameters).unwrap_or_default();
        // Fields of a value that is `null` are only missing.
        let inside = context.map(|context| context.clone().present());
        let mut kinds: Vec<Type> = Vec::new();
        for (place, argument) in args.iter().enumerate() {
            // A function from the workflow returns its result for each item.
            let own = match &argument.kind {
                NodeKind::Variable { name: own } if name == Some("map") && self.local(own).is_some() => {
                    self.results.get(own).map(|(kind, _)| kind.clone())
                }
                _ => None,
            };
            let takes_lists = parameters.get(place).is_none_or(Parameter::takes_lists);
            let kind = match (&argument.kind, kinds.first()) {
                (_, Some(_)) if own.is_some() => own.unwrap_or_else(Type::any),
                (NodeKind::Lambda(definition), Some(first)) if !definition.thunk => {
                    let given = functions::given_to_function(name.unwrap_or_default(), first);
                    self.lambda(&definition.params, &definition.body, given, inside.as_ref())
                }
                // `$exists` is asked of what JSONata itself finds.
                _ if name.is_none_or(|name| name == "exists") => self.infer(argument, inside.as_ref()),
                _ if takes_lists => self.value(argument, inside.as_ref()),
                _ => self.used(argument, inside.as_ref()),
            };
            kinds.push(kind);
        }
        self.unwraps = false;
        self.picked = false;
        let NodeKind::Variable { name } = &procedure.kind else {
            if let Some(name) = plain_name(procedure) {
                let is_known = crate::names::is_function(name);
                let refused = self.error(procedure, format!("`{name}` is not a function"));
                if is_known {
                    refused.help(format!("write `${name}(…)`"));
                }
                return Type::any();
            }
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
            self.error(procedure, format!("JSONata has no function `${name}`"))
                .accepted(name, functions::names());
            return Type::any();
        }
        self.arguments(name, procedure, args, &kinds, context);
        for (argument, kind) in args.iter().zip(&kinds) {
            if let Kind::Stored(what) = &kind.kind
                && name != "exists"
            {
                self.error(argument, format!("a stored `{what}` cannot be read in expressions"));
            }
        }
        self.unwraps = functions::unwraps(name);
        let is_filled = matches!(args.first().map(|list| &list.kind), Some(NodeKind::Array { items }) if !items.is_empty());
        self.partial |= functions::may_find_nothing(name) && !is_filled;
        functions::result(name, &kinds)
    }
}

/// The name, if the node is only a name: without a `$`, it does not mean a function.
fn plain_name(node: &Node) -> Option<&str> {
    match &node.kind {
        NodeKind::Name { name } => Some(name),
        NodeKind::Path { steps, .. } => match steps.as_slice() {
            [only] => plain_name(only),
            _ => None,
        },
        _ => None,
    }
}
