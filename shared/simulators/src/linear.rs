//! A Linear workspace: the part of the [GraphQL API](https://linear.app/developers/graphql) that ticket automation uses, and the webhooks of
//! a workspace. Documents and their variables are held against the official schema, `linear.graphql`, where the folder of descriptions has
//! it.

mod document;
mod filter;
mod objects;
mod operations;
mod simulator;
mod state;
mod uploads;
mod webhooks;
mod world;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Json;
use axum::body::Bytes;
use axum::extract::State as AxumState;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::{Map, Value, json};

use crate::clock::Clock;
use crate::credentials::same;
use crate::description::{UnexpectedRequest, Violation, Violations};
use crate::error::{SimulationError, WorldError};
use crate::service::Opening;
use document::{Official, Operation};

pub use webhooks::sign_linear;
pub use world::{Comment, Issue, State, Team, User, World};

/// A running workspace. Clones share one state.
#[derive(Clone)]
pub struct Linear(Arc<Workspace>);

struct Workspace {
    base_url: String,
    world: World,
    api_key: SecretString,
    signing: SecretString,
    official: Option<Official>,
    clock: Clock,
    violations: Violations,
    state: Mutex<state::State>,
}

impl Linear {
    fn start(
        world: World,
        official: Option<Official>,
        opening: &Opening<'_>,
    ) -> Result<Self, SimulationError> {
        if world.user(&world.bot).is_none() {
            let problem = format!("no user is named `{}`", world.bot);
            return Err(WorldError::Invalid { place: "linear.bot".to_owned(), problem }.into());
        }
        Ok(Self(Arc::new(Workspace {
            base_url: opening.address.clone(),
            api_key: opening.secrets.field("linear", &world.secret, "api_key")?,
            signing: opening.signing_of("linear")?,
            official,
            clock: opening.clock.clone(),
            violations: opening.violations.clone(),
            state: Mutex::new(state::State::new(&world, &opening.address, (opening.clock)())?),
            world,
        })))
    }

    fn lock(&self) -> MutexGuard<'_, state::State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Timestamp {
        (self.0.clock)()
    }

    fn world(&self) -> &World {
        &self.0.world
    }

    fn base_url(&self) -> &str {
        &self.0.base_url
    }

    fn signing(&self) -> &SecretString {
        &self.0.signing
    }

    /// Answers one operation.
    fn perform(&self, operation: &Operation) -> Result<Value, Failure> {
        let mut data = Map::new();
        for root in operation.roots().map_err(Failure::Unexpected)? {
            let whole = match operation.is_mutation {
                true => self.mutate(root.name, &root.arguments)?,
                false => self.query(root.name, &root.arguments)?,
            };
            data.insert(root.key.to_owned(), root.select(&whole).map_err(Failure::Unexpected)?);
        }
        Ok(json!({"data": data}))
    }

    /// Records a request that no client of the real service should send.
    fn unexpected(&self, problem: &str) -> Response {
        self.0.violations.record(UnexpectedRequest {
            service: "linear".to_owned(),
            method: "POST".to_owned(),
            path: "/graphql".to_owned(),
            violations: vec![Violation::new("query", problem)],
        });
        let error = error(problem, "GRAPHQL_VALIDATION_FAILED", "graphql error", None);
        (StatusCode::BAD_REQUEST, Json(error)).into_response()
    }
}

/// Why something is not done.
#[derive(Debug)]
enum Failure {
    /// A mistake in the arguments: Linear's message, and its message for people.
    Invalid { message: String, shown: Option<String> },
    /// The simulator does not know the call.
    Unexpected(String),
}

impl Failure {
    fn invalid(message: impl Into<String>) -> Self {
        Self::Invalid { message: message.into(), shown: None }
    }

    /// Linear's message about an unknown ID.
    fn unknown(kind: &str) -> Self {
        let shown = Some(format!("Could not find referenced {kind}."));
        Self::Invalid { message: format!("Entity not found: {kind}"), shown }
    }
}

fn error(message: &str, code: &str, kind: &str, shown: Option<&str>) -> Value {
    let mut extensions = json!({"type": kind, "code": code, "userError": true});
    if let Some(shown) = shown {
        extensions["userPresentableMessage"] = shown.into();
    }
    json!({"errors": [{"message": message, "extensions": extensions}], "data": null})
}

/// `POST /graphql`
async fn answer(AxumState(linear): AxumState<Linear>, headers: HeaderMap, body: Bytes) -> Response {
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !same(given, &linear.0.api_key) {
        let message = "Authentication required, not authenticated";
        let shown = "You need to authenticate to access this operation.";
        let body = error(message, "AUTHENTICATION_ERROR", "authentication error", Some(shown));
        return (StatusCode::UNAUTHORIZED, Json(body)).into_response();
    }
    let is_json = headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    if !is_json {
        return linear.unexpected("the body must be `application/json`");
    }
    let operation = match Operation::read(&body, linear.0.official.as_ref()) {
        Ok(operation) => operation,
        Err(problem) => return linear.unexpected(&problem),
    };
    let mut response = match linear.perform(&operation) {
        Ok(data) if headers.contains_key("public-file-urls-expire-in") => {
            let data = linear.with_keys(&data.to_string());
            ([(header::CONTENT_TYPE, "application/json")], data).into_response()
        }
        Ok(data) => Json(data).into_response(),
        Err(Failure::Unexpected(problem)) => return linear.unexpected(&problem),
        // Linear reports these with a status of success.
        Err(Failure::Invalid { message, shown }) => {
            Json(error(&message, "INPUT_ERROR", "invalid input", shown.as_deref())).into_response()
        }
    };
    let reset = linear.now().as_millisecond() + 3_600_000;
    for (name, value) in [
        ("x-complexity", operation.complexity.to_string()),
        ("x-ratelimit-requests-limit", "2500".to_owned()),
        ("x-ratelimit-requests-remaining", "2499".to_owned()),
        ("x-ratelimit-requests-reset", reset.to_string()),
        ("x-ratelimit-complexity-limit", "3000000".to_owned()),
        ("x-ratelimit-complexity-remaining", "2990000".to_owned()),
        ("x-ratelimit-complexity-reset", reset.to_string()),
    ] {
        let value = HeaderValue::from_str(&value).unwrap_or(HeaderValue::from_static("0"));
        response.headers_mut().insert(HeaderName::from_static(name), value);
    }
    response
}
