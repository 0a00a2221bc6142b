//! Path, query and header parameters of a request.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::{HeaderMap, header};
use serde_json::{Value, json};

use super::{Description, Operation, Violation, schema::Openness, schema::follow};

impl Description {
    pub(super) fn check_parameters(
        &self,
        operation: &Operation,
        path_values: &[(String, String)],
        query: Option<&str>,
        headers: &HeaderMap,
        violations: &mut Vec<Violation>,
    ) {
        let mut sent_query: BTreeMap<String, Vec<String>> = BTreeMap::new();
        match serde_urlencoded::from_str::<Vec<(String, String)>>(query.unwrap_or_default()) {
            Ok(pairs) => {
                pairs.into_iter().for_each(|(name, value)| sent_query.entry(name).or_default().push(value))
            }
            Err(error) => violations.push(Violation::new("query", format!("not URL-encoded: {error}"))),
        }
        let mut described_query = BTreeSet::new();
        for (parameter, (place, name)) in self.parameters(operation) {
            let values = match place {
                "path" => {
                    path_values.iter().filter(|(known, _)| known == name).map(|(_, v)| v.clone()).collect()
                }
                "query" => {
                    described_query.insert(name);
                    sent_query.get(name).cloned().unwrap_or_default()
                }
                "header" if !is_governed_elsewhere(name) => {
                    headers.get_all(name).iter().filter_map(|v| v.to_str().ok()).map(String::from).collect()
                }
                _ => continue,
            };
            let at =
                if place == "path" { format!("path parameter {name}") } else { format!("{place} {name}") };
            if values.is_empty() {
                // A template that matched has all of its path parameters.
                if place != "path" && parameter.get("required") == Some(&Value::Bool(true)) {
                    violations.push(Violation::new(at, "it is required"));
                }
                continue;
            }
            let empty = json!({});
            let schema = parameter.get("schema").unwrap_or(&empty);
            match parameter_value(&self.document, schema, parameter, &values) {
                Ok(value) => {
                    let key = format!("{} {place} {name}", operation.pointer);
                    self.check_value(&key, schema, Openness::Closed, &value, &at, violations);
                }
                Err(message) => violations.push(Violation::new(at, message)),
            }
        }
        for name in sent_query.keys().filter(|name| !described_query.contains(name.as_str())) {
            violations.push(Violation::new(format!("query {name}"), "no such parameter is described"));
        }
    }

    /// Every parameter with its place and name; the operation's own replace those of its path.
    fn parameters(&self, operation: &Operation) -> Vec<(&Value, (&str, &str))> {
        let mut found = BTreeMap::new();
        for owner in [&operation.item, &operation.pointer] {
            let list = self.at(owner).get("parameters").and_then(Value::as_array);
            for parameter in list.into_iter().flatten() {
                let parameter = follow(&self.document, parameter);
                let text = |key: &str| parameter.get(key).and_then(Value::as_str);
                if let (Some(place), Some(name)) = (text("in"), text("name")) {
                    found.insert((place, name), parameter);
                }
            }
        }
        found.into_iter().map(|(key, parameter)| (parameter, key)).collect()
    }
}

/// OpenAPI tells readers to ignore parameters of these names.
fn is_governed_elsewhere(name: &str) -> bool {
    [header::ACCEPT, header::CONTENT_TYPE, header::AUTHORIZATION]
        .iter()
        .any(|known| name.eq_ignore_ascii_case(known.as_str()))
}

/// The text that was sent, read as the type the schema asks for. Text that cannot be read so is passed on as a string,
/// which the schema then refuses with its own words.
fn parameter_value(
    document: &Value,
    schema: &Value,
    parameter: &Value,
    values: &[String],
) -> Result<Value, String> {
    if kinds(document, schema).contains("array") {
        let items = follow(document, schema).get("items").cloned().unwrap_or_default();
        let separate = parameter.get("explode") == Some(&Value::Bool(false)) || values.len() == 1;
        let texts = values.iter().flat_map(|value| match separate {
            true => value.split(',').collect::<Vec<_>>(),
            false => vec![value.as_str()],
        });
        return Ok(texts.map(|text| scalar(&kinds(document, &items), text)).collect());
    }
    match values {
        [text] => Ok(scalar(&kinds(document, schema), text)),
        _ => Err(format!("it is given {} times but takes one value", values.len())),
    }
}

fn scalar(kinds: &BTreeSet<String>, text: &str) -> Value {
    let number =
        || text.parse::<i64>().map(Value::from).or_else(|_| text.parse::<f64>().map(Value::from)).ok();
    if (kinds.contains("integer") || kinds.contains("number"))
        && let Some(number) = number()
    {
        return number;
    }
    match text {
        "true" if kinds.contains("boolean") => Value::Bool(true),
        "false" if kinds.contains("boolean") => Value::Bool(false),
        _ => Value::from(text),
    }
}

/// The types a schema names, here or in its alternatives.
fn kinds(document: &Value, schema: &Value) -> BTreeSet<String> {
    let schema = follow(document, schema);
    let mut found = BTreeSet::new();
    match schema.get("type") {
        Some(Value::String(kind)) => found.extend([kind.clone()]),
        Some(Value::Array(list)) => found.extend(list.iter().filter_map(Value::as_str).map(String::from)),
        _ => {}
    }
    for keyword in ["oneOf", "anyOf", "allOf"] {
        for part in schema.get(keyword).and_then(Value::as_array).into_iter().flatten() {
            found.extend(kinds(document, part));
        }
    }
    found
}
