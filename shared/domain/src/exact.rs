//! Numbers that everyone reads alike.

use serde_json::{Number, Value};

/// Integers beyond this are changed by clients that hold numbers as JavaScript does, and by Step Functions.
const EXACT: u64 = (1 << 53) - 1;

/// The same as numbers with a fraction are held, and integers of more than 64 bits.
const EXACT_FLOAT: f64 = 9_007_199_254_740_991.0;

/// Whether JavaScript and Step Functions, which hold every number in 64 bits with a fraction, hold this one unchanged: whole numbers from
/// -(2^53-1) to 2^53-1, and numbers with a fraction in the same range.
pub fn is_exact(number: &Number) -> bool {
    match number.as_u64().or_else(|| number.as_i64().map(i64::unsigned_abs)) {
        Some(size) => size <= EXACT,
        None => number.as_f64().is_none_or(|size| size.abs() <= EXACT_FLOAT),
    }
}

/// Whether every number in a value, at any depth, [is exact](is_exact).
pub fn has_exact_numbers(value: &Value) -> bool {
    match value {
        Value::Number(number) => is_exact(number),
        Value::Array(items) => items.iter().all(has_exact_numbers),
        Value::Object(fields) => fields.values().all(has_exact_numbers),
        Value::Null | Value::Bool(_) | Value::String(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers_that_somebody_would_change_are_told_at_any_depth() {
        for exact in
            [json!(9_007_199_254_740_991_u64), json!(-9_007_199_254_740_991_i64), json!(1.5), json!("9e99")]
        {
            assert!(has_exact_numbers(&json!({ "a": [exact, null] })), "{exact}");
        }
        for changed in [
            json!(9_007_199_254_740_992_u64),
            json!(-9_007_199_254_740_993_i64),
            json!(u64::MAX),
            json!(1e300),
        ] {
            assert!(!has_exact_numbers(&json!({ "a": [0, { "b": changed }] })), "{changed}");
        }
    }
}
