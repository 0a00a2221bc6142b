//! `/executions`: list and get.

use crate::api::Shared;
use crate::caller::Caller;
use crate::endpoints::{Endpoints, routes};
use crate::problem::Problem;
use crate::query::{Given, Nothing, PAGE_LIMIT, Parameters, Query};
use crate::routes::answers::{OfOne, Signed};
use crate::routes::page::Page;
use crate::routes::shown_execution::{Execution, ExecutionSummary};
use crate::segments::Segments;
use crate::task_record::task_record;
use crate::{cursor, id};
use axum::extract::State;
use axum::response::Json;
use records::{ExecutionList, ExecutionRecord};
use utoipa::{IntoParams, ToSchema};

/// How many pages one request searches for what somebody started in a project that they may not know of.
const PAGES_OF_UNKNOWN: usize = 10;

/// `/executions` and `/executions/{name}`.
pub(crate) fn routes() -> Endpoints {
    Endpoints::default().routes(routes!(list_executions)).routes(routes!(get_execution))
}

/// Which executions are listed.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListExecutions {
    /// Those of the ticket with this id.
    #[param(min_length = 1, max_length = 500)]
    task: Option<String>,
    /// Those of the project with this key.
    #[param(min_length = 1, max_length = 500)]
    project: Option<String>,
    /// `open`: those that have not ended, in the order of their next check. It cannot be combined with other filters.
    #[param(inline)]
    state: Option<Open>,
    /// The most items on a page. Default: 100.
    #[param(minimum = 1, maximum = 100, required = false)]
    limit: usize,
    /// `next` of a page of the same query.
    #[param(min_length = 1, max_length = 1500)]
    cursor: Option<String>,
}

/// That an execution has not ended.
#[derive(Debug, Clone, Copy, ToSchema)]
#[schema(rename_all = "snake_case")]
enum Open {
    /// It has not.
    Open,
}

impl Parameters for ListExecutions {
    fn read(given: &mut Given) -> Self {
        let parameters = Self {
            task: given.text("task"),
            project: given.text("project"),
            state: given.one_of("state", &[("open", Open::Open)]),
            limit: given.limit(),
            cursor: given.cursor(),
        };
        let filters = [parameters.task.is_some(), parameters.project.is_some(), parameters.state.is_some()];
        if filters.iter().filter(|given| **given).count() > 1 {
            given.refuse("state", "accepted: one of the filters task, project and state");
        }
        parameters
    }
}

/// Lists executions, the newest first.
///
/// Without a filter, those of all projects. Executions that the caller may not see are left out.
#[utoipa::path(
    get, path = "/executions", tag = "executions", params(ListExecutions),
    responses((status = 200, description = "A page of executions.", body = Page<ExecutionSummary>), Signed)
)]
async fn list_executions(
    State(api): State<Shared>,
    caller: Caller,
    Query(parameters): Query<ListExecutions>,
) -> Result<Json<Page<ExecutionSummary>>, Problem> {
    let ListExecutions { task, project, state, limit, cursor } = parameters;
    let list = match (&task, &project, state) {
        (Some(task), ..) => {
            let detail = "accepted: the id of a ticket, which is its name in base64url";
            let name = id::name_of(task).ok_or_else(|| Problem::invalid_field("task", detail))?;
            let record = task_record(&api, &caller, &name).await?;
            ExecutionList::OfTask(
                record.map_or_else(|| caller.directory().canonical(&name), |record| record.task_id),
            )
        }
        (_, Some(project), _) => {
            // Lists are kept by the key as the configuration writes it.
            let known = caller.directory().configuration().project(project);
            ExecutionList::OfProject(known.map_or_else(|| project.clone(), |known| known.key.clone()))
        }
        (_, _, Some(Open::Open)) => ExecutionList::Open,
        _ => ExecutionList::OfAll,
    };
    let name = list.to_string();
    let query = ["executions", name.as_str()];
    let after = cursor::position(&api, &query, cursor.as_deref()).await?;
    let (found, next) = match is_of_unknown(&api, &caller, &list).await? {
        true => seen_of(&api, &caller, &list, after, limit).await?,
        false => {
            let page = api.table.list_executions(&list, after.as_deref(), limit, api.clock.now()).await?;
            (seen(&api, &caller, page.items).await?, page.next)
        }
    };
    let items = found.iter().map(ExecutionSummary::of).collect();
    Ok(Json(Page::new(&api, items, &query, next).await?))
}

/// Those that the caller may see.
async fn seen(
    api: &Shared,
    caller: &Caller,
    executions: Vec<ExecutionRecord>,
) -> Result<Vec<ExecutionRecord>, Problem> {
    let mut seen = Vec::with_capacity(executions.len());
    for execution in executions {
        if caller.may_see_execution(api, &execution).await? {
            seen.push(execution);
        }
    }
    Ok(seen)
}

/// Whether a list is of a project, or of a ticket of one, that the caller may not know of: it is hidden from them, archived, or does not exist.
async fn is_of_unknown(api: &Shared, caller: &Caller, list: &ExecutionList) -> Result<bool, Problem> {
    let directory = caller.directory();
    let project = match list {
        ExecutionList::OfProject(key) => directory.configuration().project(key),
        ExecutionList::OfTask(id) => directory.ticket(id).ok().map(|ticket| ticket.project()),
        ExecutionList::OfAll | ExecutionList::Open => return Ok(false),
    };
    match project {
        Some(project) => Ok(!caller.knows(api, project).await?),
        None => Ok(!caller.may_see(api, None, None).await?),
    }
}

/// A page of what the caller may see of such a list, such as what they started themselves. Another page follows if it has something for them, or if the
/// search ended before the list did and there was something for them before. To those who find nothing, the list is as long as that of a project that
/// does not exist; to the others, it tells only the thousands of others' executions.
async fn seen_of(
    api: &Shared,
    caller: &Caller,
    list: &ExecutionList,
    mut after: Option<String>,
    limit: usize,
) -> Result<(Vec<ExecutionRecord>, Option<String>), Problem> {
    // A cursor was given only to somebody who had found something.
    let (mut found, had_found) = (Vec::new(), after.is_some());
    for _ in 0..PAGES_OF_UNKNOWN {
        let page = api.table.list_executions(list, after.as_deref(), PAGE_LIMIT, api.clock.now()).await?;
        found.extend(seen(api, caller, page.items).await?);
        after = page.next;
        if found.len() > limit || after.is_none() {
            break;
        }
    }
    let more = found.len() > limit;
    found.truncate(limit);
    let next = match more {
        true => found.last().map(ExecutionList::position_behind),
        false => after.filter(|_| had_found || !found.is_empty()),
    };
    Ok((found, next))
}

/// Returns an execution with its steps and costs.
#[utoipa::path(
    get, path = "/executions/{name}", tag = "executions",
    params(("name" = String, Path, description = "The execution's name.")),
    responses((status = 200, description = "The execution.", body = Execution), OfOne)
)]
async fn get_execution(
    State(api): State<Shared>,
    caller: Caller,
    Segments(name): Segments<String>,
    _: Query<Nothing>,
) -> Result<Json<Execution>, Problem> {
    caller.execution(&api, &name).await?;
    let view = api.table.execution_view(&name).await?;
    let view = view.ok_or_else(|| Problem::not_found("execution"))?;
    Ok(Json(view.into()))
}
