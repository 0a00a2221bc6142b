//! Checks an expression against what is known where it stands, and rewrites its names into Step Functions' variables.

use crate::check::Checker;
use crate::expression::{self, Refusal};
use crate::functions;
use crate::scope::Lowered;
use crate::source::{Span, Spanned};
use crate::types::{Kind, Type};
use jlens_core::ast::{BinaryOp, Stage};
use jlens_core::{Node, NodeKind};
use std::collections::HashMap;

impl<'c, 's> Checker<'c, 's> {
    /// Checks one expression. Its mistakes are reported; the result is then of unknown type.
    pub(crate) fn expression(&mut self, given: &Spanned<String>) -> Lowered {
        let ast = match expression::parse(&given.value) {
            Ok(ast) => ast,
            Err(refusal) => {
                self.refuse(given, refusal);
                return Lowered::simple("null", Type::any());
            }
        };
        let mut inference = Inference {
            checker: self,
            given,
            edits: Vec::new(),
            locals: Vec::new(),
            present: Vec::new(),
            partial: false,
        };
        let kind = inference.infer(&ast.root, None);
        let Inference { mut edits, partial, .. } = inference;
        edits.sort_by_key(|(span, _)| span.start);
        if let [(span, lowered)] = edits.as_slice()
            && (span.start, span.end) == (0, given.value.len())
        {
            return Lowered { kind, partial, ..lowered.clone() };
        }
        let mut text = String::new();
        let mut copied = 0;
        for (span, replacement) in &edits {
            text.push_str(&given.value[copied..span.start]);
            text.push_str(&replacement.enclosed());
            copied = span.end;
        }
        text.push_str(&given.value[copied..]);
        let simple = match &ast.root.kind {
            NodeKind::Path { .. }
            | NodeKind::Variable { .. }
            | NodeKind::Number { .. }
            | NodeKind::String { .. }
            | NodeKind::Block { .. } => true,
            NodeKind::Function { .. } | NodeKind::Object { .. } | NodeKind::Array { .. } => true,
            _ => false,
        };
        Lowered { text, simple, kind, partial }
    }

    /// Reports a refusal at its place in the file, or at the whole expression where that place is not known.
    pub(crate) fn refuse(&mut self, given: &Spanned<String>, refusal: Refusal) {
        let span = place(given, refusal.span);
        let diagnostic = self.problems.error(span, refusal.message);
        if let Some(help) = refusal.help {
            diagnostic.help(help);
        }
    }
}

/// A range of an expression's bytes as a range of the file's. Only where YAML changed the text is the whole underlined.
fn place(given: &Spanned<String>, inside: Span) -> Span {
    let verbatim = given.span.end - given.span.start == given.value.len();
    if verbatim {
        Span::new(
            given.span.start + inside.start.min(given.value.len()),
            given.span.start + inside.end.min(given.value.len()),
        )
    } else {
        given.span
    }
}

struct Inference<'i, 'c, 's> {
    checker: &'i mut Checker<'c, 's>,
    given: &'i Spanned<String>,
    edits: Vec<(Span, Lowered)>,
    /// Variables that the expression binds itself, innermost last.
    locals: Vec<HashMap<String, Type>>,
    /// Texts of paths that a condition around has found to be there.
    present: Vec<String>,
    partial: bool,
}

