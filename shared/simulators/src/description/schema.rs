//! Turns an OpenAPI schema into a JSON Schema (draft 2020-12) that stands alone and refuses what it does not list.
//!
//! OpenAPI 3.0's dialect is translated (`nullable`, boolean `exclusiveMinimum`, `readOnly` properties that are
//! required of answers only), and three habits of published descriptions are dealt with:
//!
//! - an object that lists its properties without saying more is closed in requests, so that a misspelt property is found;
//! - so is one that adds `additionalProperties: true` in OpenAPI 3.0, which Atlassian's generator writes everywhere (a
//!   3.1 description that writes it means it: Anthropic's schemas of tools);
//! - `oneOf` is read as `anyOf`, because alternatives overlap (Confluence's page body);
//! - the parts of an `allOf`, and alternatives next to `properties`, are closed together, not one by one.

use std::collections::{BTreeMap, BTreeSet, btree_map::Entry};

use serde_json::{Map, Value, json};

/// Whether unlisted properties are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Openness {
    /// Refused: requests.
    Closed,
    /// Allowed at this level, because an enclosing schema closes it; refused below.
    ClosedBelow,
    /// Allowed everywhere: answers, which may grow.
    Open,
}

/// The JSON Schema of `schema`, which may refer to anything in `document`.
pub(crate) fn standalone(document: &Value, schema: &Value, openness: Openness) -> Value {
    let mut translation = Translation { document, wanted: BTreeSet::new() };
    let mut root = translation.schema(schema, openness);
    let mut definitions = BTreeMap::new();
    while let Some((reference, openness)) = translation.wanted.pop_first() {
        if let Entry::Vacant(vacant) = definitions.entry(definition_key(&reference, openness)) {
            let target = resolve(document, &reference).unwrap_or(&Value::Bool(false));
            vacant.insert(translation.schema(target, openness));
        }
    }
    if let Value::Object(root) = &mut root {
        root.insert("$defs".into(), json!(definitions));
        root.insert("$schema".into(), json!("https://json-schema.org/draft/2020-12/schema"));
    }
    root
}

/// The target of a local reference such as `#/components/schemas/pull-request`.
pub(super) fn resolve<'a>(document: &'a Value, reference: &str) -> Option<&'a Value> {
    document.pointer(reference.strip_prefix('#')?)
}

/// `value`, or its target if it is a reference.
pub(super) fn follow<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let target = value.get("$ref").and_then(Value::as_str).and_then(|reference| resolve(document, reference));
    target.unwrap_or(value)
}

/// How many bytes a body may have that is sent as it is, in any form. OpenAPI 3.1 gives the schema of such a body no type, and
/// counts its length in bytes. `None` for every other schema.
pub(super) fn most_bytes(schema: &Value) -> Option<usize> {
    let schema = schema.as_object().filter(|schema| schema.len() == 1)?;
    schema.get("maxLength")?.as_u64().and_then(|most| usize::try_from(most).ok())
}

struct Translation<'a> {
    document: &'a Value,
    wanted: BTreeSet<(String, Openness)>,
}

/// Keywords whose value is passed on unchanged. Annotations, examples and extensions are dropped.
const PASSED_ON: &[&str] = &[
    "type",
    "enum",
    "const",
    "required",
    "format",
    "pattern",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
];

