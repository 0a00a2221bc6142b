//! JSON in whose objects each name occurs once. Parsers otherwise disagree about which of two values counts.

use crate::text::printable;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::fmt;

/// A JSON value in whose objects, at any depth, each name occurs once. Reading anything else fails with the name, and never quotes a
/// value, which may be secret.
#[derive(Debug, Clone, PartialEq)]
pub struct UniqueNames(pub Value);

impl<'de> Deserialize<'de> for UniqueNames {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader).map(Self)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
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
        while let Some(UniqueNames(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some((name, UniqueNames(value))) = fields.next_entry::<String, UniqueNames>()? {
            if map.insert(name.clone(), value).is_some() {
                return Err(A::Error::custom(format!(
                    "`{}` is given twice; give it once, so that it is clear which value counts",
                    printable(&name)
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
    fn other_json_is_read_as_it_is() {
        for value in [
            json!(null),
            json!("a"),
            json!([1, -2, 1.5, true, u64::MAX]),
            json!({"a": {"a": [{"a": 1}, {"a": 2}]}, "b": ""}),
        ] {
            let read: UniqueNames = serde_json::from_str(&value.to_string()).unwrap();
            assert_eq!(read.0, value);
        }
    }

    #[test]
    fn a_repeated_name_is_named_at_any_depth() {
        for text in [r#"{"a": 1, "b": 2, "a": 1}"#, r#"[{"b": {"a": "hunter2", "a": "hunter3"}}]"#] {
            let told = serde_json::from_str::<UniqueNames>(text).unwrap_err().to_string();
            assert!(told.contains("`a` is given twice; give it once") && !told.contains("hunter"), "{told}");
        }
    }
}
