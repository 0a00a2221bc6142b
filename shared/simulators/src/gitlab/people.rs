//! Accounts, members and projects.

use serde_json::{Value, json};

use super::answer::{Answer, Call, Failure};
use super::state::{Project, State};

impl State {
    pub(super) fn shown_user(&self, username: &str) -> Value {
        let user = self.user(username);
        json!({
            "id": self.user_id(username), "username": username,
            "name": user.map_or(username, |user| &user.name), "state": "active", "locked": false,
            "avatar_url": null, "web_url": format!("{}/{username}", self.address),
        })
    }

    pub(super) fn shown_project(&self, project: &Project) -> Value {
        let (namespace, name) = project.path.rsplit_once('/').unwrap_or_default();
        let web = format!("{}/{}", self.address, project.path);
        json!({
            "id": project.id, "name": name, "path": name, "path_with_namespace": project.path,
            "description": project.description, "web_url": web, "http_url_to_repo": format!("{web}.git"),
            "namespace": { "full_path": namespace, "kind": "group" }, "visibility": "private", "archived": false,
            "empty_repo": project.head_of(&project.default_branch).is_none(),
            "default_branch": project.head_of(&project.default_branch).map(|_| &project.default_branch),
        })
    }
}

pub(super) fn own(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let mut shown = call.state.shown_user(&call.state.bot);
    shown["bot"] = call.state.user(&call.state.bot).is_some_and(|user| user.bot).into();
    Ok(Answer::ok(shown))
}

pub(super) fn token(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let user = call.state.user_id(&call.state.bot);
    Ok(Answer::ok(json!({
        "id": 1, "name": "ticketsmith", "active": true, "revoked": false, "user_id": user, "scopes": call.state.scopes,
    })))
}

pub(super) fn list(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let named = call.queried("username").map(str::to_owned);
    let users = call
        .state
        .users
        .iter()
        .filter(|user| named.as_ref().is_none_or(|name| user.username.eq_ignore_ascii_case(name)));
    let shown = users.map(|user| call.state.shown_user(&user.username)).collect();
    Ok(call.page(shown))
}

pub(super) fn project(call: &mut Call<'_>) -> Result<Answer, Failure> {
    Ok(Answer::ok(call.state.shown_project(call.project())))
}

pub(super) fn member(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let id = call.number("user_id")?;
    let members = call.project().members.iter();
    let found = members.into_iter().find(|(username, _)| call.state.user_id(username) == id);
    let (username, level) = found.ok_or_else(|| Failure::not_found("Member"))?;
    let mut shown = call.state.shown_user(username);
    shown["access_level"] = level.number().into();
    Ok(Answer::ok(shown))
}
