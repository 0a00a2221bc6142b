//! `inputs:` of a workflow: `task_id: string`, or `{ type: number, default: 10 }`.

use super::fields::{Fields, boolean, list, mapping, text, word};
use super::state::Reader;
use crate::names;
use crate::source::Spanned;
use crate::yaml::{Data, Entry, Node};
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
        inputs.push((entry.key.clone(), schema(&entry.value, reader)));
    }
    inputs
}

/// An input's schema. What is wrong with it is reported here; the input is known all the same, so that its uses are not reported as well.
fn schema(node: &Node, reader: &mut Reader<'_, '_>) -> InputSchema {
    let of_type = |kind: Option<InputType>| InputSchema {
        kind: kind.unwrap_or(InputType::Any),
        optional: false,
        default: None,
        one_of: Vec::new(),
        description: None,
    };
    if !matches!(node.data, Data::Map(_)) {
        return of_type(word(node, "an input's type", &TYPES, reader));
    }
    let Some(fields) = Fields::of(node, "an input", &KEYS, reader) else { return of_type(None) };
    let given = fields.required("type", reader);
    let mut schema = of_type(given.and_then(|given| word(given, "an input's type", &TYPES, reader)));
    let kind = schema.kind;
    schema.description =
        fields.get("description").and_then(|node| text(node, "`description`", reader)).map(|text| text.value);
    if let Some(required) = fields.get("required") {
        schema.optional = boolean(required, "`required`", reader).is_some_and(|required| !required);
    }
    if let Some(values) = fields.get("one_of")
        && let Some(items) = list(values, "`one_of`", reader)
    {
        if items.is_empty() {
            reader.problems.error(values.span, "`one_of` needs at least one value");
        }
        schema.one_of = items.iter().map(|item| typed(item, kind, "a value of `one_of`", reader)).collect();
    }
    let is_empty = |entry: &&Entry| entry.key.value == "default" && matches!(entry.value.data, Data::Null);
    if let Data::Map(entries) = &node.data
        && let Some(entry) = entries.iter().find(is_empty)
        && !schema.optional
    {
        reader
            .problems
            .error(entry.key.span, "the default is nothing")
            .help("write `required: false` for an input that may be left out, and is `null` then");
        schema.optional = true;
    }
    if let Some(default) = fields.get("default") {
        let value = typed(default, kind, "the default", reader);
        if fits(kind, &value) && !schema.one_of.is_empty() && !schema.one_of.contains(&value) {
            reader.problems.error(default.span, "the default is none of `one_of`");
        }
        schema.default = Some(value);
    }
    schema
}

/// A value as JSON, which must be of the input's type.
fn typed(node: &Node, kind: InputType, what: &str, reader: &mut Reader<'_, '_>) -> Value {
    let found = reader.problems.found_so_far();
    let value = node.json(reader.problems);
    if reader.problems.found_so_far() == found && !fits(kind, &value) {
        let message = format!("{what} is {}, but the input is of type {}", node.kind(), kind.as_str());
        let diagnostic = reader.problems.error(node.span, message);
        if kind == InputType::String && matches!(node.data, Data::Number(_) | Data::Boolean(_)) {
            diagnostic.help("if it is text, put it in quotes");
        }
    }
    warn_of_expressions(node, what, reader);
    value
}

/// Warns of expressions in a value that is taken as it is written: nothing has happened yet that they could read.
fn warn_of_expressions(node: &Node, what: &str, reader: &mut Reader<'_, '_>) {
    match &node.data {
        Data::Text(text) if text.contains("${") => {
            reader
                .problems
                .warning(node.span, format!("{what} is taken as it is written, with the `${{`"))
                .help("an expression is evaluated in `variables:` and in steps");
        }
        Data::List(items) => items.iter().for_each(|item| warn_of_expressions(item, what, reader)),
        Data::Map(entries) => {
            entries.iter().for_each(|entry| warn_of_expressions(&entry.value, what, reader));
        }
        _ => {}
    }
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
