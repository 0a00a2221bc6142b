//! Faults: answers that a test or a world file asks a simulated service to return instead of its own.
//!
//! A fault waits in a queue until a request matches it. It is plain data, so the same document is in a world file,
//! is posted to the control address, and is built in a test.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    body::{Body, Bytes},
    extract::{Request, State},
    http::{HeaderName, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use regex::Regex;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::log::MAXIMUM_BODY_BYTES;

/// One failure to give to the next request that matches it.
///
/// ```yaml
/// - { service: github, method: POST, path: "/pulls$", status: 502, times: 2 }
/// - { service: jira, path: "/transitions$", status: 429, headers: { retry-after: "7" } }
/// - { service: claude, path: "^/v1/messages$", truncated: true, after_effect: true }
/// ```
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// The service the fault is for: `github`, `jira`, `slack`, `confluence` or `claude`; any service when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// The HTTP method, in capitals; any method when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// A regular expression that occurs in the request's path as it was sent, without its query.
    pub path: String,
    /// A text that occurs in the request's query or body, to distinguish requests with one path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contains: Option<String>,
    /// The status to answer with. Absent: the service answers as ever, and only `delay_ms`, `headers` and `truncated`
    /// change its answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Headers to set on the answer.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// The body to answer with, where `status` is given: a string is sent as text, anything else as JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
    /// Milliseconds to wait before the answer.
    #[serde(default, skip_serializing_if = "is_default")]
    pub delay_ms: u64,
    /// Whether the connection breaks in the middle of the answer's body.
    #[serde(default, skip_serializing_if = "is_default")]
    pub truncated: bool,
    /// Whether the service performs the request before the fault hides it, as when an answer is lost.
    #[serde(default, skip_serializing_if = "is_default")]
    pub after_effect: bool,
    /// How many requests the fault is for.
    #[serde(default = "once", skip_serializing_if = "is_once")]
    pub times: u32,
}

fn once() -> u32 {
    1
}

fn is_once(times: &u32) -> bool {
    *times == 1
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Why a [`Fault`] cannot be queued.
#[derive(Debug, thiserror::Error)]
pub enum FaultError {
    /// `path` is not a regular expression.
    #[error("fault: path {path:?} is not a regular expression: {reason}")]
    Path {
        /// The given value.
        path: String,
        /// The mistake in it.
        reason: String,
    },
    /// `status` is not an HTTP status.
    #[error("fault: status {0} is not an HTTP status; give a number from 200 to 599")]
    Status(u16),
    /// A header has a name or value that HTTP does not allow.
    #[error("fault: header {0:?} has a name or value that HTTP does not allow")]
    Header(String),
    /// `times` is zero.
    #[error("fault: times is 0; give 1 or more")]
    Times,
}

/// The faults that wait, shared by all the simulated services. Cloning it gives another handle on the same queue.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    queue: Arc<Mutex<Vec<(Regex, Fault)>>>,
}

impl Faults {
    /// Adds a fault at the end of the queue.
    ///
    /// # Errors
    ///
    /// [`FaultError`] when the fault could never be given: its `path` is not a regular expression, its `status` is no
    /// final HTTP status, a header is malformed, or `times` is 0.
    pub fn push(&self, fault: Fault) -> Result<(), FaultError> {
        let path = Regex::new(&fault.path)
            .map_err(|error| FaultError::Path { path: fault.path.clone(), reason: error.to_string() })?;
        if let Some(status) = fault.status.filter(|status| !(200..600).contains(status)) {
            return Err(FaultError::Status(status));
        }
        if fault.times == 0 {
            return Err(FaultError::Times);
        }
        for (name, value) in &fault.headers {
            if parse_header(name, value).is_none() {
                return Err(FaultError::Header(name.clone()));
            }
        }
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).push((path, fault));
        Ok(())
    }

    /// Takes the first fault that matches a request to `service`: one of its `times` is used up. `path` is the path as
    /// it was sent, without the query, and `said` its query and all of its body.
    #[must_use]
    pub fn take(&self, service: &str, method: &str, path: &str, said: &str) -> Option<Fault> {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let found = queue.iter().position(|(regex, fault)| {
            fault.service.as_deref().is_none_or(|wanted| wanted == service)
                && fault.method.as_deref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
                && fault.contains.as_deref().is_none_or(|wanted| said.contains(wanted))
                && regex.is_match(path)
        })?;
        let fault = queue[found].1.clone();
        queue[found].1.times -= 1;
        if queue[found].1.times == 0 {
            queue.remove(found);
        }
        Some(fault)
    }

    /// Removes the faults no request has met yet: the services answer as ever again.
    pub fn clear(&self) {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// The faults no request has met yet, in order. A test that queued faults asserts that none is left.
    #[must_use]
    pub fn waiting(&self) -> Vec<Fault> {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.iter().map(|(_, fault)| fault.clone()).collect()
    }
}

