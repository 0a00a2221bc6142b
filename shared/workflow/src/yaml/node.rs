//! The values of a document, and their places.

use super::scalar::NoNumber;
use crate::diagnostic::Problems;
use crate::source::{Span, Spanned};
use serde_json::{Number, Value};

#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) span: Span,
    pub(crate) data: Data,
}

#[derive(Debug, Clone)]
pub(crate) enum Data {
    Null,
    Boolean(bool),
    Number(Written),
    Text(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// A number, and how it is written: where text is asked for, `1.10` is not `1.1`.
#[derive(Debug, Clone)]
pub(crate) struct Written {
    pub(crate) text: String,
    /// The number; why there is none where JSON cannot hold it as it is written.
    pub(crate) value: Result<Number, NoNumber>,
}

#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) key: Spanned<String>,
    pub(crate) value: Node,
}

impl Node {
    /// Its type, with an article, for messages.
    pub(crate) fn kind(&self) -> &'static str {
        match self.data {
            Data::Null => "nothing",
            Data::Boolean(_) => "a boolean",
            Data::Number(_) => "a number",
            Data::Text(_) => "text",
            Data::List(_) => "a list",
            Data::Map(_) => "a mapping",
        }
    }

    /// The whole number it is.
    pub(crate) fn whole_number(&self) -> Option<i64> {
        match &self.data {
            Data::Number(Written { value: Ok(number), .. }) => number.as_i64(),
            _ => None,
        }
    }

    /// The value as JSON, expressions untouched. Numbers that JSON cannot hold are reported, and become `null`.
    pub(crate) fn json(&self, problems: &mut Problems<'_>) -> Value {
        match &self.data {
            Data::Null => Value::Null,
            Data::Boolean(value) => (*value).into(),
            Data::Number(number) => number.json(self.span, problems),
            Data::Text(text) => text.as_str().into(),
            Data::List(items) => items.iter().map(|item| item.json(problems)).collect(),
            Data::Map(entries) => Value::Object(
                entries.iter().map(|entry| (entry.key.value.clone(), entry.value.json(problems))).collect(),
            ),
        }
    }

    /// The value as JSON, expressions untouched. A number that JSON cannot hold becomes the text it is written as.
    pub(crate) fn plain_json(&self) -> Value {
        match &self.data {
            Data::Null => Value::Null,
            Data::Boolean(value) => (*value).into(),
            Data::Number(number) => number
                .value
                .as_ref()
                .map_or_else(|_| number.text.as_str().into(), |value| value.clone().into()),
            Data::Text(text) => text.as_str().into(),
            Data::List(items) => items.iter().map(Self::plain_json).collect(),
            Data::Map(entries) => Value::Object(
                entries.iter().map(|entry| (entry.key.value.clone(), entry.value.plain_json())).collect(),
            ),
        }
    }

    /// Its size with everything in it.
    pub(super) fn weight(&self) -> Weight {
        let mut weight = Weight { values: 1, text: 0, depth: 0 };
        match &self.data {
            Data::Text(text) => weight.text = text.len(),
            Data::List(items) => items.iter().for_each(|item| weight.add(item.weight())),
            Data::Map(entries) => {
                for entry in entries {
                    weight.add(Weight { values: 1, text: entry.key.value.len(), depth: 0 });
                    weight.add(entry.value.weight());
                }
            }
            _ => {}
        }
        weight
    }
}

impl Written {
    /// The number as JSON. One that JSON cannot hold is reported, and becomes `null`.
    pub(crate) fn json(&self, span: Span, problems: &mut Problems<'_>) -> Value {
        match &self.value {
            Ok(number) => Value::Number(number.clone()),
            Err(why) => {
                problems
                    .error(span, format!("`{}` {}", self.text, why.reason()))
                    .help("if it is text, put it in quotes");
                Value::Null
            }
        }
    }
}

/// The size of a node with everything in it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Weight {
    pub(super) values: usize,
    /// In bytes.
    pub(super) text: usize,
    /// How many collections are inside each other in it, itself not counted.
    pub(super) depth: usize,
}

impl Weight {
    fn add(&mut self, inner: Self) {
        self.values += inner.values;
        self.text += inner.text;
        self.depth = self.depth.max(inner.depth + 1);
    }
}
