//! `/users`: people, their roles and their sessions.

use crate::api::Shared;
use crate::caller::Caller;
use crate::cursor;
use crate::endpoints::{Endpoints, routes};
use crate::id::name_of;
use crate::problem::Problem;
use crate::query::{Given, Nothing, Parameters, Query};
use crate::routes::answers::{OfOne, Signed};
use crate::routes::page::{Page, by_name};
use crate::segments::Segments;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Json;
use control::Operation;
use domain::configuration::{Configuration, Role, Roles, User};
use serde::Serialize;
use sign_in::{LIFE, Subject};
use std::collections::{BTreeMap, BTreeSet};
use utoipa::{IntoParams, ToSchema};

/// `/users`.
pub(crate) fn routes() -> Endpoints {
    Endpoints::default().routes(routes!(list_users)).routes(routes!(end_sessions_of_user))
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
    /// The person with this name; without roles and groups if they are not in the configuration.
    pub(crate) fn of(configuration: &Configuration, name: &str) -> Self {
        let user = configuration.users.iter().find(|user| user.name == *name);
        Self::with(configuration, name, user.map(|user| &user.roles))
    }

    /// A person with these roles.
    pub(super) fn with(configuration: &Configuration, name: &str, given: Option<&Roles>) -> Self {
        let words = |roles: &BTreeSet<Role>| -> Vec<_> { roles.iter().map(|role| role.as_str()).collect() };
        let (mut roles, mut project_roles) = (Vec::new(), BTreeMap::new());
        match given {
            Some(Roles::Everywhere(everywhere)) => roles = words(everywhere),
            Some(Roles::InProjects(projects)) => {
                project_roles = projects.iter().map(|(key, roles)| (key.clone(), words(roles))).collect();
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
    /// The most items on a page. Default: 100.
    #[param(minimum = 1, maximum = 100, required = false)]
    limit: usize,
    /// `next` of a page of the same query.
    #[param(min_length = 1, max_length = 1500)]
    cursor: Option<String>,
}

impl Parameters for ListUsers {
    fn read(given: &mut Given) -> Self {
        Self { limit: given.limit(), cursor: given.cursor() }
    }
}

/// Lists people and their roles, by their names. For admins. `/people` also has their accounts, and who manages them.
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
    let after = cursor::position(&api, &query, parameters.cursor.as_deref()).await?;
    let configuration = caller.directory().configuration();
    let (limit, all) = (parameters.limit, &configuration.users);
    let show = |user: &User| Person::of(configuration, &user.name);
    let (items, next) = by_name(all, |user| &user.name, limit, after.as_deref(), show);
    Ok(Json(Page::new(&api, items, &query, next).await?))
}

/// Ends all sessions of a person at once. Their machine tokens stay.
///
/// For themselves, and for admins.
#[utoipa::path(
    post, path = "/users/{name}/sign-out", tag = "people",
    params(("name" = String, Path, description = "The person's name in the configuration, or, if a path cannot hold it, such as one with `/`, their id: the name in base64url.")),
    responses((status = 204, description = "They have ended."), OfOne)
)]
async fn end_sessions_of_user(
    State(api): State<Shared>,
    caller: Caller,
    Segments(name): Segments<String>,
    _: Query<Nothing>,
) -> Result<StatusCode, Problem> {
    let configuration = caller.directory().configuration();
    let name = person_named(configuration, name);
    let owner = configuration.identify(crate::identity::actor(name.clone()));
    caller.check(&api, &Operation::ManageSignIns { owner: &owner }).await?;
    if owner.person.is_none() {
        return Err(Problem::not_found("person"));
    }
    let now = api.clock.now();
    api.table.end_sessions(&Subject::Person(name).as_text(), now, now + LIFE).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The name of the person that a segment of a path names: by it or, where nobody has such a name, by its id.
fn person_named(configuration: &Configuration, segment: String) -> String {
    let is_person = |name: &String| configuration.users.iter().any(|user| user.name == *name);
    match is_person(&segment) {
        true => segment,
        false => name_of(&segment).filter(is_person).unwrap_or(segment),
    }
}
