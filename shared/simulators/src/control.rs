//! The control address: looking at a running world, and making things happen in it.
//!
//! | route | does |
//! |---|---|
//! | `GET /_world/urls` | addresses of the services |
//! | `GET /_world/configuration` | a `ticketsmith.yaml` that points at them |
//! | `GET /_world/secrets` | the secrets it names: simulated ones, in the clear |
//! | `GET /_world/deliveries` | the world's deliveries by name |
//! | `GET /_world/log` | every request and answer so far |
//! | `GET /_world/violations` | requests that the real services would not know |
//! | `GET /_world/state` | tickets, repositories, messages, pages and the rest of the model's script |
//! | `GET /_world/faults` | faults no request has met yet |
//! | `POST /_world/faults` | queues one fault, or a list |
//! | `DELETE /_world/faults` | removes the faults no request has met yet |
//! | `POST /_world/deliver` | `{"trigger": name, "to": address}`, or a delivery itself in place of the name |
//! | `POST /_world/export` | `{"dir": folder, "repository": "owner/name"}`: writes it as a git clone; without `repository`, each to `dir/owner/name`. The folder is inside the one for exports |
//!
//! Requests must name this machine as their `Host`, so that no page in a browser reaches the address under another name.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::delivery::{Delivery, DeliveryError};
use crate::fault::Fault;
use crate::inside;
use crate::shared::Shared;

pub(crate) fn router(shared: Arc<Shared>) -> Router {
    let world = Router::new()
        .route("/urls", get(async |State(shared): State<Arc<Shared>>| Json(json!(shared.urls))))
        .route("/configuration", get(configuration))
        .route("/secrets", get(secrets))
        .route(
            "/deliveries",
            get(async |State(shared): State<Arc<Shared>>| Json(json!(shared.world.deliveries))),
        )
        .route("/log", get(async |State(shared): State<Arc<Shared>>| Json(json!(shared.log.entries()))))
        .route(
            "/violations",
            get(async |State(shared): State<Arc<Shared>>| Json(json!(shared.violations.all()))),
        )
        .route("/state", get(async |State(shared): State<Arc<Shared>>| Json(shared.state())))
        .route("/faults", get(waiting_faults).post(add_faults).delete(clear_faults))
        .route("/deliver", post(deliver))
        .route("/export", post(export))
        .with_state(shared);
    Router::new().nest("/_world", world).layer(from_fn(check_host))
}

/// Refuses requests for another host, and those that a page of another origin sends.
async fn check_host(request: Request, next: Next) -> Response {
    if !is_from_this_machine(&request) {
        let problem =
            "the control address is for this machine; accepted as `Host`: 127.0.0.1, localhost or [::1]";
        return refused(StatusCode::FORBIDDEN, problem);
    }
    next.run(request).await
}

fn is_from_this_machine(request: &Request) -> bool {
    let text = |value: &HeaderValue| value.to_str().unwrap_or_default().to_owned();
    let host = request.headers().get(header::HOST).map(text);
    let host = host.or_else(|| request.uri().authority().map(Authority::to_string));
    let origin = request.headers().get(header::ORIGIN).map(text);
    host.is_some_and(|host| is_this_machine(&host))
        && origin.is_none_or(|origin| origin.strip_prefix("http://").is_some_and(is_this_machine))
}

fn is_this_machine(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => name,
        _ => host,
    };
    matches!(name.to_ascii_lowercase().as_str(), "127.0.0.1" | "localhost" | "[::1]")
}

fn refused(status: StatusCode, error: impl ToString) -> Response {
    (status, Json(json!({"error": error.to_string()}))).into_response()
}

async fn configuration(State(shared): State<Arc<Shared>>) -> Response {
    ([(header::CONTENT_TYPE, "application/yaml")], shared.configuration()).into_response()
}

async fn secrets(State(shared): State<Arc<Shared>>) -> Json<Value> {
    let shown: BTreeMap<&String, BTreeMap<&String, &str>> = shared
        .world
        .secrets
        .by_name()
        .iter()
        .map(|(name, fields)| {
            (name, fields.iter().map(|(field, value)| (field, value.expose_secret())).collect())
        })
        .collect();
    Json(json!(shown))
}

async fn waiting_faults(State(shared): State<Arc<Shared>>) -> Json<Value> {
    Json(json!(shared.faults.waiting()))
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    Many(Vec<Fault>),
    One(Fault),
}

async fn add_faults(State(shared): State<Arc<Shared>>, Json(faults): Json<OneOrMany>) -> Response {
    let faults = match faults {
        OneOrMany::Many(faults) => faults,
        OneOrMany::One(fault) => vec![fault],
    };
    for fault in faults {
        if let Err(error) = shared.faults.push(fault) {
            return refused(StatusCode::BAD_REQUEST, error);
        }
    }
    StatusCode::NO_CONTENT.into_response()
}

async fn clear_faults(State(shared): State<Arc<Shared>>) -> StatusCode {
    shared.faults.clear();
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    trigger: Trigger,
    to: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Trigger {
    Name(String),
    Itself(Delivery),
}

async fn deliver(State(shared): State<Arc<Shared>>, Json(order): Json<Order>) -> Response {
    let delivery = match &order.trigger {
        Trigger::Itself(delivery) => Ok(delivery),
        Trigger::Name(name) => shared.named(name),
    };
    let delivered = match delivery {
        Ok(delivery) => shared.deliver(delivery, &order.to).await,
        Err(error) => Err(error),
    };
    match delivered {
        Ok(receipt) => Json(json!(receipt)).into_response(),
        Err(error @ DeliveryError::Unreachable(_)) => refused(StatusCode::BAD_GATEWAY, error),
        Err(error) => refused(StatusCode::BAD_REQUEST, error),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Export {
    dir: PathBuf,
    #[serde(default)]
    repository: Option<String>,
}

async fn export(State(shared): State<Arc<Shared>>, Json(order): Json<Export>) -> Response {
    let folder = match inside::new(&shared.exports, &order.dir) {
        Ok(folder) => folder,
        Err(problem) => return refused(StatusCode::BAD_REQUEST, problem),
    };
    let exported =
        tokio::task::spawn_blocking(move || shared.export(&folder, order.repository.as_deref())).await;
    match exported.map_err(|error| error.to_string()).and_then(|exported| exported) {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => refused(StatusCode::INTERNAL_SERVER_ERROR, error),
    }
}
