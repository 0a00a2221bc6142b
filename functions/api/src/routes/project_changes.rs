//! What `/projects` changes: projects that the API manages. Those of the configuration file are changed there.

use crate::api::{BASE, Shared};
use crate::body::Body;
use crate::caller::Caller;
use crate::endpoints::{Endpoints, routes};
use crate::entity_tag::IfMatch;
use crate::id;
use crate::idempotency::{Accepted, once};
use crate::problem::{Code, Problem, ProblemBody};
use crate::query::{Nothing, Query};
use crate::routes::answers::{ChangeOfState, Signed, WithBody};
use crate::routes::configured::{
    Tagged, Tries, audit, created, refuse_existing, refuse_of_file, replaced, seen, tag_of, who,
};
use crate::routes::project_body::{NewProject, ProjectBody, project_of};
use crate::routes::shown_project::{self, Project};
use crate::routes::workflows::{Accepting, begin, not_planned};
use crate::segments::Segments;
use axum::extract::State;
use control::{Directory, Operation, PLANNING, Requester, Requirements, StartRequest, plan, planning};
use records::{Archived, ExecutionList, ManagedProject};
use serde::Serialize;
use utoipa::ToSchema;

/// How many pages of open executions are searched for those of a project.
const PAGES: usize = 20;

/// How many executions a page has.
const PAGE: usize = 100;

/// What changes `/projects` and `/projects/{id}`.
pub(super) fn routes() -> Endpoints {
    Endpoints::default()
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
    let requirements = new.requirements();
    if requirements.as_deref().is_some_and(|text| text.trim().is_empty()) {
        return Err(Problem::invalid_field("/requirements", "accepted: a text that is not only spaces"));
    }
    once(&api, &caller, "create project", &json, async || {
        let mut tries = Tries::new(&api);
        let (project, made, request) = loop {
            let directory = tries.directory().await?;
            let project = project_of(&directory, &json)?;
            refuse_of_file::<domain::configuration::Project>(&api, &project.key).await?;
            refuse_existing::<domain::configuration::Project>(&api, &project.key).await?;
            let request = match requirements.clone() {
                Some(requirements) => {
                    Some(planned(&api, &caller, &directory.with_project(&project), requirements).await?)
                }
                None => None,
            };
            audit(&api, &caller, format!("create the project {}", project.key)).await?;
            let (seen, now) = (directory.version(), api.clock.now());
            let written = api.table.create_managed(&project, seen, who(&caller), now).await?;
            if let Some(made) = created(written, &project.key)? {
                break (project, made, request);
            }
        };
        tracing::info!(project = project.key, "a project was created");
        let shown = Project::managed(&made);
        let Some(request) = request else {
            let location = format!("{BASE}/projects/{}", id::id_of(&project.key));
            return Ok(Accepted::created(location, &tag_of(&made), &shown));
        };
        let (location, accepted) = begin(&api, request).await?;
        let body = PlannedProject { project: shown, execution: accepted.execution, state: accepted.state };
        Ok(Accepted::new(Some(location), &body))
    })
    .await
}

/// Replaces the configuration of a project.
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
) -> Result<Tagged<Project>, Problem> {
    let mut tries = Tries::new(&api);
    loop {
        let directory = tries.directory().await?;
        let managed = changeable(&api, &caller, &directory, &id, &if_match).await?;
        let (present, key) = (&managed.item, &managed.item.key);
        if json["key"].as_str() != Some(key) {
            let detail = format!("a project keeps its key; accepted: `{key}`");
            return Err(Problem::invalid_field("/key", detail));
        }
        let project = project_of(&directory, &json)?;
        // A caller who may change only one project must not reach others through it.
        if project.repository != present.repository || project.providers != present.providers {
            caller.check(&api, &Operation::ChangeProject { project: None }).await?;
        }
        audit(&api, &caller, format!("replace the project {key}")).await?;
        let (seen, by, now) = (directory.version(), who(&caller), api.clock.now());
        let written = api.table.replace_managed(&project, managed.revision, None, seen, by, now).await?;
        if let Some(written) = replaced(written, &if_match)? {
            return Ok(shown_project::managed(&written));
        }
    }
}

/// Archives a project: nothing starts there anymore.
///
/// For projects that the API manages. Completed work stays, and a project with the same key can be created again.
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
) -> Result<Tagged<Project>, Problem> {
    let mut tries = Tries::new(&api);
    loop {
        let directory = tries.directory().await?;
        let ManagedProject { item: project, revision, .. } =
            changeable(&api, &caller, &directory, &id, &if_match).await?;
        if let Some(execution) = open_in(&api, &project.key).await? {
            let detail =
                format!("`{execution}` of the project has not ended; it must end or be stopped first");
            return Err(Problem::new(Code::Conflict, detail));
        }
        audit(&api, &caller, format!("archive the project {}", project.key)).await?;
        let (seen, by, now) = (directory.version(), who(&caller), api.clock.now());
        let archived = Some(Archived::Deleted);
        let written = api.table.replace_managed(&project, revision, archived, seen, by, now).await?;
        if let Some(written) = replaced(written, &if_match)? {
            tracing::info!(project = project.key, "a project was archived");
            return Ok(shown_project::managed(&written));
        }
    }
}

/// The project with this id, in the state that the caller saw, if they may change it and the API manages it.
async fn changeable(
    api: &Shared,
    caller: &Caller,
    directory: &Directory,
    id: &str,
    if_match: &IfMatch,
) -> Result<ManagedProject, Problem> {
    let not_found = || Problem::not_found("project");
    let key = id::named(id, "project")?;
    let project = directory.configuration().project(&key).ok_or_else(not_found)?;
    if !caller.may_see(api, Some(project), None).await? {
        return Err(not_found());
    }
    caller.check(api, &Operation::ChangeProject { project: Some(project) }).await?;
    seen(api, &project.key, if_match).await
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
            "the workflow `{PLANNING}`, which plans `requirements`, is not part of this installation"
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
    match plan(directory, &routes, request) {
        Ok(request) => Ok(request),
        Err(error) => Err(not_planned(api, caller, error, "/requirements").await?),
    }
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
