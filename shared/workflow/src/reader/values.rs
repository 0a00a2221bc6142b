//! Values with expressions in them.

use super::fields::mapping;
use super::state::Reader;
use crate::model::{Form, Given, Part};
use crate::secrets;
use crate::source::{Span, Spanned};
use crate::template::{self, Piece, Unclosed};
use crate::yaml::{Data, Node};
use serde_json::Value;

/// A value as it was given.
pub(crate) fn given(node: &Node, reader: &mut Reader<'_, '_>) -> Given {
    let form = match &node.data {
        Data::Null => Form::Literal(Value::Null),
        Data::Boolean(value) => Form::Literal((*value).into()),
        Data::Number(number) => match number.json(node.span, reader.problems) {
            // A refused expression was probably meant as text.
            Value::Null => Form::Text(vec![Part::Literal(number.text.clone())]),
            value => Form::Literal(value),
        },
        Data::Text(text) => {
            if let Some(what) = secrets::found_in(text) {
                reader
                    .problems
                    .warning(node.span, format!("this looks like {what}; do not put secrets in a workflow"))
                    .help("plugins read secrets themselves: `ticketsmith.yaml` names them; revoke this one if it was shared");
            }
            Form::Text(parts(text, node.span, reader))
        }
        Data::List(items) => Form::List(items.iter().map(|item| given(item, reader)).collect()),
        Data::Map(entries) => Form::Map(
            entries
                .iter()
                .map(|entry| (checked_key(&entry.key, reader), given(&entry.value, reader)))
                .collect(),
        ),
    };
    Given { span: node.span, form }
}

/// A mapping of names to values.
pub(crate) fn named(node: &Node, what: &str, reader: &mut Reader<'_, '_>) -> Vec<(Spanned<String>, Given)> {
    let entries = mapping(node, what, reader).unwrap_or_default();
    entries.iter().map(|entry| (checked_key(&entry.key, reader), given(&entry.value, reader))).collect()
}

/// A condition: `${ }` around it may be left out.
pub(crate) fn condition(node: &Node, reader: &mut Reader<'_, '_>) -> Given {
    match &node.data {
        Data::Text(text) if !text.contains("${") => {
            let expression = Spanned::new(text.trim().to_owned(), node.span);
            Given { span: node.span, form: Form::Text(vec![Part::Expression(expression)]) }
        }
        _ => without_blanks_around(given(node, reader)),
    }
}

/// A value whose one expression has nothing but blanks around it, such as the line break of a block text, is that expression.
fn without_blanks_around(mut given: Given) -> Given {
    if let Form::Text(parts) = &mut given.form
        && parts.iter().filter(|part| matches!(part, Part::Expression(_))).count() == 1
    {
        parts.retain(|part| !matches!(part, Part::Literal(text) if text.trim().is_empty()));
    }
    given
}

/// A key that may be in a definition as it is.
fn checked_key(key: &Spanned<String>, reader: &mut Reader<'_, '_>) -> Spanned<String> {
    if key.value.contains("${") || key.value.starts_with("{%") {
        reader.problems.error(key.span, "a key cannot hold an expression").help("compute a value, not a key");
        return Spanned::new("refused".to_owned(), key.span);
    }
    key.clone()
}

/// A YAML text, split at its expressions.
fn parts(text: &str, span: Span, reader: &mut Reader<'_, '_>) -> Vec<Part> {
    let raw = reader.source.text.get(span.start..span.end).unwrap_or_default();
    let pieces = match template::split(text) {
        Ok(pieces) => pieces,
        Err(Unclosed(at)) => {
            let place = raw
                .find(&text[at..])
                .map_or(span, |found| Span::new(span.start + found, span.start + found + 2));
            reader.problems.error(place, "this `${` has no `}`").help("write `$${` for a literal `${`");
            return vec![Part::Literal(text.to_owned())];
        }
    };
    let mut searched = 0;
    let mut parts = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Literal(literal) => push_literal(&mut parts, literal),
            Piece::Escaped => push_literal(&mut parts, "${"),
            Piece::Expression(expression) => {
                // Quoting and folding may have changed the text; then the whole value is underlined.
                let marked = format!("${{{expression}}}");
                let place = match raw[searched..].find(&marked) {
                    Some(found) => {
                        let start = searched + found + 2;
                        searched = start + expression.len() + 1;
                        let blank = expression.len() - expression.trim_start().len();
                        let start = span.start + start + blank;
                        Span::new(start, start + expression.trim().len())
                    }
                    None => span,
                };
                if expression.trim().is_empty() {
                    reader
                        .problems
                        .error(place, "this expression is empty")
                        .help("write `$${` for a literal `${`");
                } else {
                    parts.push(Part::Expression(Spanned::new(expression.trim().to_owned(), place)));
                }
            }
        }
    }
    if parts.is_empty() {
        parts.push(Part::Literal(String::new()));
    }
    parts
}

fn push_literal(parts: &mut Vec<Part>, literal: &str) {
    match parts.last_mut() {
        Some(Part::Literal(text)) => text.push_str(literal),
        _ => parts.push(Part::Literal(literal.to_owned())),
    }
}
