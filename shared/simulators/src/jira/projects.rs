//! Projects, statuses and fields of the site.

use axum::Json;
use axum::extract::{Path, State as AxumState};
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::render::Form;
use super::world::Project;
use super::{Failure, Jira};

fn project<'a>(jira: &'a Jira, key: &str) -> Result<&'a Project, Failure> {
    jira.world().project(key).ok_or_else(|| {
        Failure::new(StatusCode::NOT_FOUND, format!("No project could be found with key '{key}'."))
    })
}

fn types(jira: &Jira, project: &Project) -> Vec<Value> {
    project.issue_types.iter().map(|name| jira.issue_type_json(Form::Answer, &project.key, name)).collect()
}

fn statuses_of(jira: &Jira, project: &Project) -> Vec<Value> {
    project.statuses.iter().map(|status| jira.status_json(Form::Answer, &project.key, &status.name)).collect()
}

pub(super) async fn get(
    AxumState(jira): AxumState<Jira>,
    Path(key): Path<String>,
) -> Result<Json<Value>, Failure> {
    let project = project(&jira, &key)?;
    let mut json = jira.project_json(Form::Answer, &project.key);
    json["issueTypes"] = types(&jira, project).into();
    json["lead"] =
        jira.world().users.first().map_or(Value::Null, |user| jira.user_json(Form::Answer, &user.account_id));
    json["style"] = "classic".into();
    json["isPrivate"] = false.into();
    Ok(Json(json))
}

pub(super) async fn statuses_by_type(
    AxumState(jira): AxumState<Jira>,
    Path(key): Path<String>,
) -> Result<Json<Value>, Failure> {
    let project = project(&jira, &key)?;
    let mut listed = types(&jira, project);
    for kind in &mut listed {
        *kind = json!({"self": kind["self"], "id": kind["id"], "name": kind["name"], "subtask": kind["subtask"],
                       "statuses": statuses_of(&jira, project)});
    }
    Ok(Json(listed.into()))
}

pub(super) async fn statuses(AxumState(jira): AxumState<Jira>) -> Json<Value> {
    let mut listed: Vec<Value> = Vec::new();
    for status in jira.world().projects.iter().flat_map(|project| statuses_of(&jira, project)) {
        if !listed.iter().any(|known| known["name"] == status["name"]) {
            listed.push(status);
        }
    }
    Json(listed.into())
}

pub(super) async fn fields(AxumState(jira): AxumState<Jira>) -> Json<Value> {
    let system = [
        "summary",
        "description",
        "status",
        "issuetype",
        "project",
        "priority",
        "labels",
        "assignee",
        "parent",
    ];
    let mut listed: Vec<Value> = system
        .iter()
        .map(|id| {
            json!({"id": id, "key": id, "name": id, "custom": false, "orderable": true, "navigable": true,
                   "searchable": true, "clauseNames": [id], "schema": {"type": "string", "system": id}})
        })
        .collect();
    for field in &jira.world().fields {
        let number: u64 = field.id.trim_start_matches("customfield_").parse().unwrap_or_default();
        listed.push(json!({
            "id": field.id, "key": field.id, "name": field.name, "custom": true, "orderable": true,
            "navigable": true, "searchable": true, "clauseNames": [format!("cf[{number}]"), field.name],
            "schema": {"type": field.r#type, "customId": number},
        }));
    }
    Json(listed.into())
}
