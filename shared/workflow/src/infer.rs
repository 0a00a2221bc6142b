//! Checks an expression in its context, and rewrites its names into Step Functions' variables.

mod arguments;
mod comparisons;
mod doubt;
mod filters;
mod lists;
mod operators;
mod paths;
mod present;
mod telling;

use crate::check::Checker;
use crate::expression::{self, Refusal};
use crate::in_text::not_for_text;
use crate::provenance::{Fencing, Places, is_harmless};
use crate::scope::{Lowered, Written};
use crate::source::{Span, Spanned};
use crate::types::{Kind, Type};
use doubt::Doubt;
use jlens_core::{Node, NodeKind};
use present::Present;
use std::collections::HashMap;

impl<'c, 's> Checker<'c, 's> {
    /// Runs `make` while values from outside are fenced.
    pub(crate) fn fencing<T>(&mut self, fencing: Fencing, make: impl FnOnce(&mut Self) -> T) -> T {
        let outer = self.fencing.replace(fencing);
        // Definitions have another meaning where they are fenced.
        self.scope.changed();
        let made = make(self);
        self.scope.changed();
        self.fencing = outer;
        made
    }

    /// Checks one expression. Its mistakes are reported; the result is then of unknown type.
    pub(crate) fn expression(&mut self, given: &Spanned<String>) -> Lowered {
        let fencing = self.fencing.take();
        let lowered = self.expression_in(given, fencing);
        self.fencing = fencing;
        lowered
    }

