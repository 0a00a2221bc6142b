//! JSON without surprises: no name twice in an object, no number that clients cannot hold exactly, no NUL.

use crate::problem::{Code, InvalidField, Problem};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::fmt;

/// Integers beyond this are changed by clients that hold numbers as JavaScript does, and by Step Functions.
const EXACT: u64 = (1 << 53) - 1;

/// Parses a body.
///
/// # Errors
/// Malformed if it is not JSON, nests more than 128 deep or repeats a name; invalid with the place of every value that is not accepted.
pub(crate) fn parse(bytes: &[u8]) -> Result<Value, Problem> {
    let Unique(value) = serde_json::from_slice(bytes).map_err(|error| {
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
        Value::Number(number) => {
            let size = number.as_u64().or_else(|| number.as_i64().map(i64::unsigned_abs));
            if size.is_some_and(|size| size > EXACT) {
                refuse("accepted: integers from -(2^53-1) to 2^53-1; send larger ones as text");
            }
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
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}

/// The JSON pointer of a field, <https://www.rfc-editor.org/rfc/rfc6901>.
pub(crate) fn pointer(path: &str, name: &str) -> String {
    format!("{path}/{}", name.replace('~', "~0").replace('/', "~1"))
}

/// A value in whose objects no name occurs twice.
struct Unique(Value);

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(UniqueVisitor).map(Self)
    }
}

struct UniqueVisitor;

impl<'de> Visitor<'de> for UniqueVisitor {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("a number is out of range"))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Unique(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some((name, Unique(value))) = fields.next_entry::<String, Unique>()? {
            if map.contains_key(&name) {
                return Err(A::Error::custom("a name occurs twice in an object"));
            }
            map.insert(name, value);
        }
        Ok(Value::Object(map))
    }
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
            (r#"{"a":"\u0000"}"#, "/a"),
        ] {
            let problem = format!("{:?}", parse(text.as_bytes()).unwrap_err());
            assert!(problem.contains(&format!("path: \"{path}\"")), "{problem}");
        }
        let good = r#"{"a":[1,-2,1.5,true,null,"x"],"b":{"a":9007199254740991}}"#;
        let expected = json!({"a": [1, -2, 1.5, true, null, "x"], "b": {"a": 9_007_199_254_740_991_u64}});
        assert_eq!(parse(good.as_bytes()).unwrap(), expected);
    }
}
