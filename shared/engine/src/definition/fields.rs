//! Reading the fields of one object of a definition, noting every problem.

use serde_json::{Map, Value};

use super::{Diagnostic, Severity};

/// The problems found so far.
#[derive(Debug, Default)]
pub(super) struct Problems(pub(super) Vec<Diagnostic>);

/// The code for every mistake in the form of a document.
const SCHEMA: &str = "SCHEMA_VALIDATION_FAILED";

impl Problems {
    pub(super) fn schema(&mut self, location: &str, message: impl Into<String>) {
        self.error(SCHEMA, location, message);
    }

    pub(super) fn error(&mut self, code: &'static str, location: &str, message: impl Into<String>) {
        self.0.push(Diagnostic {
            severity: Severity::Error,
            code,
            message: message.into(),
            location: if location.is_empty() { "/".to_owned() } else { location.to_owned() },
        });
    }
}

/// The fields that exist only in JSONPath.
const JSONPATH_FIELDS: [&str; 18] = [
    "InputPath",
    "OutputPath",
    "ResultPath",
    "Parameters",
    "ResultSelector",
    "Result",
    "ItemsPath",
    "MaxConcurrencyPath",
    "TimeoutSecondsPath",
    "HeartbeatSecondsPath",
    "SecondsPath",
    "TimestampPath",
    "ErrorPath",
    "CausePath",
    "Variable",
    "And",
    "Or",
    "Not",
];

/// An object of the document whose fields are taken one by one; [`Fields::finish`] rejects any that are left.
pub(super) struct Fields<'a> {
    map: &'a Map<String, Value>,
    taken: Vec<&'static str>,
    /// The object's place in the document, such as `/States/Greet`.
    pub(super) location: String,
}

impl<'a> Fields<'a> {
    /// The fields of `value`, or `None` and a problem if it is not an object.
    pub(super) fn of(value: &'a Value, location: String, problems: &mut Problems) -> Option<Self> {
        match value.as_object() {
            Some(map) => Some(Self { map, taken: Vec::new(), location }),
            None => {
                problems.schema(&location, "Must be an object");
                None
            }
        }
    }

    /// The place of a field of this object.
    pub(super) fn at(&self, field: &str) -> String {
        format!("{}/{field}", self.location)
    }

    pub(super) fn take(&mut self, field: &'static str) -> Option<&'a Value> {
        self.taken.push(field);
        self.map.get(field)
    }

    pub(super) fn string(&mut self, field: &'static str, problems: &mut Problems) -> Option<&'a str> {
        let value = self.take(field)?;
        if value.as_str().is_none() {
            problems.schema(&self.at(field), "Must be a string");
        }
        value.as_str()
    }

    pub(super) fn required_string(
        &mut self,
        field: &'static str,
        problems: &mut Problems,
    ) -> Option<&'a str> {
        if !self.map.contains_key(field) {
            problems.schema(&self.location, format!("The field '{field}' is required"));
        }
        self.string(field, problems)
    }

    pub(super) fn array(&mut self, field: &'static str, problems: &mut Problems) -> Option<&'a [Value]> {
        let value = self.take(field)?;
        match value.as_array() {
            Some(items) if !items.is_empty() => Some(items),
            _ => {
                problems.schema(&self.at(field), "Must be an array that is not empty");
                None
            }
        }
    }

    /// A whole number from `least` to `most`.
    pub(super) fn whole(
        &mut self,
        field: &'static str,
        (least, most): (u64, u64),
        problems: &mut Problems,
    ) -> Option<u64> {
        let value = self.take(field)?;
        match whole_number(value) {
            Some(number) if (least..=most).contains(&number) => Some(number),
            _ => {
                problems.schema(&self.at(field), format!("Must be a whole number from {least} to {most}"));
                None
            }
        }
    }

    pub(super) fn boolean(&mut self, field: &'static str, problems: &mut Problems) -> Option<bool> {
        let value = self.take(field)?;
        if value.as_bool().is_none() {
            problems.schema(&self.at(field), "Must be true or false");
        }
        value.as_bool()
    }

    pub(super) fn has(&self, field: &str) -> bool {
        self.map.contains_key(field)
    }

    /// Refuses every field that was not taken.
    pub(super) fn finish(self, what: &str, problems: &mut Problems) {
        for field in self.map.keys().filter(|field| !self.taken.contains(&field.as_str())) {
            let location = self.at(field);
            if JSONPATH_FIELDS.contains(&field.as_str()) {
                problems.schema(
                    &location,
                    format!("The field '{field}' belongs to JSONPath and is not supported with QueryLanguage JSONata"),
                );
            } else {
                problems.schema(&location, format!("The field '{field}' is not supported by {what}"));
            }
        }
    }
}

/// A JSON number without fraction, however it is written (`60` and `60.0`).
pub(super) fn whole_number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| {
        let number = value.as_f64()?;
        // Beyond 2^53 a double no longer distinguishes neighboring whole numbers.
        (number.fract() == 0.0 && (0.0..=9_007_199_254_740_992.0).contains(&number)).then_some(number as u64)
    })
}
