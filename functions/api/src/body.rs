//! Bodies: JSON of one form, and nothing else.

use crate::api::Shared;
use crate::problem::{Code, Problem};
use axum::body::to_bytes;
use axum::extract::{FromRequest, Request};
use axum::http::header;
use serde::de::DeserializeOwned;
use std::time::Duration;

/// The largest body, in bytes.
const LIMIT: usize = 256 * 1024;

/// How long a body may take to arrive.
const ARRIVAL: Duration = Duration::from_secs(10);

/// A body of a known form.
#[derive(Debug)]
pub(crate) struct Body<T> {
    /// What it says.
    pub(crate) value: T,
}

impl<T: DeserializeOwned> FromRequest<Shared> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &Shared) -> Result<Self, Problem> {
        let media_type = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let essence = media_type.and_then(|kind| kind.split(';').next()).unwrap_or_default().trim();
        if !essence.eq_ignore_ascii_case("application/json") {
            return Err(Problem::new(
                Code::UnsupportedMediaType,
                "accepted: a body of the type application/json",
            ));
        }
        let bytes = match tokio::time::timeout(ARRIVAL, to_bytes(request.into_body(), LIMIT)).await {
            Ok(Ok(bytes)) => bytes,
            Ok(Err(_)) => {
                return Err(Problem::new(
                    Code::TooLarge,
                    format!("accepted: a body of at most {LIMIT} bytes"),
                ));
            }
            Err(_) => return Err(Problem::new(Code::Timeout, "the body did not arrive within 10 seconds")),
        };
        let document: serde_json::Value = serde_json::from_slice(&bytes)
            .map_err(|error| Problem::new(Code::Malformed, format!("the body is not JSON: {error}")))?;
        T::deserialize(document)
            .map(|value| Self { value })
            .map_err(|error| Problem::invalid_field("", error.to_string()))
    }
}
