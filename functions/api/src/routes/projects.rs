//! `/projects`: what is worked on.

use crate::api::Shared;
use crate::caller::Caller;
use crate::id;
use crate::problem::Problem;
use crate::query::{Nothing, Query};
use crate::routes::answers::{OfOne, Signed};
use crate::routes::page::Page;
use crate::segments::Segments;
use axum::extract::State;
use axum::response::Json;
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// `/projects` and `/projects/{id}`.
pub(crate) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::default().routes(routes!(list_projects)).routes(routes!(get_project))
}

/// A project: a tracker's project, and the repository that its tickets are about.
#[derive(Debug, Serialize, ToSchema)]
struct Project {
    /// Its id in paths.
    id: String,
    /// Its key in the tracker.
    key: String,
    /// Its repository, as `owner/name`.
    repository: String,
    /// The branch that work starts from.
    base_branch: String,
    /// Which provider serves each kind of plugin.
    providers: BTreeMap<String, String>,
    /// The channel that the team reads.
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<String>,
    /// The space that pages are created in.
    #[serde(skip_serializing_if = "Option::is_none")]
    space: Option<String>,
    /// The groups whose members may start work.
    may_trigger: Vec<String>,
    /// Who manages it: `file`, the configuration file.
    managed_by: &'static str,
}

impl From<&domain::configuration::Project> for Project {
    fn from(project: &domain::configuration::Project) -> Self {
        let providers = project.providers.iter();
        Self {
            id: id::id_of(&project.key),
            key: project.key.clone(),
            repository: project.repository.to_string(),
            base_branch: project.base_branch.to_string(),
            providers: providers.map(|(kind, name)| (kind.to_string(), name.to_string())).collect(),
            channel: project.channel.clone(),
            space: project.space.clone(),
            may_trigger: project.may_trigger.clone(),
            managed_by: "file",
        }
    }
}

/// Lists the projects that the caller may see.
#[utoipa::path(
    get, path = "/projects", tag = "projects",
    responses((status = 200, description = "All of them.", body = Page<Project>), Signed)
)]
async fn list_projects(
    State(api): State<Shared>,
    caller: Caller,
    _: Query<Nothing>,
) -> Result<Json<Page<Project>>, Problem> {
    let mut items = Vec::new();
    for project in &caller.directory().configuration().projects {
        if caller.may_see(&api, Some(project), None).await? {
            items.push(project.into());
        }
    }
    Ok(Json(Page { items, next: None }))
}

/// Returns a project.
#[utoipa::path(
    get, path = "/projects/{id}", tag = "projects",
    params(("id" = String, Path, description = "Its id: its key in base64url.")),
    responses((status = 200, description = "The project.", body = Project), OfOne)
)]
async fn get_project(
    State(api): State<Shared>,
    caller: Caller,
    Segments(id): Segments<String>,
    _: Query<Nothing>,
) -> Result<Json<Project>, Problem> {
    let not_found = || Problem::not_found("project");
    let key = id::name_of(&id).ok_or_else(not_found)?;
    let project = caller.directory().configuration().project(&key).ok_or_else(not_found)?;
    match caller.may_see(&api, Some(project), None).await? {
        true => Ok(Json(project.into())),
        false => Err(not_found()),
    }
}
