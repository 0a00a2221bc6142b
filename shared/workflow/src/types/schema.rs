//! Types out of JSON Schemas.

use super::{Field, Kind, ObjectType, Type};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// References nested deeper than this are not followed: the value may then be anything.
const DEPTH_LIMIT: usize = 12;

impl Type {
    /// Reads a JSON Schema (draft 2020-12 as schemars writes it); `root` holds the `$defs`.
    pub(crate) fn from_schema(schema: &Value, root: &Value) -> Self {
        read(schema, root, 0)
    }

    /// A JSON Schema of the values of this type. What travels by reference may look like anything.
    pub(crate) fn to_schema(&self) -> Value {
        let plain = match &self.kind {
            Kind::Any | Kind::Stored(_) => return json!({}),
            Kind::Null => return json!({"type": "null"}),
            Kind::Boolean => json!({"type": "boolean"}),
            Kind::Integer => json!({"type": "integer"}),
            Kind::Number => json!({"type": "number"}),
            Kind::Text(values) if values.is_empty() => json!({"type": "string"}),
            Kind::Text(values) => json!({"enum": values}),
            Kind::List(item) => json!({"type": "array", "items": item.to_schema()}),
            Kind::OneOf(options) => json!({"anyOf": options.iter().map(Self::to_schema).collect::<Vec<_>>()}),
            Kind::Object(object) => {
                let fields = object.fields.iter();
                let properties: BTreeMap<_, _> =
                    fields.clone().map(|(name, field)| (name, field.kind.to_schema())).collect();
                let required: Vec<_> =
                    fields.filter(|(_, field)| field.required).map(|(name, _)| name).collect();
                json!({"type": "object", "properties": properties, "required": required})
            }
        };
        if self.may_be_null() { json!({"anyOf": [plain, {"type": "null"}]}) } else { plain }
    }
}

fn read(schema: &Value, root: &Value, depth: usize) -> Type {
    let Some(keywords) = schema.as_object() else { return Type::any() };
    if depth > DEPTH_LIMIT {
        return Type::any();
    }
    if let Some(stored) = keywords.get("x-stored").and_then(Value::as_str) {
        return Type::new(Kind::Stored(stored.to_owned()));
    }
    if let Some(reference) = keywords.get("$ref").and_then(Value::as_str) {
        let pointer = reference.strip_prefix('#').unwrap_or(reference);
        let Some(target) = root.pointer(pointer) else { return Type::any() };
        let mut read = read(target, root, depth + 1);
        if let Kind::Object(object) = &mut read.kind {
            Arc::make_mut(object).name = pointer.rsplit('/').next().map(str::to_owned);
        }
        return read;
    }
    for combined in ["anyOf", "oneOf"] {
        if let Some(options) = keywords.get(combined).and_then(Value::as_array) {
            return either(options.iter().map(|option| read(option, root, depth + 1)));
        }
    }
    if let Some([only]) = keywords.get("allOf").and_then(Value::as_array).map(Vec::as_slice) {
        return read(only, root, depth + 1);
    }
    if let Some(values) = keywords.get("enum").and_then(Value::as_array) {
        return enumeration(values);
    }
    if let Some(value) = keywords.get("const") {
        return enumeration(std::slice::from_ref(value));
    }
    match keywords.get("type") {
        Some(Value::String(name)) => read_type(name, schema, root, depth),
        Some(Value::Array(names)) => {
            either(names.iter().filter_map(Value::as_str).map(|name| read_type(name, schema, root, depth)))
        }
        _ if keywords.contains_key("properties") => read_type("object", schema, root, depth),
        _ => Type::any(),
    }
}

fn either(options: impl Iterator<Item = Type>) -> Type {
    let mut nullable = false;
    let mut kinds: Vec<Type> = Vec::new();
    for option in options {
        nullable |= option.nullable;
        match option.kind {
            Kind::Null => {}
            Kind::OneOf(inner) => kinds.extend(inner),
            Kind::Text(values) => match kinds.iter_mut().find_map(|kind| match &mut kind.kind {
                Kind::Text(known) => Some(known),
                _ => None,
            }) {
                Some(known) => known.extend(values),
                None => kinds.push(Type::new(Kind::Text(values))),
            },
            kind => kinds.push(Type::new(kind)),
        }
    }
    let mut read = match kinds.len() {
        0 => Type::null(),
        1 => kinds.remove(0),
        _ => Type::new(Kind::OneOf(kinds)),
    };
    read.nullable = nullable;
    read
}

fn enumeration(values: &[Value]) -> Type {
    let texts = values.iter().filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>();
    let mut read = if texts.is_empty() { Type::any() } else { Type::new(Kind::Text(texts)) };
    read.nullable = values.iter().any(Value::is_null);
    read
}

