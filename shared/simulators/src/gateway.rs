//! Amazon API Gateway's management of open WebSocket connections: takes what is for one, and closes it.
//!
//! Every request is held against AWS's own description of `ApiGatewayManagementApi`, which `tests/descriptions` has. What it refuses is
//! what that description names: 403 for a signature that is not good, 410 for a connection that is not open, 413 for more than 131,072
//! bytes, 429 for a reader that takes nothing. It adds the quota that the description lacks: a message of more than 32 KB, which comes in
//! one frame, closes the connection with 1009.

use crate::aws_signature;
use crate::clock::Clock;
use crate::description::{Description, UnexpectedRequest, Violation, Violations};
use crate::error::SimulationError;
use crate::listener::{listen, serve};
use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Path, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderName, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path as FilePath;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::task::JoinHandle;

/// What signatures call the service.
const SERVICE: &str = "execute-api";
/// The stage, which is the beginning of every path and no part of the description.
const STAGE: &str = "/live";
/// The longest message that it takes, in bytes.
const LARGEST_DATA: usize = 131_072;
/// The longest WebSocket frame that a reader is sent.
const LARGEST_FRAME: usize = 32 * 1024;
/// More than this is not read.
const MOST_READ: usize = 1024 * 1024;

const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");

/// A gateway that runs until it is dropped.
#[derive(Debug)]
pub struct Gateway {
    connections: Connections,
    violations: Violations,
    url: String,
    task: JoinHandle<()>,
}

/// What answers requests.
#[derive(Clone)]
struct Management {
    connections: Connections,
    violations: Violations,
    description: Arc<Description>,
    clock: Clock,
}

#[derive(Debug, Clone, Default)]
struct Connections(Arc<Mutex<BTreeMap<String, Connection>>>);

#[derive(Debug, Default)]
struct Connection {
    is_open: bool,
    /// The reader takes nothing.
    is_stuck: bool,
    received: Vec<Value>,
    closed: Option<u16>,
}

impl Gateway {
    /// Starts one on loopback, in the stage `live`, that holds every request against this file of `tests/descriptions`:
    /// `apigatewaymanagementapi.json`.
    ///
    /// # Errors
    /// [`SimulationError`] when the description cannot be used or no port is free.
    pub async fn start(description: &FilePath, clock: Clock) -> Result<Self, SimulationError> {
        let description = Arc::new(Description::load(description)?);
        let (listener, address) = listen(0).await?;
        let (connections, violations) = (Connections::default(), Violations::default());
        let management = Management {
            connections: connections.clone(),
            violations: violations.clone(),
            description,
            clock,
        };
        let task = serve(listener, management.router());
        Ok(Self { connections, violations, url: format!("{address}{STAGE}"), task })
    }

    /// Where it accepts messages for connections, with its stage.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Establishes a connection.
    pub fn establish(&self, id: &str) {
        self.connections.lock().entry(id.to_owned()).or_default().is_open = true;
    }

    /// The reader of a connection leaves.
    pub fn leave(&self, id: &str) {
        self.connections.lock().entry(id.to_owned()).or_default().is_open = false;
    }

    /// The reader of a connection takes nothing from now on.
    pub fn stick(&self, id: &str) {
        self.connections.lock().entry(id.to_owned()).or_default().is_stuck = true;
    }

    /// Whether a connection is open.
    pub fn is_open(&self, id: &str) -> bool {
        self.connections.lock().get(id).is_some_and(|connection| connection.is_open)
    }

    /// The messages received by a connection's reader.
    pub fn received(&self, id: &str) -> Vec<Value> {
        let state = self.connections.lock();
        state.get(id).map(|connection| connection.received.clone()).unwrap_or_default()
    }

    /// The code that a connection was closed with by the gateway.
    pub fn closed_with(&self, id: &str) -> Option<u16> {
        self.connections.lock().get(id).and_then(|connection| connection.closed)
    }

