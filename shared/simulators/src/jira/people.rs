//! People, groups and permissions.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Query, State as AxumState};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::render::{Form, time};
use super::{Failure, Jira};

pub(super) async fn myself(AxumState(jira): AxumState<Jira>) -> Json<Value> {
    Json(jira.user_json(Form::Answer, &jira.world().bot))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Account {
    account_id: Option<String>,
}

fn no_user(id: &str) -> Failure {
    Failure::new(
        StatusCode::NOT_FOUND,
        format!("Specified user does not exist or you do not have required permissions: {id}"),
    )
}

pub(super) async fn user(
    AxumState(jira): AxumState<Jira>,
    Query(account): Query<Account>,
) -> Result<Json<Value>, Failure> {
    let id = account.account_id.unwrap_or_default();
    jira.world()
        .account(&id)
        .map(|user| Json(jira.user_json(Form::Answer, &user.account_id)))
        .ok_or_else(|| no_user(&id))
}

pub(super) async fn groups(
    AxumState(jira): AxumState<Jira>,
    Query(account): Query<Account>,
) -> Result<Json<Value>, Failure> {
    let id = account.account_id.unwrap_or_default();
    let user = jira.world().account(&id).ok_or_else(|| no_user(&id))?;
    let group = |name: &String| json!({"name": name, "groupId": name, "self": jira.link(Form::Answer, &format!("group?groupId={name}"))});
    Ok(Json(user.groups.iter().map(group).collect()))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Wanted {
    query: Option<String>,
    account_id: Option<String>,
    start_at: Option<usize>,
    max_results: Option<usize>,
}

pub(super) async fn search(
    AxumState(jira): AxumState<Jira>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Value>, Failure> {
    if wanted.query.is_none() && wanted.account_id.is_none() {
        return Err(Failure::new(
            StatusCode::BAD_REQUEST,
            "The parameter 'query', 'accountId' or 'property' is required.",
        ));
    }
    let text = wanted.query.unwrap_or_default().to_lowercase();
    let found = jira
        .world()
        .users
        .iter()
        .filter(|user| wanted.account_id.as_ref().is_none_or(|id| *id == user.account_id))
        .filter(|user| {
            user.display_name.to_lowercase().contains(&text)
                || user.email.as_ref().is_some_and(|email| email.to_lowercase().starts_with(&text))
        })
        .skip(wanted.start_at.unwrap_or(0))
        .take(wanted.max_results.unwrap_or(50))
        .map(|user| jira.user_json(Form::Answer, &user.account_id));
    Ok(Json(found.collect()))
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

pub(super) async fn server_info(AxumState(jira): AxumState<Jira>) -> Json<Value> {
    Json(json!({
        "baseUrl": jira.0.base_url, "version": "1001.0.0-SNAPSHOT", "versionNumbers": [1001, 0, 0],
        "deploymentType": "Cloud", "buildNumber": 100_000, "serverTime": time(jira.now()), "serverTitle": "Jira",
    }))
}
