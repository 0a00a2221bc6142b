//! Errors in the form of AWS's JSON protocol.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// An error in the form of AWS's JSON protocol.
#[derive(Debug)]
pub(crate) struct AwsError {
    /// The HTTP status.
    pub(crate) status: u16,
    /// The JSON body.
    pub(crate) body: String,
}

impl AwsError {
    /// An error with a status, AWS's name and a message.
    pub(crate) fn new(status: u16, name: &str, message: &str) -> Self {
        Self { status, body: json!({ "__type": name, "message": message, "Message": message }).to_string() }
    }

    /// The caller may not do that.
    pub(crate) fn access_denied(message: &str) -> Self {
        Self::new(400, "AccessDeniedException", message)
    }

    /// The body is not valid for the operation.
    pub(crate) fn serialization(error: &serde_json::Error) -> Self {
        Self::new(400, "SerializationException", &error.to_string())
    }

    /// The operation is not served.
    pub(crate) fn unknown_operation(operation: &str) -> Self {
        Self::new(400, "UnknownOperationException", &format!("the operation {operation} is not served here"))
    }
}

impl IntoResponse for AwsError {
    fn into_response(self) -> Response {
        answer(StatusCode::from_u16(self.status).unwrap_or(StatusCode::BAD_REQUEST), self.body)
    }
}

/// An answer in AWS's JSON protocol.
pub(crate) fn answer(status: StatusCode, body: String) -> Response {
    (status, [(header::CONTENT_TYPE, "application/x-amz-json-1.0")], body).into_response()
}
