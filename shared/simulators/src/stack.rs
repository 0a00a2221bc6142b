//! Stacks: variants of a world with other services.
//!
//! A world file's key `stacks` has a [merge patch](https://www.rfc-editor.org/rfc/rfc7396) of the whole file for each: what it names replaces
//! or adds to the file's own, and `null` removes it.

use crate::reading::from_yaml;
use serde_json::{Map, Value};

/// The stack that a world file itself is.
pub const DEFAULT: &str = "default";

/// A world file's text as one of its stacks, as JSON, which is YAML.
///
/// # Errors
/// The mistake in the file, or the stacks that it has.
pub fn of_stack(yaml: &str, stack: &str) -> Result<String, String> {
    if stack == DEFAULT {
        return Ok(yaml.to_owned());
    }
    let mut world: Value = from_yaml(yaml)?;
    let stacks = world.as_object_mut().and_then(|world| world.remove("stacks")).unwrap_or_default();
    let Some(patch) = stacks.get(stack) else {
        let known = stacks.as_object().into_iter().flat_map(Map::keys).map(String::as_str);
        let known: Vec<_> = std::iter::once(DEFAULT).chain(known).collect();
        return Err(format!("the world has no stack `{stack}`; accepted: {}", known.join(", ")));
    };
    merge(&mut world, patch);
    Ok(world.to_string())
}

fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(changes) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Some(fields) = target.as_object_mut() else { return };
    // The rest keeps its order: a demonstration begins with the first delivery.
    fields.retain(|name, _| !changes.get(name).is_some_and(Value::is_null));
    for (name, change) in changes.iter().filter(|(_, change)| !change.is_null()) {
        merge(fields.entry(name).or_insert(Value::Null), change);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_stack_replaces_and_removes_what_it_names() {
        let yaml =
            "a: { b: 1, c: [1, 2] }\nd: 4\nstacks: { other: { a: { b: null, c: [3] }, e: { f: 5 } } }\n";
        let read = |text: &str| -> Value { serde_saphyr::from_str(text).unwrap() };
        assert_eq!(read(&of_stack(yaml, "other").unwrap()), json!({"a": {"c": [3]}, "d": 4, "e": {"f": 5}}));
        assert_eq!(of_stack(yaml, DEFAULT).unwrap(), yaml);
        let refused = of_stack(yaml, "none").unwrap_err();
        assert!(refused.contains("accepted: default, other"), "{refused}");
    }
}
