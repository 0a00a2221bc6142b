//! The check in front of a simulated service: what departs from the description is refused and remembered.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Json,
    body::Body,
    extract::{Request, State},
    http::StatusCode,
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use serde_json::json;

use super::{Description, Violation};
use crate::log::MAXIMUM_BODY_BYTES;

/// A request that no client of the real service should send.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UnexpectedRequest {
    /// The service it was sent to, such as `github`.
    pub service: String,
    /// The HTTP method.
    pub method: String,
    /// The path as it was sent, without the query.
    pub path: String,
    /// The mistake in it.
    pub violations: Vec<Violation>,
}

impl fmt::Display for UnexpectedRequest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {} {}", self.service, self.method, self.path)?;
        self.violations.iter().try_for_each(|violation| write!(formatter, "\n  {violation}"))
    }
}

/// The unexpected requests of all simulated services, which tests assert to be none. Cloning it gives another handle on
/// the same list.
#[derive(Clone, Debug, Default)]
pub struct Violations {
    list: Arc<Mutex<Vec<UnexpectedRequest>>>,
}

impl Violations {
    /// Remembers an unexpected request, and says so in the log of this process.
    pub fn record(&self, request: UnexpectedRequest) {
        tracing::error!(service = request.service, method = request.method, path = request.path, "{request}");
        self.list.lock().unwrap_or_else(PoisonError::into_inner).push(request);
    }

    /// All of them, in the order they came.
    #[must_use]
    pub fn all(&self) -> Vec<UnexpectedRequest> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The context of the middleware [`check_requests`].
#[derive(Clone, Debug)]
pub struct RequestCheck {
    /// The service's name, for messages.
    pub service: &'static str,
    /// The official descriptions of its API. A request has to fit one of them; with none, every request passes.
    pub descriptions: Vec<Arc<Description>>,
    /// Paths that no description covers; their requests pass.
    pub undescribed: &'static [&'static str],
    /// Where departures are recorded.
    pub violations: Violations,
}

/// The axum middleware that answers a request which departs from the description with 500, naming the violations,
/// instead of passing it on: `router.layer(axum::middleware::from_fn_with_state(check, check_requests))`.
pub async fn check_requests(State(check): State<RequestCheck>, request: Request, next: Next) -> Response {
    if check.descriptions.is_empty() || check.undescribed.contains(&request.uri().path()) {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, MAXIMUM_BODY_BYTES).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let path = parts.uri.path();
    let described = check.descriptions.iter().find(|description| description.knows(path));
    let checked = match described {
        Some(description) => description.check(&parts.method, path, parts.uri.query(), &parts.headers, &body),
        None => Err(vec![Violation::new("path", "no official description knows this path")]),
    };
    match checked {
        Ok(()) => next.run(Request::from_parts(parts, Body::from(body))).await,
        Err(violations) => {
            let (method, path) = (parts.method.to_string(), path.to_string());
            refuse(&check, UnexpectedRequest { service: check.service.into(), method, path, violations })
        }
    }
}

/// The fallback of a simulated service's router: a call without an implementation is recorded and answered with 500.
/// `router.fallback(unexpected_call).with_state(check)`.
pub async fn unexpected_call(State(check): State<RequestCheck>, request: Request) -> Response {
    let violations = vec![Violation::new("path", "the simulator does not know this call")];
    let (method, path) = (request.method().to_string(), request.uri().path().to_string());
    refuse(&check, UnexpectedRequest { service: check.service.into(), method, path, violations })
}

fn refuse(check: &RequestCheck, request: UnexpectedRequest) -> Response {
    let body = json!({
        "message": format!("This request departs from the API of {}.", check.service),
        "violations": request.violations,
    });
    check.violations.record(request);
    (StatusCode::INTERNAL_SERVER_ERROR, Json(body)).into_response()
}
