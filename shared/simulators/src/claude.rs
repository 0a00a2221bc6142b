//! Claude's [Messages API](https://platform.claude.com/docs/en/api/messages), answering from a script.

mod blocks;
mod images;
mod messages;
mod models;
mod pairing;
mod price;
mod request;
mod schema;
mod simulator;
mod speech;
mod stream;
mod thinking;
mod tokens;
mod world;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Json;
use axum::extract::{Path, Request, State as AxumState};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use jiff::SignedDuration;
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::clock::Clock;
use crate::credentials::{Secrets, same};
use crate::description::Violations;
use crate::error::WorldError;
use crate::script::{Bill, Script};

pub use crate::script::{Content, Expectation, Reply, Turn, Usage};
pub use world::{Thinking, World};

/// The only version of the API there is.
const API_VERSION: &str = "2023-06-01";

/// A running model service. Clones share one state.
#[derive(Clone)]
pub struct Claude(Arc<Service>);

struct Service {
    world: World,
    api_key: SecretString,
    violations: Violations,
    clock: Clock,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    script: Script,
    cache: tokens::Cache,
    messages: u64,
    billed: Bill,
}

impl Claude {
    /// Opens the service which the world describes. Requests that the script does not expect are also added to
    /// `violations`.
    ///
    /// # Errors
    /// [`WorldError::Invalid`] when the secret is missing.
    pub fn start(
        world: World,
        secrets: &Secrets,
        violations: Violations,
        clock: Clock,
    ) -> Result<Self, WorldError> {
        let state = State { script: Script::new(&world.replies), ..State::default() };
        let api_key = secrets.field("claude", &world.secret, "api_key")?;
        Ok(Self(Arc::new(Service { world, api_key, violations, clock, state: Mutex::new(state) })))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
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
    fn invalid(message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, kind: "invalid_request_error", message: message.into() }
    }

    fn too_large() -> Self {
        Self {
            status: StatusCode::PAYLOAD_TOO_LARGE,
            kind: "request_too_large",
            message: "Request exceeds the maximum size".to_owned(),
        }
    }

    fn no_model(name: &str) -> Self {
        Self { status: StatusCode::NOT_FOUND, kind: "not_found_error", message: format!("model: {name}") }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let id = request_id();
        let body =
            json!({"type": "error", "error": {"type": self.kind, "message": self.message}, "request_id": id});
        let mut response = (self.status, Json(body)).into_response();
        if let Ok(id) = HeaderValue::from_str(&id) {
            response.headers_mut().insert("request-id", id);
        }
        response
    }
}

fn request_id() -> String {
    format!("req_{}", uuid::Uuid::new_v4().simple())
}

async fn authenticate(AxumState(claude): AxumState<Claude>, request: Request, next: Next) -> Response {
    if let Err(failure) = check_headers(&claude, request.headers()) {
        return failure.into_response();
    }
    let mut response = next.run(request).await;
    let now = (claude.0.clock)();
    let reset = now.checked_add(SignedDuration::from_mins(1)).unwrap_or(now);
    let headers = response.headers_mut();
    let mut set = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.entry(name).or_insert(value);
        }
    };
    set(HeaderName::from_static("request-id"), &request_id());
    set(HeaderName::from_static("anthropic-organization-id"), "00000000-0000-4000-8000-000000000000");
    for (kind, limit) in
        [("requests", 4000), ("tokens", 2_400_000), ("input-tokens", 2_000_000), ("output-tokens", 400_000)]
    {
        for (what, value) in [
            ("limit", limit.to_string()),
            ("remaining", (limit - 1).to_string()),
            ("reset", reset.to_string()),
        ] {
            if let Ok(name) = HeaderName::try_from(format!("anthropic-ratelimit-{kind}-{what}")) {
                set(name, &value);
            }
        }
    }
    response
}

fn check_headers(claude: &Claude, headers: &HeaderMap) -> Result<(), Failure> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let unauthenticated = |message: &str| Failure {
        status: StatusCode::UNAUTHORIZED,
        kind: "authentication_error",
        message: message.to_owned(),
    };
    match text("x-api-key") {
        None => return Err(unauthenticated("x-api-key header is required")),
        Some(key) if !same(key, &claude.0.api_key) => return Err(unauthenticated("invalid x-api-key")),
        Some(_) => {}
    }
    match text("anthropic-version") {
        None => Err(Failure::invalid("anthropic-version: header is required")),
        Some(API_VERSION) => Ok(()),
        Some(other) => {
            Err(Failure::invalid(format!("anthropic-version: \"{other}\" is not a valid version")))
        }
    }
}

fn model_json(id: &str) -> Value {
    json!({"type": "model", "id": id, "display_name": id, "created_at": "2026-01-01T00:00:00Z",
           "capabilities": null, "max_input_tokens": models::model(id).context, "max_tokens": 64_000})
}

async fn model(AxumState(claude): AxumState<Claude>, Path(id): Path<String>) -> Result<Json<Value>, Failure> {
    match claude.0.world.models.contains(&id) {
        true => Ok(Json(model_json(&id))),
        false => Err(Failure::no_model(&id)),
    }
}
