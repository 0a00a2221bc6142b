//! Whether `serve` can do its work, for its supervisor. It is on the metrics listener, which is not public.

use axum::Router;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Json, Response};
use axum::routing::get;
use jiff::Timestamp;
use records::Table;
use serde_json::json;
use std::time::Duration;

/// How long the records may take.
const LIMIT: Duration = Duration::from_secs(2);

/// `GET /healthz`: 200 while the records answer, through the same private listener as every function; else 503.
pub(crate) fn router(table: Table) -> Router {
    Router::new().route("/healthz", get(move || check(table.clone())))
}

async fn check(table: Table) -> Response {
    let problem = match tokio::time::timeout(LIMIT, table.recent_executions(Timestamp::now(), 1)).await {
        Ok(Ok(_)) => None,
        Ok(Err(error)) => Some(format!("the records do not answer: {error}")),
        Err(_) => Some(format!("the records do not answer within {} s", LIMIT.as_secs())),
    };
    match problem {
        None => Json(json!({ "status": "ok" })).into_response(),
        Some(problem) => {
            (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "status": "failing", "problem": problem })))
                .into_response()
        }
    }
}
