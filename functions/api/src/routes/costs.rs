//! `/costs` and `/budgets`: spending and limits.

use crate::api::Shared;
use crate::caller::Caller;
use crate::cursor;
use crate::endpoints::{Endpoints, routes};
use crate::problem::Problem;
use crate::query::{Given, Nothing, Parameters, Query};
use crate::routes::answers::Signed;
use crate::routes::page::Page;
use crate::routes::shown_execution::Cost;
use axum::extract::State;
use axum::response::Json;
use jiff::Timestamp;
use records::{CostTotal, Spend, SpendBy};
use serde::Serialize;
use std::collections::BTreeSet;
use utoipa::{IntoParams, ToSchema};

/// `/costs` and `/budgets`.
pub(crate) fn routes() -> Endpoints {
    Endpoints::default().routes(routes!(list_costs)).routes(routes!(get_budgets))
}

/// The spending of a day.
#[derive(Debug, Serialize, ToSchema)]
struct DayCost {
    /// The day in UTC: `2026-11-29`.
    day: String,
    /// The project's key, the account, the workflow's name, `workflow/State`, the model, or the merged pull request: `owner/name#12`.
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
    PullRequest,
    Step,
    Workflow,
}

/// The listed items.
#[derive(Debug, Clone, Copy)]
enum Summed {
    /// The spending of each day.
    By(SpendBy),
    /// The cost of tickets whose pull requests were merged on each day, whenever it was spent.
    Merged,
}

/// Which costs are listed.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListCosts {
    /// What to sum by. Default: `project`.
    #[param(inline, value_type = Option<By>)]
    by: (&'static str, Summed),
    /// The calendar month in UTC. Default: the present one.
    #[param(pattern = "^20[0-9]{2}-(0[1-9]|1[0-2])$")]
    month: Option<String>,
    /// The most items on a page. Default: 100.
    #[param(minimum = 1, maximum = 100, required = false)]
    limit: usize,
    /// `next` of a page of the same query.
    #[param(min_length = 1, max_length = 1500)]
    cursor: Option<String>,
}

impl Parameters for ListCosts {
    fn read(given: &mut Given) -> Self {
        let known = [
            ("model", Summed::By(SpendBy::Model)),
            ("person", Summed::By(SpendBy::Person)),
            ("project", Summed::By(SpendBy::Project)),
            ("pull_request", Summed::Merged),
            ("step", Summed::By(SpendBy::Step)),
            ("workflow", Summed::By(SpendBy::Workflow)),
        ];
        let by = given.one_of("by", &known.map(|(name, by)| (name, (name, by))));
        let month = given.text("month");
        if month.as_deref().is_some_and(|month| !is_month(month)) {
            given.refuse("month", "accepted: a month such as `2026-11`");
        }
        Self {
            by: by.unwrap_or(("project", Summed::By(SpendBy::Project))),
            month,
            limit: given.limit(),
            cursor: given.cursor(),
        }
    }
}

fn is_month(text: &str) -> bool {
    text.len() == 7
        && text.starts_with("20")
        && format!("{text}-01T00:00:00Z").parse::<Timestamp>().is_ok()
        && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')
}

/// Lists the spending in a month, by day.
///
/// Callers without a role that sees everything get the projects that they may see, and their own spending.
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
    let after = cursor::position(&api, &query, cursor.as_deref()).await?;
    let sees_everything = caller.may_see(&api, None, None).await?;
    let mut items: Vec<DayCost> = Vec::new();
    let mut next = None;
    let spends = match by {
        Summed::By(by) => api.table.spend(&month, by).await?,
        Summed::Merged => merged(&api, &caller, &month).await?,
    };
    for spend in spends {
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
    Ok(Json(Page::new(&api, items, &query, next).await?))
}

/// Whether somebody who does not see everything may see what something of this name cost.
async fn is_visible(api: &Shared, caller: &Caller, by: Summed, name: &str) -> Result<bool, Problem> {
    let Summed::By(by) = by else {
        let repository = name.split_once('#').map_or(name, |(repository, _)| repository);
        return match caller.directory().configuration().project_of_repository(repository) {
            Some(project) => caller.may_see(api, Some(project), None).await,
            None => Ok(false),
        };
    };
    match by {
        SpendBy::Person => Ok(caller.actor().account() == name),
        SpendBy::Project => match caller.directory().configuration().project(name) {
            Some(project) => caller.may_see(api, Some(project), None).await,
            None => Ok(false),
        },
        SpendBy::Model | SpendBy::Step | SpendBy::Workflow => Ok(false),
    }
}

/// The cost of tickets whose pull requests were merged in a month, in the order of merging.
async fn merged(api: &Shared, caller: &Caller, month: &str) -> Result<Vec<Spend>, Problem> {
    let mut all = Vec::new();
    let mut seen = BTreeSet::new();
    for project in &caller.directory().configuration().projects {
        // Several projects may share a repository.
        if !seen.insert(domain::folded(project.repository.as_str())) {
            continue;
        }
        for closed in api.table.merged_pull_requests(&project.repository, month).await? {
            let opened = api.table.opened_pull_request(&project.repository, closed.number).await?;
            let Some(task_id) = opened.and_then(|opened| opened.task_id) else { continue };
            let costs = api.table.costs_of_task(&task_id).await?;
            all.push(Spend {
                day: closed.closed_at.to_string().chars().take(10).collect(),
                name: format!("{}#{}", project.repository, closed.number),
                total: CostTotal::of(&costs),
                calls: costs.len() as u64,
            });
        }
    }
    all.sort_by(|one, other| (&one.day, &one.name).cmp(&(&other.day, &other.name)));
    Ok(all)
}

/// The limits, and the caller's spending.
#[derive(Debug, Serialize, ToSchema)]
struct Budgets {
    /// The limit of one ticket, in micro-dollars.
    per_task_micro_usd: u64,
    /// The limit of one person in a calendar month (UTC), in micro-dollars.
    per_person_month_micro_usd: u64,
    /// The limit of one project in a calendar month, in micro-dollars. Absent if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    per_project_month_micro_usd: Option<u64>,
    /// The limit of one workflow in a calendar month, in micro-dollars. Absent if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    per_workflow_month_micro_usd: Option<u64>,
    /// The caller's spending in this calendar month.
    own_month: OwnMonth,
}

/// A person's spending in a calendar month, in micro-dollars.
#[derive(Debug, Serialize, ToSchema)]
struct OwnMonth {
    /// Whom it is charged to.
    account: String,
    /// The amount spent, with calls of unknown cost at their worst case.
    spent_micro_usd: u64,
    /// The amount spent and reserved.
    committed_micro_usd: u64,
    /// How many calls of unknown cost are in it.
    unknown_calls: u64,
}

/// Returns the limits, and the caller's spending.
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
        per_project_month_micro_usd: configuration.budgets.per_project_month().map(|limit| limit.0),
        per_workflow_month_micro_usd: configuration.budgets.per_workflow_month().map(|limit| limit.0),
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