impl Inference<'_, '_, '_> {
    /// The type of a node. `context` is the value whose fields names are; without one, names are looked up.
    fn infer(&mut self, node: &Node, context: Option<&Type>) -> Type {
        let kind = self.infer_bare(node, context);
        self.predicates(node, kind)
    }

    fn infer_bare(&mut self, node: &Node, context: Option<&Type>) -> Type {
        match &node.kind {
            NodeKind::Path { steps, .. } => self.path(node, steps, context),
            NodeKind::Name { name } => match context {
                Some(context) => self.field(context, name, node),
                None => Type::any(),
            },
            NodeKind::Variable { name } => self.variable(node, name, context),
            NodeKind::String { .. } => Type::text(),
            NodeKind::Number { value } if value.fract() == 0.0 => Type::new(Kind::Integer),
            NodeKind::Number { .. } => Type::new(Kind::Number),
            NodeKind::Bool { .. } => Type::new(Kind::Boolean),
            NodeKind::Null => Type::null(),
            NodeKind::Binary { op, lhs, rhs } => self.binary(*op, lhs, rhs, context),
            NodeKind::Negate { expr } => {
                let kind = self.infer(expr, context);
                self.operand(expr, &kind, "-");
                Type::new(Kind::Number)
            }
            NodeKind::Array { items } => {
                let kinds: Vec<Type> = items.iter().map(|item| self.infer(item, context)).collect();
                let item = match kinds.as_slice() {
                    [] => Type::any(),
                    [first, rest @ ..] if rest.iter().all(|kind| kind == first) => match &first.kind {
                        Kind::List(item) => (**item).clone(),
                        _ => first.clone(),
                    },
                    _ => Type::any(),
                };
                Type::new(Kind::List(Box::new(item)))
            }
            NodeKind::Object { pairs } => self.object(pairs, context),
            NodeKind::Condition { condition, then, otherwise } => {
                self.condition(condition, then, otherwise.as_deref(), context)
            }
            NodeKind::Block { exprs, .. } => {
                self.locals.push(HashMap::new());
                let kind = exprs
                    .iter()
                    .map(|expression| self.infer(expression, context))
                    .last()
                    .unwrap_or_else(Type::null);
                self.locals.pop();
                kind
            }
            NodeKind::Bind { lhs, rhs } => {
                let kind = self.infer(rhs, context);
                if let (NodeKind::Variable { name }, Some(frame)) = (&lhs.kind, self.locals.last_mut()) {
                    frame.insert(name.clone(), kind.clone());
                }
                kind
            }
            NodeKind::Function { procedure, args } => self.call(procedure, args, context),
            NodeKind::Partial { procedure, args } => {
                self.call(procedure, args, context);
                Type::any()
            }
            NodeKind::Lambda(definition) => {
                let parameters = definition.params.iter().map(|name| (name.clone(), Type::any())).collect();
                self.locals.push(parameters);
                self.infer(&definition.body, Some(&Type::any()));
                self.locals.pop();
                Type::any()
            }
            NodeKind::Wildcard | NodeKind::Descendant | NodeKind::Parent { .. } if context.is_none() => {
                self.error(node, "there is nothing around this expression to read from")
                    .help("start with a name");
                Type::any()
            }
            _ => {
                let any = Type::any();
                let context = if matches!(node.kind, NodeKind::Transform(_) | NodeKind::Sort { .. }) {
                    Some(context.cloned().unwrap_or_else(|| any.clone()))
                } else {
                    context.cloned()
                };
                node.for_each_child(|child| {
                    self.infer(child, context.as_ref());
                });
                any
            }
        }
    }

    /// Filters and groupings behind a value, in which names are the value's fields.
    fn predicates(&mut self, node: &Node, kind: Type) -> Type {
        let mut kind = kind;
        let stages = node.attrs.stages.iter().chain(&node.attrs.predicate);
        for stage in stages {
            match stage {
                Stage::Filter { expr, .. } => {
                    let item = item_of(&kind);
                    self.infer(expr, Some(&item));
                    let picks_one = matches!(expr.kind, NodeKind::Number { .. } | NodeKind::Negate { .. });
                    kind = if picks_one { item.nullable() } else { Type::any() };
                    self.partial = true;
                }
                Stage::Index { var, .. } => self.bind(var, Type::new(Kind::Integer)),
            }
        }
        if let Some(focus) = &node.attrs.focus {
            self.bind(focus, item_of(&kind));
        }
        if let Some(index) = &node.attrs.index {
            self.bind(index, Type::new(Kind::Integer));
        }
        if let Some(group) = &node.attrs.group {
            let item = item_of(&kind);
            for (key, value) in &group.pairs {
                self.infer(key, Some(&item));
                self.infer(value, Some(&item));
            }
            kind = Type::any();
        }
        kind
    }

    fn bind(&mut self, name: &str, kind: Type) {
        if self.locals.is_empty() {
            self.locals.push(HashMap::new());
        }
        if let Some(frame) = self.locals.last_mut() {
            frame.insert(name.to_owned(), kind);
        }
    }

    fn path(&mut self, node: &Node, steps: &[Node], context: Option<&Type>) -> Type {
        let Some(first) = steps.first() else { return Type::any() };
        let partial = self.partial;
        let (mut kind, taken) = match (&first.kind, context) {
            (NodeKind::Name { .. }, None) => {
                let names = expression::plain_names(steps);
                self.look_up(&names, steps)
            }
            (NodeKind::Variable { name }, _) if self.is_workflow_variable(name) => {
                let mut names = vec![name.as_str()];
                if first.attrs.stages.is_empty() && first.attrs.predicate.is_empty() {
                    names.extend(expression::plain_names(&steps[1..]));
                }
                self.look_up(&names, steps)
            }
            _ => (self.infer_bare(first, context), 1),
        };
        kind = match steps.get(taken - 1) {
            Some(last) => self.predicates(last, kind),
            None => kind,
        };
        for (before, step) in steps.iter().zip(&steps[1..]).skip(taken - 1) {
            let owner = self.given.value.get(node.span.start..before.pos).unwrap_or_default();
            if self.present.iter().any(|present| present == owner) {
                kind = kind.present();
            }
            kind = match &step.kind {
                NodeKind::Name { name } => {
                    let field = self.field(&kind, name, step);
                    self.predicates(step, field)
                }
                _ => {
                    let item = item_of(&kind);
                    self.infer(step, Some(&item));
                    Type::any()
                }
            };
        }
        let text = self.given.value.get(node.span.start..node.span.end).unwrap_or_default().trim();
        if self.present.iter().any(|present| present == text) {
            self.partial = partial;
            return kind.present();
        }
        kind
    }

    /// Looks up a path's first names and notes what stands there instead. Gives the type and how many names were taken.
    fn look_up(&mut self, names: &[&str], steps: &[Node]) -> (Type, usize) {
        match self.checker.look_up(names) {
            Ok(found) => {
                let last = &steps[found.names.min(steps.len()) - 1];
                let span = Span::new(steps[0].span.start, last.pos);
                self.partial |= found.lowered.partial;
                let kind = found.lowered.kind.clone();
                self.edits.push((span, found.lowered));
                (kind, found.names.min(steps.len()))
            }
            Err(unknown) => {
                let diagnostic = self.error(&steps[0], unknown.message);
                if let Some(nearest) = unknown.nearest {
                    diagnostic.label(format!("did you mean `{nearest}`?"));
                }
                if let Some(help) = unknown.help {
                    diagnostic.help(help);
                }
                (Type::any(), steps.len())
            }
        }
    }

    fn is_workflow_variable(&self, name: &str) -> bool {
        !name.is_empty() && self.local(name).is_none() && !crate::names::is_function(name)
    }

    fn local(&self, name: &str) -> Option<&Type> {
        self.locals.iter().rev().find_map(|frame| frame.get(name))
    }

    fn variable(&mut self, node: &Node, name: &str, context: Option<&Type>) -> Type {
        if name.is_empty() {
            return match context {
                Some(context) => context.clone(),
                None => {
                    self.error(node, "`$` means nothing here")
                        .help("it is the value inside `[…]`, `.(…)` and functions");
                    Type::any()
                }
            };
        }
        if let Some(kind) = self.local(name) {
            return kind.clone();
        }
        if crate::names::is_function(name) {
            return Type::any();
        }
        self.look_up(&[name], std::slice::from_ref(node)).0
    }

    fn field(&mut self, owner: &Type, name: &str, node: &Node) -> Type {
        self.partial |= owner.may_be_null() || owner.may_lack(name);
        if let Some(kind) = owner.field(name) {
            return self.checker.scope.present_under_guard(kind);
        }
        match &owner.kind {
            Kind::Null => {}
            Kind::Stored(what) => {
                self.error(node, format!("a stored `{what}` cannot be read in expressions"))
                    .help("it travels by reference: pass it whole to the step that needs it");
            }
            kind => {
                let names = owner.field_names();
                let message = match kind {
                    Kind::Object(object) if object.name.is_none() => format!("there is no `{name}` here"),
                    _ => format!("{} has no field `{name}`", capitalized(&owner.to_string())),
                };
                self.error(node, message).accepted(name, names);
            }
        }
        Type::any()
    }

    fn binary(&mut self, op: BinaryOp, lhs: &Node, rhs: &Node, context: Option<&Type>) -> Type {
        let (left, right) = (self.infer(lhs, context), self.infer(rhs, context));
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
    fn operand(&mut self, node: &Node, kind: &Type, operator: &str) {
        if kind.may_be_null() {
            let text =
                self.given.value.get(node.span.start..node.span.end).unwrap_or_default().trim().to_owned();
            let zero = if matches!(kind.kind, Kind::Text(_)) { "''" } else { "0" };
            let why = kind.why_absent();
            self.error(node, format!("this may be `null`, and `{operator}` cannot take it{why}"))
                .help(format!("write `({text} != null ? {text} : {zero})`"));
        }
    }

    fn in_text(&mut self, node: &Node, kind: &Type) {
        if let Some((message, help)) = not_for_text(kind) {
            self.error(node, message).help(help);
        }
    }

    fn condition(
        &mut self,
        condition: &Node,
        then: &Node,
        otherwise: Option<&Node>,
        context: Option<&Type>,
    ) -> Type {
        self.infer(condition, context);
        let (when_true, when_false) = found_present(condition, &self.given.value);
        let known = self.present.len();
        self.present.extend(when_true);
        let kind = self.infer(then, context);
        self.present.truncate(known);
        self.present.extend(when_false);
        let other = otherwise.map(|node| self.infer(node, context));
        self.present.truncate(known);
        match other {
            Some(other) => kind.or(other),
            None => {
                self.partial = true;
                kind.nullable()
            }
        }
    }

    fn object(&mut self, pairs: &[(Node, Node)], context: Option<&Type>) -> Type {
        let mut fields = Some(Vec::new());
        for (key, value) in pairs {
            self.infer(key, context);
            let kind = self.infer(value, context);
            match (&key.kind, &mut fields) {
                (NodeKind::String { value: name }, Some(fields)) => fields.push((name.clone(), kind)),
                _ => fields = None,
            }
        }
        fields.map_or_else(Type::any, Type::object)
    }

    fn call(&mut self, procedure: &Node, args: &[Node], context: Option<&Type>) -> Type {
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

    fn error(&mut self, node: &Node, message: impl Into<String>) -> &mut crate::diagnostic::Diagnostic {
        let end = if matches!(node.kind, NodeKind::Name { .. }) { node.pos } else { node.span.end };
        let span = place(self.given, Span::new(node.span.start, end));
        self.checker.problems.error(span, message)
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

/// The paths that a condition finds to be there when it holds, and when it does not.
fn found_present(condition: &Node, source: &str) -> (Option<String>, Option<String>) {
    let text = |node: &Node| source.get(node.span.start..node.span.end).map(|text| text.trim().to_owned());
    match &condition.kind {
        NodeKind::Binary { op: BinaryOp::Ne, lhs, rhs } if matches!(rhs.kind, NodeKind::Null) => {
            (text(lhs), None)
        }
        NodeKind::Binary { op: BinaryOp::Eq, lhs, rhs } if matches!(rhs.kind, NodeKind::Null) => {
            (None, text(lhs))
        }
        NodeKind::Path { .. } => (text(condition), None),
        NodeKind::Block { exprs, .. } => match exprs.as_slice() {
            [only] => found_present(only, source),
            _ => (None, None),
        },
        NodeKind::Function { procedure, args } => match (&procedure.kind, args.as_slice()) {
            (NodeKind::Variable { name }, [argument]) if name == "exists" || name == "boolean" => {
                (text(argument), None)
            }
            (NodeKind::Variable { name }, [argument]) if name == "not" => {
                let (when_true, when_false) = found_present(argument, source);
                (when_false, when_true)
            }
            _ => (None, None),
        },
        _ => (None, None),
    }
}

fn item_of(kind: &Type) -> Type {
    match &kind.kind {
        Kind::List(item) => (**item).clone(),
        _ => kind.clone().present(),
    }
}

fn capitalized(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().to_string() + characters.as_str())
}
