//! `/tasks`: tickets that were worked on, and giving one to an agent.

use crate::api::Shared;
use crate::body::{Body, OptionalBody};
use crate::caller::Caller;
use crate::endpoints::{Endpoints, routes};
use crate::idempotency::{Accepted, once};
use crate::problem::Problem;
use crate::query::{Given, Nothing, Parameters, Query};
use crate::routes::answers::{Change, OfOne, Start, WithBody};
use crate::routes::page::Page;
use crate::routes::task_changes::{self, ChangedTask, NewTask};
use crate::routes::workflows::{ExecutionAccepted, start};
use crate::segments::Segments;
use crate::task_record::task_record;
use crate::{cursor, id};
use axum::extract::State;
use axum::response::Json;
use control::Ticket;
use jiff::Timestamp;
use records::{LimitOf, TaskRecord, TaskState};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::{IntoParams, ToSchema};

/// The workflow that a ticket is given to where none is named: the shipped one, or the installation's own of the same name.
const USUAL_WORKFLOW: &str = "development";

/// `/tasks` and paths below it.
pub(crate) fn routes() -> Endpoints {
    Endpoints::default()
        .routes(routes!(list_tasks, post_task))
        .routes(routes!(show_task, put_task))
        .routes(routes!(assign_task_to_agent))
}

/// A ticket that was worked on. Its text is in its tracker.
#[derive(Debug, Serialize, ToSchema)]
struct Task {
    /// Its id in paths.
    id: String,
    /// Its name in the tracker.
    task_id: String,
    /// The project's key.
    #[serde(skip_serializing_if = "Option::is_none")]
    project: Option<String>,
    /// The state of the last execution. Absent for tickets that were worked on only before states were recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<StateOfTask>,
    /// The execution at work on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    open_execution: Option<String>,
    /// The execution that was begun last.
    #[serde(skip_serializing_if = "Option::is_none")]
    latest_execution: Option<String>,
    /// When the first execution was begun.
    created_at: Timestamp,
    /// When the latest execution was begun.
    updated_at: Timestamp,
}

/// A ticket, with its spending.
#[derive(Debug, Serialize, ToSchema)]
struct TaskWithSpending {
    #[serde(flatten)]
    task: Task,
    /// Its spending.
    spending: TaskSpending,
}

/// The spending on a ticket, in micro-dollars.
#[derive(Debug, Serialize, ToSchema)]
struct TaskSpending {
    /// The amount spent, with calls of unknown cost at their worst case.
    spent_micro_usd: u64,
    /// The amount spent and reserved.
    committed_micro_usd: u64,
    /// How many calls of unknown cost are in it.
    unknown_calls: u64,
    /// The limit.
    limit_micro_usd: u64,
}

/// The state of a ticket's last execution.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = TaskState)]
enum StateOfTask {
    /// One is at work.
    AtWork,
    /// It succeeded.
    Succeeded,
    /// It failed.
    Failed,
    /// It failed, and its effects were taken back.
    RolledBack,
    /// It was stopped.
    Stopped,
}

impl From<TaskState> for StateOfTask {
    fn from(state: TaskState) -> Self {
        match state {
            TaskState::AtWork => Self::AtWork,
            TaskState::Succeeded => Self::Succeeded,
            TaskState::Failed => Self::Failed,
            TaskState::RolledBack => Self::RolledBack,
            TaskState::Stopped => Self::Stopped,
        }
    }
}

impl From<TaskRecord> for Task {
    fn from(record: TaskRecord) -> Self {
        Self {
            id: id::id_of(&record.task_id),
            state: record.state.map(StateOfTask::from),
            task_id: record.task_id,
            project: record.project,
            open_execution: record.open_execution,
            latest_execution: record.latest_execution,
            created_at: record.created_at,
            updated_at: record.updated_at,
        }
    }
}

