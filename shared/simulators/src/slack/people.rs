//! Who the caller is, and who people are.

use axum::extract::State as AxumState;
use serde_json::json;

use super::{Answer, Slack, answer};

pub(super) async fn auth_test(AxumState(slack): AxumState<Slack>) -> Answer {
    let world = slack.world();
    answer(json!({
        "url": format!("https://{}.slack.com/", world.team.domain), "team": world.team.name, "team_id": world.team.id,
        "user": world.app.bot_name, "user_id": world.app.bot_user_id, "bot_id": world.app.bot_id,
        "is_enterprise_install": false,
    }))
}
