//! The API model's constraints on the fields of requests: the length of each text. They are checked first, and all
//! violations are reported at once, in the words of the service.
//!
//! See <https://github.com/aws/api-models-aws/tree/main/models/sfn>.

use serde_json::Value;

use crate::error::EngineError;
use crate::limits::{DEFINITION_BYTES, NAME_CHARACTERS};

/// The minimum and maximum length of each field, in characters. Input and output have separate limits, in bytes.
const FIELDS: &[(&str, usize, usize)] = &[
    ("cause", 0, 32_768),
    ("clientToken", 1, 64),
    ("definition", 1, DEFINITION_BYTES),
    ("description", 0, 256),
    ("error", 0, 256),
    ("executionArn", 1, 256),
    ("mapRunArn", 1, 2_000),
    ("name", 1, NAME_CHARACTERS),
    ("nextToken", 1, 3_096),
    ("resourceArn", 1, 256),
    ("roleArn", 1, 256),
    ("stateMachineAliasArn", 1, 256),
    ("stateMachineArn", 1, 256),
    ("stateMachineVersionArn", 1, 2_000),
    ("taskToken", 1, 2_048),
    ("traceHeader", 0, 256),
    ("versionDescription", 0, 256),
];

/// Fields whose content may not be for logs; the service does not repeat them either.
const SENSITIVE: &[&str] = &["cause", "definition", "error", "taskToken"];

/// Checks the texts of a request.
///
/// # Errors
/// [`EngineError::Validation`] with every violation.
pub(super) fn check(request: &Value) -> Result<(), EngineError> {
    let problems: Vec<String> = FIELDS.iter().filter_map(|field| problem(request, field)).collect();
    match problems.as_slice() {
        [] => Ok(()),
        [only] => Err(EngineError::Validation(format!("1 validation error detected: {only}"))),
        several => {
            let (count, all) = (several.len(), several.join("; "));
            Err(EngineError::Validation(format!("{count} validation errors detected: {all}")))
        }
    }
}

fn problem(request: &Value, (name, least, most): &(&str, usize, usize)) -> Option<String> {
    let text = request.get(name)?.as_str()?;
    let length = text.chars().count();
    let constraint = match length {
        short if short < *least => format!("Member must have length greater than or equal to {least}"),
        long if long > *most => format!("Member must have length less than or equal to {most}"),
        _ => return None,
    };
    let value = match SENSITIVE.contains(name) {
        true => "***Sensitive Data Redacted***".to_owned(),
        // No more of it is repeated than shows which one it is.
        false => text.chars().take(2 * NAME_CHARACTERS).collect(),
    };
    Some(format!("Value '{value}' at '{name}' failed to satisfy constraint: {constraint}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn said(request: Value) -> String {
        check(&request).err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn every_text_has_its_length() {
        for (name, least, most) in FIELDS {
            for (length, fits) in [(*least, true), (*most, true), (*most + 1, false)] {
                let request = json!({ *name: "é".repeat(length) });
                assert_eq!(check(&request).is_ok(), fits, "{name} of {length}");
            }
            assert_eq!(check(&json!({ *name: "" })).is_ok(), *least == 0, "{name}");
            assert!(check(&json!({ *name: null })).is_ok() && check(&json!({})).is_ok());
        }
    }

    #[test]
    fn everything_wrong_is_said_in_the_services_words() {
        assert_eq!(
            said(json!({"name": "n".repeat(81)})),
            format!(
                "1 validation error detected: Value '{}' at 'name' failed to satisfy constraint: \
                 Member must have length less than or equal to 80",
                "n".repeat(81)
            )
        );
        assert_eq!(
            said(json!({"taskToken": "", "error": "e".repeat(257)})),
            "2 validation errors detected: Value '***Sensitive Data Redacted***' at 'error' failed to satisfy constraint: \
             Member must have length less than or equal to 256; Value '***Sensitive Data Redacted***' at 'taskToken' failed to \
             satisfy constraint: Member must have length greater than or equal to 1"
        );
        assert!(said(json!({"stateMachineArn": "a".repeat(100_000)})).len() < 500);
    }
}
