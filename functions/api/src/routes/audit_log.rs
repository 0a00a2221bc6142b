//! `/audit`: who did what, and the data to verify that the log is intact.

use crate::api::Shared;
use crate::caller::Caller;
use crate::cursor;
use crate::endpoints::{Endpoints, routes};
use crate::problem::Problem;
use crate::query::{Given, Nothing, Parameters, Query};
use crate::routes::answers::Signed;
use crate::routes::page::Page;
use axum::extract::State;
use axum::response::Json;
use control::Operation;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use records::{AuditHead, AuditKind, AuditLine, AuditRecord};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

/// `/audit` and paths below it.
pub(crate) fn routes() -> Endpoints {
    Endpoints::default()
        .routes(routes!(list_audit))
        .routes(routes!(list_audit_lines))
        .routes(routes!(get_audit_heads))
}

/// Something that somebody did.
#[derive(Debug, Serialize, ToSchema)]
struct Change {
    /// Its id: of a request to the API that which its answer and the logs have too.
    id: String,
    /// What kind of thing it is.
    kind: ChangeKind,
    /// When it was done.
    at: Timestamp,
    /// Who did it: a person's name in the configuration, an account, or `operator` for the installation's own credentials.
    who: String,
    /// How they signed in: `installation`, `link`, `github` or `oidc`; for a machine's token, `token` and its id. What came by no request to
    /// the API has the event, such as `slack.command`.
    by: String,
    /// What was done: for a request to the API, the method and the path.
    what: String,
    /// The execution that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    about: Option<String>,
    /// The program that sent the request, as it calls itself, or a digest of the delivery.
    #[serde(skip_serializing_if = "Option::is_none")]
    whence: Option<String>,
    /// The status of the response; absent while the request is in progress, or if it ended without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
}

/// What kind of thing somebody did.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AuditKind)]
enum ChangeKind {
    /// A request to the API that may change something.
    Request,
    /// Something started an execution.
    Trigger,
    /// A person answered a question.
    Approval,
    /// A limit was changed.
    Limit,
    /// The configuration in force was changed.
    Configuration,
    /// A person asked to stop an execution.
    Stop,
    /// An execution's effects are taken back.
    Undo,
    /// An execution is continued.
    Redrive,
    /// Whose an account is was changed.
    Account,
    /// Somebody was not allowed to do what they asked for.
    Refusal,
}

impl From<AuditKind> for ChangeKind {
    fn from(kind: AuditKind) -> Self {
        match kind {
            AuditKind::Request => Self::Request,
            AuditKind::Trigger => Self::Trigger,
            AuditKind::Approval => Self::Approval,
            AuditKind::Limit => Self::Limit,
            AuditKind::Configuration => Self::Configuration,
            AuditKind::Stop => Self::Stop,
            AuditKind::Undo => Self::Undo,
            AuditKind::Redrive => Self::Redrive,
            AuditKind::Account => Self::Account,
            AuditKind::Refusal => Self::Refusal,
        }
    }
}

impl From<AuditRecord> for Change {
    fn from(record: AuditRecord) -> Self {
        let AuditRecord { id, kind, at, who, by, what, about, whence, status } = record;
        Self { id, kind: kind.into(), at, who, by, what, about, whence, status }
    }
}

/// Which changes are listed.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListAudit {
    /// Those of this day, in UTC. Default: today.
    #[param(value_type = Option<String>, format = "date")]
    day: Option<Date>,
    /// Those of this person or account, of every day, as `who` has it; not with `day`.
    #[param(min_length = 1, max_length = 500)]
    who: Option<String>,
    /// The most items on a page. Default: 100.
    #[param(minimum = 1, maximum = 100, required = false)]
    limit: usize,
    /// `next` of a page of the same query.
    #[param(min_length = 1, max_length = 1500)]
    cursor: Option<String>,
}

fn day_of(given: &mut Given) -> Option<Date> {
    let day = given.text("day");
    let date = day.as_deref().and_then(|day| day.parse().ok().filter(|date: &Date| date.to_string() == day));
    if day.is_some() && date.is_none() {
        given.refuse("day", "accepted: a day such as 2026-11-29");
    }
    date
}

impl Parameters for ListAudit {
    fn read(given: &mut Given) -> Self {
        let (day, who) = (day_of(given), given.text("who"));
        if day.is_some() && who.is_some() {
            given.refuse("who", "accepted: either `day` or `who`");
        }
        Self { day, who, limit: given.limit(), cursor: given.cursor() }
    }
}

fn today(api: &Shared) -> Date {
    api.clock.now().to_zoned(TimeZone::UTC).date()
}

