//! A ticket's fields, as Jira gives them and as we do.

use crate::document_to_markdown::markdown_from_document;
use domain::stored::cut_inline;
use domain::{Attachment, Task};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The ids of the custom fields that the configuration names.
#[derive(Debug, Clone, Default)]
pub(crate) struct CustomFields {
    pub(crate) story_points: Option<String>,
    pub(crate) epic_link: Option<String>,
    pub(crate) team: Option<String>,
}

impl CustomFields {
    /// Those that the configuration names: our names and the site's IDs.
    pub(crate) fn configured(&self) -> Vec<(&'static str, &str)> {
        [("story_points", &self.story_points), ("epic_link", &self.epic_link), ("team", &self.team)]
            .into_iter()
            .filter_map(|(name, id)| Some((name, id.as_deref()?)))
            .collect()
    }

    pub(crate) fn new(configured: &BTreeMap<String, String>) -> Result<Self, String> {
        let mut fields = Self::default();
        for (name, id) in configured {
            let place = match name.as_str() {
                "story_points" => &mut fields.story_points,
                "epic_link" => &mut fields.epic_link,
                "team" => &mut fields.team,
                _ => {
                    return Err(format!(
                        "`{name}` is not a field we know; accepted: story_points, epic_link, team"
                    ));
                }
            };
            if id.trim().is_empty() {
                return Err(format!(
                    "the ID of `{name}` is empty; accepted: the field's ID at the site, such as `customfield_10001`"
                ));
            }
            *place = Some(id.clone());
        }
        Ok(fields)
    }

    /// The names of all fields that a task is made from.
    pub(crate) fn wanted(&self) -> Vec<&str> {
        let standard = [
            "summary",
            "description",
            "status",
            "issuetype",
            "assignee",
            "priority",
            "labels",
            "created",
            "updated",
            "project",
            "parent",
        ];
        let custom = [&self.story_points, &self.epic_link, &self.team];
        standard.into_iter().chain(custom.into_iter().filter_map(|id| id.as_deref())).collect()
    }
}

