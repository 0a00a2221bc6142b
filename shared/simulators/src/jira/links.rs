//! [Links between tickets](https://developer.atlassian.com/cloud/jira/platform/issue-linking-model/).

use axum::body::Bytes;
use axum::extract::{Path, State as AxumState};
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::render::Form;
use super::state::{Issue, Link, State};
use super::{Failure, Jira, parse};

/// An existing link is not made again, which the answer does not reveal.
pub(super) async fn create(AxumState(jira): AxumState<Jira>, body: Bytes) -> Result<StatusCode, Failure> {
    let body = parse(&body)?;
    let name = body["type"]["name"].as_str().unwrap_or_default();
    let kind =
        jira.world().link_types.iter().find(|known| known.eq_ignore_ascii_case(name)).ok_or_else(|| {
            Failure::new(StatusCode::NOT_FOUND, format!("No issue link type with name '{name}' found."))
        })?;
    if !jira.world().permissions.iter().any(|known| known == "LINK_ISSUES") {
        return Err(Failure::new(StatusCode::UNAUTHORIZED, "No Link Issue Permission for issue"));
    }
    let mut state = jira.lock();
    let key = |state: &State, end: &str| {
        let named = body[end]["key"].as_str().or(body[end]["id"].as_str()).unwrap_or_default();
        state.issue(named).map(|issue| issue.key.clone())
    };
    let (inward, outward) = (key(&state, "inwardIssue")?, key(&state, "outwardIssue")?);
    if inward == outward {
        return Err(Failure::new(StatusCode::BAD_REQUEST, "You cannot link an issue to itself."));
    }
    let is_there = |link: &Link| link.kind == *kind && link.inward == inward && link.outward == outward;
    if !state.links.iter().any(is_there) {
        let id = state.next_id();
        state.links.push(Link { id, kind: kind.clone(), inward, outward });
    }
    Ok(StatusCode::CREATED)
}

pub(super) async fn delete(
    AxumState(jira): AxumState<Jira>,
    Path(id): Path<String>,
) -> Result<StatusCode, Failure> {
    let mut state = jira.lock();
    let before = state.links.len();
    state.links.retain(|link| link.id != id);
    match state.links.len() < before {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(Failure::new(StatusCode::NOT_FOUND, format!("No issue link with id '{id}' exists."))),
    }
}

impl Jira {
    /// The links of a ticket, each with the other ticket at its end.
    pub(super) fn links_json(&self, state: &State, issue: &Issue) -> Value {
        let link = |link: &Link| {
            let (end, other) = match () {
                () if link.outward == issue.key => ("inwardIssue", &link.inward),
                () if link.inward == issue.key => ("outwardIssue", &link.outward),
                () => return None,
            };
            let other = state.issue(other).ok()?;
            let id = self.world().link_types.iter().position(|known| *known == link.kind).unwrap_or_default();
            let (inward, outward) = words(&link.kind);
            let mut shown = json!({
                "id": link.id,
                "self": self.link(Form::Answer, &format!("issueLink/{}", link.id)),
                "type": {
                    "id": (10_000 + id).to_string(), "name": link.kind, "inward": inward, "outward": outward,
                    "self": self.link(Form::Answer, &format!("issueLinkType/{}", 10_000 + id)),
                },
            });
            shown[end] = json!({
                "id": other.id, "key": other.key,
                "self": self.link(Form::Answer, &format!("issue/{}", other.id)),
                "fields": {
                    "summary": other.summary,
                    "status": self.status_json(Form::Answer, &other.project, &other.status),
                    "issuetype": self.issue_type_json(Form::Answer, &other.project, &other.issue_type),
                },
            });
            Some(shown)
        };
        state.links.iter().filter_map(link).collect()
    }
}

/// The words for the tickets at the two ends.
fn words(kind: &str) -> (&'static str, &'static str) {
    match kind {
        "Blocks" => ("is blocked by", "blocks"),
        "Cloners" => ("is cloned by", "clones"),
        "Duplicate" => ("is duplicated by", "duplicates"),
        _ => ("relates to", "relates to"),
    }
}
