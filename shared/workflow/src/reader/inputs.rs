//! `inputs:` of a workflow: `task_id: string`, or `{ type: number, default: 10 }`.

use super::Reader;
use super::fields::{Fields, boolean, list, mapping, text, word};
use crate::names;
use crate::source::Spanned;
use crate::yaml::{Data, Node};
use domain::routes::{InputSchema, InputType};
use serde_json::Value;

const KEYS: [&str; 5] = ["type", "default", "required", "one_of", "description"];
const TYPES: [(&str, InputType); 8] = [
    ("string", InputType::String),
    ("number", InputType::Number),
    ("integer", InputType::Integer),
    ("boolean", InputType::Boolean),
    ("object", InputType::Object),
    ("array", InputType::Array),
    ("list", InputType::Array),
    ("any", InputType::Any),
];

pub(crate) fn read(node: &Node, reader: &mut Reader<'_, '_>) -> Vec<(Spanned<String>, InputSchema)> {
    let mut inputs = Vec::new();
    for entry in mapping(node, "`inputs`", reader).unwrap_or_default() {
        if let Err(refusal) = names::input(&entry.key.value) {
            reader.problems.error(entry.key.span, refusal);
        }
        if let Some(schema) = schema(&entry.value, reader) {
            inputs.push((entry.key.clone(), schema));
        }
    }
    inputs
}

fn schema(node: &Node, reader: &mut Reader<'_, '_>) -> Option<InputSchema> {
    let plain =
        |kind| InputSchema { kind, optional: false, default: None, one_of: Vec::new(), description: None };
    if !matches!(node.data, Data::Map(_)) {
        return word(node, "an input's type", &TYPES, reader).map(plain);
    }
    let fields = Fields::of(node, "an input", &KEYS, reader)?;
    let kind = word(fields.required("type", reader)?, "an input's type", &TYPES, reader)?;
    let mut schema = plain(kind);
    schema.description =
        fields.get("description").and_then(|node| text(node, "`description`", reader)).map(|text| text.value);
    if let Some(required) = fields.get("required") {
        schema.optional = !boolean(required, "`required`", reader)?;
    }
    if let Some(values) = fields.get("one_of") {
        schema.one_of = list(values, "`one_of`", reader)?.iter().map(json).collect();
    }
    if let Some(default) = fields.get("default") {
        let value = json(default);
        if !fits(kind, &value) {
            let message =
                format!("the default is {}, but the input is of type {}", default.kind(), kind.as_str());
            reader.problems.error(default.span, message);
        } else if !schema.one_of.is_empty() && !schema.one_of.contains(&value) {
            reader.problems.error(default.span, "the default is none of `one_of`");
        }
        schema.default = Some(value);
    }
    Some(schema)
}

fn fits(kind: InputType, value: &Value) -> bool {
    match kind {
        InputType::String => value.is_string(),
        InputType::Number => value.is_number(),
        InputType::Integer => value.is_i64() || value.is_u64(),
        InputType::Boolean => value.is_boolean(),
        InputType::Object => value.is_object(),
        InputType::Array => value.is_array(),
        InputType::Any => true,
    }
}

/// A YAML value as JSON, expressions untouched.
pub(crate) fn json(node: &Node) -> Value {
    match &node.data {
        Data::Null => Value::Null,
        Data::Boolean(value) => (*value).into(),
        Data::Integer(value) => (*value).into(),
        Data::Number(value) => (*value).into(),
        Data::Text(text) => text.as_str().into(),
        Data::List(items) => items.iter().map(json).collect(),
        Data::Map(entries) => {
            Value::Object(entries.iter().map(|entry| (entry.key.value.clone(), json(&entry.value))).collect())
        }
    }
}
