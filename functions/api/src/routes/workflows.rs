//! `/workflows`: list and get, start one, and the state of an execution.

use crate::api::Shared;
use crate::body::Body;
use crate::caller::Caller;
use crate::endpoints::{Endpoints, routes};
use crate::idempotency::{Accepted, once};
use crate::problem::{Code, InvalidField, Problem};
use crate::query::{Nothing, Query};
use crate::routes::answers::{OfOne, Signed, Start, WithBody};
use crate::routes::page::Page;
use crate::routes::shown_execution::ExecutionSummary;
use crate::routes::steering::location_of;
use crate::segments::Segments;
use axum::extract::State;
use axum::response::Json;
use control::{DirectoryError, PlanError, StartRequest, StartResult, WorkflowRequest, plan};
use domain::instead_of;
use domain::routes::{Concurrency, InvalidInputs, WorkflowRoute};
use records::{INPUT_LIMIT, RecordsError};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// `/workflows` and paths below it.
pub(crate) fn routes() -> Endpoints {
    Endpoints::default()
        .routes(routes!(list_workflows))
        .routes(routes!(execute_workflow))
        .routes(routes!(get_workflow))
        .routes(routes!(get_workflow_status))
}

/// A workflow that is in force.
#[derive(Debug, Serialize, ToSchema)]
struct Workflow {
    /// Its name.
    name: String,
    /// Its title, for people.
    title: String,
    /// Its inputs.
    inputs: Vec<Input>,
    /// The events that start it.
    triggers: Vec<String>,
}

/// An input of a workflow.
#[derive(Debug, Serialize, ToSchema)]
struct Input {
    /// Its name.
    name: String,
    /// Its JSON type.
    #[serde(rename = "type")]
    kind: String,
    /// Whether it may be left out.
    optional: bool,
    /// Its purpose.
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    /// Its default value.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Value>)]
    default: Option<Value>,
    /// The accepted values, if they are restricted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    one_of: Vec<Value>,
}

impl Workflow {
    fn of(name: &str, route: &WorkflowRoute) -> Self {
        let inputs = route.inputs.iter().map(|(name, input)| Input {
            name: name.clone(),
            kind: input.kind.as_str().to_owned(),
            optional: input.optional || input.default.is_some(),
            description: input.description.clone(),
            default: input.default.clone(),
            one_of: input.one_of.clone(),
        });
        Self {
            name: name.to_owned(),
            title: route.title.clone(),
            inputs: inputs.collect(),
            triggers: route.triggers.iter().map(|trigger| trigger.on.to_string()).collect(),
        }
    }
}

/// A workflow to start.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ExecuteWorkflow {
    /// Its name.
    #[schema(min_length = 1, max_length = 100)]
    workflow: String,
    /// Its inputs, by their names.
    #[serde(default)]
    #[schema(value_type = Object, required = false)]
    inputs: Map<String, Value>,
    /// The project's key or repository, if no input identifies it.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 200)]
    project: Option<String>,
}

/// An execution that was accepted.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ExecutionAccepted {
    /// Its name.
    pub(crate) execution: String,
    /// Whether it starts at once, soon, or when others have ended.
    pub(crate) state: Accepting,
}

/// When an execution starts.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Accepting {
    /// It was started.
    Started,
    /// It is started within a minute.
    Pending,
    /// It is started when others have ended.
    InLine,
}

/// Lists the workflows that are in force, by name.
#[utoipa::path(
    get, path = "/workflows", tag = "workflows",
    responses((status = 200, description = "All of them.", body = Page<Workflow>), Signed)
)]
async fn list_workflows(
    State(api): State<Shared>,
    _: Caller,
    _: Query<Nothing>,
) -> Result<Json<Page<Workflow>>, Problem> {
    let routes = api.table.routes(api.clock.now()).await?;
    let items = routes.workflows.iter().map(|(name, route)| Workflow::of(name, route)).collect();
    Ok(Json(Page { items, next: None }))
}

/// Returns a workflow.
#[utoipa::path(
    get, path = "/workflows/{name}", tag = "workflows",
    params(("name" = String, Path, description = "Its name.")),
    responses((status = 200, description = "The workflow.", body = Workflow), OfOne)
)]
async fn get_workflow(
    State(api): State<Shared>,
    _: Caller,
    Segments(name): Segments<String>,
    _: Query<Nothing>,
) -> Result<Json<Workflow>, Problem> {
    let routes = api.table.routes(api.clock.now()).await?;
    let route = routes.workflows.get(&name).ok_or_else(|| Problem::not_found("workflow"))?;
    Ok(Json(Workflow::of(&name, route)))
}

/// Returns the state of a workflow's execution.
#[utoipa::path(
    get, path = "/workflows/{name}/status", tag = "workflows",
    params(("name" = String, Path, description = "The execution's name.")),
    responses((status = 200, description = "The execution.", body = ExecutionSummary), OfOne)
)]
async fn get_workflow_status(
    State(api): State<Shared>,
    caller: Caller,
    Segments(name): Segments<String>,
    _: Query<Nothing>,
) -> Result<Json<ExecutionSummary>, Problem> {
    Ok(Json(ExecutionSummary::of(&caller.execution(&api, &name).await?)))
}

