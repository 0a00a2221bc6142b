//! The part of JSON Schema that strict
//! [structured outputs](https://platform.openai.com/docs/guides/structured-outputs#supported-schemas) accept.

use serde_json::{Map, Value};

/// The accepted formats of strings.
const FORMATS: [&str; 9] =
    ["date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"];

/// The keywords that are accepted unchanged.
const KEPT: [&str; 6] = ["type", "enum", "const", "title", "description", "$ref"];

/// The schema without what the API refuses: limits of numbers, lengths and counts are left to whoever reads the reply, every object is
/// closed and has all its properties, and `oneOf` is `anyOf`.
pub(crate) fn accepted_schema(schema: &Value) -> Value {
    let Value::Object(given) = schema else { return schema.clone() };
    let mut accepted = Map::new();
    for (name, value) in given {
        match (name.as_str(), value) {
            ("format", Value::String(format)) if !FORMATS.contains(&format.as_str()) => {}
            (kept, value) if kept == "format" || KEPT.contains(&kept) => {
                accepted.insert(name.clone(), value.clone());
            }
            ("properties" | "$defs", Value::Object(schemas)) => {
                let schemas = schemas.iter().map(|(name, schema)| (name.clone(), accepted_schema(schema)));
                accepted.insert(name.clone(), Value::Object(schemas.collect()));
            }
            ("items", schema) => {
                accepted.insert(name.clone(), accepted_schema(schema));
            }
            ("anyOf" | "oneOf", Value::Array(schemas)) => {
                accepted.insert("anyOf".to_owned(), schemas.iter().map(accepted_schema).collect());
            }
            _ => {}
        }
    }
    let is_object = |kind: &Value| {
        *kind == "object" || kind.as_array().is_some_and(|kinds| kinds.iter().any(|kind| kind == "object"))
    };
    if accepted.get("type").is_some_and(is_object) {
        let properties = accepted.entry("properties").or_insert_with(|| Map::new().into());
        let names: Vec<Value> = properties
            .as_object()
            .into_iter()
            .flat_map(|properties| properties.keys())
            .map(|name| name.as_str().into())
            .collect();
        accepted.insert("required".to_owned(), names.into());
        accepted.insert("additionalProperties".to_owned(), Value::Bool(false));
    }
    Value::Object(accepted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_refused_is_left_out_and_every_property_is_required() {
        let given = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object",
            "properties": {
                "minimum": {"type": "integer", "format": "uint32", "minimum": 0, "default": 1},
                "edits": {"type": "array", "minItems": 3, "items": {"oneOf": [
                    {"type": ["object", "null"], "properties": {"path": {"type": "string", "maxLength": 9}}},
                    {"type": "null"}]}}},
            "required": ["edits"]});
        let accepted = json!({
            "type": "object",
            "properties": {
                "minimum": {"type": "integer"},
                "edits": {"type": "array", "items": {"anyOf": [
                    {"type": ["object", "null"], "properties": {"path": {"type": "string"}}, "required": ["path"],
                     "additionalProperties": false},
                    {"type": "null"}]}}},
            "required": ["minimum", "edits"], "additionalProperties": false});
        assert_eq!(accepted_schema(&given), accepted);
        assert_eq!(accepted_schema(&json!({"type": "object"}))["required"], json!([]));
    }
}
