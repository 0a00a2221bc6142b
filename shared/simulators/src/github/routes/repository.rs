//! Repositories, branches, collaborators and the caller's own account.

use serde_json::{Value, json};

use super::{Answer, Call, Failure};
use crate::github::{
    access::Caller,
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

pub(super) fn list_branches(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let repository = call.repository();
    let api = call.state.api(repository);
    let branches = repository.git.references("refs/heads")?.into_iter().map(|reference| {
        let name = reference.name.trim_start_matches("refs/heads/");
        let commit = json!({ "sha": reference.sha, "url": format!("{api}/commits/{}", reference.sha) });
        call.state.branch(repository, name, commit)
    });
    let wanted = call.queried("protected").map(|value| value == "true");
    let branches =
        branches.filter(|branch| wanted.is_none_or(|wanted| branch["protected"] == wanted)).collect();
    Ok(call.page(branches))
}

pub(super) fn get_branch(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let (repository, name) = (call.repository(), call.parameter("branch"));
    let sha = repository.head_of(name).ok_or_else(|| Failure::new(404, "Branch not found"))?;
    let mut shown = call.state.branch(repository, name, call.state.commit(repository, &sha)?);
    shown["_links"] = json!({
        "self": format!("{}/branches/{name}", call.state.api(repository)),
        "html": format!("{}/tree/{name}", call.state.web(repository)),
    });
    Ok(Answer::ok(shown))
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

/// `GET /user`
pub(super) fn get_user(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let Caller::User { login } = &call.caller else {
        call.caller.login()?;
        return Err(Failure::new(403, "Resource not accessible by integration"));
    };
    let known = call.state.users.iter().find(|user| user.login == *login);
    let mut shown = call.state.user(login);
    shown["name"] = json!(known.and_then(|user| user.name.clone()));
    shown["email"] = json!(known.and_then(|user| user.email.clone()));
    for absent in ["company", "location", "hireable", "bio", "twitter_username"] {
        shown[absent] = Value::Null;
    }
    shown["blog"] = json!("");
    for count in ["public_repos", "public_gists", "followers", "following"] {
        shown[count] = json!(0);
    }
    let since = moment(call.now());
    shown["created_at"] = json!(since);
    shown["updated_at"] = json!(since);
    Ok(Answer::ok(shown))
}

/// `GET /rate_limit`, which itself is not counted.
pub(super) fn get_rate_limit(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let now = call.now();
    let (window, _) = call.state.access.count(&call.caller, now, false);
    let core = json!({
        "limit": window.limit,
        "used": window.used,
        "remaining": window.remaining(),
        "reset": window.reset.as_second(),
    });
    let search = json!({ "limit": 30, "used": 0, "remaining": 30, "reset": window.reset.as_second() });
    Ok(Answer::ok(json!({ "resources": { "core": core, "search": search }, "rate": core })))
}
