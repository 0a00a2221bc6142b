//! The caller's permissions.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Query, State as AxumState};
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::render::Form;
use super::{Failure, Jira};

pub(super) async fn myself(AxumState(jira): AxumState<Jira>) -> Json<Value> {
    Json(jira.user_json(Form::Answer, &jira.world().bot))
}

pub(super) async fn permissions(
    AxumState(jira): AxumState<Jira>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Result<Json<Value>, Failure> {
    let Some(names) = query.get("permissions").filter(|names| !names.is_empty()) else {
        let message = "The 'permissions' query parameter is required.";
        return Err(Failure::new(StatusCode::BAD_REQUEST, message));
    };
    if let Some(key) = query.get("issueKey") {
        jira.lock().issue(key)?;
    }
    if let Some(key) = query.get("projectKey").filter(|key| jira.world().project(key).is_none()) {
        return Err(Failure::new(
            StatusCode::NOT_FOUND,
            format!("No project could be found with key '{key}'."),
        ));
    }
    let permissions: serde_json::Map<String, Value> = names
        .split(',')
        .map(|key| {
            let value = json!({"id": "1", "key": key, "name": key, "type": "PROJECT", "description": "",
                               "havePermission": jira.world().permissions.iter().any(|granted| granted == key)});
            (key.to_owned(), value)
        })
        .collect();
    Ok(Json(json!({"permissions": permissions})))
}

/// `GET /user?accountId=`
pub(super) async fn user(
    AxumState(jira): AxumState<Jira>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Result<Json<Value>, Failure> {
    let id = query.get("accountId").map(String::as_str).unwrap_or_default();
    let known = jira.world().users.iter().any(|user| user.account_id == id);
    if !known {
        let message = format!("Specified user does not exist or you do not have required permissions: {id}");
        return Err(Failure::new(StatusCode::NOT_FOUND, message));
    }
    Ok(Json(jira.user_json(Form::Answer, id)))
}
