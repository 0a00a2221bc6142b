//! Violations of a JSON Schema, in our words.

use jsonschema::error::ValidationErrorKind;
use serde_json::Value;
use std::collections::BTreeMap;

/// Every way in which a value is not what a schema describes: `at `/labels`: "P-1" is not of type "array"`. The fields that
/// it lacks are reported together. Empty when it fits.
pub(crate) fn misfits(value: &Value, schema: &Value) -> Vec<String> {
    let validator = match jsonschema::validator_for(schema) {
        Ok(validator) => validator,
        Err(error) => return vec![format!(": the schema cannot be used: {error}")],
    };
    let mut lacking: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut wrong = Vec::new();
    for error in validator.iter_errors(value) {
        let place = match error.instance_path().to_string() {
            path if path.is_empty() => String::new(),
            path => format!(" at `{path}`"),
        };
        match error.kind() {
            ValidationErrorKind::Required { property } => {
                let name = property.as_str().map_or_else(|| property.to_string(), str::to_owned);
                lacking.entry(place).or_default().push(format!("`{name}`"));
            }
            _ => wrong.push(format!("{place}: {error}")),
        }
    }
    let lacking = lacking.into_iter().map(|(place, names)| format!("{place}: it lacks {}", names.join(", ")));
    lacking.chain(wrong).collect()
}