/// Which tickets are listed.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListTasks {
    /// Those of the project with this key. Default: the only project.
    #[param(min_length = 1, max_length = 500)]
    project: Option<String>,
    /// Those in this state. Default: `at_work`.
    #[param(inline, value_type = Option<StateOfTask>)]
    state: TaskState,
    /// The most items on a page. Default: 100.
    #[param(minimum = 1, maximum = 100, required = false)]
    limit: usize,
    /// `next` of a page of the same query.
    #[param(min_length = 1, max_length = 1500)]
    cursor: Option<String>,
}

impl Parameters for ListTasks {
    fn read(given: &mut Given) -> Self {
        let states = [
            TaskState::AtWork,
            TaskState::Succeeded,
            TaskState::Failed,
            TaskState::RolledBack,
            TaskState::Stopped,
        ];
        let wanted = given.one_of("state", &states.map(|state| (state.as_str(), state)));
        Self {
            project: given.text("project"),
            state: wanted.unwrap_or(TaskState::AtWork),
            limit: given.limit(),
            cursor: given.cursor(),
        }
    }
}

/// Lists the tickets of a project in a state, most recently changed first.
#[utoipa::path(
    get, path = "/tasks", tag = "tasks", params(ListTasks),
    responses((status = 200, description = "A page of tickets.", body = Page<Task>), OfOne)
)]
async fn list_tasks(
    State(api): State<Shared>,
    caller: Caller,
    Query(parameters): Query<ListTasks>,
) -> Result<Json<Page<Task>>, Problem> {
    let ListTasks { project, state, limit, cursor } = parameters;
    let configuration = caller.directory().configuration();
    let project = match (&project, configuration.projects.as_slice()) {
        (Some(key), _) => configuration.project(key).ok_or_else(|| Problem::not_found("project"))?,
        (None, [only]) => only,
        (None, _) => {
            let detail = "there are several projects; accepted: the key of one of them";
            return Err(Problem::invalid_field("project", detail));
        }
    };
    if !caller.may_see(&api, Some(project), None).await? {
        return Err(Problem::not_found("project"));
    }
    let query = ["tasks", project.key.as_str(), state.as_str()];
    let after = cursor::position(&api, &query, cursor.as_deref()).await?;
    let page = api.table.list_tasks(&project.key, state, after.as_deref(), limit).await?;
    let items = page.items.into_iter().map(Task::from).collect();
    Ok(Json(Page::new(&api, items, &query, page.next).await?))
}

/// The ticket with this id, if it was worked on and the caller may see it.
async fn task_of(api: &Shared, caller: &Caller, id: &str) -> Result<TaskRecord, Problem> {
    let not_found = || Problem::not_found("task");
    let task_id = id::named(id, "task")?;
    let task = task_record(api, caller, &task_id).await?.ok_or_else(not_found)?;
    let configuration = caller.directory().configuration();
    let project = task.project.as_deref().and_then(|key| configuration.project(key));
    match caller.may_see(api, project, None).await? {
        true => Ok(task),
        false => Err(not_found()),
    }
}

/// The ticket with this id, whether or not it was worked on. What belongs to no project cannot be, and is not told from what the caller may
/// not know of.
async fn ticket_of<'a>(api: &Shared, caller: &'a Caller, id: &str) -> Result<Ticket<'a>, Problem> {
    let not_found = || Problem::not_found("task");
    let task_id = id::named(id, "task")?;
    let ticket = caller.directory().ticket(&task_id).map_err(|_| not_found())?;
    match caller.knows(api, ticket.project()).await? {
        true => Ok(ticket),
        false => Err(not_found()),
    }
}

/// Returns a ticket that was worked on, with what was spent on it.
#[utoipa::path(
    get, path = "/tasks/{id}", tag = "tasks",
    params(("id" = String, Path, description = "Its id: its name in base64url.")),
    responses((status = 200, description = "The ticket.", body = TaskWithSpending), OfOne)
)]
async fn show_task(
    State(api): State<Shared>,
    caller: Caller,
    Segments(id): Segments<String>,
    _: Query<Nothing>,
) -> Result<Json<TaskWithSpending>, Problem> {
    let task = task_of(&api, &caller, &id).await?;
    let spending = api.table.spending(&LimitOf::Task(task.task_id.clone())).await?;
    let spending = TaskSpending {
        spent_micro_usd: spending.spent.0,
        committed_micro_usd: spending.committed.0,
        unknown_calls: spending.unknown_calls,
        limit_micro_usd: (caller.directory().configuration().budgets.per_task() + spending.added).0,
    };
    Ok(Json(TaskWithSpending { task: task.into(), spending }))
}