    /// Every request that the description does not allow, or whose signature is not good.
    pub fn violations(&self) -> Vec<UnexpectedRequest> {
        self.violations.all()
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Connections {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Connection>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers a request that the description allows.
    fn answer(&self, method: &Method, id: &str, data: &[u8]) -> Result<StatusCode, Refusal> {
        let mut state = self.lock();
        let Some(connection) = state.get_mut(id).filter(|connection| connection.is_open) else {
            return Err(Refusal(StatusCode::GONE, "GoneException"));
        };
        if *method == Method::DELETE {
            (connection.is_open, connection.closed) = (false, Some(1000));
            return Ok(StatusCode::NO_CONTENT);
        }
        if connection.is_stuck {
            return Err(Refusal(StatusCode::TOO_MANY_REQUESTS, "LimitExceededException"));
        }
        if data.len() > LARGEST_FRAME {
            (connection.is_open, connection.closed) = (false, Some(1009));
            return Ok(StatusCode::OK);
        }
        let text = String::from_utf8_lossy(data);
        connection.received.push(serde_json::from_slice(data).unwrap_or_else(|_| json!(text)));
        Ok(StatusCode::OK)
    }
}

impl Management {
    fn router(self) -> Router {
        Router::new()
            .route(&format!("{STAGE}/@connections/{{id}}"), any(called))
            .fallback(lost)
            .with_state(self)
    }

    fn record(&self, parts: &Parts, violations: Vec<Violation>) {
        self.violations.record(UnexpectedRequest {
            service: "API Gateway".to_owned(),
            method: parts.method.to_string(),
            path: parts.uri.path().to_owned(),
            violations,
        });
    }

    fn answer(&self, parts: &Parts, id: &str, data: &[u8]) -> Result<StatusCode, Refusal> {
        if let Err(unsigned) = aws_signature::check(SERVICE, parts, data, (self.clock)()) {
            self.record(parts, vec![Violation::new("signature", unsigned.message)]);
            return Err(Refusal(StatusCode::FORBIDDEN, unsigned.kind));
        }
        self.answer_signed(parts, id, data)
    }

    fn answer_signed(&self, parts: &Parts, id: &str, data: &[u8]) -> Result<StatusCode, Refusal> {
        let (method, path) = (&parts.method, parts.uri.path());
        let path = path.strip_prefix(STAGE).unwrap_or(path);
        let checked = self.description.check(method, path, parts.uri.query(), &parts.headers, data);
        if let Err(violations) = checked {
            self.record(parts, violations);
            return Err(match data.len() > LARGEST_DATA {
                true => Refusal(StatusCode::PAYLOAD_TOO_LARGE, "PayloadTooLargeException"),
                false => Refusal(StatusCode::FORBIDDEN, "MissingAuthenticationTokenException"),
            });
        }
        self.connections.answer(method, id, data)
    }
}

#[derive(Debug)]
struct Refusal(StatusCode, &'static str);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.0, [(ERROR_TYPE, self.1)], json!({ "message": self.1 }).to_string()).into_response()
    }
}

async fn called(State(management): State<Management>, Path(id): Path<String>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(data) = to_bytes(body, MOST_READ).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    match management.answer(&parts, &id, &data) {
        Ok(status) => status.into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

/// Whatever is not about a connection.
async fn lost(State(management): State<Management>, request: Request) -> Refusal {
    let (parts, _) = request.into_parts();
    management.record(&parts, vec![Violation::new("path", "no described path matches")]);
    Refusal(StatusCode::FORBIDDEN, "MissingAuthenticationTokenException")
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http;

    fn management() -> Management {
        let file =
            concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/descriptions/apigatewaymanagementapi.json");
        Management {
            connections: Connections::default(),
            violations: Violations::default(),
            description: Arc::new(Description::load(FilePath::new(file)).unwrap()),
            clock: crate::clock::system(),
        }
    }

    /// Asks about the connection `c`; what is answered has to be in the description, too, where the request is.
    fn status(management: &Management, method: &str, more: &str, length: usize) -> u16 {
        let path = format!("/@connections/c{more}");
        let request = http::Request::builder().method(method).uri(format!("{STAGE}{path}"));
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let answer = management.answer_signed(&parts, "c", &vec![b'1'; length]);
        let status = answer.map_or_else(|refusal| refusal.0.as_u16(), |status| status.as_u16());
        let described = management.description.check_answer(&parts.method, &path, status, &Value::Null);
        assert!(described.is_ok() || status == 403, "{method} {path}: {described:?}");
        status
    }

    fn open(management: &Management) {
        management.connections.lock().entry("c".to_owned()).or_default().is_open = true;
    }

    #[test]
    fn only_an_open_connection_takes_what_is_small_enough() {
        let gateway = management();
        assert_eq!((status(&gateway, "POST", "", 1), status(&gateway, "DELETE", "", 0)), (410, 410));
        open(&gateway);
        assert_eq!(status(&gateway, "POST", "", 1), 200);
        assert_eq!((status(&gateway, "DELETE", "", 0), status(&gateway, "POST", "", 1)), (204, 410));
        assert_eq!(gateway.connections.lock()["c"].received, [json!(1)]);
        open(&gateway);
        assert_eq!(
            (status(&gateway, "POST", "", LARGEST_FRAME + 1), status(&gateway, "POST", "", 1)),
            (200, 410)
        );
        assert_eq!(gateway.connections.lock()["c"].closed, Some(1009));
        open(&gateway);
        gateway.connections.lock().get_mut("c").unwrap().is_stuck = true;
        assert_eq!(status(&gateway, "POST", "", 1), 429);
        assert!(gateway.violations.all().is_empty(), "{:?}", gateway.violations.all());
    }

    #[test]
    fn what_the_description_does_not_allow_is_refused_and_remembered() {
        let gateway = management();
        open(&gateway);
        let asked = [
            ("POST", "", LARGEST_DATA + 1, 413, "body"),
            ("POST", "", 0, 403, "body"),
            ("DELETE", "", 1, 403, "body"),
            ("PUT", "", 1, 403, "method"),
            // Nothing asks for it, so nothing may: the stack grants only what is described here.
            ("GET", "", 0, 403, "method"),
            ("POST", "?wait=1", 1, 403, "query wait"),
            ("POST", "/frames", 1, 403, "path"),
        ];
        for (number, (method, more, length, expected, place)) in asked.into_iter().enumerate() {
            assert_eq!(status(&gateway, method, more, length), expected, "{method} {more}");
            let violations = gateway.violations.all();
            assert_eq!(violations.len(), number + 1, "{method} {more}");
            assert_eq!(violations[number].violations[0].at, place, "{method} {more}");
        }
        let known = gateway.connections.lock();
        assert!(known["c"].is_open && known["c"].received.is_empty(), "{:?}", known["c"]);
    }
}
