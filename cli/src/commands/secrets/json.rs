//! The JSON of a secret, in which no name may be given twice: which of both counts would be up to chance.

use crate::exit::{Exit, Outcome};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::fmt::Formatter;

/// Reads JSON. Errors do not quote values, which may be the secret.
///
/// # Errors
/// Usage for invalid JSON, and for an object with two fields of the same name.
pub(super) fn read(json: &[u8]) -> Outcome<Value> {
    match serde_json::from_slice(json) {
        Ok(Unique(value)) => Ok(value),
        // Only our own error texts: any JSON is acceptable otherwise.
        Err(error) if error.is_data() => Err(Exit::usage(format!("standard input: {error}"))),
        Err(_) => Err(Exit::usage("standard input is not JSON; see `ticketsmith secrets set --help`")),
    }
}

/// A value in whose objects each name is there once.
struct Unique(Value);

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader).map(Self)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, formatter: &mut Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
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
        while let Some((key, Unique(value))) = fields.next_entry::<String, Unique>()? {
            if map.insert(key.clone(), value).is_some() {
                return Err(A::Error::custom(format!(
                    "`{}` is given twice; give it once, so that it is clear which value counts",
                    domain::text::printable(&key)
                )));
            }
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn any_json_is_read_as_it_is() {
        for value in [
            json!(null),
            json!("a"),
            json!([1, -2, 1.5, true]),
            json!({"a": {"a": [{"a": 1}, {"a": 2}]}, "b": "hunter2"}),
        ] {
            assert_eq!(read(value.to_string().as_bytes()).unwrap(), value);
        }
    }

    #[test]
    fn a_field_that_is_given_twice_is_named() {
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
