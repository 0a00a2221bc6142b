//! [Issues](https://docs.gitlab.com/api/issues/) as tickets.

use crate::account::Account;
use crate::gitlab::{Gitlab, not_there};
use crate::harmless;
use crate::limits;
use crate::notes::{CLOCKS_DIFFER_BY, with_mark};
use crate::pages::{PER_PAGE, page};
use crate::reference::{Kind, Reference};
use crate::refusal::is_early;
use crate::status::{closes, is_open, is_status, label_of, priority_of, status_of};
use domain::configuration::same_status;
use domain::plugins::{InspectedTask, Mark, NewTask, StatusChange, TaskQuery};
use domain::stored::cut_inline;
use domain::text::cut_line;
use domain::{ActionError, RepositoryName, Task};
use http_client::{Failure, Optional, Page, Pages};
use provider::{mark, send_fitting};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Debug, Deserialize)]
struct Issue {
    iid: u64,
    title: String,
    state: String,
    web_url: String,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    user_notes_count: u64,
    #[serde(default)]
    author: Option<Account>,
    #[serde(default)]
    labels: Vec<String>,
    #[serde(default)]
    assignee: Option<Account>,
    #[serde(default)]
    issue_type: Option<String>,
    #[serde(default)]
    weight: Option<f64>,
    #[serde(default)]
    created_at: Option<String>,
    #[serde(default)]
    updated_at: Option<String>,
    /// The issue that this one became in another project.
    #[serde(default)]
    moved_to_id: Option<u64>,
}

impl Issue {
    fn into_task(self, project: &RepositoryName) -> Task {
        let task_id = format!("{project}{}{}", Kind::Issue.sign(), self.iid);
        Task {
            id: task_id.clone(),
            task_id,
            project: Some(project.to_string()),
            title: self.title,
            description: cut_inline(&mark::without_marks(&self.description.unwrap_or_default())),
            status: Some(status_of(&self.state, &self.labels)),
            task_type: self.issue_type,
            assignee: self.assignee.map(|account| account.username),
            priority: priority_of(&self.labels),
            labels: self.labels,
            story_points: self.weight,
            epic_link: None,
            team: None,
            created: self.created_at,
            updated: self.updated_at,
            url: Some(self.web_url),
            repository_url: None,
            team_channel: None,
            attachments: Vec::new(),
            more_attachments: 0,
        }
    }
}

const ONE: &str = "/projects/{id}/issues/{issue_iid}";

impl Gitlab {
    pub(crate) async fn read_issue(&self, issue: &Reference) -> Result<Task, ActionError> {
        // A missing one is reported at once, since it was rarely just created.
        let found = self.issue(issue, |_| false).await?;
        // Of the whole text: a task has its beginning.
        let text = found.description.as_deref().unwrap_or_default();
        let attachments = self.files_linked_in(text, &issue.project);
        Ok(found.into_task(&issue.project).with_attachments(attachments))
    }

    async fn issue(&self, issue: &Reference, is_early: fn(&Failure) -> bool) -> Result<Issue, ActionError> {
        let request = self.client.get(ONE, &[issue.project.as_str(), &issue.number.to_string()]);
        let answer = self.send_settled(&issue.project, request, is_early).await.optional()?;
        let found: Issue = answer.ok_or_else(|| not_there(format!("issue {issue}")))?.json()?;
        match found.moved_to_id {
            None => Ok(found),
            Some(_) => Err(ActionError::rejected(format!(
                "{issue} was moved to another project; nothing was done there. Start the work on the issue there if it is wanted"
            ))),
        }
    }

    async fn change(&self, issue: &Reference, change: &Value) -> Result<(), ActionError> {
        let request = self.client.put(ONE, &[issue.project.as_str(), &issue.number.to_string()]);
        let answer = self.send_settled(&issue.project, request.json(change), is_early).await.optional()?;
        answer.ok_or_else(|| not_there(format!("issue {issue}")))?;
        Ok(())
    }

    /// An issue and its number of notes by people; `None` if it does not exist.
    pub(crate) async fn inspect_issue(
        &self,
        issue: &Reference,
    ) -> Result<Option<InspectedTask>, ActionError> {
        let request = self.client.get(ONE, &[issue.project.as_str(), &issue.number.to_string()]);
        let answer = self.send_settled(&issue.project, request, is_early).await.optional()?;
        let Some(answer) = answer else { return Ok(None) };
        let found: Issue = answer.json()?;
        if found.moved_to_id.is_some() {
            return Ok(None);
        }
        let (comments, withdrawn) = (found.user_notes_count, found.state == "closed");
        let task = found.into_task(&issue.project);
        Ok(Some(InspectedTask { task, comments, additions: 0, withdrawn }))
    }

    pub(crate) async fn rewrite_issue(
        &self,
        issue: &Reference,
        new: &NewTask,
        mark: &Mark,
    ) -> Result<(), ActionError> {
        let title = cut_line(&harmless::plain(&new.title), limits::TITLE);
        let (title, number) = (&title, &issue.number.to_string());
        let send = async |text: String| {
            let body = json!({"title": title, "description": with_mark(&text, mark)});
            let request = self.client.put(ONE, &[issue.project.as_str(), number]);
            self.send_settled(&issue.project, request.json(&body), is_early).await
        };
        let answer =
            send_fitting(&text_of(new), limits::MARKED, limits::is_too_long, send).await.optional()?;
        answer.ok_or_else(|| not_there(format!("issue {issue}")))?;
        Ok(())
    }

