//! The JSON of a secret, in which each name is given once: otherwise it is unclear which value counts.

use crate::exit::{Exit, Outcome};
use domain::UniqueNames;
use serde_json::Value;

/// Reads JSON. Errors do not quote values, which may be the secret.
///
/// # Errors
/// Usage for invalid JSON, and for an object with two fields of the same name.
pub(super) fn read(json: &[u8]) -> Outcome<Value> {
    match serde_json::from_slice(json) {
        Ok(UniqueNames(value)) => Ok(value),
        // Only our own error texts: any JSON is acceptable otherwise.
        Err(error) if error.is_data() => Err(Exit::usage(format!("standard input: {error}"))),
        Err(_) => Err(Exit::usage("standard input is not JSON; see `ticketsmith secrets set --help`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_that_is_given_twice_is_named() {
        assert_eq!(read(br#"{"a": {"a": 1}}"#).unwrap()["a"]["a"], 1);
        for text in [
            r#"{"token": "hunter2", "email": "a", "token": "hunter3"}"#,
            r#"{"jira": {"token": "hunter2", "token": "hunter2"}}"#,
            r#"[{"token": 1, "token": 2}]"#,
        ] {
            let told = read(text.as_bytes()).unwrap_err().to_string();
            assert!(
                told.contains("`token` is given twice; give it once") && told.contains("line 1"),
                "{told}"
            );
            assert!(!told.contains("hunter"), "{told}");
        }
        for text in ["", "{\"a\": hunter2}", "hunter2"] {
            let told = read(text.as_bytes()).unwrap_err().to_string();
            assert!(told.contains("is not JSON") && !told.contains("hunter"), "{told}");
        }
    }
}
