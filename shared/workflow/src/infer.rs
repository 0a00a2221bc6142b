//! Checks an expression against what is known where it stands, and rewrites its names into Step Functions' variables.

mod operators;
mod paths;
mod present;

use crate::check::Checker;
use crate::expression::{self, Refusal};
use crate::scope::Lowered;
use crate::source::{Span, Spanned};
use crate::types::{Kind, Type};
use jlens_core::ast::Stage;
use jlens_core::{Node, NodeKind};
use present::Present;
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
        let simple = matches!(
            &ast.root.kind,
            NodeKind::Path { .. }
                | NodeKind::Variable { .. }
                | NodeKind::Number { .. }
                | NodeKind::String { .. }
                | NodeKind::Block { .. }
                | NodeKind::Function { .. }
                | NodeKind::Object { .. }
                | NodeKind::Array { .. }
        );
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
    /// What a condition around has found to be there.
    present: Vec<Present>,
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

    fn error(&mut self, node: &Node, message: impl Into<String>) -> &mut crate::diagnostic::Diagnostic {
        let end = if matches!(node.kind, NodeKind::Name { .. }) { node.pos } else { node.span.end };
        let span = place(self.given, Span::new(node.span.start, end));
        self.checker.problems.error(span, message)
    }
}

fn item_of(kind: &Type) -> Type {
    match &kind.kind {
        Kind::List(item) => (**item).clone(),
        _ => kind.clone().present(),
    }
}
