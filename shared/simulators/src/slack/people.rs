//! The caller's identity, and people's.

use axum::extract::State as AxumState;
use serde_json::json;

use super::arguments::Arguments;
use super::{Answer, Refusal, Slack, answer};

pub(super) async fn auth_test(AxumState(slack): AxumState<Slack>) -> Answer {
    let world = slack.world();
    answer(json!({
        "url": format!("https://{}.slack.com/", world.team.domain), "team": world.team.name, "team_id": world.team.id,
        "user": world.app.bot_name, "user_id": world.app.bot_user_id, "bot_id": world.app.bot_id,
        "is_enterprise_install": false,
    }))
}

/// `users.info`, which needs the scope `users:read`.
pub(super) async fn info(AxumState(slack): AxumState<Slack>, arguments: Arguments) -> Answer {
    let world = slack.world();
    if !world.app.scopes.iter().any(|scope| scope == "users:read") {
        return Err(Refusal::Because("missing_scope"));
    }
    let id = arguments.required("user", "user_not_found")?;
    let user = world.users.iter().find(|user| user.id == id).ok_or(Refusal::Because("user_not_found"))?;
    answer(json!({
        "user": {"id": user.id, "team_id": world.team.id, "name": user.name, "deleted": false, "is_bot": false},
    }))
}
