//! Reading, finding and creating tickets.

use crate::fields::Issue;
use crate::jira::{Jira, document, is_early};
use crate::limits;
use domain::configuration::same_status;
use domain::plugins::{CreatedTask, Mark, NewTask, TaskQuery};
use domain::text::cut_line;
use domain::{ActionError, Task, folded};
use http_client::{Failure, Optional, Page, Pages};
use provider::send_fitting;
use serde::Deserialize;
use serde_json::{Map, Value, json};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Found {
    #[serde(default)]
    issues: Vec<Issue>,
    #[serde(default)]
    next_page_token: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Created {
    key: String,
}

#[derive(Debug, Deserialize)]
struct IssueType {
    #[serde(default)]
    statuses: Vec<crate::fields::Named>,
}

impl Jira {
    pub(crate) async fn ticket(&self, key: &str) -> Result<Task, ActionError> {
        // A missing one is reported at once, since it was rarely just created.
        let mut fields = self.custom_fields.wanted();
        // Lists of tickets are passed on without them.
        fields.push("attachment");
        let issue = self.issue(key, &fields, |_| false).await?;
        Ok(self.task(issue))
    }

    pub(crate) async fn issue(
        &self,
        key: &str,
        fields: &[&str],
        is_early: fn(&Failure) -> bool,
    ) -> Result<Issue, ActionError> {
        let request = self.client.get("/rest/api/3/issue/{key}", &[key]).query("fields", fields.join(","));
        let answer = request.send_settled(is_early).await.optional()?;
        let issue: Issue = answer.ok_or_else(|| unknown_ticket(key))?.json()?;
        refuse_if_moved(key, &issue.key)?;
        Ok(issue)
    }

    /// Jira takes a ticket's former key for the ticket wherever it is now, also to change it.
    pub(crate) async fn refuse_if_moved(&self, key: &str) -> Result<(), ActionError> {
        self.issue(key, &["project"], is_early).await.map(|_| ())
    }

    pub(crate) fn task(&self, issue: Issue) -> Task {
        let url = self.ticket_url(&issue.key);
        issue.into_task(&self.custom_fields, url)
    }

    pub(crate) async fn create_ticket(&self, new: &NewTask, mark: &Mark) -> Result<CreatedTask, ActionError> {
        let mut labels = new.labels.clone();
        labels.push(mark_label(mark));
        let mut fields = Map::new();
        fields.insert("project".into(), json!({"key": new.project}));
        fields.insert("issuetype".into(), json!({"name": new.task_type}));
        fields.insert("summary".into(), summary(&new.title));
        fields.insert("labels".into(), labels.into());
        if let Some(epic) = &new.epic {
            match &self.custom_fields.epic_link {
                Some(field) => fields.insert(field.clone(), epic.as_str().into()),
                None => fields.insert("parent".into(), json!({"key": epic})),
            };
        }
        if let Some(points) = new.story_points {
            let field = self.custom_fields.story_points.as_ref().ok_or_else(|| {
                ActionError::rejected(format!(
                    "story points cannot be set: {}.custom_fields.story_points names no field",
                    self.client.section()
                ))
            })?;
            fields.insert(field.clone(), points.into());
        }
        let fields = &fields;
        let send = async |text: String| {
            let mut fields = fields.clone();
            fields.insert("description".into(), document(text).await?);
            self.client.post("/rest/api/3/issue", &[]).json(&json!({"fields": fields})).send().await
        };
        let answer = send_fitting(&new.description, limits::MARKDOWN, limits::is_too_long, send).await?;
        let created: Created = answer.json()?;
        // It is not read again: that the reading fails would not mean that the ticket is not there.
        Ok(CreatedTask { url: Some(self.ticket_url(&created.key)), task_id: created.key })
    }

    /// Where people see the tickets with a mark.
    pub(crate) fn marked_tickets_url(&self, mark: &Mark) -> String {
        // A label has nothing that an address must escape.
        format!("{}/issues/?jql=labels%3D{}", self.client.base_url(), mark_label(mark))
    }

    pub(crate) async fn find_marked_ticket(
        &self,
        project: &str,
        mark: &Mark,
    ) -> Result<Option<Task>, ActionError> {
        // Anybody who may edit a ticket can give it our label.
        let ours = format!("labels = {} AND creator = currentUser()", quoted(&mark_label(mark)));
        let jql = format!("project = {} AND {ours}", quoted(project));
        // Of two tickets with one mark the older is the first attempt's.
        Ok(self.search(&format!("{jql} ORDER BY created ASC"), 1).await?.pop())
    }

    pub(crate) async fn project_tickets(&self, query: &TaskQuery) -> Result<Vec<Task>, ActionError> {
        let mut jql = format!("project = {}", quoted(&query.project));
        if let Some(status) = &query.status {
            let status = self.status_name(&query.project, status).await?;
            jql = format!("{jql} AND status = {}", quoted(&status));
        }
        self.search(&format!("{jql} ORDER BY created DESC"), query.limit.clamp(1, 100) as usize).await
    }

    /// The names of a project's statuses.
    pub(crate) async fn status_names(&self, project: &str) -> Result<Vec<String>, ActionError> {
        let request = self.client.get("/rest/api/3/project/{project}/statuses", &[project]);
        let answer = request.send().await.optional()?.ok_or_else(|| {
            ActionError::rejected(format!(
                "Jira has no project `{project}`, or the account of the configured secret may not see it"
            ))
        })?;
        let types: Vec<IssueType> = answer.json()?;
        let mut names: Vec<_> =
            types.into_iter().flat_map(|kind| kind.statuses).map(|status| status.name).collect();
        names.sort();
        names.dedup();
        Ok(names)
    }

    /// The project's own name of a status.
    async fn status_name(&self, project: &str, status: &str) -> Result<String, ActionError> {
        let names = self.status_names(project).await?;
        match names.iter().find(|name| same_status(name, status)) {
            Some(name) => Ok(name.clone()),
            None => Err(ActionError::rejected(format!(
                "project {project} has no status `{status}`; accepted: {}",
                names.join(", ")
            ))),
        }
    }

    async fn search(&self, jql: &str, limit: usize) -> Result<Vec<Task>, ActionError> {
        let load = |token: Option<String>| async move {
            let mut body = json!({"jql": jql, "fields": self.custom_fields.wanted(), "maxResults": limit});
            if let Some(token) = token {
                body["nextPageToken"] = token.into();
            }
            let answer = self.client.post("/rest/api/3/search/jql", &[]).json(&body).send().await?;
            let found: Found = answer.json()?;
            let items = found.issues.into_iter().map(|issue| self.task(issue)).collect();
            Ok::<_, ActionError>(Page { items, next: found.next_page_token.map(Some), bytes: answer.size() })
        };
        Pages::of("Jira's tickets").collect(None, limit, load).await
    }

    pub(crate) async fn unlabel(&self, key: &str, label: &str) -> Result<(), ActionError> {
        self.refuse_if_moved(key).await?;
        let body = json!({"update": {"labels": [{"remove": label}]}});
        let request = self.client.put("/rest/api/3/issue/{key}", &[key]).json(&body);
        request.send_settled(is_early).await.optional()?.ok_or_else(|| unknown_ticket(key))?;
        Ok(())
    }
}

/// Jira does not distinguish what is hidden from what does not exist.
pub(crate) fn unknown_ticket(key: &str) -> ActionError {
    ActionError::rejected(format!(
        "Jira has no ticket `{key}`, or the account of the configured secret may not see it"
    ))
}

/// Refuses a ticket that has moved to another project: the request was for the former one.
fn refuse_if_moved(asked: &str, found: &str) -> Result<(), ActionError> {
    let project = |key: &str| key.rsplit_once('-').map_or(String::new(), |(project, _)| folded(project));
    if project(asked) == project(found) {
        return Ok(());
    }
    Err(ActionError::rejected(format!(
        "{asked} was moved and is {found} now; nothing was done there. Start the work on {found} if it is wanted"
    )))
}

fn mark_label(mark: &Mark) -> String {
    format!("ticketsmith-{}", mark.digest())
}

/// One line that Jira takes.
pub(crate) fn summary(title: &str) -> Value {
    cut_line(title, limits::SUMMARY).into()
}

/// A string of [JQL](https://support.atlassian.com/jira-software-cloud/docs/use-advanced-search-with-jira-query-language-jql/).
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_cannot_leave_its_quotes() {
        assert_eq!(quoted(r#"A" OR project = "B\"#), r#""A\" OR project = \"B\\""#);
    }

    #[test]
    fn a_ticket_is_where_its_key_says() {
        assert!(refuse_if_moved("shop-1", "SHOP-1").is_ok() && refuse_if_moved("10002", "10002").is_ok());
        let moved = refuse_if_moved("SHOP-1", "OPS-7").unwrap_err().message;
        assert!(moved.starts_with("SHOP-1 was moved and is OPS-7 now; nothing was done there."), "{moved}");
    }

    #[test]
    fn a_title_fits() {
        assert_eq!(summary("a\n b"), json!("a b"));
        assert_eq!(summary(&"ü".repeat(255)), json!("ü".repeat(255)));
        assert_eq!(summary(&"ü".repeat(256)), json!("ü".repeat(254) + "…"));
    }
}
