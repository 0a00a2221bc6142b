//! Tickets: reading, creating, editing.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State as AxumState};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::render::Form;
use super::state::{Issue, State};
use super::{Failure, Jira, comments, parse};

#[derive(Debug, Default, Deserialize)]
pub(super) struct Shown {
    fields: Option<String>,
    properties: Option<String>,
}

pub(super) async fn get(
    AxumState(jira): AxumState<Jira>,
    Path(key): Path<String>,
    Query(shown): Query<Shown>,
) -> Result<Json<Value>, Failure> {
    let state = jira.lock();
    let issue = state.issue(&key)?;
    let asked: Vec<&str> = shown.fields.as_deref().unwrap_or("*all").split(',').map(str::trim).collect();
    let mut json = jira.issue_json(&state, issue, &asked);
    if let Some(names) = shown.properties {
        let wanted: Vec<&str> = names.split(',').collect();
        json["properties"] = issue
            .properties
            .iter()
            .filter(|(name, _)| wanted.contains(&"*all") || wanted.contains(&name.as_str()))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect::<Map<_, _>>()
            .into();
    }
    Ok(Json(json))
}

impl Jira {
    /// A ticket with the requested fields: names, `*all`, `*navigable`, and names to leave out after a hyphen.
    pub(super) fn issue_json(&self, state: &State, issue: &Issue, asked: &[&str]) -> Value {
        let mut all = self.fields_json(Form::Answer, state, issue);
        let comments = comments::page(self, issue, 0, 20, false);
        let everything = asked.contains(&"*all");
        let navigable =
            everything || asked.contains(&"*navigable") || asked.iter().all(|name| name.starts_with('-'));
        if everything || asked.contains(&"comment") {
            all.insert("comment".into(), comments);
        }
        all.insert("issuelinks".into(), self.links_json(state, issue));
        let left_out = |name: &str| asked.iter().any(|asked| asked.strip_prefix('-') == Some(name));
        all.retain(|name, _| {
            (navigable || name == "comment" || asked.contains(&name.as_str())) && !left_out(name)
        });
        json!({
            "expand": "renderedFields,names,schema,operations,editmeta,changelog,versionedRepresentations",
            "id": issue.id,
            "self": self.link(Form::Answer, &format!("issue/{}", issue.id)),
            "key": issue.key,
            "fields": all,
        })
    }
}

pub(super) async fn create(AxumState(jira): AxumState<Jira>, body: Bytes) -> Result<Response, Failure> {
    let body = parse(&body)?;
    let fields = body["fields"].as_object().cloned().unwrap_or_default();
    let named = |value: &Value| value["key"].as_str().or(value["id"].as_str()).map(str::to_owned);
    let project_key = named(&fields.get("project").cloned().unwrap_or_default()).unwrap_or_default();
    let project = jira
        .world()
        .projects
        .iter()
        .enumerate()
        .find(|(index, project)| {
            project.key.eq_ignore_ascii_case(&project_key) || (10_000 + index).to_string() == project_key
        })
        .map(|(_, project)| project)
        .ok_or_else(|| Failure::field("project", "Specify a valid project ID or key"))?;
    let kind = fields.get("issuetype").cloned().unwrap_or_default();
    let issue_type = project
        .issue_types
        .iter()
        .enumerate()
        .find(|(index, name)| {
            kind["name"].as_str().is_some_and(|given| given.eq_ignore_ascii_case(name))
                || kind["id"].as_str() == Some(&(10_001 + index).to_string())
        })
        .map(|(_, name)| name.clone())
        .ok_or_else(|| {
            let known = project.issue_types.join(", ");
            Failure::field(
                "issuetype",
                format!("The issue type selected is invalid. (This project has: {known})"),
            )
        })?;
    if fields.get("summary").and_then(Value::as_str).is_none_or(|summary| summary.trim().is_empty()) {
        return Err(Failure::field("summary", "You must specify a summary of the issue."));
    }
    let mut state = jira.lock();
    let now = jira.now();
    let mut issue = Issue {
        id: state.next_id(),
        key: state.next_key(&project.key),
        project: project.key.clone(),
        issue_type,
        summary: String::new(),
        description: Value::Null,
        status: project.first_status().to_owned(),
        priority: "Medium".to_owned(),
        labels: Vec::new(),
        assignee: None,
        reporter: jira.world().bot.clone(),
        parent: None,
        custom: Map::new(),
        comments: Vec::new(),
        attachments: Vec::new(),
        properties: Default::default(),
        created: now,
        updated: now,
        indexed: now + SignedDuration::from_secs(jira.world().search_lag_seconds.into()),
    };
    for (name, value) in fields {
        if !matches!(name.as_str(), "project" | "issuetype") {
            set_field(&jira, &state, &mut issue, &name, value)?;
        }
    }
    for property in body["properties"].as_array().into_iter().flatten() {
        if let Some(key) = property["key"].as_str() {
            issue.properties.insert(key.to_owned(), property["value"].clone());
        }
    }
    let answer = json!({"id": issue.id, "key": issue.key,
                        "self": jira.link(Form::Answer, &format!("issue/{}", issue.id))});
    state.issues.push(issue);
    Ok((StatusCode::CREATED, Json(answer)).into_response())
}

pub(super) async fn edit(
    AxumState(jira): AxumState<Jira>,
    Path(key): Path<String>,
    body: Bytes,
) -> Result<StatusCode, Failure> {
    let body = parse(&body)?;
    let mut state = jira.lock();
    let mut issue = state.issue(&key)?.clone();
    change(&jira, &mut state, &mut issue, &body)?;
    *state.issue_mut(&key)? = issue;
    Ok(StatusCode::NO_CONTENT)
}

