//! The part of Lambda that invokes functions directly: <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>.

use super::aws_error::AwsError;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use engine::{FunctionError, Invoke};
use serde_json::Value;

/// The path of `Invoke`.
pub(crate) const INVOKE_PATH: &str = "/2015-03-31/functions/{function}/invocations";

const FUNCTION_ERROR: HeaderName = HeaderName::from_static("x-amz-function-error");
const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");

/// Invokes a function with a JSON payload, and waits for its result.
pub(crate) async fn invoke(functions: &dyn Invoke, function: &str, payload: &[u8]) -> Response {
    let payload: Value = match serde_json::from_slice(payload) {
        Ok(payload) => payload,
        Err(error) => return refused(400, "InvalidRequestContentException", &error.to_string()),
    };
    match functions.invoke(function, payload).await {
        Ok(output) => answer(output.to_string()),
        Err(error) if error == FunctionError::not_found(function) => {
            refused(404, "ResourceNotFoundException", &error.error_message)
        }
        Err(error) => {
            ([(FUNCTION_ERROR, HeaderValue::from_static("Unhandled"))], answer(error.cause())).into_response()
        }
    }
}

fn answer(body: String) -> Response {
    (StatusCode::OK, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

/// Lambda names its errors in a header; the other services name them in the body.
fn refused(status: u16, name: &'static str, message: &str) -> Response {
    ([(ERROR_TYPE, HeaderValue::from_static(name))], AwsError::new(status, name, message)).into_response()
}