/// Which queue a service's [`inject`] layer takes from, and under which name.
#[derive(Clone, Debug)]
pub struct FaultPoint {
    /// The service's name, as a [`Fault::service`] gives it.
    pub service: &'static str,
    /// The queue.
    pub faults: Faults,
}

/// The axum middleware that gives waiting faults to requests:
/// `router.layer(axum::middleware::from_fn_with_state(fault_point, fault::inject))`.
pub async fn inject(State(point): State<FaultPoint>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, MAXIMUM_BODY_BYTES).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let said = format!("{}\n{}", parts.uri.query().unwrap_or_default(), String::from_utf8_lossy(&body));
    let found = point.faults.take(point.service, parts.method.as_str(), parts.uri.path(), &said);
    let request = Request::from_parts(parts, Body::from(body));
    let Some(fault) = found else { return next.run(request).await };
    tracing::info!(
        service = point.service,
        method = %request.method(),
        path = request.uri().path(),
        status = fault.status,
        "a simulated fault meets this request"
    );
    let own = if fault.status.is_none() || fault.after_effect { Some(next.run(request).await) } else { None };
    if fault.delay_ms > 0 {
        tokio::time::sleep(Duration::from_millis(fault.delay_ms)).await;
    }
    let mut response = match (fault.status, own) {
        (None, Some(own)) => own,
        (status, _) => substitute(status.unwrap_or(500), fault.body.as_ref()),
    };
    for (name, value) in &fault.headers {
        if let Some((name, value)) = parse_header(name, value) {
            response.headers_mut().insert(name, value);
        }
    }
    if fault.truncated { truncate(response).await } else { response }
}

fn parse_header(name: &str, value: &str) -> Option<(HeaderName, HeaderValue)> {
    Some((name.parse().ok()?, value.parse().ok()?))
}

fn substitute(status: u16, body: Option<&Value>) -> Response {
    let (kind, text) = match body {
        None => (None, String::new()),
        Some(Value::String(text)) => (Some("text/plain; charset=utf-8"), text.clone()),
        Some(json) => (Some("application/json; charset=utf-8"), json.to_string()),
    };
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if let Some(kind) = kind {
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    response
}

/// Announces the whole body, sends half of it and breaks off.
async fn truncate(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    let whole = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
    // An empty body has no middle, so a longer length is announced.
    parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(whole.len().max(1)));
    parts.headers.remove(header::TRANSFER_ENCODING);
    let half = whole.slice(..whole.len() / 2);
    let broken = std::io::Error::other("simulated broken connection");
    let stream = futures::stream::iter([Ok::<Bytes, std::io::Error>(half), Err(broken)]);
    Response::from_parts(parts, Body::from_stream(stream))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(path: &str) -> Fault {
        Fault { path: path.into(), status: Some(502), times: 1, ..Fault::default() }
    }

    #[test]
    fn a_fault_meets_the_first_request_that_matches_it() {
        let faults = Faults::default();
        let only_posts =
            Fault { method: Some("POST".into()), service: Some("github".into()), ..fault("/pulls$") };
        faults.push(only_posts.clone()).unwrap();
        assert_eq!(faults.take("github", "GET", "/repos/a/b/pulls", ""), None);
        assert_eq!(faults.take("jira", "POST", "/repos/a/b/pulls", ""), None);
        assert_eq!(faults.take("github", "POST", "/repos/a/b/pulls/1", ""), None);
        assert_eq!(faults.waiting(), std::slice::from_ref(&only_posts));
        assert_eq!(faults.take("github", "POST", "/repos/a/b/pulls", ""), Some(only_posts));
        let of_one = Fault { contains: Some("heads/x".into()), ..fault("/graphql$") };
        faults.push(of_one.clone()).unwrap();
        assert_eq!(faults.take("github", "POST", "/graphql", "refs/heads/y"), None);
        assert_eq!(faults.take("github", "POST", "/graphql", "refs/heads/x"), Some(of_one));
        assert_eq!(faults.take("github", "POST", "/repos/a/b/pulls", ""), None);
    }

    #[test]
    fn a_fault_that_could_never_be_given_is_refused() {
        let faults = Faults::default();
        assert!(matches!(faults.push(fault("(")), Err(FaultError::Path { .. })));
        assert!(matches!(faults.push(Fault { status: Some(42), ..fault("/") }), Err(FaultError::Status(42))));
        assert!(matches!(faults.push(Fault { times: 0, ..fault("/") }), Err(FaultError::Times)));
        let header = BTreeMap::from([("a b".to_string(), "c".to_string())]);
        assert!(matches!(faults.push(Fault { headers: header, ..fault("/") }), Err(FaultError::Header(_))));
        assert_eq!(faults.waiting(), []);
    }
}