/// Deletes a ticket without subtasks; its key is not given again.
pub(super) async fn delete(
    AxumState(jira): AxumState<Jira>,
    Path(key): Path<String>,
) -> Result<StatusCode, Failure> {
    if !jira.world().permissions.iter().any(|known| known == "DELETE_ISSUES") {
        let message = "You do not have permission to delete issues in this project.";
        return Err(Failure::new(StatusCode::FORBIDDEN, message));
    }
    let mut state = jira.lock();
    let key = state.issue(&key)?.key.clone();
    state.delete(&key);
    Ok(StatusCode::NO_CONTENT)
}

/// Applies the `fields`, `update` and `properties` of an edit or a transition to a copy of a ticket, so that a
/// refused request changes nothing.
pub(super) fn change(jira: &Jira, state: &mut State, issue: &mut Issue, body: &Value) -> Result<(), Failure> {
    let update = body["update"].as_object().cloned().unwrap_or_default();
    for (name, value) in body["fields"].as_object().cloned().unwrap_or_default() {
        if update.contains_key(&name) {
            let message = format!(
                "Field '{name}' cannot appear in both 'fields' and 'update'. Either use 'update' with operations or 'fields'."
            );
            return Err(Failure::field(&name, message));
        }
        set_field(jira, state, issue, &name, value)?;
    }
    for (name, operations) in update {
        for operation in operations.as_array().cloned().unwrap_or_default() {
            let Some((verb, value)) = operation.as_object().and_then(|operation| operation.iter().next())
            else {
                return Err(Failure::field(&name, "An operation must have one of: add, remove, set, edit"));
            };
            match (name.as_str(), verb.as_str()) {
                ("labels", "add" | "remove") => {
                    let label = label_text(value)?;
                    issue.labels.retain(|known| *known != label);
                    if verb == "add" {
                        issue.labels.push(label);
                    }
                }
                ("comment", "add") => {
                    let comment = comments::new(jira, state, value)?;
                    issue.comments.push(comment);
                }
                (_, "set") => set_field(jira, state, issue, &name, value.clone())?,
                _ => {
                    return Err(Failure::field(
                        &name,
                        format!("The operation '{verb}' is not supported on '{name}'."),
                    ));
                }
            }
        }
    }
    for property in body["properties"].as_array().into_iter().flatten() {
        if let Some(key) = property["key"].as_str() {
            issue.properties.insert(key.to_owned(), property["value"].clone());
        }
    }
    issue.updated = jira.now();
    Ok(())
}

fn label_text(value: &Value) -> Result<String, Failure> {
    let label = value.as_str().ok_or_else(|| Failure::field("labels", "The label must be a string."))?;
    if label.contains(char::is_whitespace) {
        let message = format!("The label '{label}' contains spaces which is invalid.");
        return Err(Failure::field("labels", message));
    }
    Ok(label.to_owned())
}

fn set_field(jira: &Jira, state: &State, issue: &mut Issue, name: &str, value: Value) -> Result<(), Failure> {
    let account = |value: &Value| match value["accountId"].as_str().or(value["id"].as_str()) {
        None => Ok(None),
        Some(id) if jira.world().account(id).is_some() => Ok(Some(id.to_owned())),
        Some(id) => Err(Failure::field(name, format!("User '{id}' does not exist."))),
    };
    match name {
        "summary" => match value.as_str() {
            Some(text) if !text.trim().is_empty() && text.chars().count() <= 255 && !text.contains('\n') => {
                issue.summary = text.to_owned();
            }
            Some(text) if text.chars().count() > 255 => {
                return Err(Failure::field(name, "Summary must be less than 255 characters."));
            }
            _ => return Err(Failure::field(name, "You must specify a summary of the issue.")),
        },
        "description" => {
            if !value.is_null() {
                jira.check_document(&value).map_err(|reason| Failure::field(name, reason))?;
            }
            issue.description = value;
        }
        "labels" => {
            let labels = value.as_array().ok_or_else(|| Failure::field(name, "data was not an array"))?;
            issue.labels = labels.iter().map(label_text).collect::<Result<_, _>>()?;
        }
        "priority" => match value["name"].as_str() {
            Some(given @ ("Highest" | "High" | "Medium" | "Low" | "Lowest")) => {
                issue.priority = given.to_owned()
            }
            _ => return Err(Failure::field(name, "The priority selected is invalid.")),
        },
        "assignee" => issue.assignee = account(&value)?,
        "reporter" => issue.reporter = account(&value)?.unwrap_or_default(),
        "parent" if value["none"] == true => issue.parent = None,
        "parent" => {
            let key = value["key"].as_str().or(value["id"].as_str()).unwrap_or_default();
            let parent =
                state.issue(key).map_err(|_| Failure::field(name, "Could not find issue by id or key."))?;
            issue.parent = Some(parent.key.clone());
        }
        custom => {
            let Some(field) = jira.world().fields.iter().find(|field| field.id == custom) else {
                let message = format!(
                    "Field '{custom}' cannot be set. It is not on the appropriate screen, or unknown."
                );
                return Err(Failure::field(custom, message));
            };
            if field.r#type == "number" && !value.is_number() && !value.is_null() {
                return Err(Failure::field(custom, "Operation value must be a number"));
            }
            if field.r#type == "string" && !value.is_string() && !value.is_null() {
                return Err(Failure::field(custom, "Operation value must be a string"));
            }
            issue.custom.insert(custom.to_owned(), value);
        }
    }
    Ok(())
}
