//! [Accounts](https://docs.github.com/rest/users/users).

use serde_json::{Value, json};

use super::{Answer, Call, Failure};
use crate::github::shapes::moment;

/// `GET /users/{login}`
pub(super) fn get(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let login = call.parameter("login");
    let user = call.state.users.iter().find(|user| user.login.eq_ignore_ascii_case(login));
    let user = user.ok_or_else(Failure::not_found)?;
    let mut shown = call.state.user(&user.login);
    shown["name"] = user.name.clone().map_or(Value::Null, Value::from);
    for absent in ["company", "location", "email", "hireable", "bio"] {
        shown[absent] = Value::Null;
    }
    shown["blog"] = json!("");
    for none in ["public_repos", "public_gists", "followers", "following"] {
        shown[none] = json!(0);
    }
    for date in ["created_at", "updated_at"] {
        shown[date] = json!(moment(call.now()));
    }
    Ok(Answer::ok(shown))
}
