//! How the engine calls functions.

use async_trait::async_trait;
use serde_json::{Value, json};

/// Runs a function by name, as Lambda's Invoke API does with `RequestResponse`.
///
/// The engine calls the same function again with the same payload when it was interrupted between the call and
/// the durable record of its result; functions must bear that, as they must on Lambda.
#[async_trait]
pub trait Invoke: Send + Sync {
    /// Runs `function` (its plain name, without ARN or qualifier) with `payload` and returns its result.
    ///
    /// # Errors
    /// A [`FunctionError`] becomes the error name and cause that `Retry` and `Catch` see. A function that is not
    /// known is [`FunctionError::not_found`].
    async fn invoke(&self, function: &str, payload: Value) -> Result<Value, FunctionError>;
}

/// Why a function gave no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{error_type}: {error_message}")]
pub struct FunctionError {
    /// The name that `Retry` and `Catch` match (`ErrorEquals`), such as `Throttled`. It must not start with
    /// `States.`.
    pub error_type: String,
    /// The event, for people.
    pub error_message: String,
    /// The cause to report. When it is absent, the cause is the JSON body Lambda returns,
    /// `{"errorType":…,"errorMessage":…}`.
    pub cause: Option<String>,
}

impl FunctionError {
    /// An error that the function itself returned.
    pub fn new(error_type: impl Into<String>, error_message: impl Into<String>) -> Self {
        Self { error_type: error_type.into(), error_message: error_message.into(), cause: None }
    }

    /// The function does not exist: Lambda's `ResourceNotFoundException`.
    pub fn not_found(function: &str) -> Self {
        let message = format!("Function not found: {function}");
        Self {
            error_type: "Lambda.ResourceNotFoundException".to_owned(),
            cause: Some(format!(
                "{message} (Service: AWSLambda; Status Code: 404; Error Code: ResourceNotFoundException; Proxy: null)"
            )),
            error_message: message,
        }
    }

    /// The cause that an execution reports.
    pub fn cause(&self) -> String {
        self.cause.clone().unwrap_or_else(|| {
            json!({"errorType": self.error_type, "errorMessage": self.error_message}).to_string()
        })
    }
}
