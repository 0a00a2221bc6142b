//! Placeholders for functions' ARNs, as CloudFormation's `DefinitionSubstitutions` knows them.

use serde_json::Value;

/// Replaces every `${Name}` in a definition's strings by `value_of("Name")`; what that does not know stays as it is. The
/// compiler writes such placeholders for functions (`${CreateBranchFunctionArn}` for the action `create_branch`) and for
/// the state machines of workflows that steps run (see [`state_machine_placeholder`]), and for nothing else: no text of a
/// workflow can hold one.
pub fn substitute(definition: &Value, value_of: impl Fn(&str) -> Option<String>) -> Value {
    replace(definition, &value_of)
}

/// The placeholder, without `${ }`, for the ARN of a workflow's state machine: `development` gives
/// `DevelopmentStateMachineArn`, `nightly-report` gives `NightlyReportStateMachineArn`. [`crate::compile_folder`] refuses
/// two workflows of one placeholder.
pub fn state_machine_placeholder(workflow: &str) -> String {
    let words: String = workflow.replace('-', "_");
    format!("{}StateMachineArn", crate::model::pascal(&words))
}

/// The placeholder, without `${ }`, for the ARN of the function that performs an action: `create_branch` gives
/// `CreateBranchFunctionArn`.
pub fn function_placeholder(action: &str) -> String {
    format!("{}FunctionArn", crate::model::pascal(action))
}

/// The names of every placeholder in a definition, each once, in alphabetical order.
pub fn placeholders(definition: &Value) -> Vec<String> {
    let names = std::cell::RefCell::new(std::collections::BTreeSet::new());
    substitute(definition, |name| {
        names.borrow_mut().insert(name.to_owned());
        None
    });
    names.into_inner().into_iter().collect()
}

fn replace(value: &Value, value_of: &impl Fn(&str) -> Option<String>) -> Value {
    match value {
        Value::String(text) if text.contains("${") => Value::String(replace_in(text, value_of)),
        Value::Array(items) => items.iter().map(|item| replace(item, value_of)).collect(),
        Value::Object(fields) => Value::Object(
            fields.iter().map(|(name, value)| (name.clone(), replace(value, value_of))).collect(),
        ),
        other => other.clone(),
    }
}

fn replace_in(text: &str, value_of: &impl Fn(&str) -> Option<String>) -> String {
    let mut replaced = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let Some(length) = rest[start..].find('}') else { break };
        let (name, end) = (&rest[start + 2..start + length], start + length + 1);
        replaced.push_str(&rest[..start]);
        match value_of(name) {
            Some(value) => replaced.push_str(&value),
            None => replaced.push_str(&rest[start..end]),
        }
        rest = &rest[end..];
    }
    replaced + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn known_placeholders_are_replaced_everywhere() {
        let definition =
            json!({"a": ["${One}", {"b": "{% {'x': '${Two}', 'y': '${One}'} %}"}], "c": "${open", "d": 1});
        let replaced = substitute(&definition, |name| (name == "One").then(|| "arn:1".to_owned()));
        assert_eq!(
            replaced,
            json!({"a": ["arn:1", {"b": "{% {'x': '${Two}', 'y': 'arn:1'} %}"}], "c": "${open", "d": 1})
        );
        assert_eq!(placeholders(&definition), ["One", "Two"]);
    }
}
