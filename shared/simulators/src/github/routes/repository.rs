//! Repositories, branches, collaborators and the caller's own account.

use serde_json::{Value, json};

use super::{Answer, Call, Failure};
use crate::github::{
    access::{Caller, wants_installation},
    shapes::moment,
    world::{Level, Role},
};

pub(super) fn get(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let repository = call.repository();
    let role = match &call.caller {
        Caller::User { login } => repository.collaborators.get(login).copied(),
        Caller::Installation { permissions, .. } => permissions
            .get("contents")
            .map(|level| if *level >= Level::Write { Role::Write } else { Role::Read }),
        Caller::Anonymous | Caller::App => None,
    };
    Ok(Answer::ok(call.state.full_repository(repository, role)))
}

/// `GET /collaborators/{login}/permission`: a known account that is no collaborator has `none`, or `read` where
/// everybody reads.
pub(super) fn get_permission(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let (repository, login) = (call.repository(), call.parameter("login"));
    let user = call.state.users.iter().find(|user| user.login.eq_ignore_ascii_case(login));
    let login = user.map(|user| user.login.clone()).ok_or_else(Failure::not_found)?;
    let public = (!repository.private).then_some(Role::Read);
    let role = repository.collaborators.get(&login).copied().max(public);
    let (permission, role_name) = role.map_or(("none", "none"), |role| (role.legacy(), role.as_str()));
    let at_least = |needed: Role| role.is_some_and(|role| role >= needed);
    let mut user = call.state.user(&login);
    user["role_name"] = Value::from(role_name);
    user["permissions"] = json!({
        "admin": at_least(Role::Admin),
        "maintain": at_least(Role::Maintain),
        "push": at_least(Role::Write),
        "triage": at_least(Role::Triage),
        "pull": at_least(Role::Read),
    });
    Ok(Answer::ok(json!({ "permission": permission, "role_name": role_name, "user": user })))
}

/// `GET /user`: the account that a token belongs to. An App's installation has none.
pub(super) fn get_user(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let Caller::User { login } = &call.caller else {
        call.caller.login()?;
        return Err(wants_installation());
    };
    let mut user = call.state.user(login);
    let since = moment(call.now());
    let public = json!({
        "name": null, "company": null, "blog": null, "location": null, "email": null, "hireable": null, "bio": null,
        "public_repos": 0, "public_gists": 0, "followers": 0, "following": 0, "created_at": since, "updated_at": since,
    });
    if let (Some(user), Value::Object(public)) = (user.as_object_mut(), public) {
        user.extend(public);
    }
    Ok(Answer::ok(user))
}
