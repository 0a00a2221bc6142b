//! Checks a body against its schema in the contract, so that refusals match the contract, and all problems are reported at once.

use crate::problem::InvalidField;
use crate::strict_json::pointer;
use serde_json::Value;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// The schema of a type, with those that it refers to.
pub(crate) struct Contract {
    root: Value,
    named: BTreeMap<String, Value>,
}

impl Contract {
    /// The schema of a type as the contract has it.
    pub(crate) fn of<T: ToSchema>() -> Self {
        let mut schemas = Vec::new();
        T::schemas(&mut schemas);
        let json = |schema| serde_json::to_value(schema).unwrap_or_default();
        let named = schemas.into_iter().map(|(name, schema)| (name, json(schema))).collect();
        Self { root: json(T::schema()), named }
    }

    /// Everything in a value that the schema does not accept.
    pub(crate) fn errors(&self, value: &Value) -> Vec<InvalidField> {
        let mut errors = Vec::new();
        self.check(&self.root, value, "", &mut errors);
        errors
    }

    fn check(&self, schema: &Value, value: &Value, path: &str, errors: &mut Vec<InvalidField>) {
        let refuse = |errors: &mut Vec<InvalidField>, path: String, detail: String| {
            errors.push(InvalidField { path, detail });
        };
        if let Some(name) = schema["$ref"].as_str().and_then(|name| name.rsplit('/').next()) {
            return match self.named.get(name) {
                Some(named) => self.check(named, value, path, errors),
                None => refuse(errors, path.to_owned(), format!("its schema `{name}` is not known")),
            };
        }
        if let Some(alternatives) = schema["oneOf"].as_array() {
            let mut first = None;
            for alternative in alternatives {
                let mut found = Vec::new();
                self.check(alternative, value, path, &mut found);
                if found.is_empty() {
                    return;
                }
                // An error about a missing `null` alternative would not help.
                if alternative["type"] != "null" {
                    first.get_or_insert(found);
                }
            }
            return errors.extend(first.unwrap_or_default());
        }
        let types = types(schema);
        if !types.is_empty() && !types.iter().any(|kind| is_of(kind, value)) {
            return refuse(errors, path.to_owned(), format!("accepted: {}", types.join(" or ")));
        }
        if let Some(accepted) = schema["enum"].as_array().filter(|accepted| !accepted.contains(value)) {
            let accepted: Vec<_> = accepted.iter().map(Value::to_string).collect();
            return refuse(errors, path.to_owned(), format!("accepted: {}", accepted.join(", ")));
        }
        match value {
            Value::String(text) => {
                let length = text.chars().count() as u64;
                let (least, most) = (schema["minLength"].as_u64(), schema["maxLength"].as_u64());
                if least.is_some_and(|least| length < least) || most.is_some_and(|most| length > most) {
                    refuse(errors, path.to_owned(), in_range("characters", least, most, length));
                }
            }
            Value::Array(items) => {
                let (least, most, length) =
                    (schema["minItems"].as_u64(), schema["maxItems"].as_u64(), items.len() as u64);
                if least.is_some_and(|least| length < least) || most.is_some_and(|most| length > most) {
                    refuse(errors, path.to_owned(), in_range("items", least, most, length));
                }
                for (index, item) in items.iter().enumerate() {
                    self.check(&schema["items"], item, &format!("{path}/{index}"), errors);
                }
            }
            Value::Object(fields) => {
                let known = schema["properties"].as_object();
                for required in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str)
                {
                    if !fields.contains_key(required) {
                        refuse(errors, pointer(path, required), "it is missing".to_owned());
                    }
                }
                for (name, field) in fields {
                    let of_any = &schema["additionalProperties"];
                    let schema_of_field = known.and_then(|known| known.get(name));
                    if let Some(schema) = schema_of_field.or(of_any.is_object().then_some(of_any)) {
                        self.check(schema, field, &pointer(path, name), errors);
                    } else if schema["additionalProperties"] == false {
                        let accepted: Vec<_> =
                            known.into_iter().flat_map(|known| known.keys().map(String::as_str)).collect();
                        let detail = format!("unknown field; accepted: {}", accepted.join(", "));
                        refuse(errors, pointer(path, name), detail);
                    }
                }
            }
            Value::Number(number) => {
                let bound = |name: &str| schema[name].as_f64();
                let (least, most) = (bound("minimum"), bound("maximum"));
                let given = number.as_f64().unwrap_or_default();
                if least.is_some_and(|least| given < least) || most.is_some_and(|most| given > most) {
                    let from = least.map(|least| format!(" from {least}")).unwrap_or_default();
                    let to = most.map(|most| format!(" up to {most}")).unwrap_or_default();
                    let detail = format!("{number} is out of range; accepted: numbers{from}{to}");
                    refuse(errors, path.to_owned(), detail);
                }
            }
            Value::Null | Value::Bool(_) => {}
        }
    }
}

