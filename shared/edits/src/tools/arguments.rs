//! A tool's input: one description that produces both the JSON Schema that models see and the checks of their input.

use super::answer::quoted;
use serde_json::{Map, Value, json};

/// One field of a tool's input.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parameter {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    pub(super) kind: Kind,
    pub(super) is_required: bool,
}

/// The values that a field accepts.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    /// A text of at most this many bytes.
    Text(usize),
    /// A path. A `./` in front of it means nothing, and is left out.
    Path,
    /// A whole number in a range.
    Integer(u64, u64),
    /// `true` or `false`.
    Boolean,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A list of so many texts of so many bytes.
    Texts { most: usize, bytes: usize },
    /// A list of so many objects with these fields.
    Objects { most: usize, fields: &'static [Parameter] },
}

impl Kind {
    /// Whether a value in JSON can be of this kind; nothing for kinds that are texts.
    fn in_json(self) -> Option<fn(&Value) -> bool> {
        match self {
            Self::Text(_) | Self::Path | Self::Choice(_) => None,
            Self::Integer(..) => Some(Value::is_number),
            Self::Boolean => Some(Value::is_boolean),
            Self::Texts { .. } | Self::Objects { .. } => Some(Value::is_array),
        }
    }
}

impl Parameter {
    pub(super) const fn required(name: &'static str, kind: Kind, about: &'static str) -> Self {
        Self { name, about, kind, is_required: true }
    }

    pub(super) const fn optional(name: &'static str, kind: Kind, about: &'static str) -> Self {
        Self { name, about, kind, is_required: false }
    }
}

/// How long a path can be, in bytes.
pub(super) const PATH_LENGTH: usize = 4_096;

pub(super) const PATH: Parameter =
    Parameter::required("path", Kind::Path, "The path from the repository's root, with / between its parts.");

pub(super) const GLOB: Parameter = Parameter::optional(
    "glob",
    Kind::Text(1_000),
    "Only files whose path matches this pattern, such as **/*.rs or docs/*.md; one without a slash matches names in every folder.",
);

pub(super) const NOTES: Parameter = Parameter::optional(
    "notes",
    Kind::Text(8_000),
    "What you must remember if this conversation is continued in a new one: findings and decisions. Replaces earlier notes.",
);

