//! `/audit`: who changed what.

use crate::api::Shared;
use crate::caller::Caller;
use crate::cursor;
use crate::problem::Problem;
use crate::query::{Given, Parameters, Query};
use crate::routes::answers::Signed;
use crate::routes::page::Page;
use axum::extract::State;
use axum::response::Json;
use control::Operation;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use records::AuditRecord;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// `/audit`.
pub(crate) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::default().routes(routes!(list_audit))
}

/// A request that may have changed something.
#[derive(Debug, Serialize, ToSchema)]
struct Change {
    /// The request's id, which its answer and the logs have too.
    id: String,
    /// When it was made.
    at: Timestamp,
    /// Who made it.
    who: String,
    /// How they signed in: `installation`, `link`, `github` or `oidc`; a machine's token is `token` and its id.
    by: String,
    /// What was asked for: the method and the path.
    what: String,
    /// The program that sent it, as it calls itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    whence: Option<String>,
    /// The status that it was answered with; absent while it is at work, or where that ended without an answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
}

impl From<AuditRecord> for Change {
    fn from(record: AuditRecord) -> Self {
        let AuditRecord { id, at, who, by, what, whence, status } = record;
        Self { id, at, who, by, what, whence, status }
    }
}

/// Which changes are listed.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListAudit {
    /// Those of this day, in UTC. Default: today.
    #[param(value_type = Option<String>, format = "date")]
    day: Option<Date>,
    /// How many there are at most. Default: 100.
    #[param(minimum = 1, maximum = 100, required = false)]
    limit: usize,
    /// `next` of a page of the same query.
    #[param(min_length = 1, max_length = 500)]
    cursor: Option<String>,
}

impl Parameters for ListAudit {
    fn read(given: &mut Given) -> Self {
        let day = given.text("day");
        let date =
            day.as_deref().and_then(|day| day.parse().ok().filter(|date: &Date| date.to_string() == day));
        if day.is_some() && date.is_none() {
            given.refuse("day", "accepted: a day such as 2026-11-29");
        }
        Self { day: date, limit: given.limit(), cursor: given.text("cursor") }
    }
}

/// Lists who changed what on a day, newest first. For admins.
#[utoipa::path(
    get, path = "/audit", tag = "people", params(ListAudit),
    responses((status = 200, description = "A page of changes.", body = Page<Change>), Signed)
)]
async fn list_audit(
    State(api): State<Shared>,
    caller: Caller,
    Query(parameters): Query<ListAudit>,
) -> Result<Json<Page<Change>>, Problem> {
    caller.check(&api, &Operation::SeeAudit).await?;
    let today = api.clock.now().to_zoned(TimeZone::UTC).date();
    let day = parameters.day.unwrap_or(today);
    let name = day.to_string();
    let query = ["audit", name.as_str()];
    let before = parameters.cursor.as_deref().map(|cursor| cursor::decode(&query, cursor)).transpose()?;
    let page = api.table.audit_of(day, before.as_deref(), parameters.limit).await?;
    let items = page.records.into_iter().map(Change::from).collect();
    Ok(Json(Page::new(items, &query, page.next)))
}