fn read_type(name: &str, schema: &Value, root: &Value, depth: usize) -> Type {
    match name {
        "null" => Type::null(),
        "boolean" => Type::new(Kind::Boolean),
        "integer" => Type::new(Kind::Integer),
        "number" => Type::new(Kind::Number),
        "string" => Type::text(),
        "array" => {
            let item = schema.get("items").map_or_else(Type::any, |items| read(items, root, depth + 1));
            Type::new(Kind::List(Box::new(item)))
        }
        "object" => Type::new(Kind::Object(Arc::new(read_object(schema, root, depth)))),
        _ => Type::any(),
    }
}

fn read_object(schema: &Value, root: &Value, depth: usize) -> ObjectType {
    let required: Vec<&str> = strings(schema.get("required"));
    let fields: BTreeMap<String, Field> = schema
        .get("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .map(|(name, property)| {
            let field = Field {
                kind: read(property, root, depth + 1),
                required: required.contains(&name.as_str()),
                aliases: strings(property.get("x-aliases")).into_iter().map(str::to_owned).collect(),
                authored: property.get("x-authored") == Some(&Value::Bool(true)),
            };
            (name.clone(), field)
        })
        .collect();
    // A struct without `deny_unknown_fields` says nothing of other fields, yet has none.
    let open = match schema.get("additionalProperties") {
        Some(Value::Bool(open)) => *open,
        Some(_) => true,
        None => fields.is_empty(),
    };
    let name = schema.get("title").and_then(Value::as_str).map(str::to_owned);
    ObjectType { name, fields, open, sparse: false }
}

pub(crate) fn strings(list: Option<&Value>) -> Vec<&str> {
    list.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(schema: Value) -> Type {
        Type::from_schema(&schema, &schema)
    }

    #[test]
    fn schemas_become_types() {
        let schema = json!({
            "$defs": {"Task": {"type": "object", "properties": {"id": {"type": "string"}, "points": {"type": ["number", "null"]}}}},
            "type": "object",
            "properties": {
                "task": {"$ref": "#/$defs/Task"},
                "maybe": {"anyOf": [{"$ref": "#/$defs/Task"}, {"type": "null"}]},
                "edits": {"type": "object", "x-stored": "Edits"},
                "branch": {"type": "string", "x-aliases": ["branch_name"]},
                "tone": {"enum": ["kind", "brief"]}
            },
            "required": ["task"],
            "additionalProperties": false
        });
        let object = read(schema);
        assert_eq!(object.field("task").unwrap().to_string(), "`Task`");
        assert!(object.field("maybe").unwrap().nullable);
        let points = object.field("task").unwrap().field("points").unwrap();
        assert!(points.nullable && points.kind == Kind::Number);
        assert_eq!(object.field("edits").unwrap().to_string(), "a stored `Edits`");
        assert!(object.field("nope").is_none());
        let Kind::Object(fields) = &object.kind else { panic!("an object") };
        assert_eq!(fields.find("branch_name").unwrap().0, "branch");
        assert_eq!(object.field("tone").unwrap().to_string(), "one of kind, brief");
    }

    #[test]
    fn misfits_are_seen() {
        let text = read(json!({"type": "string"}));
        let number = read(json!({"type": "number"}));
        let texts = read(json!({"type": "array", "items": {"type": "string"}}));
        assert!(!text.fits(&number) && !number.fits(&text) && !text.fits(&texts));
        assert!(Type::any().fits(&number) && number.fits(&read(json!({"type": ["integer", "null"]}))));
        let narrow =
            read(json!({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}));
        let empty = Type::object([]);
        assert!(!empty.fits(&narrow));
    }

    #[test]
    fn recursive_schemas_end() {
        let schema = json!({"$defs": {"T": {"type": "object", "properties": {"next": {"$ref": "#/$defs/T"}}}}, "$ref": "#/$defs/T"});
        assert!(read(schema).field("next").is_some());
    }

    #[test]
    fn types_become_the_schemas_that_they_are_read_from() {
        for schema in [
            json!({}),
            json!({"type": "integer"}),
            json!({"enum": ["green", "red"]}),
            json!({"anyOf": [{"type": "string"}, {"type": "null"}]}),
            json!({"type": "array", "items": {"anyOf": [{"type": "number"}, {"type": "null"}]}}),
            json!({"anyOf": [{"type": "boolean"}, {"type": "array", "items": {"type": "string"}}]}),
            json!({"type": "object", "properties": {"a": {"type": "string"}, "b": {}}, "required": ["a"]}),
        ] {
            assert_eq!(read(schema.clone()).to_schema(), schema);
        }
        assert_eq!(
            Type::text().or_missing().to_schema(),
            json!({"anyOf": [{"type": "string"}, {"type": "null"}]})
        );
    }
}
