//! `/people`: people with their accounts and roles, from the configuration file and managed by the API.

use crate::api::{BASE, Shared};
use crate::body::Body;
use crate::caller::Caller;
use crate::cursor;
use crate::endpoints::{Endpoints, routes};
use crate::entity_tag::IfMatch;
use crate::id;
use crate::idempotency::{Accepted, once};
use crate::problem::{Problem, ProblemBody};
use crate::query::{Given, Nothing, Parameters, Query};
use crate::routes::answers::{ChangeOfState, OfOne, Signed, WithBody};
use crate::routes::configured::{
    API, FILE, Tagged, Tries, audit, created, file_place, live, manager_of, refuse_existing, refuse_of_file,
    replaced, seen, tag_in_file, tag_of, who,
};
use crate::routes::page::{Page, by_name};
use crate::routes::person_body::{PersonBody, person_of};
use crate::routes::users::Person;
use crate::segments::Segments;
use axum::extract::State;
use axum::response::Json;
use control::{Directory, Operation};
use domain::configuration::{Configuration, Role, Roles, User};
use jiff::Timestamp;
use records::{Archived, ListedItem, Managed, ManagedPerson};
use serde::Serialize;
use sign_in::{LIFE, Subject};
use std::collections::{BTreeMap, BTreeSet};
use utoipa::{IntoParams, ToSchema};

/// `/people` and `/people/{id}`.
pub(crate) fn routes() -> Endpoints {
    Endpoints::default().routes(routes!(list_people, create_person)).routes(routes!(
        get_person,
        replace_person,
        delete_person
    ))
}

/// A person, with their account at each service.
#[derive(Debug, Serialize, ToSchema)]
struct ConfiguredPerson {
    /// Their id in paths.
    id: String,
    #[serde(flatten)]
    person: Person,
    /// Their account at each service.
    accounts: BTreeMap<String, String>,
    /// Who manages them: `file`, the configuration file, or `api`.
    managed_by: &'static str,
    /// When they were archived; they may no longer do anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    archived_at: Option<Timestamp>,
    /// The person who archived them.
    #[serde(skip_serializing_if = "Option::is_none")]
    archived_by: Option<String>,
}

impl ConfiguredPerson {
    fn of(configuration: &Configuration, user: &User, managed_by: &'static str) -> Self {
        Self {
            id: id::id_of(&user.name),
            person: Person::with(configuration, &user.name, Some(&user.roles)),
            accounts: user.accounts.clone(),
            managed_by,
            archived_at: None,
            archived_by: None,
        }
    }

    /// One whom the API manages.
    fn managed(configuration: &Configuration, managed: &ManagedPerson) -> Self {
        let archived = managed.archived.map(|_| managed.changed_at);
        Self {
            archived_at: archived,
            archived_by: archived.map(|_| managed.changed_by.clone()),
            ..Self::of(configuration, &managed.item, API)
        }
    }
}

/// One whom the API manages, with the tag of their state.
fn tagged(configuration: &Configuration, managed: &ManagedPerson) -> Tagged<ConfiguredPerson> {
    Tagged { tag: tag_of(managed), shown: ConfiguredPerson::managed(configuration, managed) }
}

/// Which people are listed.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListPeople {
    /// The most items on a page. Default: 100.
    #[param(minimum = 1, maximum = 100, required = false)]
    limit: usize,
    /// `next` of a page of the same query.
    #[param(min_length = 1, max_length = 1500)]
    cursor: Option<String>,
}

impl Parameters for ListPeople {
    fn read(given: &mut Given) -> Self {
        Self { limit: given.limit(), cursor: given.cursor() }
    }
}

/// Lists people with their accounts and roles, by their names. For admins.
#[utoipa::path(
    get, path = "/people", tag = "people", params(ListPeople),
    responses((status = 200, description = "A page of people.", body = Page<ConfiguredPerson>), Signed)
)]
async fn list_people(
    State(api): State<Shared>,
    caller: Caller,
    Query(parameters): Query<ListPeople>,
) -> Result<Json<Page<ConfiguredPerson>>, Problem> {
    caller.check(&api, &Operation::SeePeople).await?;
    let query = ["people"];
    let after = cursor::position(&api, &query, parameters.cursor.as_deref()).await?;
    let file = api.table.configuration_of_file(api.clock.now()).await?;
    let configuration = caller.directory().configuration();
    let show = |user: &User| ConfiguredPerson::of(configuration, user, manager_of::<User>(&file, &user.name));
    let (limit, all) = (parameters.limit, &configuration.users);
    let (items, next) = by_name(all, |user| &user.name, limit, after.as_deref(), show);
    Ok(Json(Page::new(&api, items, &query, next).await?))
}