impl Translation<'_> {
    fn schema(&mut self, schema: &Value, openness: Openness) -> Value {
        let Value::Object(source) = schema else { return schema.clone() };
        if let Some(reference) = source.get("$ref").and_then(Value::as_str) {
            self.wanted.insert((reference.to_string(), openness));
            return json!({ "$ref": format!("#/$defs/{}", definition_key(reference, openness)) });
        }
        let below = if openness == Openness::Open { Openness::Open } else { Openness::Closed };
        let lists_own =
            source.get("properties").and_then(Value::as_object).is_some_and(|own| !own.is_empty());
        let closes_parts = lists_own || source.contains_key("allOf");
        let parts =
            if closes_parts && openness == Openness::Closed { Openness::ClosedBelow } else { openness };

        let is_true = |value: &Value| *value == Value::Bool(true) || *value == json!({});
        let says_nothing = lists_own
            && openness != Openness::Open
            && self
                .document
                .get("openapi")
                .and_then(Value::as_str)
                .is_some_and(|version| version.starts_with("3.0"))
            && source.get("additionalProperties").is_some_and(is_true);

        let mut target = Map::new();
        let mut all_of = Vec::new();
        for (keyword, value) in source {
            match keyword.as_str() {
                "additionalProperties" if says_nothing => {}
                "properties" => {
                    target.insert(keyword.clone(), self.each(value, below));
                }
                "items" | "additionalProperties" | "not" | "contains" | "propertyNames" => {
                    target.insert(keyword.clone(), self.schema(value, below));
                }
                "anyOf" => {
                    target.insert(keyword.clone(), self.each(value, parts));
                }
                "allOf" => {
                    let list = value.as_array().into_iter().flatten();
                    all_of.extend(list.map(|part| self.schema(part, parts)));
                }
                // `anyOf` may be next to it, so this one becomes a part.
                "oneOf" => all_of.push(json!({ "anyOf": self.each(value, parts) })),
                known if PASSED_ON.contains(&known) => {
                    target.insert(keyword.clone(), value.clone());
                }
                _ => {}
            }
        }
        if !all_of.is_empty() {
            target.insert("allOf".into(), Value::Array(all_of));
        }
        if openness != Openness::Open {
            drop_read_only_from_required(source, &mut target);
        }
        translate_exclusive_bounds(&mut target);
        if openness == Openness::Closed
            && closes_parts
            && (says_nothing || !source.contains_key("additionalProperties"))
            && self.lists_properties(schema, 0)
        {
            target.insert("unevaluatedProperties".into(), Value::Bool(false));
        }
        if source.get("nullable") == Some(&Value::Bool(true)) {
            nullable(target)
        } else {
            Value::Object(target)
        }
    }

    fn each(&mut self, schemas: &Value, openness: Openness) -> Value {
        match schemas {
            Value::Array(list) => list.iter().map(|schema| self.schema(schema, openness)).collect(),
            Value::Object(map) => {
                map.iter().map(|(name, schema)| (name.clone(), self.schema(schema, openness))).collect()
            }
            other => other.clone(),
        }
    }

    /// Whether every part of a schema that speaks of an object lists its properties. A part that does not (a bare
    /// `type: object`) means "anything", and closing it would refuse everything.
    fn lists_properties(&self, schema: &Value, depth: usize) -> bool {
        const DEEPEST: usize = 16;
        if depth > DEEPEST {
            return false;
        }
        let schema = follow(self.document, schema);
        if schema.get("properties").is_some_and(|own| own.as_object().is_some_and(|own| !own.is_empty())) {
            return true;
        }
        match schema.get("allOf").and_then(Value::as_array) {
            Some(parts) => parts.iter().all(|part| self.lists_properties(part, depth + 1)),
            None => false,
        }
    }
}

fn definition_key(reference: &str, openness: Openness) -> String {
    let name = reference.trim_start_matches("#/").replace(['/', '~', '%'], ".");
    match openness {
        Openness::Closed => name,
        Openness::ClosedBelow => format!("{name}.part"),
        Openness::Open => format!("{name}.open"),
    }
}

/// A plain type is widened, since its errors read better than those of alternatives.
fn nullable(mut schema: Map<String, Value>) -> Value {
    match schema.get("type") {
        Some(Value::String(kind)) if !schema.contains_key("enum") => {
            let widened = json!([kind, "null"]);
            schema.insert("type".into(), widened);
            Value::Object(schema)
        }
        _ => json!({ "anyOf": [{ "type": "null" }, schema] }),
    }
}

fn drop_read_only_from_required(source: &Map<String, Value>, target: &mut Map<String, Value>) {
    if let Some(Value::Array(required)) = target.get_mut("required") {
        required.retain(|name| {
            let property = name.as_str().and_then(|name| source.get("properties")?.get(name));
            property.and_then(|property| property.get("readOnly")) != Some(&Value::Bool(true))
        });
    }
}

/// In OpenAPI 3.0 `exclusiveMinimum: true` qualifies `minimum`.
fn translate_exclusive_bounds(target: &mut Map<String, Value>) {
    for (exclusive, bound) in [("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")] {
        if let Some(Value::Bool(qualifies)) = target.get(exclusive).cloned() {
            target.remove(exclusive);
            if let (true, Some(value)) = (qualifies, target.remove(bound)) {
                target.insert(exclusive.into(), value);
            }
        }
    }
}
