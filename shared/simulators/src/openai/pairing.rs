//! Each call of a function and its output belong together.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Failure;

/// Checks the items of `input`: every call has one output behind it, before the next words of the user, and no output is without its
/// call.
pub(super) fn check(items: &[Value]) -> Result<(), Failure> {
    let mut open: Vec<&str> = Vec::new();
    let mut known = BTreeSet::new();
    for item in items {
        let id = item["call_id"].as_str().unwrap_or_default();
        match item["type"].as_str() {
            Some("function_call") if !known.insert(id) => {
                return Err(Failure::invalid(format!("Duplicate function call with call_id {id}.")));
            }
            Some("function_call") => open.push(id),
            Some("function_call_output") => match open.iter().position(|call| *call == id) {
                Some(index) => drop(open.remove(index)),
                None => {
                    return Err(Failure::invalid(format!(
                        "No tool call found for function call output with call_id {id}."
                    )));
                }
            },
            _ if item["role"] == "user" => unanswered(&open)?,
            _ => {}
        }
    }
    unanswered(&open)
}

fn unanswered(open: &[&str]) -> Result<(), Failure> {
    match open.first() {
        None => Ok(()),
        Some(id) => Err(Failure::invalid(format!("No tool output found for function call {id}."))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn calls_and_outputs_are_paired() {
        let call = |id: &str| json!({"type": "function_call", "call_id": id, "name": "f", "arguments": "{}"});
        let output = |id: &str| json!({"type": "function_call_output", "call_id": id, "output": "x"});
        let user = || json!({"role": "user", "content": "Well?"});
        let problem =
            |items: &[Value]| check(items).map_or_else(|failure| failure.message, |()| String::new());
        assert_eq!(problem(&[user(), call("a"), call("b"), output("b"), output("a"), user()]), "");
        for (items, expected) in [
            (vec![user(), call("a")], "No tool output found for function call a."),
            (vec![user(), call("a"), user(), output("a")], "No tool output found"),
            (vec![user(), output("a")], "No tool call found"),
            (vec![user(), call("a"), output("a"), output("a")], "No tool call found"),
            (vec![user(), call("a"), output("a"), call("a"), output("a")], "Duplicate"),
        ] {
            assert!(problem(&items).contains(expected), "{}", problem(&items));
        }
    }
}
