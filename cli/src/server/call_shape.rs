//! The shape of a request to the table, for tracing a run's calls: the kinds of the items that it names, and nothing of what
//! they hold.

use serde_json::{Map, Value};
use std::fmt;

/// What calls of the table are traced as: `RUST_LOG=warn,ticketsmith::table_calls=trace`.
pub(crate) const TARGET: &str = "ticketsmith::table_calls";

/// A request whose kinds of items are read only when they are shown.
pub(crate) struct CallShape<'a>(pub(crate) &'a [u8]);

impl fmt::Display for CallShape<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let request: Map<String, Value> = serde_json::from_slice(self.0).unwrap_or_default();
        formatter.write_str(&kinds(&request).join(", "))
    }
}

fn kinds(request: &Map<String, Value>) -> Vec<String> {
    if let Some(tables) = request.get("RequestItems").and_then(Value::as_object) {
        let keys = tables.values().filter_map(|table| table["Keys"].as_array()).flatten();
        return keys.map(kind_of_key).collect();
    }
    if let Some(items) = request.get("TransactItems").and_then(Value::as_array) {
        let members = items.iter().filter_map(Value::as_object).flatten();
        return members
            .map(|(name, member)| {
                let key = member.get("Key").or_else(|| member.get("Item")).unwrap_or(&Value::Null);
                format!("{name} {}", kind_of_key(key))
            })
            .collect();
    }
    if let Some(condition) = request.get("KeyConditionExpression") {
        let values = request.get("ExpressionAttributeValues").unwrap_or(&Value::Null);
        let value = |name: &str| kind(values[name]["S"].as_str().unwrap_or_default()).to_owned();
        let index = request.get("IndexName").and_then(Value::as_str).unwrap_or_default();
        let sort = [":prefix", ":first"].map(value).concat();
        return vec![match condition.as_str().unwrap_or_default().contains("sk") {
            true => format!("{index} {} {sort}…", value(":pk")),
            false => format!("{index} {}", value(":pk")),
        }];
    }
    let key = request.get("Key").or_else(|| request.get("Item"));
    key.map(kind_of_key).into_iter().collect()
}

fn kind_of_key(key: &Value) -> String {
    let part = |name: &str| kind(key[name]["S"].as_str().unwrap_or_default());
    format!("{} {}", part("pk"), part("sk"))
}

/// The part before the first `#`, which names a kind; the rest identifies an item.
pub(crate) fn kind(key: &str) -> &str {
    key.split('#').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn shape(request: Value) -> String {
        CallShape(request.to_string().as_bytes()).to_string()
    }

    #[test]
    fn kinds_are_shown_and_no_more() {
        let key = json!({ "pk": { "S": "TASK#SHOP-1" }, "sk": { "S": "WORD#01J" } });
        assert_eq!(shape(json!({ "Key": key })), "TASK WORD");
        assert_eq!(shape(json!({ "Item": key })), "TASK WORD");
        assert_eq!(shape(json!({ "RequestItems": { "t": { "Keys": [key, key] } } })), "TASK WORD, TASK WORD");
        let items = json!([{ "Put": { "Item": key } }, { "ConditionCheck": { "Key": key } }]);
        assert_eq!(shape(json!({ "TransactItems": items })), "Put TASK WORD, ConditionCheck TASK WORD");
        let query = json!({
            "KeyConditionExpression": "pk = :pk AND begins_with(sk, :prefix)",
            "ExpressionAttributeValues": { ":pk": { "S": "TASK#SHOP-1" }, ":prefix": { "S": "WORD#" } },
        });
        assert_eq!(shape(query), " TASK WORD…");
        assert_eq!(shape(json!({})), "");
        assert_eq!(CallShape(b"[").to_string(), "");
    }
}
