//! The service log: every request that reached a simulator, with its answer.
//!
//! Tests and `simulate` judge by this log what a program really did, also after that program was killed, so a request
//! is worked off and recorded even when its sender hangs up before the answer.

use std::collections::BTreeSet;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::clock::Clock;

/// No simulator reads a request or answers with a body larger than this many bytes.
pub const MAXIMUM_BODY_BYTES: usize = 64 * 1024 * 1024;

/// The replacement of a secret in the log.
pub const REDACTED: &str = "[redacted]";

/// One request and its answer.
#[derive(Debug, Clone, Serialize)]
pub struct LogEntry {
    /// Which simulator was asked: `jira`, `github`, `slack`, `confluence` or `claude`.
    pub service: String,
    /// HTTP method, in capitals.
    pub method: String,
    /// Path of the request, percent-encoded as it was sent, without the query.
    pub path: String,
    /// Query string as it was sent, without the question mark; empty when there was none.
    pub query: String,
    /// HTTP status of the answer.
    pub status: u16,
    /// Body of the request: JSON as it is, a form as an object of strings, anything else as text; `null` when empty.
    pub request: Value,
    /// Body of the answer, in the same form.
    pub response: Value,
    /// When the request arrived.
    pub at: Timestamp,
}

/// The entries of all simulators, in the order of their answers. Clones share one list.
#[derive(Clone, Default)]
pub struct ServiceLog {
    entries: Arc<Mutex<Vec<LogEntry>>>,
    secrets: Arc<Mutex<BTreeSet<String>>>,
}

impl ServiceLog {
    /// An empty log which replaces each of `secrets` by [`REDACTED`] wherever it occurs in a path, query or body.
    #[must_use]
    pub fn redacting(secrets: impl IntoIterator<Item = String>) -> Self {
        let log = Self::default();
        log.secrets
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(secrets.into_iter().filter(|s| !s.is_empty()));
        log
    }

    /// Adds a secret that was made while running, such as a GitHub installation token.
    pub fn redact(&self, secret: &str) {
        if !secret.is_empty() {
            self.secrets.lock().unwrap_or_else(PoisonError::into_inner).insert(secret.to_owned());
        }
    }

    /// A copy of all entries so far.
    #[must_use]
    pub fn entries(&self) -> Vec<LogEntry> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Appends an entry after taking the secrets out of it.
    pub fn append(&self, mut entry: LogEntry) {
        {
            let secrets = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
            for text in [&mut entry.path, &mut entry.query] {
                redact_text(text, &secrets);
            }
            redact_value(&mut entry.request, &secrets);
            redact_value(&mut entry.response, &secrets);
        }
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).push(entry);
    }
}

/// The context of one simulator's logging layer.
#[derive(Clone)]
pub struct Recorder {
    /// Name of the simulator, as in [`LogEntry::service`].
    pub service: &'static str,
    /// Where entries go.
    pub log: ServiceLog,
    /// Tells when a request arrived.
    pub clock: Clock,
}

/// Axum middleware (`axum::middleware::from_fn_with_state`): answers through the inner service and records both sides.
pub async fn record(State(recorder): State<Recorder>, request: Request, next: Next) -> Response {
    let at = (recorder.clock)();
    let (parts, body) = request.into_parts();
    let Ok(bytes) = to_bytes(body, MAXIMUM_BODY_BYTES).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let method = parts.method.to_string();
    let path = parts.uri.path().to_owned();
    let query = parts.uri.query().unwrap_or_default().to_owned();
    let sent = readable(&parts.headers, &bytes);
    let request = Request::from_parts(parts, Body::from(bytes));
    // A separate task: axum drops the handler of a sender that is gone, while a real service finishes its work.
    let answering = tokio::spawn(async move {
        let response = next.run(request).await;
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, MAXIMUM_BODY_BYTES).await;
        let answer = bytes.as_ref().map_or(Value::Null, |bytes| readable(&parts.headers, bytes));
        recorder.log.append(LogEntry {
            service: recorder.service.to_owned(),
            method,
            path,
            query,
            status: parts.status.as_u16(),
            request: sent,
            response: answer,
            at,
        });
        (parts, bytes)
    });
    match answering.await {
        Ok((parts, Ok(bytes))) => Response::from_parts(parts, Body::from(bytes)),
        // The body broke off on purpose (a truncation fault): let the sender see the same.
        Ok((parts, Err(error))) => {
            let broken = async move { Err::<Bytes, _>(io::Error::other(error)) };
            Response::from_parts(parts, Body::from_stream(futures::stream::once(broken)))
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// A body as a JSON value that a person can read in the log.
fn readable(headers: &HeaderMap, bytes: &Bytes) -> Value {
    if bytes.is_empty() {
        return Value::Null;
    }
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if kind.starts_with("application/x-www-form-urlencoded")
        && let Ok(fields) = serde_urlencoded::from_bytes::<Vec<(String, String)>>(bytes)
    {
        return fields.into_iter().map(|(name, value)| (name, Value::String(value))).collect();
    }
    serde_json::from_slice(bytes)
        .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(bytes).into_owned()))
}

fn redact_text(text: &mut String, secrets: &BTreeSet<String>) {
    for secret in secrets {
        if text.contains(secret.as_str()) {
            *text = text.replace(secret.as_str(), REDACTED);
        }
    }
}

fn redact_value(value: &mut Value, secrets: &BTreeSet<String>) {
    match value {
        Value::String(text) => redact_text(text, secrets),
        Value::Array(items) => items.iter_mut().for_each(|item| redact_value(item, secrets)),
        Value::Object(fields) => fields.values_mut().for_each(|field| redact_value(field, secrets)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