    pub(crate) async fn make_issue(&self, new: &NewTask, mark: &Mark) -> Result<Task, ActionError> {
        let project = project_of(&new.project)?;
        let mut labels = new.labels.clone();
        if !new.task_type.eq_ignore_ascii_case("task") {
            labels.push(new.task_type.to_lowercase());
        }
        let text = text_of(new);
        let title = cut_line(&harmless::plain(&new.title), limits::TITLE);
        let (title, labels, project) = (&title, &labels, &project);
        let send = async |text: String| {
            let body = json!({"title": title, "description": with_mark(&text, mark), "labels": labels});
            let request = self.client.post("/projects/{id}/issues", &[project.as_str()]);
            self.send(project, request.json(&body)).await
        };
        let answer = send_fitting(&text, limits::MARKED, limits::is_too_long, send).await.optional()?;
        let made: Issue =
            answer.ok_or_else(|| not_there(format!("project {project} with issues")))?.json()?;
        Ok(made.into_task(project))
    }

    /// GitLab lists an issue as soon as it is made.
    pub(crate) async fn find_marked_issue(
        &self,
        project: &str,
        mark: &Mark,
    ) -> Result<Option<Task>, ActionError> {
        let project = project_of(project)?;
        let since = (mark.at - CLOCKS_DIFFER_BY).strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let (project, since) = (&project, since.as_str());
        let load = |at: String| async move {
            self.issues_page(project, at, [("created_after", since), ("sort", "asc")]).await
        };
        let pages = Pages::of(format!("GitLab's issues of {project}"));
        let created = pages.collect("1".to_owned(), usize::MAX, load).await?;
        for found in created {
            let is_marked = mark::carries(found.description.as_deref().unwrap_or_default(), mark);
            // Somebody may have copied the mark, or foreseen it.
            if is_marked && self.is_ours(found.author.as_ref()).await? {
                return Ok(Some(found.into_task(project)));
            }
        }
        Ok(None)
    }

    pub(crate) async fn list_issues(&self, query: &TaskQuery) -> Result<Vec<Task>, ActionError> {
        let project = project_of(&query.project)?;
        let project = &project;
        let limit = query.limit.clamp(1, 100) as usize;
        let state = match &query.status {
            None => "all",
            Some(status) if closes(status) => "closed",
            Some(_) => "opened",
        };
        let fits = &|task: &Task| match (&query.status, &task.status) {
            (Some(asked), Some(shown)) => state == "closed" || same_status(asked, shown),
            _ => true,
        };
        let load = |at: String| async move {
            let issues = self.issues_page(project, at, [("state", state), ("sort", "desc")]).await?;
            let tasks = issues.items.into_iter().map(|issue| issue.into_task(project));
            Ok::<_, ActionError>(Page {
                items: tasks.filter(fits).collect(),
                next: issues.next,
                bytes: issues.bytes,
            })
        };
        Pages::of(format!("GitLab's issues of {project}")).collect("1".to_owned(), limit, load).await
    }

    async fn issues_page<const N: usize>(
        &self,
        project: &RepositoryName,
        at: String,
        narrow: [(&'static str, &str); N],
    ) -> Result<Page<Issue, String>, ActionError> {
        let request = self.client.get("/projects/{id}/issues", &[project.as_str()]);
        let request = request.query("order_by", "created_at").query("per_page", PER_PAGE).query("page", at);
        let request = narrow.into_iter().fold(request, |request, (name, value)| request.query(name, value));
        let answer = self.send(project, request).await.optional()?;
        page(&answer.ok_or_else(|| not_there(format!("project {project} with issues")))?, "page")
    }

    /// All of a change of status is one request, so none is half done. GitLab makes a label that the project does not have yet.
    pub(crate) async fn set_status(
        &self,
        reference: &Reference,
        status: &str,
    ) -> Result<StatusChange, ActionError> {
        let issue = self.issue(reference, is_early).await?;
        let previous = status_of(&issue.state, &issue.labels);
        let is_closed = closes(status);
        let label = (!is_closed && !is_open(status)).then(|| label_of(status, &issue.labels));
        let is_new = |label: &&String| !issue.labels.contains(label);
        let added: Vec<&String> = label.iter().filter(is_new).collect();
        let old = |known: &&String| is_status(known) && Some(*known) != label.as_ref();
        let removed: Vec<&String> = issue.labels.iter().filter(old).collect();
        let mut change = json!({});
        if !added.is_empty() {
            change["add_labels"] = json!(added);
        }
        if !removed.is_empty() {
            change["remove_labels"] = json!(removed);
        }
        match (issue.state.as_str(), is_closed) {
            ("closed", false) => change["state_event"] = "reopen".into(),
            ("opened", true) => change["state_event"] = "close".into(),
            _ => {}
        }
        if change.as_object().is_some_and(|change| !change.is_empty()) {
            self.change(reference, &change).await?;
        }
        let now: Vec<String> = label.into_iter().collect();
        let state = if is_closed { "closed" } else { "opened" };
        Ok(StatusChange { previous, status: status_of(state, &now) })
    }

    pub(crate) async fn unlabel(&self, issue: &Reference, label: &str) -> Result<(), ActionError> {
        self.change(issue, &json!({"remove_labels": [label]})).await
    }
}

/// An issue's text: the description, and the values that not every GitLab has a field for.
fn text_of(new: &NewTask) -> String {
    let mut text = new.description.clone();
    if let Some(epic) = &new.epic {
        text = format!("{text}\n\nPart of {epic}");
    }
    if let Some(points) = new.story_points {
        text = format!("{text}\n\nStory points: {points}");
    }
    text
}

fn project_of(project: &str) -> Result<RepositoryName, ActionError> {
    project.parse().map_err(|error: domain::repository::InvalidName| ActionError::rejected(error.to_string()))
}
