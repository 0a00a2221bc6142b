//! Each call of a tool and its result belong together.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Failure;

/// Checks that every call has its result in the user message that follows at once, in the order of the calls and before anything else,
/// and that no result is without its call.
pub(super) fn check(messages: &[Value]) -> Result<(), Failure> {
    let mut called: Vec<&str> = Vec::new();
    let mut known = BTreeSet::new();
    for (index, message) in messages.iter().enumerate() {
        check_results(index, message, &called)?;
        check_names(index, message)?;
        called = ids(message, "tool_use", "id").collect();
        if let Some(repeated) = called.iter().find(|id| !known.insert(**id)) {
            return Err(refused(index, format!("`tool_use` ids must be unique: {repeated}")));
        }
        if !called.is_empty() && message["role"] != "assistant" {
            return Err(refused(index, "`tool_use` blocks can only be in `assistant` messages".to_owned()));
        }
    }
    match called.is_empty() {
        true => Ok(()),
        false => Err(unanswered(messages.len().saturating_sub(1), &called)),
    }
}

/// Checks the results in a message against the calls of the one before it.
fn check_results(index: usize, message: &Value, called: &[&str]) -> Result<(), Failure> {
    let results: Vec<&str> = ids(message, "tool_result", "tool_use_id").collect();
    if !results.is_empty() && message["role"] != "user" {
        return Err(refused(index, "`tool_result` blocks can only be in `user` messages".to_owned()));
    }
    if let Some((place, stray)) = results.iter().enumerate().find(|(_, id)| !called.contains(id)) {
        return Err(refused(
            index,
            format!(
                "content.{place}: unexpected `tool_use_id` found in `tool_result` blocks: {stray}. Each `tool_result` block \
                 must have a corresponding `tool_use` block in the previous message."
            ),
        ));
    }
    let repeated =
        results.iter().enumerate().find(|(place, id)| results.iter().take(*place).any(|other| other == *id));
    if let Some((_, id)) = repeated {
        let problem = format!(
            "each tool_use must have a single result. Found multiple `tool_result` blocks with id: {id}"
        );
        return Err(refused(index, problem));
    }
    let missing: Vec<&str> = called.iter().filter(|id| !results.contains(id)).copied().collect();
    if !missing.is_empty() {
        return Err(unanswered(index.saturating_sub(1), &missing));
    }
    if results != called {
        let problem =
            format!("`tool_result` blocks must be in the order of their calls: {}", called.join(", "));
        return Err(refused(index, problem));
    }
    let leading = blocks(message).take(results.len()).filter(|block| block["type"] == "tool_result").count();
    if leading < results.len() {
        return Err(refused(index, "`tool_result` blocks must come first in the content".to_owned()));
    }
    Ok(())
}

/// Checks the names of the called tools, whoever wrote them: the lengths of `RequestToolUseBlock` in the service's description.
fn check_names(index: usize, message: &Value) -> Result<(), Failure> {
    const LONGEST: usize = 200;
    for (place, block) in blocks(message).enumerate().filter(|(_, block)| block["type"] == "tool_use") {
        let problem = match block["name"].as_str().map_or(0, |name| name.chars().count()) {
            0 => "String should have at least 1 character",
            length if length > LONGEST => "String should have at most 200 characters",
            _ => continue,
        };
        return Err(Failure::invalid(format!("messages.{index}.content.{place}.tool_use.name: {problem}")));
    }
    Ok(())
}

fn unanswered(index: usize, missing: &[&str]) -> Failure {
    let ids = missing.join(", ");
    Failure::invalid(format!(
        "messages.{index}: `tool_use` ids were found without `tool_result` blocks immediately after: {ids}. Each `tool_use` block \
         must have a corresponding `tool_result` block in the next message."
    ))
}

fn refused(index: usize, problem: String) -> Failure {
    Failure::invalid(format!("messages.{index}: {problem}"))
}

fn blocks(message: &Value) -> impl Iterator<Item = &Value> {
    message["content"].as_array().into_iter().flatten()
}

/// The ids of a message's blocks of one kind.
fn ids<'m>(message: &'m Value, kind: &'static str, field: &'static str) -> impl Iterator<Item = &'m str> {
    blocks(message)
        .filter(move |block| block["type"] == kind)
        .map(move |block| block[field].as_str().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn said(ids: &[&str]) -> Value {
        let calls: Vec<Value> = ids
            .iter()
            .map(|id| json!({"type": "tool_use", "id": id, "name": "read_file", "input": {}}))
            .collect();
        json!({"role": "assistant", "content": calls})
    }

    fn told(ids: &[&str]) -> Value {
        let results: Vec<Value> =
            ids.iter().map(|id| json!({"type": "tool_result", "tool_use_id": id, "content": "x"})).collect();
        json!({"role": "user", "content": results})
    }

    fn problem(messages: &[Value]) -> String {
        check(messages).map_or_else(|failure| failure.message, |()| String::new())
    }

    #[test]
    fn calls_and_results_are_paired_in_order() {
        let user = json!({"role": "user", "content": "Do it"});
        assert_eq!(
            problem(&[user.clone(), said(&["a", "b"]), told(&["a", "b"]), said(&["c"]), told(&["c"])]),
            ""
        );
        for (messages, expected) in [
            (
                vec![user.clone(), said(&["a", "b"]), told(&["a"])],
                "messages.1: `tool_use` ids were found without",
            ),
            (vec![user.clone(), said(&["a"])], "immediately after: a."),
            (vec![user.clone(), said(&["a"]), user.clone(), told(&["a"])], "messages.1: `tool_use` ids"),
            (vec![user.clone(), said(&["a", "b"]), told(&["b", "a"])], "in the order of their calls: a, b"),
            (vec![user.clone(), told(&["a"])], "messages.1: content.0: unexpected `tool_use_id`"),
            (vec![user.clone(), said(&["a"]), told(&["a", "a"])], "multiple `tool_result` blocks with id: a"),
            (vec![user.clone(), said(&["a"]), told(&["a"]), said(&["a"]), told(&["a"])], "must be unique: a"),
        ] {
            assert!(problem(&messages).contains(expected), "{expected}: {}", problem(&messages));
        }
        for (name, expected) in [
            ("", "messages.1.content.0.tool_use.name: String should have at least 1 character"),
            (
                &*"x".repeat(201),
                "messages.1.content.0.tool_use.name: String should have at most 200 characters",
            ),
            (&*"x".repeat(200), ""),
        ] {
            let mut misnamed = said(&["a"]);
            misnamed["content"][0]["name"] = json!(name);
            assert_eq!(problem(&[user.clone(), misnamed, told(&["a"])]), expected);
        }
        let mut late = told(&["a"]);
        late["content"].as_array_mut().unwrap().insert(0, json!({"type": "text", "text": "Here"}));
        assert!(problem(&[user, said(&["a"]), late]).contains("must come first"));
    }
}