/// Lists who did what on a day, or what somebody did, newest first. For admins.
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
    let ListAudit { day, who, limit, cursor } = parameters;
    let day = day.unwrap_or_else(|| today(&api)).to_string();
    let query = match &who {
        Some(who) => ["audit of", who.as_str()],
        None => ["audit", day.as_str()],
    };
    let before = cursor::position(&api, &query, cursor.as_deref()).await?;
    let page = match &who {
        Some(who) => api.table.audit_of_person(who, before.as_deref(), limit).await?,
        None => api.table.audit_of(&day, before.as_deref(), limit).await?,
    };
    let items = page.records.into_iter().map(Change::from).collect();
    Ok(Json(Page::new(&api, items, &query, page.next).await?))
}

/// A record of the audit as it is kept.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditLine)]
struct Line {
    /// The day under which it is, in UTC.
    day: String,
    /// Its place in the day.
    place: String,
    /// The text that was hashed. It names the hash of the record before it.
    record: String,
    /// Its SHA-256.
    hash: String,
    /// When it may be removed, in seconds since 1970.
    expires_at: String,
    /// Whether nothing else is kept with it.
    is_plain: bool,
}

impl From<AuditLine> for Line {
    fn from(line: AuditLine) -> Self {
        let AuditLine { day, place, record, hash, expires_at, is_plain } = line;
        Self { day, place, record, hash, expires_at, is_plain }
    }
}

/// Which records are returned.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListLines {
    /// Those of this day and of all days after it, in UTC. Default: today.
    #[param(value_type = Option<String>, format = "date")]
    day: Option<Date>,
    /// The most items on a page. Default: 100.
    #[param(minimum = 1, maximum = 100, required = false)]
    limit: usize,
    /// `next` of a page of the same query.
    #[param(min_length = 1, max_length = 1500)]
    cursor: Option<String>,
}

impl Parameters for ListLines {
    fn read(given: &mut Given) -> Self {
        Self { day: day_of(given), limit: given.limit(), cursor: given.cursor() }
    }
}

/// So many days are looked through for one page.
const DAYS: usize = 60;

/// Returns the raw records from a day on, in order, for verification. A page may be empty although more
/// follows. For admins.
#[utoipa::path(
    get, path = "/audit/lines", tag = "people", params(ListLines),
    responses((status = 200, description = "A page of records.", body = Page<Line>), Signed)
)]
async fn list_audit_lines(
    State(api): State<Shared>,
    caller: Caller,
    Query(ListLines { day, limit, cursor }): Query<ListLines>,
) -> Result<Json<Page<Line>>, Problem> {
    caller.check(&api, &Operation::SeeAudit).await?;
    // Clocks of functions may be ahead of each other.
    let last = today(&api).saturating_add(1.day());
    let first = day.unwrap_or_else(|| today(&api));
    let name = first.to_string();
    let query = ["audit lines", name.as_str()];
    let place = cursor::position(&api, &query, cursor.as_deref()).await?;
    let (mut day, mut after) = match place.as_deref().and_then(|place| place.split_once(' ')) {
        Some((day, after)) => (day.parse().unwrap_or(first), Some(after.to_owned())),
        None => (first, None),
    };
    let mut found = Vec::new();
    for _ in 0..DAYS {
        let after_now = after.take().filter(|after| !after.is_empty());
        let (lines, next) =
            api.table.audit_lines(&day.to_string(), after_now.as_deref(), limit - found.len()).await?;
        found.extend(lines.into_iter().map(Line::from));
        match next {
            Some(next) => after = Some(next),
            None => day = day.saturating_add(1.day()),
        }
        if found.len() >= limit || day > last {
            break;
        }
    }
    let next = (day <= last).then(|| format!("{day} {}", after.unwrap_or_default()));
    Ok(Json(Page::new(&api, found, &query, next).await?))
}

/// Where the chains of the audit are.
#[derive(Debug, Serialize, ToSchema)]
struct AuditHeads {
    /// Each chain that has records.
    #[schema(max_items = 16)]
    items: Vec<Head>,
}

/// Where a chain of the audit is: its last record.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditHead)]
struct Head {
    /// Which chain.
    chain: u8,
    /// The number of its last record, from 1.
    sequence: u64,
    /// The hash of its last record.
    hash: String,
    /// When that was done.
    at: Timestamp,
}

/// Returns the heads of the audit's chains. For admins.
#[utoipa::path(
    get, path = "/audit/heads", tag = "people",
    responses((status = 200, description = "The chains.", body = AuditHeads), Signed)
)]
async fn get_audit_heads(
    State(api): State<Shared>,
    caller: Caller,
    _: Query<Nothing>,
) -> Result<Json<AuditHeads>, Problem> {
    caller.check(&api, &Operation::SeeAudit).await?;
    let heads = api.table.audit_heads().await?.into_iter();
    let head = |AuditHead { chain, sequence, hash, at }| Head { chain, sequence, hash, at };
    Ok(Json(AuditHeads { items: heads.map(head).collect() }))
}
