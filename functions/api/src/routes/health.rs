//! `/health`, and the contract itself.

use crate::api::{Api, Shared};
use crate::caller::MaybeCaller;
use crate::endpoints::{Endpoints, routes};
use crate::problem::{Code, Problem};
use crate::query::{Nothing, Query};
use crate::routes::answers::{Constant, Open};
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Json, Response};
use domain::configuration::Configuration;
use jiff::SignedDuration;
use records::RecordsError;
use serde::Serialize;
use std::time::Duration;
use utoipa::ToSchema;

/// How long the records may take.
const LIMIT: Duration = Duration::from_secs(2);

/// The sweeper checks executions each minute: a check overdue for longer than this shows that it does not run.
const OVERDUE: SignedDuration = SignedDuration::from_mins(10);

/// `/health` and `/openapi.json`.
pub(crate) fn routes() -> Endpoints {
    Endpoints::default().routes(routes!(get_health)).routes(routes!(get_openapi))
}

/// Whether requests can be served, and for signed-in callers, whether everything else works.
#[derive(Debug, Serialize, ToSchema)]
struct Health {
    /// `ok`, or `degraded`, which only signed-in callers see.
    status: &'static str,
    /// Why it is degraded.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    reasons: Vec<Degraded>,
}

/// Something that does not work.
#[derive(Debug, Serialize, ToSchema)]
struct Degraded {
    /// The kind, for programs: `provider`, `workflows` or `sweeper`.
    kind: &'static str,
    /// The problem, for people.
    detail: String,
}

/// Says whether requests can be served.
///
/// It needs no token. With one, it also reports other problems.
#[utoipa::path(
    get, path = "/health", tag = "system", security(()),
    responses((status = 200, description = "They can.", body = Health), Open)
)]
async fn get_health(
    State(api): State<Shared>,
    MaybeCaller(caller): MaybeCaller,
    _: Query<Nothing>,
) -> Result<Json<Health>, Problem> {
    let look = async {
        let directory = api.control.directory().await?;
        match caller {
            Some(_) => reasons(&api, directory.configuration()).await,
            None => Ok(Vec::new()),
        }
    };
    match tokio::time::timeout(LIMIT, look).await {
        Ok(reasons) => {
            let reasons = reasons?;
            let status = if reasons.is_empty() { "ok" } else { "degraded" };
            Ok(Json(Health { status, reasons }))
        }
        Err(_) => Err(Problem::new(Code::Unavailable, "the records do not answer within 2 seconds")
            .with_header(header::RETRY_AFTER, HeaderValue::from_static("5"))),
    }
}

/// All problems, according to the records.
async fn reasons(api: &Api, configuration: &Configuration) -> Result<Vec<Degraded>, RecordsError> {
    let now = api.clock.now();
    let mut reasons = Vec::new();
    let instances: Vec<_> = configuration.instances().map(|instance| instance.name.clone()).collect();
    for name in api.table.open_circuits(&instances).await? {
        let detail = format!("`{name}` keeps failing; it is asked once a minute until it answers");
        reasons.push(Degraded { kind: "provider", detail });
    }
    match api.table.routes(now).await {
        Ok(_) => {}
        Err(RecordsError::Missing(_)) => {
            let detail = "no workflows are in force, so nothing starts".to_owned();
            reasons.push(Degraded { kind: "workflows", detail });
        }
        Err(error) => return Err(error),
    }
    if !api.table.open_due(now - OVERDUE, 1).await?.is_empty() {
        let minutes = OVERDUE.as_mins();
        let detail = format!("open executions have not been checked for over {minutes} minutes");
        reasons.push(Degraded { kind: "sweeper", detail });
    }
    Ok(reasons)
}

/// Returns this document.
///
/// It needs no token.
#[utoipa::path(
    get, path = "/openapi.json", tag = "system", security(()),
    responses((status = 200, description = "The OpenAPI document.", body = Object, content_type = "application/json"), Constant)
)]
async fn get_openapi(_: Query<Nothing>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], include_str!("../../openapi.json")).into_response()
}
