//! Properties of tickets and comments, and links to pages elsewhere.

use std::collections::BTreeMap;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State as AxumState};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::render::Form;
use super::state::{RemoteLink, State};
use super::{Failure, Jira, parse};

fn no_property(name: &str) -> Failure {
    Failure::new(StatusCode::NOT_FOUND, format!("The property {name} does not exist."))
}

fn of_comment<'a>(state: &'a mut State, id: &str) -> Result<&'a mut BTreeMap<String, Value>, Failure> {
    state
        .issues
        .iter_mut()
        .flat_map(|issue| &mut issue.comments)
        .find(|comment| comment.id == id)
        .map(|comment| &mut comment.properties)
        .ok_or_else(|| {
            Failure::new(StatusCode::NOT_FOUND, format!("Can not find a comment for the id: {id}."))
        })
}

fn keys(jira: &Jira, owner: &str, properties: &BTreeMap<String, Value>) -> Json<Value> {
    let keys: Vec<Value> = properties
        .keys()
        .map(|key| json!({"key": key, "self": jira.link(Form::Answer, &format!("{owner}/properties/{key}"))}))
        .collect();
    Json(json!({"keys": keys}))
}

fn get(properties: &BTreeMap<String, Value>, name: &str) -> Result<Json<Value>, Failure> {
    let value = properties.get(name).ok_or_else(|| no_property(name))?;
    Ok(Json(json!({"key": name, "value": value})))
}

fn set(properties: &mut BTreeMap<String, Value>, name: String, body: &[u8]) -> Result<StatusCode, Failure> {
    Ok(match properties.insert(name, parse(body)?) {
        Some(_) => StatusCode::OK,
        None => StatusCode::CREATED,
    })
}

fn remove(properties: &mut BTreeMap<String, Value>, name: &str) -> Result<StatusCode, Failure> {
    properties.remove(name).map(|_| StatusCode::NO_CONTENT).ok_or_else(|| no_property(name))
}

pub(super) async fn issue_keys(
    AxumState(jira): AxumState<Jira>,
    Path(key): Path<String>,
) -> Result<Json<Value>, Failure> {
    let state = jira.lock();
    let issue = state.issue(&key)?;
    Ok(keys(&jira, &format!("issue/{}", issue.key), &issue.properties))
}

pub(super) async fn get_of_issue(
    AxumState(jira): AxumState<Jira>,
    Path((key, name)): Path<(String, String)>,
) -> Result<Json<Value>, Failure> {
    get(&jira.lock().issue(&key)?.properties, &name)
}

pub(super) async fn set_on_issue(
    AxumState(jira): AxumState<Jira>,
    Path((key, name)): Path<(String, String)>,
    body: Bytes,
) -> Result<StatusCode, Failure> {
    set(&mut jira.lock().issue_mut(&key)?.properties, name, &body)
}

pub(super) async fn delete_of_issue(
    AxumState(jira): AxumState<Jira>,
    Path((key, name)): Path<(String, String)>,
) -> Result<StatusCode, Failure> {
    remove(&mut jira.lock().issue_mut(&key)?.properties, &name)
}

pub(super) async fn comment_keys(
    AxumState(jira): AxumState<Jira>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Failure> {
    let mut state = jira.lock();
    Ok(keys(&jira, &format!("comment/{id}"), of_comment(&mut state, &id)?))
}

pub(super) async fn get_of_comment(
    AxumState(jira): AxumState<Jira>,
    Path((id, name)): Path<(String, String)>,
) -> Result<Json<Value>, Failure> {
    get(of_comment(&mut jira.lock(), &id)?, &name)
}

pub(super) async fn set_on_comment(
    AxumState(jira): AxumState<Jira>,
    Path((id, name)): Path<(String, String)>,
    body: Bytes,
) -> Result<StatusCode, Failure> {
    set(of_comment(&mut jira.lock(), &id)?, name, &body)
}

pub(super) async fn delete_of_comment(
    AxumState(jira): AxumState<Jira>,
    Path((id, name)): Path<(String, String)>,
) -> Result<StatusCode, Failure> {
    remove(of_comment(&mut jira.lock(), &id)?, &name)
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ByGlobalId {
    global_id: Option<String>,
}

pub(super) async fn remote_links(
    AxumState(jira): AxumState<Jira>,
    Path(key): Path<String>,
    Query(wanted): Query<ByGlobalId>,
) -> Result<Json<Value>, Failure> {
    let state = jira.lock();
    let issue = state.issue(&key)?;
    let json = |link: &RemoteLink| {
        let mut json = Value::Object(link.link.clone());
        json["id"] = link.id.into();
        json["self"] = jira.link(Form::Answer, &format!("issue/{}/remotelink/{}", issue.key, link.id)).into();
        json
    };
    match wanted.global_id {
        None => Ok(Json(issue.remote_links.iter().map(json).collect())),
        Some(global_id) => issue
            .remote_links
            .iter()
            .find(|link| link.link.get("globalId").and_then(Value::as_str) == Some(&global_id))
            .map(|link| Json(json(link)))
            .ok_or_else(|| {
                Failure::new(StatusCode::NOT_FOUND, "No remote issue link with the given global ID.")
            }),
    }
}

/// Creates a link, or replaces the one of the same `globalId`.
pub(super) async fn set_remote_link(
    AxumState(jira): AxumState<Jira>,
    Path(key): Path<String>,
    body: Bytes,
) -> Result<Response, Failure> {
    let body = parse(&body)?;
    for field in ["title", "url"] {
        if body["object"][field].as_str().is_none_or(str::is_empty) {
            return Err(Failure::field(field, format!("'{field}' is required.")));
        }
    }
    let link = body.as_object().cloned().unwrap_or_default();
    let mut state = jira.lock();
    let new_id = state.next_id().parse().unwrap_or_default();
    let issue = state.issue_mut(&key)?;
    let global_id = link.get("globalId").filter(|id| id.is_string());
    let known = issue
        .remote_links
        .iter_mut()
        .find(|known| global_id.is_some() && known.link.get("globalId") == global_id);
    let (status, id) = match known {
        Some(known) => {
            known.link = link;
            (StatusCode::OK, known.id)
        }
        None => {
            issue.remote_links.push(RemoteLink { id: new_id, link });
            (StatusCode::CREATED, new_id)
        }
    };
    let address = jira.link(Form::Answer, &format!("issue/{}/remotelink/{id}", issue.key));
    Ok((status, Json(json!({"id": id, "self": address}))).into_response())
}

pub(super) async fn delete_remote_link(
    AxumState(jira): AxumState<Jira>,
    Path(key): Path<String>,
    Query(wanted): Query<ByGlobalId>,
) -> Result<StatusCode, Failure> {
    let Some(global_id) = wanted.global_id else {
        return Err(Failure::new(StatusCode::BAD_REQUEST, "A global ID must be provided."));
    };
    let mut state = jira.lock();
    let links = &mut state.issue_mut(&key)?.remote_links;
    let before = links.len();
    links.retain(|link| link.link.get("globalId").and_then(Value::as_str) != Some(&global_id));
    match links.len() == before {
        true => Err(Failure::new(StatusCode::NOT_FOUND, "No remote issue link with the given global ID.")),
        false => Ok(StatusCode::NO_CONTENT),
    }
}
