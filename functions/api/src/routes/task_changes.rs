//! What `/tasks` changes in trackers: workflows do it, so that it is journaled and can be undone as everything else.

use crate::api::Shared;
use crate::caller::Caller;
use crate::idempotency::Accepted;
use crate::problem::{Code, InvalidField, Problem};
use crate::routes::workflows::start;
use control::{Operation, ProjectQuery, Ticket};
use domain::configuration::Project;
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// The workflow that creates a ticket: the shipped one, or the installation's own of the same name.
const CREATE: &str = "create_ticket";
/// The workflow that changes one.
const CHANGE: &str = "change_ticket";

/// A ticket to create.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewTask {
    /// The title.
    #[schema(min_length = 1, max_length = 500)]
    title: String,
    /// The description in Markdown.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 30000)]
    description: Option<String>,
    /// The key of the project. Default: the only one.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 100)]
    project: Option<String>,
    /// The ticket's type by the tracker's name. Default: `Task`.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 100)]
    task_type: Option<String>,
    /// Labels.
    #[serde(default)]
    #[schema(min_items = 1, max_items = 50)]
    labels: Option<Vec<String>>,
    /// The key of the epic that it belongs to.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 100)]
    epic: Option<String>,
}

/// The changes to a ticket: at least one of both.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ChangedTask {
    /// The status that it is moved to, as the tracker or `statuses` of the configuration names it.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 100)]
    status: Option<String>,
    /// A comment in Markdown.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 30000)]
    comment: Option<String>,
}

/// Starts what creates a ticket.
///
/// # Errors
/// Forbidden; invalid if there is no such project; a conflict if the installation has no workflow for it.
pub(super) async fn create(api: &Shared, caller: &Caller, new: NewTask) -> Result<Accepted, Problem> {
    let NewTask { title, description, project, task_type, labels, epic } = new;
    let query = ProjectQuery { named: project.as_deref(), ticket: None, place: None };
    let project = caller.project(api, &query).await?;
    let project = project.map_err(|error| Problem::invalid_field("/project", error.to_string()))?;
    let given = [("description", description), ("task_type", task_type), ("epic", epic)];
    let mut inputs = given_inputs(given);
    inputs.insert("title".to_owned(), title.into());
    inputs.insert("labels".to_owned(), labels.unwrap_or_default().into());
    begin(api, caller, project, CREATE, inputs).await
}

/// Starts what changes a ticket.
///
/// # Errors
/// Forbidden; invalid if there is nothing to change; a conflict if the installation has no workflow for it.
pub(super) async fn change(
    api: &Shared,
    caller: &Caller,
    ticket: &Ticket<'_>,
    changed: ChangedTask,
) -> Result<Accepted, Problem> {
    let ChangedTask { status, comment } = changed;
    if status.is_none() && comment.is_none() {
        return Err(Problem::invalid_field("/status", "accepted: a status, a comment, or both"));
    }
    let mut inputs = given_inputs([("status", status), ("comment", comment)]);
    // Not as the execution's ticket, so that work on it continues.
    inputs.insert("ticket".to_owned(), ticket.task_id().into());
    begin(api, caller, ticket.project(), CHANGE, inputs).await
}

fn given_inputs<const COUNT: usize>(given: [(&str, Option<String>); COUNT]) -> Map<String, Value> {
    given.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.into()))).collect()
}

/// The texts in fields, and in lists in them, that are nothing but spaces: a tracker would refuse them only once the work has begun.
fn blank_texts(fields: &Map<String, Value>) -> Vec<InvalidField> {
    let mut blank = Vec::new();
    let mut look = |path: String, value: &Value| {
        if value.as_str().is_some_and(|text| text.trim().is_empty()) {
            blank.push(InvalidField { path, detail: "accepted: a text that is not only spaces".to_owned() });
        }
    };
    for (name, value) in fields {
        look(format!("/{name}"), value);
        for (index, item) in value.as_array().into_iter().flatten().enumerate() {
            look(format!("/{name}/{index}"), item);
        }
    }
    blank
}

async fn begin(
    api: &Shared,
    caller: &Caller,
    project: &Project,
    workflow: &str,
    inputs: Map<String, Value>,
) -> Result<Accepted, Problem> {
    caller.check(api, &Operation::ChangeTask { project }).await?;
    let blank = blank_texts(&inputs);
    if !blank.is_empty() {
        return Err(Problem::invalid(blank));
    }
    let routes = api.table.routes(api.clock.now()).await?;
    if !routes.workflows.contains_key(workflow) {
        let detail = format!("the workflow `{workflow}`, which does this, is not part of this installation");
        return Err(Problem::new(Code::Conflict, detail));
    }
    start(api, caller, workflow.to_owned(), inputs, Some(project.key.clone())).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn texts_that_say_nothing_are_named() {
        let fields = json!({"title": " ", "description": "x", "labels": ["bug", "", "\t"], "epic": null});
        let blank = blank_texts(fields.as_object().unwrap());
        let paths: Vec<_> = blank.iter().map(|field| field.path.as_str()).collect();
        assert_eq!(paths, ["/title", "/labels/1", "/labels/2"]);
    }
}
