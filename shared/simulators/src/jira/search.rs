//! Searching tickets with JQL, page by page.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Query, State as AxumState};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Failure, Jira, jql, parse};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ByQuery {
    jql: Option<String>,
    next_page_token: Option<String>,
    max_results: Option<usize>,
    fields: Option<String>,
}

struct Search {
    jql: String,
    page: Option<String>,
    maximum: usize,
    fields: Vec<String>,
}

pub(super) async fn by_query(
    AxumState(jira): AxumState<Jira>,
    Query(query): Query<ByQuery>,
) -> Result<Json<Value>, Failure> {
    search(
        &jira,
        &Search {
            jql: query.jql.unwrap_or_default(),
            page: query.next_page_token,
            maximum: query.max_results.unwrap_or(50),
            fields: query.fields.unwrap_or_default().split(',').map(|name| name.trim().to_owned()).collect(),
        },
    )
}

pub(super) async fn by_body(AxumState(jira): AxumState<Jira>, body: Bytes) -> Result<Json<Value>, Failure> {
    let body = parse(&body)?;
    let fields = body["fields"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned);
    search(
        &jira,
        &Search {
            jql: body["jql"].as_str().unwrap_or_default().to_owned(),
            page: body["nextPageToken"].as_str().map(str::to_owned),
            maximum: body["maxResults"].as_u64().and_then(|maximum| maximum.try_into().ok()).unwrap_or(50),
            fields: fields.collect(),
        },
    )
}

fn search(jira: &Jira, search: &Search) -> Result<Json<Value>, Failure> {
    let refused = |message: String| Failure::new(StatusCode::BAD_REQUEST, message);
    let query =
        jql::parse(&search.jql).map_err(|problem| refused(format!("Error in the JQL Query: {problem}")))?;
    if query.conditions.is_empty() {
        let message =
            "Unbounded JQL queries are not allowed here. Please add a search restriction to your query.";
        return Err(refused(message.to_owned()));
    }
    let start: usize = match &search.page {
        None => 0,
        Some(token) => token
            .strip_prefix("page-")
            .and_then(|offset| offset.parse().ok())
            .ok_or_else(|| refused("The provided next page token is invalid or expired.".to_owned()))?,
    };
    let state = jira.lock();
    let found = query.find(jira, &state).map_err(|problem| refused(problem.to_owned()))?;
    let end = found.len().min(start.saturating_add(search.maximum.clamp(1, 5000)));
    let fields: Vec<&str> =
        search.fields.iter().map(String::as_str).filter(|name| !name.is_empty()).collect();
    let issues: Vec<Value> = found
        .get(start..end)
        .unwrap_or_default()
        .iter()
        // Without `fields` the service gives ids alone.
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
