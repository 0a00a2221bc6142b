//! The columns of tables and of CSV.

use serde_json::Value;

/// A column: its heading, and the path of its value in an item, with dots between names.
pub(crate) type Column = (&'static str, &'static str);

/// The text of an item in a column; empty if the item has no such value.
pub(super) fn value(item: &Value, path: &str) -> String {
    let found = path.split('.').try_fold(item, |value, name| value.get(name));
    found.map_or_else(String::new, |value| plain(path, value))
}

/// A value as people read it.
pub(super) fn plain(name: &str, value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Number(number) if name.ends_with("micro_usd") => match number.as_i64() {
            Some(micro) => dollars(micro),
            None => number.to_string(),
        },
        Value::Array(items) if items.iter().all(|item| item.is_string() || item.is_number()) => {
            items.iter().map(|item| plain("", item)).collect::<Vec<_>>().join(", ")
        }
        Value::Object(fields) if !fields.values().any(|field| field.is_object() || field.is_array()) => {
            let given = fields.iter().filter(|(_, field)| !field.is_null());
            given
                .map(|(name, field)| format!("{name}: {}", plain(name, field)))
                .collect::<Vec<_>>()
                .join(", ")
        }
        other => other.to_string(),
    }
}

/// Micro-dollars as dollars with four decimals, rounded up: `$0.0123`.
fn dollars(micro: i64) -> String {
    let sign = if micro < 0 { "-" } else { "" };
    let hundredths = micro.unsigned_abs().div_ceil(100);
    format!("{sign}${}.{:04}", hundredths / 10_000, hundredths % 10_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_found_by_their_names() {
        let item =
            json!({"a": {"b": "x"}, "cost_micro_usd": 12_345, "roles": ["viewer", "admin"], "none": null});
        assert_eq!(value(&item, "a.b"), "x");
        assert_eq!(value(&item, "cost_micro_usd"), "$0.0124");
        assert_eq!(value(&item, "roles"), "viewer, admin");
        assert_eq!(value(&item, "none") + &value(&item, "a.c"), "");
        assert_eq!(plain("micro_usd", &json!(-1_500_000)), "-$1.5000");
        let month = json!({"account": "ada", "spent_micro_usd": 12_345, "unknown": null});
        assert_eq!(plain("own_month", &month), "account: ada, spent_micro_usd: $0.0124");
    }
}