/// Creates a ticket in a project's tracker.
///
/// The response is an execution, whose output has the ticket's name as `task_id`. Its effects are journaled.
#[utoipa::path(
    post, path = "/tasks", tag = "tasks",
    request_body = NewTask,
    params(("Idempotency-Key" = Option<String>, Header, description = "The same key and request are answered the same for a day.", max_length = 200)),
    responses(
        (status = 202, description = "An execution was accepted.", body = ExecutionAccepted,
            headers(("Location" = String, description = "The execution."))),
        Start, WithBody
    )
)]
async fn post_task(
    State(api): State<Shared>,
    caller: Caller,
    _: Query<Nothing>,
    body: Body<NewTask>,
) -> Result<Accepted, Problem> {
    let Body { value, json } = body;
    once(&api, &caller, "create a task", &json, async || task_changes::create(&api, &caller, value).await)
        .await
}

/// Moves a ticket to another status, comments on it, or both.
///
/// The response is an execution. The ticket need not have been worked on before, and work in progress on it continues.
#[utoipa::path(
    put, path = "/tasks/{id}", tag = "tasks",
    request_body = ChangedTask,
    params(
        ("id" = String, Path, description = "Its id: its name in base64url."),
        ("Idempotency-Key" = Option<String>, Header, description = "The same key and request are answered the same for a day.", max_length = 200)
    ),
    responses(
        (status = 202, description = "An execution was accepted.", body = ExecutionAccepted,
            headers(("Location" = String, description = "The execution."))),
        Change, WithBody
    )
)]
async fn put_task(
    State(api): State<Shared>,
    caller: Caller,
    Segments(id): Segments<String>,
    _: Query<Nothing>,
    body: Body<ChangedTask>,
) -> Result<Accepted, Problem> {
    let Body { value, json } = body;
    let ticket = ticket_of(&api, &caller, &id).await?;
    let operation = format!("change {}", ticket.task_id());
    once(&api, &caller, &operation, &json, async || task_changes::change(&api, &caller, &ticket, value).await)
        .await
}

/// How a ticket is worked on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AssignTask {
    /// The workflow. Default: `development`.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 100)]
    workflow: Option<String>,
    /// Its inputs in addition to `task_id`, by name.
    #[serde(default)]
    #[schema(value_type = Object, required = false)]
    inputs: Map<String, Value>,
}

/// Gives a ticket to an agent: starts a workflow on it.
///
/// The ticket need not have been worked on before.
#[utoipa::path(
    post, path = "/tasks/{id}/assign-to-agent", tag = "tasks",
    request_body = Option<AssignTask>,
    params(
        ("id" = String, Path, description = "Its id: its name in base64url."),
        ("Idempotency-Key" = Option<String>, Header, description = "The same key and request are answered the same for a day.", max_length = 200)
    ),
    responses(
        (status = 202, description = "An execution was accepted.", body = ExecutionAccepted,
            headers(("Location" = String, description = "The execution."))),
        Change, WithBody
    )
)]
async fn assign_task_to_agent(
    State(api): State<Shared>,
    caller: Caller,
    Segments(id): Segments<String>,
    _: Query<Nothing>,
    body: OptionalBody<AssignTask>,
) -> Result<Accepted, Problem> {
    let OptionalBody { value: AssignTask { workflow, mut inputs }, json } = body;
    let ticket = ticket_of(&api, &caller, &id).await?;
    inputs.insert("task_id".to_owned(), json!(ticket.task_id()));
    let workflow = workflow.unwrap_or_else(|| USUAL_WORKFLOW.to_owned());
    let operation = format!("assign {}", ticket.task_id());
    once(&api, &caller, &operation, &json, async || start(&api, &caller, workflow, inputs, None).await).await
}
