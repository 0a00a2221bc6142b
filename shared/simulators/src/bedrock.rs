//! Amazon Bedrock's [Converse API](https://docs.aws.amazon.com/bedrock/latest/userguide/conversation-inference.html), answering from a
//! script.

mod converse;
mod models;
mod prompt;
mod reasoning;
mod request;
mod simulator;
mod speech;
mod stream;
mod world;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Json;
use axum::body::Body;
use axum::extract::{Request, State as AxumState};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::aws_signature;
use crate::clock::Clock;
use crate::description::{UnexpectedRequest, Violation, Violations};
use crate::script::{Bill, Script};

pub use world::World;

/// The bytes of a request.
pub(super) const MOST_BYTES: usize = 25 * 1024 * 1024;

/// A running model service. Clones share one state.
#[derive(Clone)]
pub struct Bedrock(Arc<Service>);

struct Service {
    world: World,
    violations: Violations,
    clock: Clock,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    script: Script,
    cache: prompt::Cache,
    replies: u64,
    billed: Bill,
}

impl Bedrock {
    /// Opens the service which the world describes. Requests that the script does not expect are also added to `violations`.
    pub fn start(world: World, violations: Violations, clock: Clock) -> Self {
        let state = State { script: Script::new(&world.replies), ..State::default() };
        Self(Arc::new(Service { world, violations, clock, state: Mutex::new(state) }))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn record(&self, path: &str, at: &str, problem: &str) {
        self.0.violations.record(UnexpectedRequest {
            service: "bedrock".to_owned(),
            method: "POST".to_owned(),
            path: path.to_owned(),
            violations: vec![Violation { at: at.to_owned(), message: problem.to_owned() }],
        });
    }
}

/// A refusal in the API's form.
#[derive(Debug)]
struct Failure {
    status: StatusCode,
    kind: &'static str,
    message: String,
}

impl Failure {
    fn validation(message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, kind: "ValidationException", message: message.into() }
    }

    fn no_model() -> Self {
        Self {
            status: StatusCode::NOT_FOUND,
            kind: "ResourceNotFoundException",
            message: "Could not resolve the foundation model from the provided model identifier.".to_owned(),
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(json!({"message": self.message}))).into_response();
        let kind = HeaderValue::from_static(self.kind);
        response.headers_mut().insert(HeaderName::from_static("x-amzn-errortype"), kind);
        response
    }
}

async fn authenticate(AxumState(bedrock): AxumState<Bedrock>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, MOST_BYTES).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let signed = aws_signature::check("bedrock", &parts, &body, (bedrock.0.clock)());
    let mut response = match signed {
        Ok(()) => next.run(Request::from_parts(parts, Body::from(body))).await,
        Err(unsigned) => {
            bedrock.record(parts.uri.path(), "signature", &unsigned.message);
            let (kind, message) = (unsigned.kind, unsigned.message);
            Failure { status: StatusCode::FORBIDDEN, kind, message }.into_response()
        }
    };
    if let Ok(id) = HeaderValue::from_str(&uuid::Uuid::new_v4().to_string()) {
        response.headers_mut().insert(HeaderName::from_static("x-amzn-requestid"), id);
    }
    response
}