/// Returns a person. For admins.
#[utoipa::path(
    get, path = "/people/{id}", tag = "people",
    params(("id" = String, Path, description = "Their id: their name in base64url.")),
    responses(
        (status = 200, description = "The person.", body = ConfiguredPerson,
            headers(("ETag" = String, description = "The state that they are in, for `If-Match`."))),
        OfOne
    )
)]
async fn get_person(
    State(api): State<Shared>,
    caller: Caller,
    Segments(id): Segments<String>,
    _: Query<Nothing>,
) -> Result<Tagged<ConfiguredPerson>, Problem> {
    caller.check(&api, &Operation::SeePeople).await?;
    let configuration = caller.directory().configuration();
    let user = person_with(configuration, &id)?;
    if file_place::<User>(&api, &user.name).await?.is_some() {
        let shown = ConfiguredPerson::of(configuration, user, FILE);
        return Ok(Tagged { tag: tag_in_file(user), shown });
    }
    Ok(tagged(configuration, &live(&api, &user.name).await?))
}

/// Adds a person.
///
/// For admins; machine tokens cannot add people. The person is recognized everywhere at once.
#[utoipa::path(
    post, path = "/people", tag = "people", request_body = PersonBody,
    params(("Idempotency-Key" = Option<String>, Header, description = "The same key and request are answered the same for a day.", max_length = 200)),
    responses(
        (status = 201, description = "The person.", body = ConfiguredPerson, headers(
            ("Location" = String, description = "The person's path."),
            ("ETag" = String, description = "The state that they are in.")
        )),
        (status = 409, description = "There is a person with this name, or there are too many.",
            body = ProblemBody, content_type = "application/problem+json"),
        Signed, WithBody
    )
)]
async fn create_person(
    State(api): State<Shared>,
    caller: Caller,
    _: Query<Nothing>,
    Body { value: new, json }: Body<PersonBody>,
) -> Result<Accepted, Problem> {
    caller.check(&api, &Operation::ChangePerson { before: None, after: None }).await?;
    once(&api, &caller, "create person", &json, async || {
        let mut tries = Tries::new(&api);
        loop {
            let directory = tries.directory().await?;
            refuse_of_file::<User>(&api, new.name()).await?;
            let person = person_of(&directory, &new)?;
            let name = &person.name;
            let configuration = directory.configuration();
            if User::position(configuration, name).is_none() {
                end_of_former(&api, &caller, name).await?;
            }
            refuse_existing::<User>(&api, name).await?;
            audit(&api, &caller, format!("add the person {name} with {}", in_words(&person.roles))).await?;
            let (seen, now) = (directory.version(), api.clock.now());
            let written = api.table.create_managed(&person, seen, who(&caller), now).await?;
            if let Some(made) = created(written, name)? {
                tracing::info!(person = name, "a person was added");
                let location = format!("{BASE}/people/{}", id::id_of(name));
                let shown = ConfiguredPerson::managed(configuration, &made);
                return Ok(Accepted::created(location, &tag_of(&made), &shown));
            }
        }
    })
    .await
}

/// Replaces the configuration of a person.
///
/// For admins, and people whom the API manages; machine tokens cannot change people. `name` must be the person's own. Roles apply from the next request.
/// Admins cannot remove their own role `admin`.
#[utoipa::path(
    put, path = "/people/{id}", tag = "people", request_body = PersonBody,
    params(
        ("id" = String, Path, description = "Their id: their name in base64url."),
        ("If-Match" = String, Header, description = "The ETag of the person as they were read.")
    ),
    responses(
        (status = 200, description = "The person.", body = ConfiguredPerson,
            headers(("ETag" = String, description = "The state that they are in."))),
        ChangeOfState, WithBody
    )
)]
async fn replace_person(
    State(api): State<Shared>,
    caller: Caller,
    Segments(id): Segments<String>,
    _: Query<Nothing>,
    if_match: IfMatch,
    Body { value: body, .. }: Body<PersonBody>,
) -> Result<Tagged<ConfiguredPerson>, Problem> {
    let mut tries = Tries::new(&api);
    loop {
        let directory = tries.directory().await?;
        let Managed { item: before, revision, .. } =
            changeable(&api, &caller, &directory, &id, &if_match).await?;
        let name = &before.name;
        if body.name() != name {
            let detail = format!("a person keeps their name; accepted: `{name}`");
            return Err(Problem::invalid_field("/name", detail));
        }
        let person = person_of(&directory, &body)?;
        let operation = Operation::ChangePerson { before: Some(&before), after: Some(&person) };
        caller.check(&api, &operation).await?;
        let what = match person.roles == before.roles {
            true => format!("change the person {name}, who keeps {}", in_words(&person.roles)),
            false => format!(
                "change the person {name} from {} to {}",
                in_words(&before.roles),
                in_words(&person.roles)
            ),
        };
        audit(&api, &caller, what).await?;
        let (seen, by, now) = (directory.version(), who(&caller), api.clock.now());
        let written = api.table.replace_managed(&person, revision, None, seen, by, now).await?;
        if let Some(written) = replaced(written, &if_match)? {
            return Ok(tagged(directory.configuration(), &written));
        }
    }
}

