//! [Prometheus](https://prometheus.io/docs/prometheus/latest/querying/api/) and its
//! [Pushgateway](https://github.com/prometheus/pushgateway#api) at one address.

mod push;
mod query;
mod simulator;
mod world;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::clock::Clock;
use crate::description::{UnexpectedRequest, Violation, Violations};

pub use world::World;

/// A running service. Clones share one state.
#[derive(Clone)]
pub struct Prometheus(Arc<Service>);

struct Service {
    violations: Violations,
    clock: Clock,
    state: Mutex<State>,
}

/// A series: its name and its labels.
type Key = (String, BTreeMap<String, String>);

#[derive(Debug, Default)]
struct State {
    /// The current content of each group of the Pushgateway.
    groups: BTreeMap<String, Vec<(Key, f64)>>,
    /// The scraped values, with their second.
    scraped: BTreeMap<Key, Vec<(i64, f64)>>,
}

impl Prometheus {
    /// Opens it.
    pub fn start(violations: Violations, clock: Clock) -> Self {
        Self(Arc::new(Service { violations, clock, state: Mutex::default() }))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A recorded refusal: nobody should send this.
    fn refuse(&self, path: &str, message: String) -> Response {
        self.0.violations.record(UnexpectedRequest {
            service: "prometheus".to_owned(),
            method: if path.starts_with("/api") { "GET" } else { "PUT" }.to_owned(),
            path: path.to_owned(),
            violations: vec![Violation::new("request", message.clone())],
        });
        let body = json!({"status": "error", "errorType": "bad_data", "error": message});
        (StatusCode::BAD_REQUEST, Json(body)).into_response()
    }
}
