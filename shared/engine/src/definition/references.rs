//! Which state reads which variables.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::template::expression_source;
use crate::expressions;

/// The variables that the expressions of each state read, by the state's name; states that read none are left out. `text` is a
/// definition. It is what the API calls
/// [`variableReferences`](https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeStateMachine.html).
pub(crate) fn variable_references(text: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut found = BTreeMap::new();
    if let Ok(definition) = serde_json::from_str::<Value>(text) {
        of_flow(&definition, &mut found);
    }
    found
}

fn of_flow(flow: &Value, found: &mut BTreeMap<String, BTreeSet<String>>) {
    for (name, state) in flow["States"].as_object().into_iter().flatten() {
        let mut variables = BTreeSet::new();
        for (field, value) in state.as_object().into_iter().flatten() {
            match field.as_str() {
                "ItemProcessor" => of_flow(value, found),
                "Branches" => {
                    value.as_array().into_iter().flatten().for_each(|branch| of_flow(branch, found))
                }
                // This never contains expressions, whatever it looks like.
                "Comment" => {}
                _ => of_value(value, &mut variables),
            }
        }
        if !variables.is_empty() {
            found.insert(name.clone(), variables);
        }
    }
}

fn of_value(value: &Value, variables: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => {
            let expression = expression_source(text).and_then(|source| expressions::compile(source).ok());
            variables.extend(expression.iter().flat_map(|expression| expression.variables()));
        }
        Value::Array(items) => items.iter().for_each(|item| of_value(item, variables)),
        Value::Object(fields) => fields.values().for_each(|field| of_value(field, variables)),
        _ => {}
    }
}