    fn expression_in(&mut self, given: &Spanned<String>, fencing: Option<Fencing>) -> Lowered {
        let ast = match expression::parse(&given.value) {
            Ok(ast) => ast,
            Err(refusal) => {
                self.refuse(given, refusal);
                // Nothing else is known about it, so it is accepted everywhere and is not a constant.
                return Lowered::simple("$refused", Type::any());
            }
        };
        let places = match fencing {
            Some(_) => self.provenance.places(&ast, &|name| self.scope.definitions.contains_key(name)),
            None => Places::default(),
        };
        let root = Span::new(ast.root.span.start, ast.root.span.end);
        let fencing_at = |span: Span| if span == root { fencing } else { fencing.map(|_| Fencing::Part) };
        let mut inference = Inference {
            checker: self,
            given,
            definitions: places
                .definitions
                .iter()
                .filter_map(|span| Some((*span, fencing_at(*span)?)))
                .collect(),
            edits: Vec::new(),
            locals: Vec::new(),
            present: Vec::new(),
            partial: false,
            unwraps: false,
            picked: false,
            head: None,
            doubt: None,
            made: None,
            results: HashMap::new(),
            in_function: false,
        };
        inference.uncalled(&ast.root);
        let mut kind = inference.infer(&ast.root, None).when_kept();
        if inference.picked && kind.item().is_some() {
            kind = inference.as_picked(kind);
        }
        let doubt = inference.doubt_of(&ast.root, &kind);
        let Inference { mut edits, mut partial, unwraps, .. } = inference;
        let mut is_fenced = false;
        for span in places.fenced {
            let Some(fencing) = fencing_at(span) else { continue };
            if span == root && (is_harmless(&kind) || not_for_text(&kind).is_some()) {
                continue;
            }
            let (open, close) = fencing.around();
            edits.push(Edit::Around(span, open.to_owned(), close));
            if span == root {
                is_fenced = true;
                partial = false;
                if fencing == Fencing::Part {
                    kind = Type::text();
                }
            }
        }
        if let [Edit::Replace(span, lowered)] = edits.as_slice()
            && (span.start, span.end) == (0, given.value.len())
        {
            return Lowered { kind, partial, unwraps, ..lowered.clone() };
        }
        let text = edited(&given.value, edits);
        let simple = is_fenced
            || matches!(
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
        let attributes = &ast.root.attrs;
        let filtered = !attributes.stages.is_empty() || !attributes.predicate.is_empty();
        let written = match &ast.root.kind {
            _ if is_fenced || filtered || attributes.group.is_some() => Written::Otherwise,
            NodeKind::Function { .. } => Written::Call,
            NodeKind::Array { .. } => Written::List,
            _ => Written::Otherwise,
        };
        // A list is present, whatever it contains.
        let partial = partial && written != Written::List;
        let unwraps = unwraps && !is_fenced;
        let kept = doubt.filter(|_| !is_fenced).map(|doubt| doubt.kept(&text));
        Lowered { text, simple, kind, partial, unwraps, written, kept }
    }

    /// Reports a refusal at its place in the file, or at the whole expression if that place is unknown.
    pub(crate) fn refuse(&mut self, given: &Spanned<String>, refusal: Refusal) {
        let span = place(given, refusal.span);
        let diagnostic = self.problems.error(span, refusal.message);
        if let Some(help) = refusal.help {
            diagnostic.help(help);
        }
    }
}

/// A range of an expression's bytes as a range of the file's; the whole expression if YAML changed its text.
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

/// The parts that differ between the definition and the file.
enum Edit {
    /// Replaces a range.
    Replace(Span, Lowered),
    /// Puts the first text before a range and the second one after it.
    Around(Span, String, String),
}

/// A text with its edits, which may be nested, but not overlap otherwise.
fn edited(text: &str, edits: Vec<Edit>) -> String {
    // Of several that start or end in one place, the outer ones were added later.
    let mut pieces: Vec<(usize, usize, i64, String)> = Vec::new();
    for (order, edit) in (1..).zip(edits) {
        match edit {
            Edit::Replace(span, lowered) => pieces.push((span.start, span.end, i64::MAX, lowered.enclosed())),
            Edit::Around(span, open, close) => {
                pieces.push((span.start, span.start, i64::MAX - order, open));
                pieces.push((span.end, span.end, order - i64::MAX, close));
            }
        }
    }
    pieces.sort_by_key(|(start, _, order, _)| (*start, *order));
    let mut whole = String::new();
    let mut copied = 0;
    for (start, end, _, piece) in pieces {
        whole.push_str(&text[copied..start]);
        whole.push_str(&piece);
        copied = end;
    }
    whole.push_str(&text[copied..]);
    whole
}

struct Inference<'i, 'c, 's> {
    checker: &'i mut Checker<'c, 's>,
    given: &'i Spanned<String>,
    /// Where names of definitions are replaced by their meaning, with outside text fenced.
    definitions: Vec<(Span, Fencing)>,
    edits: Vec<Edit>,
    /// Variables that the expression binds itself, innermost last.
    locals: Vec<HashMap<String, Type>>,
    /// The values that a surrounding condition has found to be present.
    present: Vec<Present>,
    partial: bool,
    /// Whether JSONata may return the last value as a single item, or as nothing, although it is a list.
    unwraps: bool,
    /// Whether that is because a filter decides how many items there are: then a single item is intended.
    picked: bool,
    /// The last lookup, as JSONata.
    head: Option<String>,
    /// How the execution decides whether the last path is a list, if the types do not say.
    doubt: Option<Doubt>,
    /// The type of the last function's result, and whether JSONata may unwrap it, as [`Self::unwraps`] says.
    made: Option<(Type, bool)>,
    /// The same of functions that the expression binds, by their names.
    results: HashMap<String, (Type, bool)>,
    /// Whether this is the body of a function, in which Step Functions has no names around it.
    in_function: bool,
}