/// The JSON Schema of an input with these fields. Lengths are left to [`check`]: a schema counts characters.
pub(super) fn schema(parameters: &[Parameter]) -> Value {
    let properties: Map<String, Value> = parameters
        .iter()
        .map(|parameter| {
            let mut schema = kind_schema(parameter.kind);
            if let Some(fields) = schema.as_object_mut() {
                fields.insert("description".to_owned(), Value::from(parameter.about));
            }
            (parameter.name.to_owned(), schema)
        })
        .collect();
    let required: Vec<_> =
        parameters.iter().filter(|parameter| parameter.is_required).map(|parameter| parameter.name).collect();
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

fn kind_schema(kind: Kind) -> Value {
    match kind {
        Kind::Text(_) | Kind::Path => json!({"type": "string"}),
        Kind::Integer(least, most) => json!({"type": "integer", "minimum": least, "maximum": most}),
        Kind::Boolean => json!({"type": "boolean"}),
        Kind::Choice(words) => json!({"type": "string", "enum": words}),
        Kind::Texts { most, .. } => json!({"type": "array", "items": {"type": "string"}, "maxItems": most}),
        Kind::Objects { most, fields } => {
            json!({"type": "array", "items": schema(fields), "maxItems": most})
        }
    }
}

/// Checks an input, and returns it without optional fields that are `null`, which models write for absent ones. Where a number, a list, an
/// object, true or false is accepted, so is its JSON as a text, which models write now and then: it means nothing else.
///
/// # Errors
/// The problem of the first wrong field: its name, the given value and what is accepted.
pub(super) fn check(parameters: &[Parameter], input: &Value) -> Result<Value, String> {
    check_object(parameters, input, "").map(Value::Object)
}

fn check_object(parameters: &[Parameter], input: &Value, place: &str) -> Result<Map<String, Value>, String> {
    let names =
        || parameters.iter().map(|parameter| format!("`{}`", parameter.name)).collect::<Vec<_>>().join(", ");
    let read = written_as_text(input).filter(Value::is_object);
    let Some(given) = read.as_ref().unwrap_or(input).as_object() else {
        let what = if place.is_empty() { "the input".to_owned() } else { format!("`{place}`") };
        return Err(format!("{what} is {}; accepted is an object with the fields {}", shown(input), names()));
    };
    let mut checked = Map::new();
    for (name, value) in given {
        let path = if place.is_empty() { name.clone() } else { format!("{place}.{name}") };
        let Some(parameter) = parameters.iter().find(|parameter| parameter.name == name) else {
            return Err(format!("unknown field {}; accepted are {}", quoted(&path), names()));
        };
        if value.is_null() && !parameter.is_required {
            continue;
        }
        checked.insert(name.clone(), check_value(parameter.kind, value, &path)?);
    }
    match parameters.iter().find(|parameter| parameter.is_required && !checked.contains_key(parameter.name)) {
        Some(missing) => {
            let name = missing.name;
            let path = if place.is_empty() { name.to_owned() } else { format!("{place}.{name}") };
            Err(format!("the field `{path}` is missing; accepted is {}", accepted(missing.kind)))
        }
        None => Ok(checked),
    }
}

fn check_value(kind: Kind, value: &Value, path: &str) -> Result<Value, String> {
    let read = kind.in_json().and_then(|is_of_kind| written_as_text(value).filter(is_of_kind));
    let value = read.as_ref().unwrap_or(value);
    let wrong = || format!("`{path}` is {}; accepted is {}", shown(value), accepted(kind));
    let is_right = match kind {
        Kind::Text(most) => value.as_str().is_some_and(|text| text.len() <= most),
        Kind::Path => {
            let path = value.as_str().filter(|path| path.len() <= PATH_LENGTH).ok_or_else(wrong)?;
            return Ok(Value::from(path.trim_start_matches("./")));
        }
        Kind::Integer(least, most) => value.as_u64().is_some_and(|number| (least..=most).contains(&number)),
        Kind::Boolean => value.is_boolean(),
        Kind::Choice(words) => value.as_str().is_some_and(|word| words.contains(&word)),
        Kind::Texts { most, bytes } => {
            let items = value.as_array().filter(|items| items.len() <= most).ok_or_else(wrong)?;
            for (index, item) in items.iter().enumerate() {
                check_value(Kind::Text(bytes), item, &format!("{path}[{index}]"))?;
            }
            true
        }
        Kind::Objects { most, fields } => {
            let items = value.as_array().filter(|items| items.len() <= most).ok_or_else(wrong)?;
            let items = items.iter().enumerate().map(|(index, item)| {
                check_object(fields, item, &format!("{path}[{index}]")).map(Value::Object)
            });
            return items.collect();
        }
    };
    if is_right { Ok(value.clone()) } else { Err(wrong()) }
}

/// The value that a text is the JSON of.
fn written_as_text(value: &Value) -> Option<Value> {
    serde_json::from_str(value.as_str()?).ok()
}

fn accepted(kind: Kind) -> String {
    match kind {
        Kind::Text(most) => format!("a text of at most {most} bytes"),
        Kind::Path => format!("a text of at most {PATH_LENGTH} bytes"),
        Kind::Integer(least, most) => format!("a whole number from {least} to {most}"),
        Kind::Boolean => "true or false".to_owned(),
        Kind::Choice(words) => {
            format!(
                "one of {}",
                words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(", ")
            )
        }
        Kind::Texts { most, bytes } => {
            format!("a list of at most {most} texts of at most {bytes} bytes each")
        }
        Kind::Objects { most, fields } => {
            let names: Vec<_> = fields.iter().map(|field| format!("`{}`", field.name)).collect();
            format!("a list of at most {most} objects with the fields {}", names.join(", "))
        }
    }
}

/// A value in an error: short ones whole. In quotes, a number looks like one where it is repeated, so texts are called so.
fn shown(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(text) if text.len() <= 80 => format!("the text {}", quoted(text)),
        Value::String(text) => format!("a text of {} bytes", text.len()),
        Value::Array(items) => format!("a list of {} values", items.len()),
        Value::Object(fields) => format!("an object with {} fields", fields.len()),
    }
}
