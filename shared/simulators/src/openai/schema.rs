//! What strict [structured outputs](https://platform.openai.com/docs/guides/structured-outputs#supported-schemas) refuse in a schema.

use serde_json::Value;

const REFUSED: [&str; 10] = [
    "oneOf",
    "allOf",
    "not",
    "default",
    "minLength",
    "maxLength",
    "uniqueItems",
    "if",
    "patternProperties",
    "dependentRequired",
];
const FORMATS: [&str; 9] =
    ["date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"];

/// Why a schema is refused.
pub(super) fn problem(schema: &Value) -> Option<String> {
    if !schema.is_object() {
        return None;
    }
    if schema["type"] != "object" || schema.get("anyOf").is_some() {
        return Some("schema must be a JSON Schema of 'type: \"object\"', got another".to_owned());
    }
    below(schema, "()")
}

fn below(schema: &Value, at: &str) -> Option<String> {
    let fields = schema.as_object()?;
    let refused = |problem: String| Some(format!("In context={at}, {problem}"));
    if let Some(name) = REFUSED.iter().find(|name| fields.contains_key(**name)) {
        return refused(format!("'{name}' is not permitted."));
    }
    if let Some(format) = schema["format"].as_str().filter(|format| !FORMATS.contains(format)) {
        return refused(format!("'format' value '{format}' is not valid."));
    }
    let kind = &schema["type"];
    let is_object =
        *kind == "object" || kind.as_array().is_some_and(|kinds| kinds.contains(&"object".into()));
    if is_object {
        if schema["additionalProperties"] != false {
            return refused("'additionalProperties' is required to be supplied and to be false.".to_owned());
        }
        let required: Vec<&Value> = schema["required"].as_array().into_iter().flatten().collect();
        let names = schema["properties"].as_object().into_iter().flat_map(|properties| properties.keys());
        let missing = names.into_iter().find(|name| !required.iter().any(|listed| *listed == name.as_str()));
        if let Some(name) = missing {
            return refused(format!(
                "'required' is required to be supplied and to be an array including every key in properties. Missing '{name}'."
            ));
        }
    }
    let named = ["properties", "$defs"].into_iter().filter_map(|name| fields.get(name)?.as_object());
    let named = named.flat_map(|schemas| schemas.iter().map(|(name, schema)| (name.clone(), schema)));
    let listed = fields.get("anyOf").and_then(Value::as_array).into_iter().flatten();
    let others = listed.chain(fields.get("items")).map(|schema| ("items".to_owned(), schema));
    named.chain(others).find_map(|(name, schema)| below(schema, &format!("('{name}',)")))
}
