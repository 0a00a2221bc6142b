//! Searching tickets with JQL, page by page.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State as AxumState;
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::{Failure, Jira, jql, parse};

pub(super) async fn search(AxumState(jira): AxumState<Jira>, body: Bytes) -> Result<Json<Value>, Failure> {
    let body = parse(&body)?;
    let fields: Vec<&str> =
        body["fields"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let maximum = body["maxResults"].as_u64().and_then(|maximum| usize::try_from(maximum).ok()).unwrap_or(50);
    let refused = |message: String| Failure::new(StatusCode::BAD_REQUEST, message);
    let query = jql::parse(body["jql"].as_str().unwrap_or_default())
        .map_err(|problem| refused(format!("Error in the JQL Query: {problem}")))?;
    if query.conditions.is_empty() {
        let message =
            "Unbounded JQL queries are not allowed here. Please add a search restriction to your query.";
        return Err(refused(message.to_owned()));
    }
    let start: usize = match body["nextPageToken"].as_str() {
        None => 0,
        Some(token) => token
            .strip_prefix("page-")
            .and_then(|offset| offset.parse().ok())
            .ok_or_else(|| refused("The provided next page token is invalid or expired.".to_owned()))?,
    };
    let state = jira.lock();
    let found = query.find(&jira, &state).map_err(|problem| refused(problem.to_owned()))?;
    let end = found.len().min(start.saturating_add(maximum.clamp(1, 5000)));
    let issues: Vec<Value> = found
        .get(start..end)
        .unwrap_or_default()
        .iter()
        // Without `fields` the service returns only IDs.
        .map(|issue| match fields.as_slice() {
            [] | ["id"] => json!({"id": issue.id}),
            fields => jira.issue_json(&state, issue, fields),
        })
        .collect();
    let mut answer = json!({"isLast": end >= found.len(), "issues": issues});
    if end < found.len() {
        answer["nextPageToken"] = format!("page-{end}").into();
    }
    Ok(Json(answer))
}
