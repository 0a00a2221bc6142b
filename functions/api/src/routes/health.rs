//! `/health`, and the contract itself.

use crate::api::{Contract, Shared};
use crate::problem::{Code, Problem};
use crate::query::{Nothing, Query};
use crate::routes::answers::Open;
use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Json, Response};
use serde::Serialize;
use std::sync::OnceLock;
use std::time::Duration;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// How long the records may take.
const LIMIT: Duration = Duration::from_secs(2);

/// `/health` and `/openapi.json`.
pub(crate) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::default().routes(routes!(get_health)).routes(routes!(get_openapi))
}

/// That requests can be served.
#[derive(Debug, Serialize, ToSchema)]
struct Health {
    /// `ok`.
    status: &'static str,
}

/// Says whether requests can be served.
///
/// It needs no token, and says nothing else.
#[utoipa::path(
    get, path = "/health", tag = "system", security(()),
    responses((status = 200, description = "They can.", body = Health), Open)
)]
async fn get_health(State(api): State<Shared>, _: Query<Nothing>) -> Result<Json<Health>, Problem> {
    match tokio::time::timeout(LIMIT, api.control.directory()).await {
        Ok(directory) => {
            directory?;
            Ok(Json(Health { status: "ok" }))
        }
        Err(_) => Err(Problem::new(Code::Unavailable, "the records do not answer within 2 seconds")
            .with_header(header::RETRY_AFTER, HeaderValue::from_static("5"))),
    }
}

/// Returns this document.
///
/// It needs no token.
#[utoipa::path(
    get, path = "/openapi.json", tag = "system", security(()),
    responses((status = 200, description = "The OpenAPI document.", body = Object, content_type = "application/json"), Open)
)]
async fn get_openapi(Extension(Contract(contract)): Extension<Contract>, _: Query<Nothing>) -> Response {
    static DOCUMENT: OnceLock<String> = OnceLock::new();
    // It is made of constants, so it serializes each time or never.
    let document = DOCUMENT.get_or_init(|| contract.to_json().unwrap_or_default());
    ([(header::CONTENT_TYPE, "application/json")], document.as_str()).into_response()
}
