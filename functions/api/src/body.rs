//! Bodies of requests: JSON of a bounded size, as the contract describes it.

use crate::api::Shared;
use crate::contract::Contract;
use crate::problem::{Code, Problem};
use crate::strict_json;
use axum::body::{Bytes, to_bytes};
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::time::Duration;
use utoipa::ToSchema;

/// The largest body, in bytes: an execution's input has at most 200 KiB.
const LIMIT: usize = 256 * 1024;

/// A larger body is refused without being read. A smaller one over the limit is read, because a client that is still sending would not see the
/// answer.
const DRAINED: usize = 2 * 1024 * 1024;

/// How long a body may take to arrive.
const TIME: Duration = Duration::from_secs(10);

/// The body of a request.
#[derive(Debug)]
pub(crate) struct Body<T> {
    /// The content.
    pub(crate) value: T,
    /// The same as JSON.
    pub(crate) json: Value,
}

/// The body of a request that may have none, which is then an empty object.
#[derive(Debug)]
pub(crate) struct OptionalBody<T> {
    /// The content.
    pub(crate) value: T,
    /// The same as JSON.
    pub(crate) json: Value,
}

impl<T: DeserializeOwned + ToSchema> FromRequest<Shared> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &Shared) -> Result<Self, Problem> {
        check_media_type(request.headers())?;
        let json = strict_json::parse(&read(request).await?)?;
        Ok(Self { value: understand(&json)?, json })
    }
}

impl<T: DeserializeOwned + ToSchema> FromRequest<Shared> for OptionalBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &Shared) -> Result<Self, Problem> {
        let media_type = check_media_type(request.headers());
        let bytes = read(request).await?;
        let json = match bytes.is_empty() {
            true => json!({}),
            false => {
                media_type?;
                strict_json::parse(&bytes)?
            }
        };
        Ok(Self { value: understand(&json)?, json })
    }
}

/// Only JSON: a form of a foreign page cannot be sent as it.
fn check_media_type(headers: &HeaderMap) -> Result<(), Problem> {
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = given.split(';').next().unwrap_or_default().trim();
    match essence.eq_ignore_ascii_case("application/json") {
        true => Ok(()),
        false => Err(Problem::new(
            Code::UnsupportedMediaType,
            "the body must be JSON, with `Content-Type: application/json`",
        )),
    }
}

async fn read(request: Request) -> Result<Bytes, Problem> {
    let too_large =
        || Problem::new(Code::TooLarge, format!("the body is too large; accepted: at most {LIMIT} bytes"));
    let announced = request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    if announced.and_then(|length| length.parse::<usize>().ok()).is_some_and(|length| length > DRAINED) {
        return Err(too_large());
    }
    match tokio::time::timeout(TIME, to_bytes(request.into_body(), DRAINED)).await {
        Ok(Ok(bytes)) if bytes.len() <= LIMIT => Ok(bytes),
        Ok(Ok(_)) => Err(too_large()),
        Ok(Err(_)) => Err(too_large()),
        Err(_) => Err(Problem::new(Code::Timeout, "the body did not arrive within 10 seconds")),
    }
}

fn understand<T: DeserializeOwned + ToSchema>(json: &Value) -> Result<T, Problem> {
    let errors = Contract::of::<T>().errors(json);
    if !errors.is_empty() {
        return Err(Problem::invalid(errors));
    }
    T::deserialize(json).map_err(|error| Problem::invalid_field("", error.to_string()))
}