/// Archives a person: they may no longer do anything.
///
/// For admins, and people whom the API manages; machine tokens cannot remove people. The records of what they did stay. Admins cannot remove themselves.
#[utoipa::path(
    delete, path = "/people/{id}", tag = "people",
    params(
        ("id" = String, Path, description = "Their id: their name in base64url."),
        ("If-Match" = String, Header, description = "The ETag of the person as they were read.")
    ),
    responses(
        (status = 200, description = "The person as they were.", body = ConfiguredPerson,
            headers(("ETag" = String, description = "The state that they are in."))),
        ChangeOfState
    )
)]
async fn delete_person(
    State(api): State<Shared>,
    caller: Caller,
    Segments(id): Segments<String>,
    _: Query<Nothing>,
    if_match: IfMatch,
) -> Result<Tagged<ConfiguredPerson>, Problem> {
    let mut tries = Tries::new(&api);
    loop {
        let directory = tries.directory().await?;
        let Managed { item: person, revision, .. } =
            changeable(&api, &caller, &directory, &id, &if_match).await?;
        let name = &person.name;
        caller.check(&api, &Operation::ChangePerson { before: Some(&person), after: None }).await?;
        audit(&api, &caller, format!("archive the person {name} with {}", in_words(&person.roles))).await?;
        let (seen, by, now) = (directory.version(), who(&caller), api.clock.now());
        let archived = Some(Archived::Deleted);
        let written = api.table.replace_managed(&person, revision, archived, seen, by, now).await?;
        if let Some(written) = replaced(written, &if_match)? {
            tracing::info!(person = name, "a person was archived");
            return Ok(tagged(directory.configuration(), &written));
        }
    }
}

/// The person with this id, in the state that the caller saw, if the caller may change people and the API manages them.
async fn changeable(
    api: &Shared,
    caller: &Caller,
    directory: &Directory,
    id: &str,
    if_match: &IfMatch,
) -> Result<ManagedPerson, Problem> {
    // Their new configuration is checked once they are known.
    caller.check(api, &Operation::ChangePerson { before: None, after: None }).await?;
    let user = person_with(directory.configuration(), id)?;
    seen(api, &user.name, if_match).await
}

fn person_with<'a>(configuration: &'a Configuration, id: &str) -> Result<&'a User, Problem> {
    let index = User::position(configuration, &id::named(id, "person")?);
    index.and_then(|index| configuration.users.get(index)).ok_or_else(|| Problem::not_found("person"))
}

/// Ends everything that an earlier person with this name could still sign in or act with, so that the new person does not inherit it.
async fn end_of_former(api: &Shared, caller: &Caller, name: &str) -> Result<(), Problem> {
    let now = api.clock.now();
    api.table.end_sessions(&Subject::Person(name.to_owned()).as_text(), now, now + LIFE).await?;
    for token in api.table.tokens().await? {
        if token.owner == name && token.revoked_at.is_none() {
            api.table.revoke_token(&token.id, who(caller), now).await?;
        }
    }
    for joined in api.table.joined_accounts(name).await? {
        api.table.separate_account(&joined).await?;
    }
    Ok(())
}

/// Roles as records have them: `the roles developer, approver`.
fn in_words(roles: &Roles) -> String {
    let words = |roles: &BTreeSet<Role>| {
        let words: Vec<_> = roles.iter().map(|role| role.as_str()).collect();
        words.join(", ")
    };
    match roles {
        Roles::Everywhere(roles) if roles.is_empty() => "no roles".to_owned(),
        Roles::Everywhere(roles) => format!("the roles {}", words(roles)),
        Roles::InProjects(projects) => {
            let all: Vec<_> =
                projects.iter().map(|(key, roles)| format!("{key}: {}", words(roles))).collect();
            format!("the roles {{{}}}", all.join("; "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn roles_are_recorded_in_words() {
        for (roles, expected) in [
            (json!([]), "no roles"),
            (json!(["approver", "developer"]), "the roles developer, approver"),
            (json!({"SHOP": ["admin"], "WEB": ["viewer"]}), "the roles {SHOP: admin; WEB: viewer}"),
        ] {
            assert_eq!(in_words(&serde_json::from_value(roles).unwrap()), expected);
        }
    }
}
