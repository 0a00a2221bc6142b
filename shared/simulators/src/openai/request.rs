//! The service's checks of a request before the model reads it.

use std::collections::BTreeSet;

use secrecy::SecretString;
use serde_json::Value;

use super::models::{Model, model};
use super::{Failure, cache, pairing, reasoning, schema};

/// The least `max_output_tokens`.
const LEAST_OUTPUT: u64 = 16;

/// Reads a body and the model that it names.
///
/// # Errors
/// A [`Failure`] in the service's words.
pub(super) fn read(models: &[String], body: &[u8]) -> Result<Value, Failure> {
    let request: Value = serde_json::from_slice(body).map_err(|error| {
        Failure::invalid(format!("We could not parse the JSON body of your request: {error}"))
    })?;
    let name =
        request["model"].as_str().ok_or_else(|| Failure::invalid("you must provide a model parameter"))?;
    match models.iter().any(|known| known == name) {
        true => Ok(request),
        false => Err(Failure::no_model(name)),
    }
}

/// Reads a request of the Responses API.
///
/// # Errors
/// A [`Failure`] in the service's words.
pub(super) fn parse(models: &[String], key: &SecretString, body: &[u8]) -> Result<Value, Failure> {
    let request = read(models, body)?;
    let model = model(request["model"].as_str().unwrap_or_default());
    let items = request["input"].as_array().map(Vec::as_slice).unwrap_or_default();
    if items.is_empty() && request["input"].as_str().is_none_or(str::is_empty) {
        return Err(Failure::invalid(
            "One of \"input\" or \"previous_response_id\" or 'prompt' must be provided.",
        ));
    }
    if request["max_output_tokens"].as_u64().is_some_and(|most| most < LEAST_OUTPUT) {
        return Err(Failure::coded(
            "integer_below_min_value",
            format!(
                "Invalid 'max_output_tokens': integer below minimum value. Expected a value >= {LEAST_OUTPUT}."
            ),
        ));
    }
    if !model.reasons && request["reasoning"]["effort"].is_string() {
        return Err(unsupported("reasoning.effort"));
    }
    check_names(request["tools"].as_array().into_iter().flatten().map(|tool| &tool["name"]))?;
    pairing::check(items)?;
    reasoning::check(key, &request)?;
    check_format(&request["text"]["format"], "text.format.schema")?;
    check_length(&prompt(&request), model)?;
    Ok(request)
}

pub(super) fn unsupported(parameter: &str) -> Failure {
    Failure::coded(
        "unsupported_parameter",
        format!("Unsupported parameter: '{parameter}' is not supported with this model."),
    )
}

/// Everything that the model reads of a request, in the order in which the cache sees it.
pub(super) fn prompt(request: &Value) -> Vec<Value> {
    let mut items =
        vec![request["tools"].clone(), request["instructions"].clone(), request["text"]["format"].clone()];
    match &request["input"] {
        Value::Array(input) => items.extend(input.iter().cloned()),
        text => items.push(text.clone()),
    }
    items.retain(|item| !item.is_null());
    items
}

/// Checks that no two tools have one name.
pub(super) fn check_names<'r>(names: impl Iterator<Item = &'r Value>) -> Result<(), Failure> {
    let mut known = BTreeSet::new();
    for name in names.filter_map(Value::as_str) {
        let is_legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        if name.is_empty() || name.len() > 64 || !name.chars().all(is_legal) {
            return Err(Failure::invalid(format!(
                "Invalid name '{name}': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'."
            )));
        }
        if !known.insert(name) {
            return Err(Failure::invalid(format!("Duplicate tool name '{name}'.")));
        }
    }
    Ok(())
}

/// Checks the schema of a reply, if it is strict.
pub(super) fn check_format(format: &Value, at: &str) -> Result<(), Failure> {
    let problem = if format["strict"] == true { schema::problem(&format["schema"]) } else { None };
    match problem {
        None => Ok(()),
        Some(problem) => {
            let name = format["name"].as_str().unwrap_or_default();
            let message = format!("Invalid schema for response_format '{name}' ({at}): {problem}");
            Err(Failure::coded("invalid_json_schema", message))
        }
    }
}

/// Checks that a prompt fits the model.
pub(super) fn check_length(items: &[Value], model: &Model) -> Result<(), Failure> {
    let total: u64 = items.iter().map(cache::tokens).sum();
    match total > model.context {
        false => Ok(()),
        true => Err(Failure::coded(
            "context_length_exceeded",
            "Your input exceeds the context window of this model. Please adjust your input and try again.",
        )),
    }
}
