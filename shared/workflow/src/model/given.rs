//! Values as they were given, expressions and all.

use crate::source::{Span, Spanned};
use serde_json::Value;

/// A value as it was given.
#[derive(Debug, Clone)]
pub(crate) struct Given {
    pub(crate) span: Span,
    pub(crate) form: Form,
}

#[derive(Debug, Clone)]
pub(crate) enum Form {
    /// `null`, a boolean or a number.
    Literal(Value),
    Text(Vec<Part>),
    List(Vec<Given>),
    Map(Vec<(Spanned<String>, Given)>),
}

#[derive(Debug, Clone)]
pub(crate) enum Part {
    Literal(String),
    Expression(Spanned<String>),
}

impl Given {
    pub(crate) fn text(text: impl Into<String>, span: Span) -> Self {
        Self { span, form: Form::Text(vec![Part::Literal(text.into())]) }
    }

    /// The expression, if the value is exactly one.
    pub(crate) fn whole_expression(&self) -> Option<&Spanned<String>> {
        match &self.form {
            Form::Text(parts) => match parts.as_slice() {
                [Part::Expression(expression)] => Some(expression),
                _ => None,
            },
            _ => None,
        }
    }

    /// The text, if it contains no expression.
    pub(crate) fn literal_text(&self) -> Option<String> {
        let Form::Text(parts) = &self.form else { return None };
        parts
            .iter()
            .map(|part| match part {
                Part::Literal(text) => Some(text.as_str()),
                Part::Expression(_) => None,
            })
            .collect()
    }

    /// Every expression in it.
    pub(crate) fn expressions(&self) -> Vec<&Spanned<String>> {
        match &self.form {
            Form::Literal(_) => Vec::new(),
            Form::Text(parts) => parts
                .iter()
                .filter_map(|part| match part {
                    Part::Literal(_) => None,
                    Part::Expression(expression) => Some(expression),
                })
                .collect(),
            Form::List(items) => items.iter().flat_map(Given::expressions).collect(),
            Form::Map(entries) => entries.iter().flat_map(|(_, value)| value.expressions()).collect(),
        }
    }
}
