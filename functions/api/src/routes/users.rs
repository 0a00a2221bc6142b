//! `/users`: people, their roles and their sessions.

use crate::api::Shared;
use crate::caller::Caller;
use crate::cursor;
use crate::problem::Problem;
use crate::query::{Given, Nothing, Parameters, Query};
use crate::routes::answers::{OfOne, Signed};
use crate::routes::page::Page;
use crate::segments::Segments;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Json;
use control::Operation;
use domain::configuration::{Configuration, Roles};
use serde::Serialize;
use sign_in::{LIFE, Subject};
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// `/users`.
pub(crate) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::default().routes(routes!(list_users)).routes(routes!(end_sessions_of_user))
}

/// A person, as the configuration has them.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Person {
    /// Our name for them.
    name: String,
    /// Their roles in all projects: `viewer`, `developer`, `approver`, `admin`.
    roles: Vec<&'static str>,
    /// Their roles in single projects, by the projects' keys.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(required = false)]
    project_roles: BTreeMap<String, Vec<&'static str>>,
    /// The groups that they belong to.
    groups: Vec<String>,
}

impl Person {
    /// The person of this name; without roles and groups where the configuration does not have them.
    pub(crate) fn of(configuration: &Configuration, name: &str) -> Self {
        let user = configuration.users.iter().find(|user| user.name == *name);
        let (mut roles, mut project_roles) = (Vec::new(), BTreeMap::new());
        match user.map(|user| &user.roles) {
            Some(Roles::Everywhere(everywhere)) => {
                roles = everywhere.iter().map(|role| role.as_str()).collect()
            }
            Some(Roles::InProjects(projects)) => {
                let named = |(key, roles): (&String, &std::collections::BTreeSet<_>)| {
                    (
                        key.clone(),
                        roles.iter().map(|role: &domain::configuration::Role| role.as_str()).collect(),
                    )
                };
                project_roles = projects.iter().map(named).collect();
            }
            None => {}
        }
        let is_member = |(_, members): &(&String, &Vec<String>)| members.iter().any(|member| member == name);
        let groups = configuration.groups.iter().filter(is_member).map(|(group, _)| group.clone()).collect();
        Self { name: name.to_owned(), roles, project_roles, groups }
    }
}

/// Which people are listed.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListUsers {
    /// How many there are at most. Default: 100.
    #[param(minimum = 1, maximum = 100, required = false)]
    limit: usize,
    /// `next` of a page of the same query.
    #[param(min_length = 1, max_length = 500)]
    cursor: Option<String>,
}

impl Parameters for ListUsers {
    fn read(given: &mut Given) -> Self {
        Self { limit: given.limit(), cursor: given.text("cursor") }
    }
}

/// Lists people and their roles, by their names. For admins.
#[utoipa::path(
    get, path = "/users", tag = "people", params(ListUsers),
    responses((status = 200, description = "A page of people.", body = Page<Person>), Signed)
)]
async fn list_users(
    State(api): State<Shared>,
    caller: Caller,
    Query(parameters): Query<ListUsers>,
) -> Result<Json<Page<Person>>, Problem> {
    caller.check(&api, &Operation::SeePeople).await?;
    let query = ["users"];
    let after = parameters.cursor.as_deref().map(|cursor| cursor::decode(&query, cursor)).transpose()?;
    let configuration = caller.directory().configuration();
    let mut names: Vec<&str> = configuration.users.iter().map(|user| user.name.as_str()).collect();
    names.sort_unstable();
    let left = names.into_iter().filter(|name| after.as_deref().is_none_or(|after| *name > after));
    let mut page: Vec<&str> = left.take(parameters.limit + 1).collect();
    let more = page.len() > parameters.limit;
    page.truncate(parameters.limit);
    let next = page.last().filter(|_| more).map(|name| (*name).to_owned());
    let items = page.into_iter().map(|name| Person::of(configuration, name)).collect();
    Ok(Json(Page::new(items, &query, next)))
}

/// Ends all sessions of a person at once. Their machine tokens stay.
///
/// For themselves, and for admins.
#[utoipa::path(
    post, path = "/users/{name}/sign-out", tag = "people",
    params(("name" = String, Path, description = "The person's name in the configuration.")),
    responses((status = 204, description = "They have ended."), OfOne)
)]
async fn end_sessions_of_user(
    State(api): State<Shared>,
    caller: Caller,
    Segments(name): Segments<String>,
    _: Query<Nothing>,
) -> Result<StatusCode, Problem> {
    let configuration = caller.directory().configuration();
    let owner = configuration.identify(crate::identity::actor(name.clone()));
    caller.check(&api, &Operation::ManageSignIns { owner: &owner }).await?;
    if owner.person.is_none() {
        return Err(Problem::not_found("person"));
    }
    let now = api.clock.now();
    api.table.end_sessions(&Subject::Person(name).as_text(), now, now + LIFE).await?;
    Ok(StatusCode::NO_CONTENT)
}
