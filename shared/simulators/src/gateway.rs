//! Amazon API Gateway's management of open WebSocket connections: takes what is for one, and closes it.
//!
//! What it refuses is what AWS's own description of `ApiGatewayManagementApi` (version 2018-11-29) names: 403 for a signature that is not good, 410
//! for a connection that is not open, 413 for more than 131,072 bytes, 429 for a reader that takes nothing. It adds the quota that the
//! description lacks: a message of more than 32 KB, which comes in one frame, closes the connection with 1009.

use crate::aws_signature;
use crate::clock::Clock;
use crate::error::SimulationError;
use crate::listener::{listen, serve};
use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderName, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::task::JoinHandle;

/// What signatures call the service.
const SERVICE: &str = "execute-api";
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
    url: String,
    task: JoinHandle<()>,
}

#[derive(Debug, Clone, Default)]
struct Connections(Arc<Mutex<Known>>);

#[derive(Debug, Default)]
struct Known {
    open: BTreeMap<String, Connection>,
    violations: Vec<String>,
}

#[derive(Debug, Default)]
struct Connection {
    is_open: bool,
    /// The reader takes nothing.
    is_stuck: bool,
    received: Vec<Value>,
    closed: Option<u16>,
}

impl Gateway {
    /// Starts one on loopback, in the stage `live`.
    ///
    /// # Errors
    /// [`SimulationError`] when no port is free.
    pub async fn start(clock: Clock) -> Result<Self, SimulationError> {
        let (listener, address) = listen(0).await?;
        let connections = Connections::default();
        let router = Router::new()
            .route("/live/@connections/{id}", any(called))
            .with_state((connections.clone(), clock));
        let task = serve(listener, router);
        Ok(Self { connections, url: format!("{address}/live"), task })
    }

    /// Where it accepts messages for connections, with its stage.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Establishes a connection.
    pub fn establish(&self, id: &str) {
        self.connections.lock().open.entry(id.to_owned()).or_default().is_open = true;
    }

    /// The reader of a connection leaves.
    pub fn leave(&self, id: &str) {
        self.connections.lock().open.entry(id.to_owned()).or_default().is_open = false;
    }

    /// The reader of a connection takes nothing from now on.
    pub fn stick(&self, id: &str) {
        self.connections.lock().open.entry(id.to_owned()).or_default().is_stuck = true;
    }

    /// Whether a connection is open.
    pub fn is_open(&self, id: &str) -> bool {
        self.connections.lock().open.get(id).is_some_and(|connection| connection.is_open)
    }

    /// The messages received by a connection's reader.
    pub fn received(&self, id: &str) -> Vec<Value> {
        let state = self.connections.lock();
        state.open.get(id).map(|connection| connection.received.clone()).unwrap_or_default()
    }

    /// The code that a connection was closed with by the gateway.
    pub fn closed_with(&self, id: &str) -> Option<u16> {
        self.connections.lock().open.get(id).and_then(|connection| connection.closed)
    }

    /// Requests that the description does not allow.
    pub fn violations(&self) -> Vec<String> {
        self.connections.lock().violations.clone()
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Connections {
    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, method: &Method, id: &str, data: &[u8]) -> Result<StatusCode, Refusal> {
        let mut state = self.lock();
        if !matches!(*method, Method::POST | Method::DELETE | Method::GET) {
            state.violations.push(format!("{method} is not an operation on a connection"));
            return Err(Refusal(StatusCode::FORBIDDEN, "MissingAuthenticationTokenException"));
        }
        if data.len() > LARGEST_DATA {
            state.violations.push(format!("{} bytes for a connection", data.len()));
            return Err(Refusal(StatusCode::PAYLOAD_TOO_LARGE, "PayloadTooLargeException"));
        }
        let Some(connection) = state.open.get_mut(id).filter(|connection| connection.is_open) else {
            return Err(Refusal(StatusCode::GONE, "GoneException"));
        };
        match *method {
            Method::DELETE => {
                (connection.is_open, connection.closed) = (false, Some(1000));
                Ok(StatusCode::NO_CONTENT)
            }
            Method::POST if connection.is_stuck => {
                Err(Refusal(StatusCode::TOO_MANY_REQUESTS, "LimitExceededException"))
            }
            Method::POST if data.len() > LARGEST_FRAME => {
                (connection.is_open, connection.closed) = (false, Some(1009));
                Ok(StatusCode::OK)
            }
            Method::POST => {
                let text = String::from_utf8_lossy(data);
                let message = serde_json::from_slice(data).unwrap_or_else(|_| json!(text));
                connection.received.push(message);
                Ok(StatusCode::OK)
            }
            _ => Ok(StatusCode::OK),
        }
    }
}

#[derive(Debug)]
struct Refusal(StatusCode, &'static str);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.0, [(ERROR_TYPE, self.1)], json!({ "message": self.1 }).to_string()).into_response()
    }
}

async fn called(
    State((connections, clock)): State<(Connections, Clock)>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(data) = to_bytes(body, MOST_READ).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    if let Err(unsigned) = aws_signature::check(SERVICE, &parts, &data, clock()) {
        connections.lock().violations.push(unsigned.message);
        return Refusal(StatusCode::FORBIDDEN, unsigned.kind).into_response();
    }
    match connections.answer(&parts.method, &id, &data) {
        Ok(status) => status.into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_open_connection_takes_what_is_small_enough() {
        let connections = Connections::default();
        let status = |method: Method, length: usize| {
            connections
                .answer(&method, "c", &vec![b'1'; length])
                .map_or_else(|refusal| refusal.0.as_u16(), |status| status.as_u16())
        };
        assert_eq!(status(Method::POST, 1), 410);
        connections.lock().open.entry("c".to_owned()).or_default().is_open = true;
        assert_eq!(
            (status(Method::POST, 1), status(Method::GET, 0), status(Method::PUT, 1)),
            (200, 200, 403)
        );
        assert_eq!(status(Method::POST, LARGEST_DATA + 1), 413);
        assert_eq!((status(Method::DELETE, 0), status(Method::POST, 1)), (204, 410));
        assert_eq!(connections.lock().open["c"].received, [json!(1)]);
        assert_eq!(connections.lock().violations.len(), 2);
        connections.lock().open.entry("c".to_owned()).or_default().is_open = true;
        assert_eq!((status(Method::POST, LARGEST_FRAME + 1), status(Method::POST, 1)), (200, 410));
        assert_eq!(connections.lock().open["c"].closed, Some(1009));
    }
}
