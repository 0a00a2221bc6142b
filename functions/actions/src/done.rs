//! How an action ends: with an output, or without one.

use domain::execution::Inverse;
use domain::stored::{OUTPUT_LIMIT, cut_inline};
use domain::{ActionError, ActionId, ErrorKind, MicroUsd};
use providers::Absent;
use records::RecordsError;
use serde::Serialize;
use serde_json::Value;

/// An action's result.
#[derive(Debug, Clone, PartialEq)]
pub struct Done<T> {
    /// What later steps can read.
    pub output: T,
    /// The inverse; `None` for things that existed before and for effects that stay.
    pub inverse: Option<Inverse>,
    /// The cost of models, if known.
    pub cost: Option<MicroUsd>,
}

impl<T> Done<T> {
    /// Something that stays.
    pub fn for_good(output: T) -> Self {
        Self { output, inverse: None, cost: None }
    }

    /// Something that `action` with `input` takes back.
    pub fn undone_by(output: T, action: ActionId, input: Value) -> Self {
        Self { output, inverse: Some(Inverse { action, input }), cost: None }
    }
}

/// Why an action has no output now.
#[derive(Debug, Clone, PartialEq)]
pub enum NoOutput {
    /// The project leaves the plugin type unset, so the step is skipped for this reason.
    Skipped(String),
    /// The execution is parked: the output comes when its task token is answered.
    Parked,
    /// It failed.
    Failed(ActionError),
}

impl From<ActionError> for NoOutput {
    fn from(error: ActionError) -> Self {
        Self::Failed(error)
    }
}

impl From<RecordsError> for NoOutput {
    fn from(error: RecordsError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<Absent> for NoOutput {
    fn from(absent: Absent) -> Self {
        match absent {
            Absent::Unset(reason) => Self::Skipped(reason),
            Absent::Failed(error) => Self::Failed(error),
        }
    }
}

/// An error whose kind may be known.
pub trait Failure: From<ActionError> {
    /// The kind of error; `None` if nothing failed.
    fn kind(&self) -> Option<ErrorKind>;
}

impl Failure for ActionError {
    fn kind(&self) -> Option<ErrorKind> {
        Some(self.kind)
    }
}

impl Failure for NoOutput {
    fn kind(&self) -> Option<ErrorKind> {
        match self {
            Self::Failed(error) => Some(error.kind),
            Self::Skipped(_) | Self::Parked => None,
        }
    }
}

/// An output as state data may hold it: long texts cut.
///
/// # Errors
/// `Internal` if it still exceeds [`OUTPUT_LIMIT`].
pub fn presentable<T: Serialize>(action: &str, output: &T) -> Result<Value, ActionError> {
    let mut value = serde_json::to_value(output)
        .map_err(|error| ActionError::internal(format!("the output of {action} is not JSON: {error}")))?;
    cut_texts(&mut value);
    let bytes = value.to_string().len();
    if bytes > OUTPUT_LIMIT {
        return Err(ActionError::internal(format!(
            "the output of {action} has {bytes} bytes; at most {OUTPUT_LIMIT} can be passed on"
        )));
    }
    Ok(value)
}

/// Cuts every long text in a value.
pub(crate) fn cut_texts(value: &mut Value) {
    match value {
        Value::String(text) => *text = cut_inline(text),
        Value::Array(items) => items.iter_mut().for_each(cut_texts),
        Value::Object(fields) => fields.values_mut().for_each(cut_texts),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn long_texts_are_cut_and_too_large_outputs_refused() {
        let long = "x".repeat(40 * 1024);
        let cut = presentable("get_task", &json!({"a": [{"b": long}]})).unwrap();
        assert!(cut["a"][0]["b"].as_str().unwrap().ends_with("32 KiB)"));
        let many: Vec<_> = (0..8).map(|_| long.clone()).collect();
        let error = presentable("get_task", &many).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Internal);
        assert!(error.message.contains("get_task"), "{error}");
    }
}
