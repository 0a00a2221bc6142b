//! Filters of lists: <https://linear.app/developers/filtering>.

use serde_json::Value;

/// Whether an object passes a filter.
///
/// # Errors
/// The comparison that the simulator does not know, in words.
pub(super) fn matches(node: &Value, filter: &Value) -> Result<bool, String> {
    let Some(conditions) = filter.as_object() else { return Ok(true) };
    for (name, condition) in conditions {
        let holds = match (name.as_str(), condition) {
            ("and", Value::Array(all)) => all_match(node, all)?,
            ("or", Value::Array(any)) => any_matches(node, any)?,
            ("eq", wanted) => node == wanted,
            ("in", Value::Array(wanted)) => wanted.contains(node),
            ("null", Value::Bool(null)) => node.is_null() == *null,
            (field, Value::Object(_)) if node.is_object() || node.is_null() => {
                if node.is_object() && node.get(field).is_none() {
                    return Err(format!("the simulator knows no field `{field}` to filter by"));
                }
                matches(&node[field], condition)?
            }
            (other, _) => return Err(format!("the simulator knows no comparison `{other}`")),
        };
        if !holds {
            return Ok(false);
        }
    }
    Ok(true)
}

fn all_match(node: &Value, filters: &[Value]) -> Result<bool, String> {
    for filter in filters {
        if !matches(node, filter)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn any_matches(node: &Value, filters: &[Value]) -> Result<bool, String> {
    for filter in filters {
        if matches(node, filter)? {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_comparison() {
        let node = json!({"name": "agent", "team": null, "state": {"id": "s"}});
        let check =
            |filter: Value, expected: bool| assert_eq!(matches(&node, &filter), Ok(expected), "{filter}");
        check(json!({"name": {"eq": "agent"}, "state": {"id": {"eq": "s"}}}), true);
        check(json!({"name": {"in": ["a", "b"]}}), false);
        check(json!({"or": [{"team": {"id": {"eq": "t"}}}, {"team": {"null": true}}]}), true);
        check(json!({"and": [{"team": {"null": false}}]}), false);
        assert!(matches(&node, &json!({"name": {"contains": "a"}})).is_err());
        assert!(matches(&node, &json!({"colour": {"eq": "a"}})).is_err());
    }
}
