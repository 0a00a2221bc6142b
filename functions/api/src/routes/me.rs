//! `/me`: who asks.

use crate::caller::Caller;
use crate::endpoints::{Endpoints, routes};
use crate::identity::Credential;
use crate::problem::Problem;
use crate::query::{Nothing, Query};
use crate::routes::answers::Signed;
use crate::routes::users::Person;
use axum::response::Json;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// `/me`.
pub(crate) fn routes() -> Endpoints {
    Endpoints::default().routes(routes!(get_me))
}

/// The caller.
#[derive(Debug, Serialize, ToSchema)]
struct Me {
    #[serde(flatten)]
    person: Person,
    /// Whether they hold the installation's own credentials, with which everything is allowed.
    is_operator: bool,
    /// How they sign in: `installation`, `link`, `github` or `oidc`; a machine's token is `token` and its id.
    signed_in_by: String,
    /// When that ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<Timestamp>,
    /// The roles that a machine's token is limited to.
    #[serde(skip_serializing_if = "Option::is_none")]
    limited_to_roles: Option<Vec<&'static str>>,
    /// The projects that a machine's token is limited to.
    #[serde(skip_serializing_if = "Option::is_none")]
    limited_to_projects: Option<Vec<String>>,
}

/// Returns the caller and their permissions.
#[utoipa::path(
    get, path = "/me", tag = "people",
    responses((status = 200, description = "Who asks.", body = Me), Signed)
)]
async fn get_me(caller: Caller, _: Query<Nothing>) -> Result<Json<Me>, Problem> {
    let configuration = caller.directory().configuration();
    let name = caller.actor().person.as_ref().unwrap_or(&caller.actor().id);
    let scope = match caller.authority() {
        control::Authority::Scoped(scope) => Some(scope),
        control::Authority::Roles | control::Authority::Installation => None,
    };
    Ok(Json(Me {
        person: Person::of(configuration, name),
        is_operator: *caller.authority() == control::Authority::Installation,
        signed_in_by: caller.credential().name(),
        expires_at: match caller.credential() {
            Credential::Installation => None,
            Credential::Session(session) => Some(session.ends_at),
            Credential::Token { valid_until, .. } => Some(*valid_until),
        },
        limited_to_roles: scope.map(|scope| scope.roles.iter().map(|role| role.as_str()).collect()),
        limited_to_projects: scope.and_then(|scope| Some(scope.projects.as_ref()?.iter().cloned().collect())),
    }))
}
