//! `/projects`: the configured projects.

use crate::api::Shared;
use crate::caller::Caller;
use crate::cursor;
use crate::endpoints::{Endpoints, routes};
use crate::id;
use crate::problem::Problem;
use crate::query::{Given, Nothing, Parameters, Query};
use crate::routes::answers::{OfOne, Signed};
use crate::routes::configured::{Tagged, file_place, live, manager_of};
use crate::routes::page::Page;
use crate::routes::project_changes;
use crate::routes::shown_project::{self, Project};
use crate::segments::Segments;
use axum::extract::State;
use axum::response::Json;
use utoipa::IntoParams;

/// `/projects` and `/projects/{id}`.
pub(crate) fn routes() -> Endpoints {
    Endpoints::default()
        .routes(routes!(list_projects))
        .routes(routes!(get_project))
        .merge(project_changes::routes())
}

/// Which projects are listed.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListProjects {
    /// The most items on a page. Default: 100.
    #[param(minimum = 1, maximum = 100, required = false)]
    limit: usize,
    /// `next` of a page of the same query.
    #[param(min_length = 1, max_length = 1500)]
    cursor: Option<String>,
}

impl Parameters for ListProjects {
    fn read(given: &mut Given) -> Self {
        Self { limit: given.limit(), cursor: given.cursor() }
    }
}

/// Lists the projects that the caller may see: those of the configuration file, then those that the API manages.
#[utoipa::path(
    get, path = "/projects", tag = "projects", params(ListProjects),
    responses((status = 200, description = "A page of projects.", body = Page<Project>), Signed)
)]
async fn list_projects(
    State(api): State<Shared>,
    caller: Caller,
    Query(parameters): Query<ListProjects>,
) -> Result<Json<Page<Project>>, Problem> {
    let query = ["projects"];
    let after = cursor::position(&api, &query, parameters.cursor.as_deref()).await?;
    let file = api.table.configuration_of_file(api.clock.now()).await?;
    let projects = &caller.directory().configuration().projects;
    let begin = match after {
        None => 0,
        // Where it has been archived since, the list is read from its beginning again.
        Some(after) => projects.iter().position(|project| project.key == after).map_or(0, |last| last + 1),
    };
    let mut visible = Vec::new();
    for project in projects.iter().skip(begin) {
        if caller.may_see(&api, Some(project), None).await? {
            visible.push(project);
        }
        if visible.len() > parameters.limit {
            break;
        }
    }
    let more = visible.len() > parameters.limit;
    visible.truncate(parameters.limit);
    let next = visible.last().filter(|_| more).map(|project| project.key.clone());
    let manager = |project: &domain::configuration::Project| {
        manager_of::<domain::configuration::Project>(&file, &project.key)
    };
    let shown = visible.into_iter().map(|project| Project::of(project, manager(project)));
    Ok(Json(Page::new(&api, shown.collect(), &query, next).await?))
}

/// Returns a project.
#[utoipa::path(
    get, path = "/projects/{id}", tag = "projects",
    params(("id" = String, Path, description = "Its id: its key in base64url.")),
    responses(
        (status = 200, description = "The project.", body = Project,
            headers(("ETag" = String, description = "The state that it is in, for `If-Match`."))),
        OfOne
    )
)]
async fn get_project(
    State(api): State<Shared>,
    caller: Caller,
    Segments(id): Segments<String>,
    _: Query<Nothing>,
) -> Result<Tagged<Project>, Problem> {
    let not_found = || Problem::not_found("project");
    let key = id::named(&id, "project")?;
    let project = caller.directory().configuration().project(&key).ok_or_else(not_found)?;
    if !caller.may_see(&api, Some(project), None).await? {
        return Err(not_found());
    }
    if file_place::<domain::configuration::Project>(&api, &key).await?.is_some() {
        return Ok(shown_project::in_file(project));
    }
    Ok(shown_project::managed(&live(&api, &key).await?))
}
