//! The check of an execution's inputs that the first state makes.

use crate::check::evaluated;
use crate::expression::string_literal;
use crate::scope::{EXECUTION_INPUT, Input, literal_text};
use domain::execution::PAYLOAD_VERSION;
use domain::routes::InputType;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// One `$assert` for each input with a known type.
pub(super) fn assertions(inputs: &BTreeMap<String, Input>) -> Vec<String> {
    inputs.iter().filter_map(|(name, input)| assertion(name, input)).collect()
}

/// The first Task checks the execution's inputs while its arguments are made: that costs no transition.
pub(super) fn check_first(states: &mut Map<String, Value>, first: &str, assertions: &[String]) {
    if let Some(version) = states.get_mut(first).and_then(|state| state.pointer_mut("/Arguments/Payload/v")) {
        *version = evaluated(&format!("({}; {PAYLOAD_VERSION})", assertions.join("; ")));
    }
}

fn assertion(name: &str, input: &Input) -> Option<String> {
    let schema = &input.schema;
    let may_be_absent = schema.optional || schema.default.is_some();
    let path = format!("{EXECUTION_INPUT}.inputs.{name}");
    let is = |kind: &str| format!("$type({path}) = '{kind}'");
    let mut check = match schema.kind {
        InputType::String => is("string"),
        InputType::Number => is("number"),
        InputType::Integer => format!("({} ? $floor({path}) = {path} : false)", is("number")),
        InputType::Boolean => is("boolean"),
        InputType::Object => is("object"),
        InputType::Array => is("array"),
        InputType::Any if may_be_absent => return None,
        InputType::Any => format!("$exists({path})"),
    };
    if !schema.one_of.is_empty() {
        let accepted: Vec<String> = schema.one_of.iter().map(literal_text).collect();
        check = format!("{check} and {path} in [{}]", accepted.join(", "));
    }
    if may_be_absent {
        check = format!("{path} != null ? {check} : true");
    }
    let what = match schema.kind {
        InputType::Any => "is missing".to_owned(),
        kind => format!("must be of type {}", kind.as_str()),
    };
    Some(format!("$assert({check}, {})", string_literal(&format!("input {name} {what}"))))
}
