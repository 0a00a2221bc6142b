//! Finds secrets in a configuration, which must only name them.

use crate::secrets::secrets_in;
use domain::configuration::Problem;
use serde_json::Value;

/// Finds secrets in place of their names, or anywhere else in a value, which is at `pointer`. The problems do not repeat them.
pub fn secret_problems(value: &Value, pointer: &str) -> Vec<Problem> {
    let mut problems = Vec::new();
    collect(value, pointer, &mut problems);
    problems
}

fn collect(value: &Value, pointer: &str, problems: &mut Vec<Problem>) {
    match value {
        Value::String(text) => {
            if let Some(found) = secrets_in(text).first() {
                let message = format!(
                    "this looks like {}, and the configuration only names secrets; put it where `ticketsmith secrets set` keeps it, \
                     and revoke it if others could read this file",
                    found.what
                );
                problems.push(Problem { pointer: pointer.to_owned(), message });
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                collect(item, &format!("{pointer}/{index}"), problems);
            }
        }
        Value::Object(entries) => {
            for (key, entry) in entries {
                let place = Problem::new([key.as_str()], "").pointer;
                collect(entry, &format!("{pointer}{place}"), problems);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_secret_is_found_at_its_place_and_not_repeated() {
        let token = ["ghp", "16C7e42F292c6912E7710c838347Ae178B4a"].join("_");
        let found = secret_problems(
            &json!({"a/b": [1, {"secret": token}], "name": "ticketsmith/github"}),
            "/plugins",
        );
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].pointer, "/plugins/a~1b/1/secret");
        assert!(
            found[0].message.starts_with("this looks like a GitHub token")
                && !found[0].message.contains(&token)
        );
    }
}
