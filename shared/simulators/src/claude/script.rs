//! Choosing the reply to a request, and checking that the request is the one it was written for.

use serde_json::Value;

use super::world::{Content, Expectation, Reply, Turn};

/// Everything the request says in words: system prompt and messages.
pub(super) fn words(request: &Value) -> String {
    let mut words = String::new();
    gather(&request["system"], &mut words);
    for message in request["messages"].as_array().into_iter().flatten() {
        gather(&message["content"], &mut words);
    }
    words
}

fn gather(content: &Value, words: &mut String) {
    match content {
        Value::String(text) => {
            words.push_str(text);
            words.push('\n');
        }
        Value::Array(blocks) => {
            for block in blocks {
                gather(&block["text"], words);
                // The result of a tool call.
                gather(&block["content"], words);
            }
        }
        _ => {}
    }
}

/// The reply to a request and which of its turns: the first reply with a use left whose `for` occurs in it. A conversation that has begun
/// goes on.
pub(super) fn choose(
    replies: &[Reply],
    left: &[u32],
    request: &Value,
    words: &str,
) -> Option<(usize, usize)> {
    let said = request["messages"].as_array().into_iter().flatten();
    let said = said.filter(|message| message["role"] == "assistant").count();
    let turn = |reply: &Reply| if reply.is_conversation { said } else { 0 };
    let is_it = |(reply, left): (&Reply, &u32)| {
        let turn = turn(reply);
        turn < reply.turns.len()
            && (*left > 0 || turn > 0)
            && reply.r#for.as_ref().is_none_or(|keyword| words.contains(keyword))
    };
    let index = replies.iter().zip(left).position(is_it)?;
    Some((index, replies.get(index).map(turn)?))
}

/// Everything the request lacks of what a turn expects, in words.
pub(super) fn missing(reply: &Turn, request: &Value, words: &str) -> Vec<String> {
    let Expectation { model, contains, lacks, tools, json_schema, max_tokens } = &reply.expect;
    let mut missing = Vec::new();
    if let Some(model) = model.as_ref().filter(|model| request["model"] != **model) {
        missing.push(format!("model `{model}` (it has {})", request["model"]));
    }
    missing.extend(
        contains.iter().filter(|text| !words.contains(*text)).map(|text| format!("the text {text:?}")),
    );
    missing.extend(
        lacks
            .iter()
            .filter(|text| words.contains(*text))
            .map(|text| format!("the absence of the text {text:?}")),
    );
    let offered: Vec<&str> =
        request["tools"].as_array().into_iter().flatten().filter_map(|tool| tool["name"].as_str()).collect();
    let called = reply.content.iter().filter_map(|content| match content {
        Content::ToolUse { name, .. } => Some(name),
        Content::Text(_) | Content::Json(_) | Content::Thinking(_) => None,
    });
    missing.extend(
        tools
            .iter()
            .chain(called)
            .filter(|name| !offered.contains(&name.as_str()))
            .map(|name| format!("the tool `{name}`")),
    );
    let schema = &request["output_config"]["format"]["schema"];
    if let Some(wanted) = json_schema.filter(|wanted| *wanted != schema.is_object()) {
        missing.push(format!("{} output_config.format.schema", if wanted { "an" } else { "no" }));
    }
    if let Some([least, greatest]) = max_tokens {
        let given = request["max_tokens"].as_u64().unwrap_or_default();
        if !(*least..=*greatest).contains(&given) {
            missing.push(format!("max_tokens from {least} to {greatest} (it has {given})"));
        }
    }
    if schema.is_object() {
        for content in &reply.content {
            if let Content::Json(value) = content {
                missing.extend(unfit(schema, value).map(|problem| {
                    format!("a schema that this reply satisfies (the world file's reply does not fit it: {problem})")
                }));
            }
        }
    }
    missing
}

/// Why a value does not satisfy a schema.
fn unfit(schema: &Value, value: &Value) -> Option<String> {
    match jsonschema::validator_for(schema) {
        Err(error) => Some(format!("the schema is invalid: {error}")),
        Ok(validator) => {
            validator.iter_errors(value).next().map(|error| format!("{error} at {}", error.instance_path()))
        }
    }
}

/// What the service refuses in a schema for
/// [structured output](https://platform.claude.com/docs/en/build-with-claude/structured-outputs): objects that are not
/// closed, and limits of numbers, lengths and counts.
pub(super) fn schema_problem(schema: &Value) -> Option<String> {
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
        .find_map(schema_problem)
}
