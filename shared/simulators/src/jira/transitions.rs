//! Changing a ticket's status along its project's workflow.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State as AxumState};
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::render::Form;
use super::state::{Issue, Step};
use super::{Failure, Jira, issues, parse};

impl Jira {
    pub(super) fn steps(&self, issue: &Issue) -> Vec<Step> {
        self.world().project(&issue.project).map(|project| project.steps(&issue.status)).unwrap_or_default()
    }
}

pub(super) async fn list(
    AxumState(jira): AxumState<Jira>,
    Path(key): Path<String>,
) -> Result<Json<Value>, Failure> {
    let state = jira.lock();
    let issue = state.issue(&key)?;
    let transitions: Vec<Value> = jira
        .steps(issue)
        .iter()
        .map(|step| {
            json!({
                "id": step.id, "name": step.name, "to": jira.status_json(Form::Answer, &issue.project, &step.to),
                "hasScreen": false, "isGlobal": false, "isInitial": false, "isAvailable": true,
                "isConditional": false, "isLooped": false,
            })
        })
        .collect();
    Ok(Json(json!({"expand": "transitions", "transitions": transitions})))
}

pub(super) async fn make(
    AxumState(jira): AxumState<Jira>,
    Path(key): Path<String>,
    body: Bytes,
) -> Result<StatusCode, Failure> {
    let body = parse(&body)?;
    let mut state = jira.lock();
    let mut issue = state.issue(&key)?.clone();
    let Some(id) = body["transition"]["id"].as_str() else {
        return Err(Failure::new(StatusCode::BAD_REQUEST, "Missing 'transition' identifier"));
    };
    let Some(step) = jira.steps(&issue).into_iter().find(|step| step.id == id) else {
        return Err(Failure::new(
            StatusCode::BAD_REQUEST,
            format!("Transition id '{id}' is not valid for this issue."),
        ));
    };
    issues::change(&jira, &mut state, &mut issue, &body)?;
    issue.status = step.to;
    *state.issue_mut(&key)? = issue;
    Ok(StatusCode::NO_CONTENT)
}
