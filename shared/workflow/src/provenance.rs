//! The origin of a text: the workflow's author, whom a model follows, or outside text, which is data
//! wherever a template puts it.
//!
//! Words are the author's where the file holds them: literally, or by a name that only the file's own words are given to. Everything
//! else (the fields of events, tickets, comments, files, results of actions, inputs) may come from outside. In inputs of
//! actions that a model follows (`x-authored` in their schemas), it is put between two tags that it cannot imitate.

use crate::declare;
use crate::expression;
use crate::model::{Form, Given, Part, Step, StepKind, Workflow, all};
use crate::scope::Scope;
use crate::source::Span;
use crate::types::{Kind, Type};
use domain::routes::InputType;
use jlens_core::ast::BinaryOp;
use jlens_core::{Ast, Node, NodeKind};
use std::collections::BTreeSet;

/// Names for which something other than the file's own words may stand are not in it.
#[derive(Debug, Default)]
pub(crate) struct Provenance {
    authored: BTreeSet<String>,
    /// Every name that has a meaning; any other in an expression is bound there, to the value it was made of.
    known: BTreeSet<String>,
}

/// The content of a fence that would be empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fencing {
    /// Empty for a value that is one expression.
    Whole,
    /// No text, for an expression within a text.
    Part,
}

/// The treatment of a part of an expression.
#[derive(Debug, Default)]
pub(crate) struct Places {
    /// These are fenced.
    pub(crate) fenced: Vec<Span>,
    /// The names of definitions here are replaced by their meaning, in which outside text is fenced.
    pub(crate) definitions: Vec<Span>,
}

impl Provenance {
    pub(crate) fn of(workflow: &Workflow, steps: &[Step], scope: &Scope<'_>) -> Self {
        let steps = all(steps);
        let mut known: BTreeSet<String> = scope.taken.iter().cloned().collect();
        known.insert("context".to_owned());
        let mut given: Vec<(&str, &Given)> =
            workflow.definitions.iter().map(|(name, given)| (name.value.as_str(), given)).collect();
        let mut outside: BTreeSet<&str> = BTreeSet::new();
        for step in &steps {
            match &step.kind {
                StepKind::Set(variables) => given.extend(
                    variables
                        .iter()
                        .map(|(path, given)| (path.value.split('.').next().unwrap_or_default(), given)),
                ),
                StepKind::Foreach(foreach) => given.push((foreach.item.value.as_str(), &foreach.items)),
                _ => {}
            }
            outside.extend(step.outputs.iter().map(|(_, target)| target.value[0].as_str()));
        }
        let errors: Vec<String> = steps.iter().filter_map(|step| declare::error_variable(step)).collect();
        outside.extend(errors.iter().map(String::as_str));
        // Values that can only be numbers, true, false, or one of the file's own words.
        let harmless = scope.inputs.iter().filter(|(_, input)| {
            let is_text = matches!(
                input.schema.kind,
                InputType::String | InputType::Any | InputType::Array | InputType::Object
            );
            !is_text || !input.schema.one_of.is_empty()
        });
        let mut provenance =
            Self { authored: given.iter().map(|(name, _)| (*name).to_owned()).collect(), known };
        provenance.authored.retain(|name| !outside.contains(name.as_str()));
        provenance.authored.extend(harmless.map(|(name, _)| name.clone()));
        // A name is the author's only while all that it is made of is.
        while let Some((name, _)) = given
            .iter()
            .find(|(name, given)| provenance.authored.contains(*name) && !provenance.is_authored(given))
        {
            provenance.authored.remove(*name);
        }
        provenance
    }

    fn is_authored(&self, given: &Given) -> bool {
        match &given.form {
            Form::Literal(_) => true,
            Form::Text(parts) => parts.iter().all(|part| match part {
                Part::Literal(_) => true,
                Part::Expression(expression) => expression::parse(&expression.value)
                    .is_ok_and(|ast| self.is_authored_expression(&ast.root)),
            }),
            Form::List(items) => items.iter().all(|item| self.is_authored(item)),
            Form::Map(entries) => entries.iter().all(|(_, given)| self.is_authored(given)),
        }
    }

    fn is_authored_expression(&self, node: &Node) -> bool {
        let mut authored =
            expression::lookups_in(node).iter().all(|lookup| self.authored.contains(&lookup.name));
        node.walk(&mut |node| {
            if let NodeKind::Variable { name } = &node.kind {
                let is_bound_here = !self.known.contains(name);
                authored &= is_bound_here || crate::names::is_function(name) || self.authored.contains(name);
            }
        });
        authored
    }

    /// Where something in an expression must be fenced.
    pub(crate) fn places(&self, ast: &Ast, is_definition: &dyn Fn(&str) -> bool) -> Places {
        let mut places = Places::default();
        let mut open = vec![&ast.root];
        while let Some(node) = open.pop() {
            let is_plain = node.attrs.stages.is_empty() && node.attrs.predicate.is_empty();
            let span = Span::new(node.span.start, node.span.end);
            match &node.kind {
                _ if self.is_authored_expression(node) => {}
                NodeKind::Binary { op: BinaryOp::Concat, lhs, rhs } if is_plain => {
                    open.extend([&**rhs, &**lhs])
                }
                // A condition's variables are not in its result.
                NodeKind::Condition { then, otherwise, .. } if is_plain => {
                    open.extend(otherwise.as_deref().into_iter().chain([&**then]));
                }
                NodeKind::Block { exprs, .. } if is_plain && exprs.len() == 1 => open.extend(exprs),
                NodeKind::Path { steps, .. } => {
                    let names = expression::plain_names(steps);
                    match (names.as_slice(), steps.len()) {
                        ([name], 1) if is_definition(name) => places.definitions.push(span),
                        _ => places.fenced.push(span),
                    }
                }
                NodeKind::Variable { name } if is_plain && is_definition(name) => {
                    places.definitions.push(span)
                }
                _ => places.fenced.push(span),
            }
        }
        places
    }
}

/// Whether a value of this type cannot hold a text from outside: a number, a truth value, or one of a few words.
pub(crate) fn is_harmless(kind: &Type) -> bool {
    match &kind.kind {
        Kind::Integer | Kind::Number | Kind::Boolean | Kind::Null => true,
        Kind::Text(accepted) => !accepted.is_empty(),
        _ => false,
    }
}

/// Fences `$data`, up to what is given where there is nothing. The tags' name is a hash of the text, which no text can hold of itself; the
/// form is the one that the crate `actions` has.
const FENCE: &str = "$data := $type($data) = 'string' or $not($exists($data)) or $data = null ? $data : $string($data); \
     $data != null ? ($mark := $substring($hash($data, 'SHA-256'), 0, 24); \
     $break := $contains($data, '\\n') ? '\\n' : ''; \
     '<data-' & $mark & '>' & $break & $data & $break & '</data-' & $mark & '>') : ";

impl Fencing {
    /// The text before and after an expression that fences its value.
    pub(crate) fn around(self) -> (&'static str, String) {
        let absent = match self {
            Self::Whole => "null",
            Self::Part => "''",
        };
        ("($data := ", format!("; {FENCE}{absent})"))
    }
}