fn types(schema: &Value) -> Vec<&str> {
    match &schema["type"] {
        Value::String(only) => vec![only],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

fn is_of(kind: &str, value: &Value) -> bool {
    match kind {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => false,
    }
}

fn in_range(what: &str, least: Option<u64>, most: Option<u64>, given: u64) -> String {
    let least = least.unwrap_or(0);
    match most {
        Some(most) if most == least => format!("accepted: {least} {what}, but it has {given}"),
        Some(most) => format!("accepted: {least} to {most} {what}, but it has {given}"),
        None => format!("accepted: at least {least} {what}, but it has {given}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[derive(serde::Deserialize, ToSchema)]
    #[expect(dead_code, reason = "only its schema is used")]
    #[serde(deny_unknown_fields)]
    struct Example {
        #[schema(min_length = 1, max_length = 3)]
        name: String,
        size: Option<i32>,
        part: Option<Part>,
        #[schema(max_items = 2)]
        list: Option<Vec<String>>,
        #[schema(value_type = Option<Object>)]
        free: Option<Value>,
        #[schema(minimum = 1, maximum = 7)]
        days: Option<u32>,
        names: Option<BTreeMap<String, String>>,
    }

    #[derive(serde::Deserialize, ToSchema)]
    #[serde(rename_all = "snake_case")]
    enum Part {
        Left,
        Right,
    }

    #[test]
    fn every_problem_is_said_with_its_place() {
        let contract = Contract::of::<Example>();
        let paths = |value: Value| -> Vec<String> {
            contract.errors(&value).into_iter().map(|error| error.path).collect()
        };
        assert_eq!(paths(json!({"name": "abc"})), Vec::<String>::new());
        let whole = json!({"name": "a", "size": null, "part": "left", "list": ["a"], "free": {"x": [1]}});
        assert_eq!(paths(whole), Vec::<String>::new());
        assert_eq!(paths(json!([])), [""]);
        assert_eq!(
            paths(json!({"size": "1", "part": "middle", "list": [1, "a", "b"], "free": 1, "other": 1})),
            ["/name", "/size", "/part", "/list", "/list/0", "/free", "/other"]
        );
        assert_eq!(paths(json!({"name": "a", "days": 7, "names": {"a": "b"}})), Vec::<String>::new());
        assert_eq!(
            paths(json!({"name": "a", "days": 8, "names": {"a": "b", "b": 1}})),
            ["/days", "/names/b"]
        );
        assert_eq!(paths(json!({"name": "a", "days": -1})), ["/days"]);
        assert_eq!(paths(json!({"name": ""})), ["/name"]);
        assert_eq!(paths(json!({"name": "x".repeat(10_000)})), ["/name"]);
    }

    #[test]
    fn a_length_is_told_as_a_person_would() {
        let told = |least, most| in_range("characters", least, most, 88);
        assert_eq!(told(Some(43), Some(43)), "accepted: 43 characters, but it has 88");
        assert_eq!(told(None, Some(3)), "accepted: 0 to 3 characters, but it has 88");
        assert_eq!(told(Some(100), None), "accepted: at least 100 characters, but it has 88");
    }
}
