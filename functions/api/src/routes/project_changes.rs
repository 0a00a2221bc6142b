//! What `/projects` changes: projects that the API manages. Those of the configuration file are changed there.

use crate::api::{BASE, Shared};
use crate::body::Body;
use crate::caller::Caller;
use crate::entity_tag::{IfMatch, changed};
use crate::id;
use crate::idempotency::{Accepted, once};
use crate::problem::{Code, Problem, ProblemBody};
use crate::query::{Nothing, Query};
use crate::routes::answers::{ChangeOfState, Signed, WithBody};
use crate::routes::project_body::{NewProject, ProjectBody, project_of};
use crate::routes::shown_project::{Project, Tagged, file_place, tag_of};
use crate::routes::workflows::{Accepting, begin, refused};
use crate::segments::Segments;
use axum::extract::State;
use control::{Directory, Operation, PLANNING, Requester, Requirements, StartRequest, plan, planning};
use records::{
    Archived, AuditKind, AuditRecord, ExecutionList, MOST_PROJECTS, ManagedProject, ProjectWritten,
};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// How many pages of open executions are looked through for those of a project.
const PAGES: usize = 20;

/// How many executions a page has.
const PAGE: usize = 100;

/// What changes `/projects` and `/projects/{id}`.
pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::default()
        .routes(routes!(create_project))
        .routes(routes!(replace_project))
        .routes(routes!(delete_project))
}

/// A project that was created, and the execution that plans it.
#[derive(Debug, Serialize, ToSchema)]
struct PlannedProject {
    /// The project.
    project: Project,
    /// The execution's name.
    execution: String,
    /// Whether it starts at once, soon, or when others have ended.
    state: Accepting,
}

/// Creates a project.
///
/// It is in force at once. With `requirements` it is planned: an execution of the workflow `planning` is accepted, too.
#[utoipa::path(
    post, path = "/projects", tag = "projects", request_body = NewProject,
    params(("Idempotency-Key" = Option<String>, Header, description = "The same key and request are answered the same for a day.", max_length = 200)),
    responses(
        (status = 201, description = "The project.", body = Project, headers(
            ("Location" = String, description = "The project's path."),
            ("ETag" = String, description = "The state that it is in.")
        )),
        (status = 202, description = "The project was created, and an execution plans it.", body = PlannedProject,
            headers(("Location" = String, description = "The execution."))),
        (status = 409, description = "There is a project with this key, there are too many, or it cannot be planned here.",
            body = ProblemBody, content_type = "application/problem+json"),
        Signed, WithBody
    )
)]
async fn create_project(
    State(api): State<Shared>,
    caller: Caller,
    _: Query<Nothing>,
    Body { value: mut new, json }: Body<NewProject>,
) -> Result<Accepted, Problem> {
    caller.check(&api, &Operation::ChangeProject { project: None }).await?;
    once(&api, &caller, "create project", &json, async || {
        let directory = present(&api).await?;
        let project = project_of(&directory, &json)?;
        if let Some(place) = file_place(&api, &project.key).await? {
            return Err(managed_by_file(&project.key, &place));
        }
        let request = match new.requirements() {
            Some(requirements) => {
                Some(planned(&api, &caller, &directory.with_project(&project), requirements).await?)
            }
            None => None,
        };
        audit(&api, &caller, "create", &project.key).await?;
        let created = match api.table.create_project(&project, who(&caller), api.clock.now()).await? {
            ProjectWritten::Written(created) => created,
            ProjectWritten::Changed => {
                let detail = format!("there is a project with the key `{}` already", project.key);
                return Err(Problem::new(Code::Conflict, detail));
            }
            ProjectWritten::TooMany => {
                let detail = format!(
                    "there are {MOST_PROJECTS} projects already; those that were deleted are forgotten after 90 days"
                );
                return Err(Problem::new(Code::Conflict, detail));
            }
        };
        tracing::info!(project = project.key, "a project was created");
        let shown = Project::managed(&created);
        let Some(request) = request else {
            let location = format!("{BASE}/projects/{}", id::id_of(&project.key));
            return Ok(Accepted::created(location, &tag_of(&created), &shown));
        };
        let (location, accepted) = begin(&api, request).await?;
        let body =
            PlannedProject { project: shown, execution: accepted.execution, state: accepted.state };
        Ok(Accepted::new(Some(location), &body))
    })
    .await
}

/// Replaces what is configured for a project.
///
/// For projects that the API manages. `key` is the project's own. Another repository or other providers take the right to create projects.
#[utoipa::path(
    put, path = "/projects/{id}", tag = "projects", request_body = ProjectBody,
    params(
        ("id" = String, Path, description = "Its id: its key in base64url."),
        ("If-Match" = String, Header, description = "The ETag of the project as it was read.")
    ),
    responses(
        (status = 200, description = "The project.", body = Project,
            headers(("ETag" = String, description = "The state that it is in."))),
        ChangeOfState, WithBody
    )
)]
async fn replace_project(
    State(api): State<Shared>,
    caller: Caller,
    Segments(id): Segments<String>,
    _: Query<Nothing>,
    if_match: IfMatch,
    Body { json, .. }: Body<ProjectBody>,
) -> Result<Tagged, Problem> {
    let managed = changeable(&api, &caller, &id, &if_match).await?;
    let key = &managed.project.key;
    if json["key"].as_str() != Some(key) {
        let detail = format!("a project keeps its key; accepted: `{key}`");
        return Err(Problem::invalid_field("/key", detail));
    }
    let project = project_of(&present(&api).await?, &json)?;
    // Whoever may change one project alone must not reach others by it.
    if project.repository != managed.project.repository || project.providers != managed.project.providers {
        caller.check(&api, &Operation::ChangeProject { project: None }).await?;
    }
    audit(&api, &caller, "replace", key).await?;
    let (revision, now) = (managed.revision, api.clock.now());
    match api.table.replace_project(&project, revision, None, who(&caller), now).await? {
        ProjectWritten::Written(written) => Ok(Tagged::managed(&written)),
        ProjectWritten::Changed | ProjectWritten::TooMany => Err(changed()),
    }
}

