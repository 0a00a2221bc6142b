//! The service's restrictions on schemas.

use serde_json::Value;

/// What the service refuses in a schema for
/// [structured output](https://platform.claude.com/docs/en/build-with-claude/structured-outputs): objects that are not
/// closed, and limits of numbers, lengths and counts.
pub(super) fn problem(schema: &Value) -> Option<String> {
    let Value::Object(fields) = schema else { return None };
    let refused = |problem: String| Some(format!("output_config.format.schema: {problem}"));
    let kind = &schema["type"];
    let object =
        *kind == "object" || kind.as_array().is_some_and(|kinds| kinds.iter().any(|kind| kind == "object"));
    if object && fields.get("additionalProperties") != Some(&Value::Bool(false)) {
        return refused(
            "For 'object' type, 'additionalProperties' must be explicitly set to false".to_owned(),
        );
    }
    const LIMITS: [&str; 9] = [
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
        "minLength",
        "maxLength",
        "maxItems",
        "uniqueItems",
    ];
    if let Some(limit) = LIMITS.iter().find(|limit| fields.contains_key(**limit)) {
        return refused(format!("property '{limit}' is not supported"));
    }
    if fields.get("minItems").and_then(Value::as_u64).is_some_and(|least| least > 1) {
        return refused("'minItems' values other than 0 or 1 are not supported".to_owned());
    }
    // Only here are schemas; elsewhere a name such as `maximum` may be a property's.
    let named =
        ["properties", "$defs", "definitions"].into_iter().filter_map(|name| fields.get(name)?.as_object());
    let listed = ["anyOf", "allOf", "oneOf"].into_iter().filter_map(|name| fields.get(name)?.as_array());
    named
        .flat_map(|schemas| schemas.values())
        .chain(listed.flatten())
        .chain(fields.get("items"))
        .find_map(problem)
}