impl Inference<'_, '_, '_> {
    /// The type of a node. `context` is the value whose fields names are; without one, names are looked up.
    fn infer(&mut self, node: &Node, context: Option<&Type>) -> Type {
        let kind = self.infer_bare(node, context);
        self.predicates(node, kind)
    }

    fn infer_bare(&mut self, node: &Node, context: Option<&Type>) -> Type {
        self.unwraps = false;
        self.picked = false;
        let kind = self.infer_kind(node, context);
        self.unwraps &= matches!(
            &node.kind,
            NodeKind::Path { .. }
                | NodeKind::Variable { .. }
                | NodeKind::Condition { .. }
                | NodeKind::Block { .. }
                | NodeKind::Function { .. }
                | NodeKind::Apply { .. }
                | NodeKind::Lambda(_)
                | NodeKind::Wildcard
                | NodeKind::Descendant
        );
        self.picked &= self.unwraps;
        kind
    }

    /// The type of the last value where it is used as it is: what a filter picks is one item, or several.
    fn as_picked(&self, kind: Type) -> Type {
        match kind.kind {
            Kind::List(item) if self.picked => Type { kind: Type::one_or_list(*item).kind, ..kind },
            kept => Type { kind: kept, ..kind },
        }
    }

    /// The type of an operand.
    fn used(&mut self, node: &Node, context: Option<&Type>) -> Type {
        let kind = self.infer(node, context);
        self.as_picked(kind)
    }

    fn infer_kind(&mut self, node: &Node, context: Option<&Type>) -> Type {
        match &node.kind {
            NodeKind::Path { steps, .. } => self.path(node, steps, context),
            NodeKind::Name { name } => match context {
                Some(context) => self.field(context, name, node),
                None if self.in_function => self.unseen(node, name),
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
                let kind = self.used(expr, context);
                self.operand(expr, &kind, "-");
                if !kind.holds_null() && !kind.fits(&Type::new(Kind::Number)) {
                    self.error(expr, format!("`-` takes a number, but this is {kind}"));
                }
                Type::new(Kind::Number)
            }
            NodeKind::Array { items } => {
                let mut kinds = items.iter().map(|item| {
                    let kind = self.infer(item, context);
                    // A list is joined with the list around it unless it is written as one.
                    let joins = !matches!(item.kind, NodeKind::Array { .. });
                    kind.item().filter(|_| joins).cloned().unwrap_or(kind)
                });
                let first = kinds.next().unwrap_or_else(Type::any);
                let item = if kinds.all(|kind| kind == first) { first } else { Type::any() };
                Type::list(item)
            }
            NodeKind::Object { pairs } => self.object(pairs, context),
            NodeKind::Condition { condition, then, otherwise } => {
                self.condition(condition, then, otherwise.as_deref(), context)
            }
            NodeKind::Block { exprs, .. } => self.block(exprs, context),
            NodeKind::Bind { lhs, rhs } => self.binding(lhs, rhs, context),
            NodeKind::Function { procedure, args } => {
                self.call(procedure, &args.iter().collect::<Vec<_>>(), context)
            }
            NodeKind::Apply { lhs, rhs } => self.apply(node, lhs, rhs, context),
            NodeKind::Partial { procedure, args } => {
                self.call(procedure, &args.iter().collect::<Vec<_>>(), context);
                Type::any()
            }
            // A call at the end of a function, as JSONata puts it off.
            NodeKind::Lambda(definition) if definition.thunk => self.infer(&definition.body, context),
            NodeKind::Lambda(definition) => {
                self.lambda(&definition.params, &definition.body, Vec::new(), context);
                self.unwraps = false;
                self.picked = false;
                Type::any()
            }
            NodeKind::Wildcard | NodeKind::Descendant | NodeKind::Parent { .. } if context.is_none() => {
                self.error(node, "there is nothing around this expression to read from")
                    .help("start with a name");
                Type::any()
            }
            NodeKind::Wildcard | NodeKind::Descendant => {
                self.unwraps = true;
                Type::list(Type::any())
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
                self.unwraps = true;
                any
            }
        }
    }

    /// The type of a function's body, whose first parameters are of these types. Names in it mean what they mean around it: fields of
    /// `context`.
    fn lambda(
        &mut self,
        parameters: &[String],
        body: &Node,
        first: Vec<Type>,
        context: Option<&Type>,
    ) -> Type {
        let kinds = first.into_iter().chain(std::iter::repeat(Type::any()));
        self.locals.push(parameters.iter().cloned().zip(kinds).collect());
        let around = std::mem::replace(&mut self.in_function, true);
        let kind = self.kept(body, context);
        self.in_function = around;
        self.made = Some((kind.clone(), self.unwraps));
        self.locals.pop();
        kind
    }
}

fn item_of(kind: &Type) -> Type {
    kind.item().cloned().unwrap_or_else(|| kind.clone().present())
}
