//! Expressions as Step Functions evaluates them.

use crate::expression::string_literal;
use crate::types::{Kind, Type};
use serde_json::Value;
use std::collections::BTreeMap;

/// Where an execution's input stands.
pub(crate) const EXECUTION_INPUT: &str = "$states.context.Execution.Input";

/// An expression that was checked and rewritten into what Step Functions evaluates.
#[derive(Debug, Clone)]
pub(crate) struct Lowered {
    pub(crate) text: String,
    /// Whether it can be inside another expression without parentheses.
    pub(crate) simple: bool,
    pub(crate) kind: Type,
    /// Whether it may be undefined, because it reads through something that may be `null`.
    pub(crate) partial: bool,
    /// Whether JSONata may return the item of a one-item list, and nothing for an empty list.
    pub(crate) unwraps: bool,
    pub(crate) written: Written,
    /// The text where something keeps it and only the execution knows whether it is a list: a list stays one.
    pub(crate) kept: Option<String>,
}

/// The form of an expression, as far as lists depend on it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Written {
    /// One call of a function.
    Call,
    /// A list in brackets, which stays one inside another.
    List,
    Otherwise,
}

impl Lowered {
    pub(crate) fn simple(text: impl Into<String>, kind: Type) -> Self {
        Self {
            text: text.into(),
            simple: true,
            kind,
            partial: false,
            unwraps: false,
            written: Written::Otherwise,
            kept: None,
        }
    }

    /// The same if something keeps it: lists stay lists.
    pub(crate) fn into_kept(self) -> Self {
        match self.kept {
            _ if self.kind.item().is_some() => self.into_list(),
            Some(text) => Self { text, simple: true, unwraps: false, kept: None, ..self },
            None => self,
        }
    }

    /// A list in brackets.
    pub(crate) fn list(text: String, kind: Type) -> Self {
        Self { written: Written::List, ..Self::simple(text, kind) }
    }

    /// The text, in parentheses if they are needed.
    pub(crate) fn enclosed(&self) -> String {
        if self.simple { self.text.clone() } else { format!("({})", self.text) }
    }

    /// The same as a list, whatever JSONata makes of one item or none. Values that are never lists, or always, stay.
    pub(crate) fn into_list(self) -> Self {
        if !self.unwraps {
            return self;
        }
        // Brackets take the items of their content, so a call must not return just a list inside a list.
        let keeps =
            self.written == Written::Call && self.kind.item().is_some_and(|item| item.kind.may_be_list());
        let list = if keeps { format!("[{}[]]", self.text) } else { format!("[{}]", self.text) };
        let item = self.kind.item().cloned().unwrap_or_else(Type::any);
        let kind = Type { kind: Kind::List(Box::new(item)), ..self.kind.clone() };
        // `[null]` is a list of one item.
        match self.kind.may_be_null() || self.kind.kind == Kind::Any {
            true => Self::simple(format!("({} = null ? null : {list})", self.enclosed()), kind),
            false => Self::list(list, kind),
        }
    }

    /// The text made total: `null` and undefined become `otherwise`.
    pub(crate) fn or_else(&self, otherwise: &str) -> String {
        let value = self.enclosed();
        format!("({value} != null ? {value} : {otherwise})")
    }
}

/// A JSON value as JSONata.
pub(crate) fn literal_text(value: &Value) -> String {
    match value {
        Value::String(text) => string_literal(text),
        Value::Array(items) => format!("[{}]", items.iter().map(literal_text).collect::<Vec<_>>().join(", ")),
        Value::Object(fields) => {
            let pairs: Vec<_> = fields
                .iter()
                .map(|(name, value)| format!("{}: {}", string_literal(name), literal_text(value)))
                .collect();
            format!("{{{}}}", pairs.join(", "))
        }
        plain => plain.to_string(),
    }
}

/// Nested objects out of paths and the texts of their values.
pub(crate) fn object_text(entries: &[(&[String], &String)]) -> String {
    let mut by_field: BTreeMap<&str, Vec<(&[String], &String)>> = BTreeMap::new();
    for (path, text) in entries {
        if let Some((field, rest)) = path.split_first() {
            by_field.entry(field).or_default().push((rest, text));
        }
    }
    let pairs: Vec<String> = by_field
        .iter()
        .map(|(field, values)| {
            let value = match values.as_slice() {
                [([], text)] => (*text).clone(),
                nested => object_text(nested),
            };
            format!("'{field}': {value}")
        })
        .collect();
    format!("{{{}}}", pairs.join(", "))
}

/// A field's name as a path step.
pub(crate) fn quoted(name: &str) -> String {
    let plain = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !matches!(name, "and" | "or" | "in" | "true" | "false" | "null" | "function");
    if plain { name.to_owned() } else { format!("`{name}`") }
}
