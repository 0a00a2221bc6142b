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
//! | `POST /_world/deliver` | `{"trigger": name, "to": address}`, or a delivery itself in place of the name |
//! | `POST /_world/export` | `{"dir": folder, "repository": "owner/name"}`: writes it as a git clone; without `repository`, each to `dir/owner/name` |

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::delivery::{Delivery, DeliveryError};
use crate::fault::Fault;
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
        .route("/faults", get(waiting_faults).post(add_faults))
        .route("/deliver", post(deliver))
        .route("/export", post(export))
        .with_state(shared);
    Router::new().nest("/_world", world)
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
    let exported =
        tokio::task::spawn_blocking(move || shared.export(&order.dir, order.repository.as_deref())).await;
    match exported.map_err(|error| error.to_string()).and_then(|exported| exported) {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => refused(StatusCode::INTERNAL_SERVER_ERROR, error),
    }
}