/// Starts a workflow.
#[utoipa::path(
    post, path = "/workflows/execute", tag = "workflows",
    request_body = ExecuteWorkflow,
    params(("Idempotency-Key" = Option<String>, Header, description = "The same key and request are answered the same for a day.", max_length = 200)),
    responses(
        (status = 202, description = "An execution was accepted.", body = ExecutionAccepted,
            headers(("Location" = String, description = "The execution."))),
        Start, WithBody
    )
)]
async fn execute_workflow(
    State(api): State<Shared>,
    caller: Caller,
    _: Query<Nothing>,
    body: Body<ExecuteWorkflow>,
) -> Result<Accepted, Problem> {
    let Body { value: ExecuteWorkflow { workflow, inputs, project }, json } = body;
    once(&api, &caller, "execute", &json, async || start(&api, &caller, workflow, inputs, project).await)
        .await
}

/// Starts a workflow for the caller.
///
/// # Errors
/// Not found if there is no such workflow; invalid inputs; forbidden; a conflict if the ticket is being worked on.
pub(crate) async fn start(
    api: &Shared,
    caller: &Caller,
    workflow: String,
    inputs: Map<String, Value>,
    project: Option<String>,
) -> Result<Accepted, Problem> {
    let routes = api.table.routes(api.clock.now()).await?;
    if !routes.workflows.contains_key(&workflow) {
        let instead = instead_of(&workflow, "accepted", routes.workflows.keys().map(String::as_str));
        return Err(Problem::invalid_field("/workflow", format!("unknown workflow; {instead}")));
    }
    let request = WorkflowRequest {
        workflow,
        inputs,
        project,
        actor: caller.actor().clone(),
        authority: caller.authority().clone(),
        trigger: caller.trigger().clone(),
        delivery: caller.delivery().to_owned(),
        concurrency: Concurrency::OnePerTask,
    };
    let request = match plan(caller.directory(), &routes, request) {
        Ok(request) => request,
        Err(error) => return Err(not_planned(api, caller, error, "/inputs").await?),
    };
    let (location, accepted) = begin(api, request).await?;
    Ok(Accepted::new(Some(location), &accepted))
}

/// Why a workflow cannot be started. It mentions no project that the caller may not know of. `inputs` is the place of its inputs in the body.
///
/// # Errors
/// A problem when the records do not answer.
pub(crate) async fn not_planned(
    api: &Shared,
    caller: &Caller,
    error: PlanError,
    inputs: &str,
) -> Result<Problem, Problem> {
    let error = match error {
        PlanError::Inputs(InvalidInputs { problems, .. }) => {
            let field = |detail| InvalidField { path: inputs.to_owned(), detail };
            return Ok(Problem::invalid(problems.into_iter().map(field).collect()));
        }
        PlanError::Directory(error) => error,
        PlanError::Denied { reason, project, unknown } => {
            match caller.directory().configuration().project(&project) {
                Some(project) if !caller.knows(api, project).await? => *unknown,
                _ => return Ok(Caller::denied(reason)),
            }
        }
    };
    // The place follows from the error that the caller sees: to them, an archived project may look nonexistent.
    let error = caller.not_found(api, error).await?;
    Ok(Problem::invalid_field(place_of(&error), error.to_string()))
}

/// The field of a body to which an error about the project or the ticket belongs.
fn place_of(error: &DirectoryError) -> &'static str {
    match error {
        DirectoryError::UnknownProject { .. } | DirectoryError::Ambiguous { .. } => "/project",
        DirectoryError::Archived { unknown, .. } => place_of(unknown),
        DirectoryError::Outside { .. }
        | DirectoryError::TooLong { .. }
        | DirectoryError::NotATicket { .. } => "/inputs/task_id",
    }
}

/// Starts an execution; gives its path, and when it starts.
///
/// # Errors
/// A conflict if the ticket is being worked on; invalid if the inputs are too large.
pub(crate) async fn begin(
    api: &Shared,
    request: StartRequest,
) -> Result<(String, ExecutionAccepted), Problem> {
    let started = match api.control.start(request).await {
        // The workflow, the project and the ticket are known by now: only the inputs can be too large.
        Err(RecordsError::Invalid(reason)) => {
            tracing::warn!(reason, "an execution cannot be recorded");
            let most = INPUT_LIMIT / 1024;
            let detail = format!(
                "too large; accepted: at most {most} KiB of JSON, including what is recorded about the request"
            );
            return Err(Problem::invalid_field("/inputs", detail));
        }
        started => started?,
    };
    let (execution, state) = match started {
        StartResult::Started { execution, .. } | StartResult::Duplicate { execution } => {
            (execution, Accepting::Started)
        }
        StartResult::Pending { execution, .. } => (execution, Accepting::Pending),
        StartResult::InLine { execution, .. } => (execution, Accepting::InLine),
        StartResult::AlreadyAtWork { execution } => {
            let detail = format!("`{execution}` is at work on the same ticket");
            return Err(Problem::new(Code::Conflict, detail));
        }
    };
    Ok((location_of(&execution), ExecutionAccepted { execution, state }))
}
