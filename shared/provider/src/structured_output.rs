//! The part of JSON Schema that
//! [structured outputs](https://platform.claude.com/docs/en/build-with-claude/structured-outputs) of Claude accept, whoever serves it.

use serde_json::{Map, Value};

/// Accepted string formats.
const FORMATS: [&str; 10] =
    ["date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"];

/// Keywords that are accepted unchanged.
const KEPT: [&str; 9] =
    ["type", "enum", "const", "default", "title", "description", "required", "$ref", "format"];

/// The schema without unsupported parts: limits of numbers, lengths and counts are checked by the reader of the reply, every
/// object is closed, and `oneOf` is `anyOf`.
pub fn accepted_schema(schema: &Value) -> Value {
    let Value::Object(given) = schema else { return schema.clone() };
    let mut accepted = Map::new();
    for (name, value) in given {
        match (name.as_str(), value) {
            ("format", Value::String(format)) if !FORMATS.contains(&format.as_str()) => {}
            (kept, value) if KEPT.contains(&kept) => {
                accepted.insert(name.clone(), value.clone());
            }
            ("properties" | "$defs" | "definitions", Value::Object(schemas)) => {
                let schemas = schemas.iter().map(|(name, schema)| (name.clone(), accepted_schema(schema)));
                accepted.insert(name.clone(), Value::Object(schemas.collect()));
            }
            ("items", schema) => {
                accepted.insert(name.clone(), accepted_schema(schema));
            }
            ("anyOf" | "oneOf" | "allOf", Value::Array(schemas)) => {
                let name = if name == "oneOf" { "anyOf" } else { name };
                accepted.insert(name.to_owned(), schemas.iter().map(accepted_schema).collect());
            }
            ("minItems", Value::Number(number)) if number.as_u64().is_some_and(|least| least <= 1) => {
                accepted.insert(name.clone(), value.clone());
            }
            _ => {}
        }
    }
    if accepted.get("type").is_some_and(|kind| kind == "object") {
        accepted.insert("additionalProperties".to_owned(), Value::Bool(false));
    }
    Value::Object(accepted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_refused_is_left_out_everywhere() {
        let given = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object",
            "properties": {
                "minimum": {"type": "integer", "format": "uint32", "minimum": 0},
                "edits": {"type": "array", "minItems": 3, "items": {"$ref": "#/$defs/Edit"}}},
            "required": ["edits"],
            "$defs": {"Edit": {"oneOf": [
                {"type": "object", "properties": {"path": {"type": "string", "maxLength": 9, "pattern": "x"}}},
                {"type": "null"}]}}});
        let accepted = json!({
            "type": "object",
            "properties": {
                "minimum": {"type": "integer"},
                "edits": {"type": "array", "items": {"$ref": "#/$defs/Edit"}}},
            "required": ["edits"],
            "$defs": {"Edit": {"anyOf": [
                {"type": "object", "properties": {"path": {"type": "string"}}, "additionalProperties": false},
                {"type": "null"}]}},
            "additionalProperties": false});
        assert_eq!(accepted_schema(&given), accepted);
    }
}
