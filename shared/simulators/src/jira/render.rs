//! Jira's JSON for the things it holds. Webhooks use version 2 of the API's addresses and wiki markup; answers use
//! version 3 and documents.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::state::{Comment, Issue, State};
use super::world::StatusCategory;
use super::{Jira, document};

/// Which of the two forms is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Answer,
    Webhook,
}

impl Form {
    fn version(self) -> u8 {
        match self {
            Form::Answer => 3,
            Form::Webhook => 2,
        }
    }
}

/// Jira's own form of a moment: `2021-01-17T12:34:00.000+0000`.
pub(super) fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.3f+0000").to_string()
}

impl Jira {
    pub(super) fn link(&self, form: Form, path: &str) -> String {
        format!("{}/rest/api/{}/{path}", self.0.base_url, form.version())
    }

    pub(super) fn user_json(&self, form: Form, account_id: &str) -> Value {
        let Some(user) = self.world().account(account_id) else { return Value::Null };
        let mut json = json!({
            "self": self.link(form, &format!("user?accountId={account_id}")),
            "accountId": account_id,
            "accountType": if account_id == self.world().bot { "app" } else { "atlassian" },
            "avatarUrls": self.avatars(),
            "displayName": user.display_name,
            "active": true,
            "timeZone": "Etc/UTC",
        });
        if let Some(email) = &user.email {
            json["emailAddress"] = email.clone().into();
        }
        json
    }

    fn avatars(&self) -> Value {
        let url = format!("{}/secure/viewavatar?avatarId=10300", self.0.base_url);
        json!({"48x48": url, "24x24": url, "16x16": url, "32x32": url})
    }

    pub(super) fn status_json(&self, form: Form, project_key: &str, name: &str) -> Value {
        let Some(project) = self.world().project(project_key) else { return Value::Null };
        let position = project.statuses.iter().position(|status| status.name == name).unwrap_or_default();
        let id = 10_000 + position;
        let (category, key, color, label) = match project.category(name) {
            StatusCategory::New => (2, "new", "blue-gray", "To Do"),
            StatusCategory::Indeterminate => (4, "indeterminate", "yellow", "In Progress"),
            StatusCategory::Done => (3, "done", "green", "Done"),
        };
        json!({
            "self": self.link(form, &format!("status/{id}")),
            "description": "",
            "iconUrl": format!("{}/", self.0.base_url),
            "name": name,
            "id": id.to_string(),
            "statusCategory": {
                "self": self.link(form, &format!("statuscategory/{category}")),
                "id": category, "key": key, "colorName": color, "name": label,
            },
        })
    }

    pub(super) fn issue_type_json(&self, form: Form, project_key: &str, name: &str) -> Value {
        let position = self
            .world()
            .project(project_key)
            .and_then(|project| project.issue_types.iter().position(|known| known == name))
            .unwrap_or_default();
        let id = 10_001 + position;
        json!({
            "self": self.link(form, &format!("issuetype/{id}")),
            "id": id.to_string(),
            "description": "",
            "iconUrl": format!("{}/secure/viewavatar?avatarId=10315", self.0.base_url),
            "name": name,
            "subtask": name == "Sub-task",
            "avatarId": 10315,
            "hierarchyLevel": match name { "Epic" => 1, "Sub-task" => -1, _ => 0 },
        })
    }

    pub(super) fn project_json(&self, form: Form, key: &str) -> Value {
        let Some(project) = self.world().project(key) else { return Value::Null };
        let position = self.world().projects.iter().position(|known| known.key == key).unwrap_or_default();
        let id = 10_000 + position;
        json!({
            "self": self.link(form, &format!("project/{id}")),
            "id": id.to_string(),
            "key": project.key,
            "name": project.name,
            "projectTypeKey": "software",
            "simplified": false,
            "avatarUrls": self.avatars(),
        })
    }

