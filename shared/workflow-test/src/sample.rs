//! Values made from JSON Schemas, for results that a case does not care about.

use serde_json::{Map, Value};

/// References nested deeper than this are not followed.
const DEPTH_LIMIT: usize = 16;

/// The plainest value that `schema` accepts: `null` if allowed, else the schema's default, else an empty or zero
/// value of the type. `root` holds the `$defs`.
pub(crate) fn sample(schema: &Value, root: &Value) -> Value {
    make(schema, root, 0)
}

/// `value` with the required fields that it lacks, at any depth, as [`sample`] makes them.
pub(crate) fn complete(value: &Value, schema: &Value, root: &Value) -> Value {
    fill(value, schema, root, 0)
}

fn fill(value: &Value, schema: &Value, root: &Value, depth: usize) -> Value {
    if depth > DEPTH_LIMIT {
        return value.clone();
    }
    let schema = resolved(schema, root);
    if let Some(options) = options(schema) {
        let fitting = options.iter().find(|option| {
            let option = resolved(option, root);
            match value {
                Value::Object(_) => option.get("properties").is_some(),
                Value::Array(_) => option.get("items").is_some(),
                _ => false,
            }
        });
        return fitting.map_or_else(|| value.clone(), |option| fill(value, option, root, depth + 1));
    }
    match (value, schema.get("properties"), schema.get("items")) {
        (Value::Object(given), Some(Value::Object(properties)), _) => {
            let mut whole = Map::new();
            for (name, property) in properties {
                match given.get(name) {
                    Some(value) => {
                        whole.insert(name.clone(), fill(value, property, root, depth + 1));
                    }
                    None if is_required(schema, name) => {
                        whole.insert(name.clone(), make(property, root, depth + 1));
                    }
                    None => {}
                }
            }
            let others = given.iter().filter(|(name, _)| !properties.contains_key(*name));
            whole.extend(others.map(|(name, value)| (name.clone(), value.clone())));
            Value::Object(whole)
        }
        (Value::Array(items), _, Some(item)) => {
            items.iter().map(|value| fill(value, item, root, depth + 1)).collect()
        }
        _ => value.clone(),
    }
}

fn make(schema: &Value, root: &Value, depth: usize) -> Value {
    if depth > DEPTH_LIMIT {
        return Value::Null;
    }
    if let Some(value) = schema.get("default").or_else(|| schema.get("const")) {
        return value.clone();
    }
    let schema = resolved(schema, root);
    if let Some(value) = schema.get("default").or_else(|| schema.get("const")) {
        return value.clone();
    }
    if let Some(first) = schema.get("enum").and_then(Value::as_array).and_then(|values| values.first()) {
        return first.clone();
    }
    if let Some(options) = options(schema) {
        let null = options.iter().any(|option| option.get("type") == Some(&"null".into()));
        return match options.first() {
            Some(first) if !null => make(first, root, depth + 1),
            _ => Value::Null,
        };
    }
    let name = match schema.get("type") {
        Some(Value::String(name)) => name.as_str(),
        Some(Value::Array(names)) if names.contains(&"null".into()) => "null",
        Some(Value::Array(names)) => names.first().and_then(Value::as_str).unwrap_or("null"),
        _ if schema.get("properties").is_some() => "object",
        _ => "null",
    };
    match name {
        "object" => {
            let properties = schema.get("properties").and_then(Value::as_object);
            let required = properties.into_iter().flatten().filter(|(name, _)| is_required(schema, name));
            required.map(|(name, property)| (name.clone(), make(property, root, depth + 1))).collect()
        }
        "array" => Value::Array(Vec::new()),
        "string" => "".into(),
        "integer" | "number" => schema.get("minimum").cloned().unwrap_or_else(|| 0.into()),
        "boolean" => false.into(),
        _ => Value::Null,
    }
}

fn resolved<'s>(schema: &'s Value, root: &'s Value) -> &'s Value {
    let mut schema = schema;
    for _ in 0..DEPTH_LIMIT {
        let Some(reference) = schema.get("$ref").and_then(Value::as_str) else { break };
        let Some(target) = root.pointer(reference.trim_start_matches('#')) else { break };
        schema = target;
    }
    schema
}

fn options(schema: &Value) -> Option<&Vec<Value>> {
    schema.get("anyOf").or_else(|| schema.get("oneOf")).and_then(Value::as_array)
}

fn is_required(schema: &Value, name: &str) -> bool {
    let required = schema.get("required").and_then(Value::as_array);
    required.is_some_and(|required| required.iter().any(|known| known == name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_given_stays_and_what_is_required_is_added() {
        let schema = json!({
            "type": "object",
            "required": ["task", "labels", "kind", "number"],
            "properties": {
                "task": {"$ref": "#/$defs/Task"},
                "labels": {"type": "array", "items": {"$ref": "#/$defs/Task"}},
                "kind": {"enum": ["a", "b"]},
                "number": {"type": "integer", "minimum": 3},
                "optional": {"type": "string"},
            },
            "$defs": {"Task": {
                "type": "object",
                "required": ["id", "owner", "title", "text"],
                "properties": {
                    "id": {"type": "string"},
                    "owner": {"anyOf": [{"$ref": "#/$defs/Task"}, {"type": "null"}]},
                    "title": {"type": ["string", "null"]},
                    "text": {"type": "string", "default": "none"},
                },
            }},
        });
        let task = json!({"id": "", "owner": null, "title": null, "text": "none"});
        assert_eq!(sample(&schema, &schema), json!({"task": task, "labels": [], "kind": "a", "number": 3}));
        let given = json!({"task": {"id": "A-1", "owner": {"title": "x"}}, "labels": [{}], "extra": 1});
        let whole = complete(&given, &schema, &schema);
        assert_eq!(whole["task"]["owner"]["title"], "x");
        assert_eq!(whole["task"]["owner"]["text"], "none");
        assert_eq!(
            (&whole["task"]["id"], &whole["labels"][0], &whole["extra"]),
            (&json!("A-1"), &task, &json!(1))
        );
        assert!(jsonschema::is_valid(&schema, &sample(&schema, &schema)));
    }
}
