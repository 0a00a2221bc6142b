//! Comments of tickets.

use std::collections::BTreeMap;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State as AxumState};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::render::Form;
use super::state::{Comment, Issue, State};
use super::{Failure, Jira, parse};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Listing {
    start_at: Option<usize>,
    max_results: Option<usize>,
    order_by: Option<String>,
    expand: Option<String>,
}

fn wants_properties(expand: Option<&str>) -> bool {
    expand.is_some_and(|names| names.split(',').any(|name| name.trim() == "properties"))
}

fn no_comment(id: &str) -> Failure {
    Failure::new(StatusCode::NOT_FOUND, format!("Can not find a comment for the id: {id}."))
}

/// One page of a ticket's comments, oldest first.
pub(super) fn page(jira: &Jira, issue: &Issue, start: usize, maximum: usize, properties: bool) -> Value {
    let comments: Vec<Value> = issue
        .comments
        .iter()
        .skip(start)
        .take(maximum)
        .map(|comment| jira.comment_json(Form::Answer, issue, comment, properties))
        .collect();
    json!({"startAt": start, "maxResults": maximum, "total": issue.comments.len(), "comments": comments})
}

pub(super) async fn list(
    AxumState(jira): AxumState<Jira>,
    Path(key): Path<String>,
    Query(listing): Query<Listing>,
) -> Result<Json<Value>, Failure> {
    let state = jira.lock();
    let mut issue = state.issue(&key)?.clone();
    match listing.order_by.as_deref() {
        None | Some("created" | "+created") => {}
        Some("-created") => issue.comments.reverse(),
        Some(_) => {
            return Err(Failure::new(
                StatusCode::BAD_REQUEST,
                "orderBy must be created, +created or -created",
            ));
        }
    }
    let maximum = listing.max_results.unwrap_or(100).min(100);
    let properties = wants_properties(listing.expand.as_deref());
    Ok(Json(page(&jira, &issue, listing.start_at.unwrap_or(0), maximum, properties)))
}

/// A comment by the API's user from a body of the form `{"body": document, "properties": […]}`.
pub(super) fn new(jira: &Jira, state: &mut State, value: &Value) -> Result<Comment, Failure> {
    let body = &value["body"];
    jira.check_comment(body)?;
    let now = jira.now();
    Ok(Comment {
        id: state.next_id(),
        author: jira.world().bot.clone(),
        body: body.clone(),
        properties: properties_of(value),
        visibility: value["visibility"].clone(),
        created: now,
        updated: now,
    })
}

fn properties_of(value: &Value) -> BTreeMap<String, Value> {
    let listed = value["properties"].as_array().into_iter().flatten();
    listed
        .filter_map(|property| Some((property["key"].as_str()?.to_owned(), property["value"].clone())))
        .collect()
}

pub(super) async fn add(
    AxumState(jira): AxumState<Jira>,
    Path(key): Path<String>,
    body: Bytes,
) -> Result<Response, Failure> {
    let body = parse(&body)?;
    let mut state = jira.lock();
    state.issue(&key)?;
    let comment = new(&jira, &mut state, &body)?;
    let issue = state.issue_mut(&key)?;
    let answer = jira.comment_json(Form::Answer, issue, &comment, false);
    issue.updated = comment.created;
    issue.comments.push(comment);
    Ok((StatusCode::CREATED, Json(answer)).into_response())
}

pub(super) async fn update(
    AxumState(jira): AxumState<Jira>,
    Path((key, id)): Path<(String, String)>,
    body: Bytes,
) -> Result<Json<Value>, Failure> {
    let value = parse(&body)?;
    jira.check_comment(&value["body"])?;
    let now = jira.now();
    let mut state = jira.lock();
    let issue = state.issue_mut(&key)?;
    let comment =
        issue.comments.iter_mut().find(|comment| comment.id == id).ok_or_else(|| no_comment(&id))?;
    comment.body = value["body"].clone();
    comment.properties.extend(properties_of(&value));
    // Left out, it stays as it is.
    if let Some(visibility) = value.get("visibility") {
        comment.visibility.clone_from(visibility);
    }
    comment.updated = now;
    let comment = comment.clone();
    Ok(Json(jira.comment_json(Form::Answer, issue, &comment, false)))
}