/// Archives a project: nothing starts there any longer.
///
/// For projects that the API manages. What was done there stays, and a project with the same key can be created again.
#[utoipa::path(
    delete, path = "/projects/{id}", tag = "projects",
    params(
        ("id" = String, Path, description = "Its id: its key in base64url."),
        ("If-Match" = String, Header, description = "The ETag of the project as it was read.")
    ),
    responses(
        (status = 200, description = "The project as it was.", body = Project,
            headers(("ETag" = String, description = "The state that it is in."))),
        ChangeOfState
    )
)]
async fn delete_project(
    State(api): State<Shared>,
    caller: Caller,
    Segments(id): Segments<String>,
    _: Query<Nothing>,
    if_match: IfMatch,
) -> Result<Tagged, Problem> {
    let managed = changeable(&api, &caller, &id, &if_match).await?;
    let ManagedProject { project, revision, .. } = &managed;
    if let Some(execution) = open_in(&api, &project.key).await? {
        let detail = format!("`{execution}` of the project has not ended; it must end or be stopped first");
        return Err(Problem::new(Code::Conflict, detail));
    }
    audit(&api, &caller, "archive", &project.key).await?;
    let (archived, now) = (Some(Archived::Deleted), api.clock.now());
    match api.table.replace_project(project, *revision, archived, who(&caller), now).await? {
        ProjectWritten::Written(written) => {
            tracing::info!(project = project.key, "a project was archived");
            Ok(Tagged::managed(&written))
        }
        ProjectWritten::Changed | ProjectWritten::TooMany => Err(changed()),
    }
}

/// What is configured as it is now, and not as it was read a minute ago.
async fn present(api: &Shared) -> Result<Directory, Problem> {
    api.table.forget_configuration();
    Ok(api.control.directory().await?)
}

/// The project with this id, in the state that the caller saw, if they may change it and the API manages it.
async fn changeable(
    api: &Shared,
    caller: &Caller,
    id: &str,
    if_match: &IfMatch,
) -> Result<ManagedProject, Problem> {
    let not_found = || Problem::not_found("project");
    let key = id::name_of(id).ok_or_else(not_found)?;
    let directory = present(api).await?;
    let project = directory.configuration().project(&key).ok_or_else(not_found)?;
    if !caller.may_see(api, Some(project), None).await? {
        return Err(not_found());
    }
    caller.check(api, &Operation::ChangeProject { project: Some(project) }).await?;
    if let Some(place) = file_place(api, &key).await? {
        return Err(managed_by_file(&project.key, &place));
    }
    let managed = api.table.managed_project(&key).await?;
    let managed = managed.filter(|managed| managed.archived.is_none()).ok_or_else(not_found)?;
    if_match.check(&tag_of(&managed))?;
    Ok(managed)
}

fn managed_by_file(key: &str, place: &str) -> Problem {
    let detail = format!(
        "`{key}` is managed by the configuration file, at {place}; change it there, and put the file in force"
    );
    Problem::new(Code::Conflict, detail)
}

/// The execution that plans a new project, checked and not yet started.
async fn planned(
    api: &Shared,
    caller: &Caller,
    directory: &Directory,
    requirements: String,
) -> Result<StartRequest, Problem> {
    let routes = api.table.routes(api.clock.now()).await?;
    if !routes.workflows.contains_key(PLANNING) {
        let detail = format!(
            "the workflow `{PLANNING}`, which plans `requirements`, is not among those of this installation"
        );
        return Err(Problem::new(Code::Conflict, detail));
    }
    let key = directory.configuration().projects.last().map(|project| project.key.clone());
    let requirements = Requirements { text: Some(requirements), ..Requirements::default() };
    let requester = Requester {
        actor: caller.actor().clone(),
        authority: caller.authority().clone(),
        trigger: caller.trigger().clone(),
        delivery: caller.delivery().to_owned(),
    };
    let request = planning(requirements, key, requester);
    plan(directory, &routes, request).map_err(|error| refused(error, "/requirements"))
}

/// An execution of a project that has not ended.
async fn open_in(api: &Shared, key: &str) -> Result<Option<String>, Problem> {
    let (mut after, now) = (None, api.clock.now());
    for _ in 0..PAGES {
        let page = api.table.list_executions(&ExecutionList::Open, after.as_deref(), PAGE, now).await?;
        let is_there = |project: &String| project.eq_ignore_ascii_case(key);
        let mut open = page.items.into_iter().filter(|execution| !execution.outcome.is_final());
        if let Some(found) = open.find(|execution| execution.project.as_ref().is_some_and(is_there)) {
            return Ok(Some(found.name));
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    Ok(None)
}

/// Records what is done to a project, before it is done: the request's own record has only its path.
async fn audit(api: &Shared, caller: &Caller, verb: &str, key: &str) -> Result<(), Problem> {
    let record = AuditRecord {
        id: uuid::Uuid::new_v4().to_string(),
        kind: AuditKind::Configuration,
        at: api.clock.now(),
        who: who(caller).to_owned(),
        by: caller.credential().name(),
        what: format!("{verb} the project {key}"),
        about: None,
        whence: None,
        status: None,
    };
    Ok(api.table.audit(&record).await?)
}

/// Who asks, as records name them.
fn who(caller: &Caller) -> &str {
    caller.actor().person.as_ref().unwrap_or(&caller.actor().id)
}
