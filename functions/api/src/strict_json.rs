//! JSON without surprises: no name twice in an object, no number that clients cannot hold exactly, no NUL.

use crate::problem::{Code, InvalidField, Problem};
use domain::{UniqueNames, is_exact};
use serde_json::Value;

/// Parses a body.
///
/// # Errors
/// Malformed if it is not JSON, nests more than 128 deep or repeats a name; invalid with the place of every value that is not accepted.
pub(crate) fn parse(bytes: &[u8]) -> Result<Value, Problem> {
    let UniqueNames(value) = serde_json::from_slice(bytes).map_err(|error| {
        Problem::new(Code::Malformed, format!("the body is not accepted as JSON: {error}"))
    })?;
    let mut errors = Vec::new();
    check(&value, "", &mut errors);
    if errors.is_empty() { Ok(value) } else { Err(Problem::invalid(errors)) }
}

fn check(value: &Value, path: &str, errors: &mut Vec<InvalidField>) {
    let mut refuse =
        |detail: &str| errors.push(InvalidField { path: path.to_owned(), detail: detail.to_owned() });
    match value {
        Value::Number(number) if !is_exact(number) => {
            refuse("accepted: integers from -(2^53-1) to 2^53-1; send larger ones as text");
        }
        Value::String(text) if text.contains('\0') => refuse("accepted: text without NUL"),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                check(item, &format!("{path}/{index}"), errors);
            }
        }
        Value::Object(fields) => {
            for (name, field) in fields {
                check(field, &pointer(path, name), errors);
                if name.contains('\0') {
                    let path = pointer(path, name);
                    errors.push(InvalidField { path, detail: "accepted: names without NUL".to_owned() });
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The JSON pointer of a field, <https://www.rfc-editor.org/rfc/rfc6901>.
pub(crate) fn pointer(path: &str, name: &str) -> String {
    format!("{path}/{}", name.replace('~', "~0").replace('/', "~1"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_surprises_is_refused_with_its_place() {
        for malformed in
            ["", "{", "nonsense", "{\"a\":1,\"a\":2}", "[{\"b\":{\"a\":1,\"a\":1}}]", "1e999", "\u{feff}{}"]
        {
            assert_eq!(parse(malformed.as_bytes()).unwrap_err().code(), Code::Malformed, "{malformed}");
        }
        assert_eq!(parse("[".repeat(100_000).as_bytes()).unwrap_err().code(), Code::Malformed);
        assert_eq!(parse(b"\"\xff\"").unwrap_err().code(), Code::Malformed);
        for (text, path) in [
            (r#"{"a":{"b/c":9007199254740992}}"#, "/a/b~1c"),
            (r#"[0,-9007199254740993]"#, "/1"),
            (r#"[0,18446744073709551616]"#, "/1"),
            (r#"{"a":-123456789012345678901234567890}"#, "/a"),
            (r#"{"a":1e300}"#, "/a"),
            (r#"{"a":9007199254740992.0}"#, "/a"),
            (r#"{"a":"\u0000"}"#, "/a"),
        ] {
            let problem = format!("{:?}", parse(text.as_bytes()).unwrap_err());
            assert!(problem.contains(&format!("path: \"{path}\"")), "{problem}");
        }
        let good = r#"{"a":[1,-2,1.5,-1e-9,true,null,"x"],"b":{"a":9007199254740991}}"#;
        let expected =
            json!({"a": [1, -2, 1.5, -1e-9, true, null, "x"], "b": {"a": 9_007_199_254_740_991_u64}});
        assert_eq!(parse(good.as_bytes()).unwrap(), expected);
    }
}