    fn priority_json(&self, form: Form, name: &str) -> Value {
        let id = match name {
            "Highest" => "1",
            "High" => "2",
            "Medium" => "3",
            "Low" => "4",
            _ => "5",
        };
        json!({
            "self": self.link(form, &format!("priority/{id}")),
            "iconUrl": format!("{}/images/icons/priorities/{}.svg", self.0.base_url, name.to_lowercase()),
            "name": name,
            "id": id,
        })
    }

    /// Another ticket as a link inside a ticket shows it.
    fn reference_json(&self, form: Form, state: &State, key: &str) -> Value {
        let Ok(issue) = state.issue(key) else { return Value::Null };
        json!({
            "id": issue.id,
            "key": issue.key,
            "self": self.link(form, &format!("issue/{}", issue.id)),
            "fields": {
                "summary": issue.summary,
                "status": self.status_json(form, &issue.project, &issue.status),
                "priority": self.priority_json(form, &issue.priority),
                "issuetype": self.issue_type_json(form, &issue.project, &issue.issue_type),
            },
        })
    }

    /// All fields of a ticket.
    pub(super) fn fields_json(&self, form: Form, state: &State, issue: &Issue) -> Map<String, Value> {
        let text = |document: &Value| match (form, document) {
            (_, Value::Null) => Value::Null,
            (Form::Answer, document) => document.clone(),
            (Form::Webhook, document) => document::to_wiki(document).into(),
        };
        let person =
            |account: &Option<String>| account.as_ref().map_or(Value::Null, |id| self.user_json(form, id));
        let subtasks: Vec<Value> = state
            .issues
            .iter()
            .filter(|other| other.parent.as_deref() == Some(&issue.key) && other.issue_type == "Sub-task")
            .map(|other| self.reference_json(form, state, &other.key))
            .collect();
        let mut fields = Map::new();
        for field in &self.world().fields {
            fields.insert(field.id.clone(), issue.custom.get(&field.id).cloned().unwrap_or(Value::Null));
        }
        let known = json!({
            "issuetype": self.issue_type_json(form, &issue.project, &issue.issue_type),
            "project": self.project_json(form, &issue.project),
            "summary": issue.summary,
            "description": text(&issue.description),
            "status": self.status_json(form, &issue.project, &issue.status),
            "priority": self.priority_json(form, &issue.priority),
            "labels": issue.labels,
            "assignee": person(&issue.assignee),
            "reporter": self.user_json(form, &issue.reporter),
            "creator": self.user_json(form, &issue.reporter),
            "created": time(issue.created),
            "updated": time(issue.updated),
            "resolution": null,
            "components": [],
            "fixVersions": [],
            "issuelinks": [],
            "attachment": self.attachments_json(form, issue),
            "subtasks": subtasks,
            "timetracking": {},
            "watches": {"self": self.link(form, &format!("issue/{}/watchers", issue.key)), "watchCount": 0,
                        "isWatching": false},
        });
        if let Value::Object(known) = known {
            fields.extend(known);
        }
        if let Some(parent) = &issue.parent {
            fields.insert("parent".into(), self.reference_json(form, state, parent));
        }
        fields
    }

    pub(super) fn comment_json(
        &self,
        form: Form,
        issue: &Issue,
        comment: &Comment,
        properties: bool,
    ) -> Value {
        let mut json = json!({
            "self": self.link(form, &format!("issue/{}/comment/{}", issue.id, comment.id)),
            "id": comment.id,
            "author": self.user_json(form, &comment.author),
            "body": match form {
                Form::Answer => comment.body.clone(),
                Form::Webhook => document::to_wiki(&comment.body).into(),
            },
            "updateAuthor": self.user_json(form, &comment.author),
            "created": time(comment.created),
            "updated": time(comment.updated),
            "jsdPublic": comment.is_public(),
        });
        if !comment.visibility.is_null() {
            json["visibility"] = comment.visibility.clone();
        }
        if properties {
            json["properties"] =
                comment.properties.iter().map(|(key, value)| json!({"key": key, "value": value})).collect();
        }
        json
    }
}
