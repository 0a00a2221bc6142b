//! JSON with JSONata expressions in it: the values of `Arguments`, `Output`, `Assign` and `ItemSelector`.

use std::sync::Arc;

use serde_json::Value;

use super::fields::{Problems, whole_number};
use crate::expressions::{self, Expression, Refusal};

/// JSON in which every string of the form `{% … %}` is an expression.
#[derive(Clone, Debug)]
pub(crate) enum Template {
    /// JSON without any expression in it.
    Literal(Value),
    Expression(Arc<dyn Expression>),
    Array(Vec<Template>),
    Object(Vec<(String, Template)>),
}

/// The fields of `$states` that exist where a template is evaluated; `input` and `context` always do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum States {
    /// Only the input and the context.
    Entry,
    /// Also `result`.
    Result,
    /// Also `errorOutput`.
    ErrorOutput,
}

impl States {
    fn offers(self, field: &str) -> bool {
        match field {
            "input" | "context" => true,
            "result" => self == Self::Result,
            "errorOutput" => self == Self::ErrorOutput,
            _ => false,
        }
    }
}

/// The source of the expression that `text` is, if it is one.
pub(super) fn expression_source(text: &str) -> Option<&str> {
    text.strip_prefix("{%")?.strip_suffix("%}").map(str::trim)
}

impl Template {
    pub(super) fn parse(value: &Value, states: States, location: &str, problems: &mut Problems) -> Self {
        match value {
            Value::String(text) => match expression(text, states, location, problems) {
                Some(expression) => Self::Expression(expression),
                None => Self::Literal(value.clone()),
            },
            Value::Array(items) => {
                let parse =
                    |(index, item)| Self::parse(item, states, &format!("{location}[{index}]"), problems);
                let items: Vec<_> = items.iter().enumerate().map(parse).collect();
                if items.iter().all(Self::is_literal) {
                    Self::Literal(value.clone())
                } else {
                    Self::Array(items)
                }
            }
            Value::Object(fields) => {
                let fields: Vec<_> = fields
                    .iter()
                    .map(|(key, field)| {
                        (key.clone(), Self::parse(field, states, &format!("{location}/{key}"), problems))
                    })
                    .collect();
                if fields.iter().all(|(_, field)| field.is_literal()) {
                    Self::Literal(value.clone())
                } else {
                    Self::Object(fields)
                }
            }
            _ => Self::Literal(value.clone()),
        }
    }

    fn is_literal(&self) -> bool {
        matches!(self, Self::Literal(_))
    }
}

/// Compiles `text` if it is an expression; a broken one becomes a problem.
pub(super) fn expression(
    text: &str,
    states: States,
    location: &str,
    problems: &mut Problems,
) -> Option<Arc<dyn Expression>> {
    let source = expression_source(text)?;
    let (message, code) = match expressions::compile(source) {
        Ok(expression) => {
            for field in expression.states_fields().iter().filter(|field| !states.offers(field)) {
                let message = format!("Field '$states.{field}' does not exist here");
                problems.error("UNSUPPORTED_JSONATA_EXPRESSION", location, message);
            }
            return Some(expression);
        }
        Err(refusal) => (
            refusal.to_string(),
            match refusal {
                Refusal::Invalid(_) => "INVALID_JSONATA_EXPRESSION",
                Refusal::Unsupported(_) => "UNSUPPORTED_JSONATA_EXPRESSION",
            },
        ),
    };
    problems.error(code, location, message);
    None
}

/// A number that is literal or computed when the state is entered.
#[derive(Clone, Debug)]
pub(crate) enum Quantity {
    Fixed(u64),
    Computed(Arc<dyn Expression>),
}

impl Quantity {
    /// Parses a whole number from `least` to `most`, or an expression that will evaluate to one.
    pub(super) fn parse(
        value: &Value,
        (least, most): (u64, u64),
        location: &str,
        problems: &mut Problems,
    ) -> Option<Self> {
        if let Some(text) = value.as_str()
            && expression_source(text).is_some()
        {
            return expression(text, States::Entry, location, problems).map(Self::Computed);
        }
        match whole_number(value) {
            Some(number) if (least..=most).contains(&number) => Some(Self::Fixed(number)),
            _ => {
                let message =
                    format!("Must be a whole number from {least} to {most}, or a JSONata expression");
                problems.schema(location, message);
                None
            }
        }
    }
}