/// A ticket in Jira's API. Fields that a project's configuration hides are absent.
#[derive(Debug, Deserialize)]
pub(crate) struct Issue {
    pub(crate) key: String,
    pub(crate) fields: Fields,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Fields {
    #[serde(default)]
    summary: Option<String>,
    #[serde(default)]
    description: Option<Value>,
    #[serde(default)]
    pub(crate) status: Option<Named>,
    #[serde(default)]
    issuetype: Option<Named>,
    #[serde(default)]
    priority: Option<Named>,
    #[serde(default)]
    assignee: Option<Person>,
    #[serde(default)]
    labels: Option<Vec<String>>,
    #[serde(default)]
    created: Option<String>,
    #[serde(default)]
    updated: Option<String>,
    #[serde(default)]
    project: Option<Keyed>,
    #[serde(default)]
    parent: Option<Keyed>,
    #[serde(default)]
    comment: Option<Comments>,
    #[serde(default)]
    attachment: Option<Vec<File>>,
    #[serde(default)]
    worklog: Option<Worklog>,
    #[serde(flatten)]
    custom: Map<String, Value>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Named {
    pub(crate) name: String,
}

#[derive(Debug, Deserialize)]
struct Keyed {
    key: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Person {
    display_name: String,
}

/// A file attached to a ticket. Its address is ignored: it is fetched by its ID.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    id: String,
    filename: String,
    #[serde(default)]
    mime_type: Option<String>,
    #[serde(default)]
    size: Option<u64>,
    #[serde(default)]
    author: Option<Person>,
}

impl From<File> for Attachment {
    fn from(file: File) -> Self {
        Self {
            id: file.id,
            name: file.filename,
            media_type: file.mime_type,
            size: file.size,
            author: file.author.map(|person| person.display_name),
        }
    }
}

/// A page of a ticket's comments, of which only the count is used.
#[derive(Debug, Deserialize)]
struct Comments {
    #[serde(default)]
    total: u64,
}

/// A page of the work that people logged on a ticket, of which only the count is used.
#[derive(Debug, Deserialize)]
struct Worklog {
    #[serde(default)]
    total: u64,
}

impl Issue {
    /// How many files are attached to it and how much work is logged on it, if they were asked for: Jira deletes them with the ticket.
    pub(crate) fn additions(&self) -> u64 {
        let files = self.fields.attachment.as_ref().map_or(0, Vec::len);
        let logged = self.fields.worklog.as_ref().map_or(0, |worklog| worklog.total);
        logged.saturating_add(files as u64)
    }

    /// How many comments it has, if they were asked for.
    pub(crate) fn comments(&self) -> u64 {
        self.fields.comment.as_ref().map_or(0, |comments| comments.total)
    }

    /// The files that are attached to it, if they were asked for.
    pub(crate) fn into_files(self) -> Vec<Attachment> {
        self.fields.attachment.unwrap_or_default().into_iter().map(Attachment::from).collect()
    }

    /// The ticket as workflows see it; `url` is where people open it.
    pub(crate) fn into_task(self, custom_fields: &CustomFields, url: String) -> Task {
        let fields = self.fields;
        let custom = |id: &Option<String>| id.as_ref().and_then(|id| fields.custom.get(id));
        let attachments = fields.attachment.unwrap_or_default().into_iter().map(Attachment::from).collect();
        let task = Task {
            task_id: self.key.clone(),
            id: self.key,
            project: fields.project.map(|project| project.key),
            title: fields.summary.unwrap_or_default(),
            description: fields
                .description
                .as_ref()
                .map(|document| cut_inline(&markdown_from_document(document)))
                .unwrap_or_default(),
            status: fields.status.map(|status| status.name),
            task_type: fields.issuetype.map(|kind| kind.name),
            assignee: fields.assignee.map(|person| person.display_name),
            priority: fields.priority.map(|priority| priority.name),
            labels: fields.labels.unwrap_or_default(),
            story_points: custom(&custom_fields.story_points).and_then(Value::as_f64),
            epic_link: custom(&custom_fields.epic_link)
                .and_then(shown)
                .or_else(|| fields.parent.map(|parent| parent.key)),
            team: custom(&custom_fields.team).and_then(shown),
            created: fields.created,
            updated: fields.updated,
            url: Some(url),
            repository_url: None,
            team_channel: None,
            attachments: Vec::new(),
            more_attachments: 0,
        };
        task.with_attachments(attachments)
    }
}

/// A custom field's value for people: text as it is, options, teams and tickets by the name they are shown with.
fn shown(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Object(fields) => {
            let text = |name| fields.get(name).and_then(Value::as_str).map(str::to_owned);
            ["name", "title", "value", "key"].into_iter().find_map(text)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_a_project_hides_is_absent() {
        let issue: Issue = serde_json::from_value(json!({"key": "A-1", "fields": {"summary": "T"}})).unwrap();
        let task = issue.into_task(&CustomFields::default(), "u".into());
        assert_eq!((task.title.as_str(), task.status, task.description.as_str()), ("T", None, ""));
    }

    #[test]
    fn what_people_added_to_a_ticket_is_counted() {
        let additions = |fields: Value| {
            serde_json::from_value::<Issue>(json!({"key": "A-1", "fields": fields})).unwrap().additions()
        };
        assert_eq!(additions(json!({"summary": "T", "worklog": null})), 0);
        let files = json!([{"id": "1", "filename": "a.png"}, {"id": "2", "filename": "b.png"}]);
        assert_eq!(additions(json!({"attachment": files, "worklog": {"total": 3, "worklogs": []}})), 5);
    }

    #[test]
    fn custom_fields_by_configuration() {
        let configured = [("story_points", "cf_1"), ("epic_link", "cf_2"), ("team", "cf_3")];
        let configured = configured.map(|(name, id)| (name.to_owned(), id.to_owned())).into();
        let custom_fields = CustomFields::new(&configured).unwrap();
        assert!(custom_fields.wanted().ends_with(&["cf_1", "cf_2", "cf_3"]));
        let issue: Issue = serde_json::from_value(json!({"key": "A-1", "fields": {
            "cf_1": 3.0, "cf_2": null, "cf_3": {"id": "7", "title": "Payments"}, "parent": {"key": "A-9"}}}))
        .unwrap();
        let task = issue.into_task(&custom_fields, "u".into());
        assert_eq!(task.story_points, Some(3.0));
        assert_eq!(task.epic_link.as_deref(), Some("A-9"));
        assert_eq!(task.team.as_deref(), Some("Payments"));

        let error = CustomFields::new(&[("sprint".to_owned(), "cf_9".to_owned())].into()).unwrap_err();
        assert!(error.contains("`sprint`") && error.contains("epic_link"), "{error}");
    }
}
