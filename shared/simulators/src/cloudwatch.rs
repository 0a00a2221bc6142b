//! Amazon CloudWatch's metrics and EventBridge's events at one address, in the
//! [JSON protocol](https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html): a header names the operation. Each body is held against
//! AWS's own description, where the folder of descriptions has it.

mod events;
mod metrics;
mod simulator;
mod world;

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::Body;
use axum::extract::{Request, State as AxumState};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::aws_signature;
use crate::clock::Clock;
use crate::description::{Description, DescriptionError, UnexpectedRequest, Violation, Violations};
use crate::log::MAXIMUM_BODY_BYTES;

pub use world::World;

/// A running service. Clones share one state.
#[derive(Clone)]
pub struct CloudWatch(Arc<Service>);

struct Service {
    world: World,
    descriptions: Vec<Description>,
    violations: Violations,
    clock: Clock,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    metrics: metrics::Metrics,
    events: Vec<Value>,
}

/// The operation in the header, and the service that signs it.
const OPERATIONS: &[(&str, &str, Operation)] = &[
    ("GraniteServiceVersion20100801.PutMetricData", "monitoring", metrics::put),
    ("GraniteServiceVersion20100801.GetMetricData", "monitoring", metrics::get),
    ("AWSEvents.PutEvents", "events", events::put),
];

type Operation = fn(&CloudWatch, &Value) -> Result<Option<Value>, Failure>;

impl CloudWatch {
    /// Opens the services that the world describes.
    ///
    /// # Errors
    /// [`DescriptionError`] for a description that exists but cannot be used.
    pub fn start(
        world: World,
        descriptions: Option<&Path>,
        violations: Violations,
        clock: Clock,
    ) -> Result<Self, DescriptionError> {
        let files = ["cloudwatch.json", "eventbridge.json"];
        let paths = descriptions.into_iter().flat_map(|folder| files.map(|file| folder.join(file)));
        let descriptions = paths.filter(|path| path.exists()).map(|path| Description::load(&path));
        let descriptions = descriptions.collect::<Result<_, _>>()?;
        Ok(Self(Arc::new(Service { world, descriptions, violations, clock, state: Mutex::default() })))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn record(&self, operation: &str, violations: Vec<Violation>) {
        self.0.violations.record(UnexpectedRequest {
            service: "cloudwatch".to_owned(),
            method: "POST".to_owned(),
            path: format!("/ {operation}"),
            violations,
        });
    }

    fn perform(&self, parts: &Parts, body: &[u8]) -> Result<Option<Value>, Failure> {
        let target =
            parts.headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
        let found = OPERATIONS.iter().find(|(name, ..)| *name == target);
        let Some((_, service, operation)) = found else {
            self.record(target, vec![Violation::new("header x-amz-target", "no operation has this name")]);
            return Err(Failure::new("UnknownOperationException", "The operation is not known."));
        };
        aws_signature::check(service, parts, body, (self.0.clock)()).map_err(|unsigned| {
            self.record(target, vec![Violation::new("signature", unsigned.message.clone())]);
            Failure { status: StatusCode::FORBIDDEN, ..Failure::new(unsigned.kind, unsigned.message) }
        })?;
        let path = format!("/{}", target.split_once('.').map_or(target, |(_, name)| name));
        let described = self.0.descriptions.iter().find(|description| description.knows(&path));
        let checked =
            described.map(|description| description.check(&parts.method, &path, None, &parts.headers, body));
        if let Some(Err(violations)) = checked {
            let problems: Vec<_> = violations.iter().map(ToString::to_string).collect();
            self.record(target, violations);
            return Err(Failure::new("ValidationException", problems.join("; ")));
        }
        let request: Value = serde_json::from_slice(body)
            .map_err(|error| Failure::new("SerializationException", error.to_string()))?;
        operation(self, &request).inspect_err(|failure| {
            self.record(target, vec![Violation::new("body", failure.message.clone())]);
        })
    }
}

/// A refusal in the services' form.
#[derive(Debug)]
struct Failure {
    status: StatusCode,
    kind: &'static str,
    message: String,
}

impl Failure {
    fn new(kind: &'static str, message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, kind, message: message.into() }
    }
}

async fn called(AxumState(cloudwatch): AxumState<CloudWatch>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, MAXIMUM_BODY_BYTES).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let (status, body) = match cloudwatch.perform(&parts, &body) {
        Ok(answer) => (StatusCode::OK, answer.map(|answer| answer.to_string()).unwrap_or_default()),
        Err(Failure { status, kind, message }) => {
            let kind = format!("com.amazonaws.cloudwatch#{kind}");
            (status, json!({"__type": kind, "message": message}).to_string())
        }
    };
    let mut response = (status, Body::from(body)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-amz-json-1.0"));
    if let Ok(id) = HeaderValue::from_str(&uuid::Uuid::new_v4().to_string()) {
        headers.insert(HeaderName::from_static("x-amzn-requestid"), id);
    }
    response
}
