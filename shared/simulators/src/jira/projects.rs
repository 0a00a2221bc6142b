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

/// `GET /field`: the custom fields of the site, and of the others, the one that every site has.
pub(super) async fn fields(AxumState(jira): AxumState<Jira>) -> Json<Value> {
    let summary = json!({"id": "summary", "key": "summary", "name": "Summary", "custom": false, "orderable": true,
                         "navigable": true, "searchable": true, "clauseNames": ["summary"],
                         "schema": {"type": "string", "system": "summary"}});
    let custom = jira.world().fields.iter().map(|field| {
        json!({"id": field.id, "key": field.id, "name": field.name, "custom": true, "orderable": true, "navigable": true,
               "searchable": true, "clauseNames": [field.name]})
    });
    Json(std::iter::once(summary).chain(custom).collect())
}
