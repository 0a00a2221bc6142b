//! OpenAI's [Responses](https://platform.openai.com/docs/api-reference/responses) and
//! [Chat Completions](https://platform.openai.com/docs/api-reference/chat) APIs, answering from a script; or a compatible server of another
//! vendor, which has only the latter.

mod cache;
mod chat;
mod chat_events;
mod events;
mod models;
mod pairing;
mod reasoning;
mod request;
mod responses;
mod schema;
mod simulator;
mod speech;
mod world;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Json;
use axum::extract::{Path, Request, State as AxumState};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::clock::Clock;
use crate::credentials::{Secrets, same};
use crate::description::{UnexpectedRequest, Violation, Violations};
use crate::error::WorldError;
use crate::script::{Asked, Bill, Chosen, Script, Usage};

pub use world::World;

/// A running model service. Clones share one state.
#[derive(Clone)]
pub struct OpenAi(Arc<Service>);

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
    /// The reasoning item that each item of a reply came with.
    reasoned: BTreeMap<String, String>,
    cache: cache::Cache,
    replies: u64,
    billed: Bill,
}

impl OpenAi {
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
        let api_key = secrets.field("openai", &world.secret, "api_key")?;
        Ok(Self(Arc::new(Service { world, api_key, violations, clock, state: Mutex::new(state) })))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The script's turn for a request.
    ///
    /// # Errors
    /// A recorded refusal of a request that the script does not expect.
    fn choose(&self, state: &State, path: &str, asked: &Asked<'_>) -> Result<Chosen<'_>, Failure> {
        state.script.choose(&self.0.world.replies, asked).map_err(|problem| {
            self.record(path, "script", &problem);
            Failure::invalid(format!("simulated model: {problem}"))
        })
    }

    /// Books a reply, and returns its usage.
    fn bill(
        &self,
        state: &mut State,
        asked: &Asked<'_>,
        chosen: Chosen<'_>,
        read: Usage,
        said: u64,
    ) -> Usage {
        state.replies += 1;
        let usage = chosen.turn.usage.unwrap_or(Usage { output_tokens: said, ..read });
        state.billed.add(usage, models::cost(models::model(asked.model), usage));
        usage
    }

    /// Records the service's objections to the form of a request.
    fn checked(&self, path: &str, request: Result<Value, Failure>) -> Result<Value, Failure> {
        request.inspect_err(|failure| {
            if failure.status == StatusCode::BAD_REQUEST {
                self.record(path, "body", &failure.message);
            }
        })
    }

    fn record(&self, path: &str, at: &str, problem: &str) {
        self.0.violations.record(UnexpectedRequest {
            service: "openai".to_owned(),
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
    code: Value,
    message: String,
}

impl Failure {
    fn invalid(message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            kind: "invalid_request_error",
            code: Value::Null,
            message: message.into(),
        }
    }

    fn coded(code: &str, message: impl Into<String>) -> Self {
        Self { code: json!(code), ..Self::invalid(message) }
    }

    fn no_model(name: &str) -> Self {
        let message = format!("The model `{name}` does not exist or you do not have access to it.");
        Self { status: StatusCode::NOT_FOUND, ..Self::coded("model_not_found", message) }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let error = json!({"message": self.message, "type": self.kind, "param": null, "code": self.code});
        (self.status, Json(json!({"error": error}))).into_response()
    }
}

fn unique(kind: &str) -> String {
    format!("{kind}_{}", uuid::Uuid::new_v4().simple())
}

async fn authenticate(AxumState(openai): AxumState<OpenAi>, request: Request, next: Next) -> Response {
    let key = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let key = key.and_then(|value| value.strip_prefix("Bearer "));
    let mut response = match key {
        Some(key) if same(key, &openai.0.api_key) => next.run(request).await,
        Some(_) => {
            let message = "Incorrect API key provided. You can find your API key at https://platform.openai.com/account/api-keys.";
            Failure { status: StatusCode::UNAUTHORIZED, ..Failure::coded("invalid_api_key", message) }
                .into_response()
        }
        None => {
            let message = "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer \
                           auth (i.e. Authorization: Bearer YOUR_KEY).";
            Failure { status: StatusCode::UNAUTHORIZED, ..Failure::invalid(message) }.into_response()
        }
    };
    let headers = response.headers_mut();
    let mut set = |name: &'static str, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.entry(HeaderName::from_static(name)).or_insert(value);
        }
    };
    set("x-request-id", &unique("req"));
    set("openai-version", "2020-10-01");
    set("openai-organization", "simulated");
    for (name, value) in [
        ("x-ratelimit-limit-requests", "10000"),
        ("x-ratelimit-remaining-requests", "9999"),
        ("x-ratelimit-reset-requests", "6ms"),
        ("x-ratelimit-limit-tokens", "30000000"),
        ("x-ratelimit-remaining-tokens", "29999000"),
        ("x-ratelimit-reset-tokens", "2ms"),
    ] {
        set(name, value);
    }
    response
}

async fn retrieve(
    AxumState(openai): AxumState<OpenAi>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Failure> {
    match openai.0.world.models.contains(&id) {
        true => Ok(Json(shown_model(&id))),
        false => Err(Failure::no_model(&id)),
    }
}

async fn list(AxumState(openai): AxumState<OpenAi>) -> Json<Value> {
    let models: Vec<Value> = openai.0.world.models.iter().map(|id| shown_model(id)).collect();
    Json(json!({"object": "list", "data": models}))
}

fn shown_model(id: &str) -> Value {
    json!({"id": id, "object": "model", "created": 1_772_000_000, "owned_by": "system"})
}
