//! Small parts of schemas.

use serde_json::{Value, json};

/// A schema with one more keyword.
pub(super) fn with(mut schema: Value, key: &str, value: Value) -> Value {
    schema[key] = value;
    schema
}

/// A link to a definition.
pub(super) fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/$defs/{name}")})
}

/// The same with words that editors show.
pub(super) fn described(description: &str, schema: Value) -> Value {
    let mut whole = json!({"description": description});
    if let (Some(whole), Value::Object(fields)) = (whole.as_object_mut(), schema) {
        whole.extend(fields);
    }
    whole
}

/// The names that steps and variables can have.
pub(super) fn name() -> Value {
    json!({"pattern": "^[a-z][a-z0-9_]*$"})
}
