//! `/costs` and `/budgets`: what was spent, and what may be.

use crate::api::Shared;
use crate::caller::Caller;
use crate::cursor;
use crate::problem::Problem;
use crate::query::{Given, Nothing, Parameters, Query};
use crate::routes::answers::Signed;
use crate::routes::executions::Cost;
use crate::routes::page::Page;
use axum::extract::State;
use axum::response::Json;
use jiff::Timestamp;
use records::{Spend, SpendBy};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// `/costs` and `/budgets`.
pub(crate) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::default().routes(routes!(list_costs)).routes(routes!(get_budgets))
}

/// What was spent on a day.
#[derive(Debug, Serialize, ToSchema)]
struct DayCost {
    /// The day in UTC: `2026-11-29`.
    day: String,
    /// The project's key, the account, the workflow's name or the model.
    name: String,
    /// How much.
    cost: Cost,
    /// How many calls of models.
    calls: u64,
}

impl From<Spend> for DayCost {
    fn from(spend: Spend) -> Self {
        Self { day: spend.day, name: spend.name, cost: spend.total.into(), calls: spend.calls }
    }
}

/// By what spending is summed.
#[derive(Debug, Clone, Copy, ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "only its schema is used")]
enum By {
    Model,
    Person,
    Project,
    Workflow,
}

/// Which costs are listed.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListCosts {
    /// By what they are summed. Default: `project`.
    #[param(inline, value_type = Option<By>)]
    by: (&'static str, SpendBy),
    /// The calendar month in UTC. Default: the present one.
    #[param(pattern = "^20[0-9]{2}-(0[1-9]|1[0-2])$")]
    month: Option<String>,
    /// How many there are at most. Default: 100.
    #[param(minimum = 1, maximum = 100, required = false)]
    limit: usize,
    /// `next` of a page of the same query.
    #[param(min_length = 1, max_length = 500)]
    cursor: Option<String>,
}

impl Parameters for ListCosts {
    fn read(given: &mut Given) -> Self {
        let known = [
            ("model", SpendBy::Model),
            ("person", SpendBy::Person),
            ("project", SpendBy::Project),
            ("workflow", SpendBy::Workflow),
        ];
        let by = given.one_of("by", &known.map(|(name, by)| (name, (name, by))));
        let month = given.text("month");
        if month.as_deref().is_some_and(|month| !is_month(month)) {
            given.refuse("month", "accepted: a month such as `2026-11`");
        }
        Self {
            by: by.unwrap_or(("project", SpendBy::Project)),
            month,
            limit: given.limit(),
            cursor: given.text("cursor"),
        }
    }
}

fn is_month(text: &str) -> bool {
    text.len() == 7
        && text.starts_with("20")
        && format!("{text}-01T00:00:00Z").parse::<Timestamp>().is_ok()
        && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')
}

/// Lists what was spent in a month, by day.
///
/// Whoever has no role that sees everything is shown projects that they may see, and what they spent themselves.
#[utoipa::path(
    get, path = "/costs", tag = "costs", params(ListCosts),
    responses((status = 200, description = "A page of costs, by day and name.", body = Page<DayCost>), Signed)
)]
async fn list_costs(
    State(api): State<Shared>,
    caller: Caller,
    Query(parameters): Query<ListCosts>,
) -> Result<Json<Page<DayCost>>, Problem> {
    let ListCosts { by: (name, by), month, limit, cursor } = parameters;
    let month = month.unwrap_or_else(|| api.clock.now().to_string().chars().take(7).collect());
    let query = ["costs", name, month.as_str()];
    let after = cursor.as_deref().map(|cursor| cursor::decode(&query, cursor)).transpose()?;
    let sees_everything = caller.may_see(&api, None, None).await?;
    let mut items: Vec<DayCost> = Vec::new();
    let mut next = None;
    for spend in api.table.spend(&month, by).await? {
        let position = format!("{}#{}", spend.day, spend.name);
        if after.as_ref().is_some_and(|after| position <= *after) {
            continue;
        }
        if !sees_everything && !is_visible(&api, &caller, by, &spend.name).await? {
            continue;
        }
        if items.len() == limit {
            let last = items.last();
            next = last.map(|last| format!("{}#{}", last.day, last.name));
            break;
        }
        items.push(spend.into());
    }
    Ok(Json(Page::new(items, &query, next)))
}

/// Whether somebody who does not see everything may see what something of this name cost.
async fn is_visible(api: &Shared, caller: &Caller, by: SpendBy, name: &str) -> Result<bool, Problem> {
    match by {
        SpendBy::Person => Ok(caller.actor().account() == name),
        SpendBy::Project => match caller.directory().configuration().project(name) {
            Some(project) => caller.may_see(api, Some(project), None).await,
            None => Ok(false),
        },
        SpendBy::Model | SpendBy::Workflow => Ok(false),
    }
}

/// What may be spent, and what the caller has spent.
#[derive(Debug, Serialize, ToSchema)]
struct Budgets {
    /// The limit of one ticket, in micro-dollars.
    per_task_micro_usd: u64,
    /// The limit of one person in a calendar month (UTC), in micro-dollars.
    per_person_month_micro_usd: u64,
    /// What the caller has spent in this calendar month.
    own_month: OwnMonth,
}

/// What a person has spent in a calendar month, in micro-dollars.
#[derive(Debug, Serialize, ToSchema)]
struct OwnMonth {
    /// Whom it is charged to.
    account: String,
    /// What is spent, calls of unknown cost at their worst case.
    spent_micro_usd: u64,
    /// What is spent and reserved.
    committed_micro_usd: u64,
    /// How many calls of unknown cost are in it.
    unknown_calls: u64,
}

/// Returns what may be spent, and what the caller has spent.
#[utoipa::path(
    get, path = "/budgets", tag = "costs",
    responses((status = 200, description = "The limits.", body = Budgets), Signed)
)]
async fn get_budgets(
    State(api): State<Shared>,
    caller: Caller,
    _: Query<Nothing>,
) -> Result<Json<Budgets>, Problem> {
    let configuration = caller.directory().configuration();
    let own = api.control.costs_of_person(configuration, caller.actor()).await?;
    let own_month = OwnMonth {
        account: caller.actor().account(),
        spent_micro_usd: own.spending.spent.0,
        committed_micro_usd: own.spending.committed.0,
        unknown_calls: own.spending.unknown_calls,
    };
    Ok(Json(Budgets {
        per_task_micro_usd: configuration.budgets.per_task().0,
        per_person_month_micro_usd: configuration.budgets.per_user_month().0,
        own_month,
    }))
}

#[cfg(test)]
mod tests {
    use super::is_month;

    #[test]
    fn months_are_read_strictly() {
        assert!(is_month("2026-11") && is_month("2026-01"));
        for text in ["2026-13", "2026-00", "2026-1", "1926-11", "2026/11", "20261-1", "2026-11-"] {
            assert!(!is_month(text), "{text}");
        }
    }
}
