//! Issues as tickets.

use crate::conversations::since;
use crate::github::{Github, not_there};
use crate::issue_reference::IssueReference;
use crate::limits;
use crate::mark::{carries, with_mark, without_marks};
use crate::own::Account;
use crate::pages::{PER_PAGE, numbered};
use crate::refusal::is_early;
use crate::status::{is_status, label_of, priority_of, status_of};
use domain::configuration::same_status;
use domain::plugins::{InspectedTask, Mark, NewTask, StatusChange, TaskQuery};
use domain::stored::cut_inline;
use domain::text::cut_line;
use domain::{ActionError, RepositoryName, Task};
use http_client::{Failure, Optional, Page, Pages, Request};
use provider::send_fitting;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Debug, Deserialize)]
struct Issue {
    number: u64,
    title: String,
    state: String,
    html_url: String,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    comments: u64,
    #[serde(default)]
    user: Option<Account>,
    #[serde(default)]
    labels: Vec<Label>,
    #[serde(default)]
    assignee: Option<User>,
    #[serde(default, rename = "type")]
    kind: Option<Named>,
    #[serde(default)]
    created_at: Option<String>,
    #[serde(default)]
    updated_at: Option<String>,
    /// Present only on pull requests, which GitHub lists among the issues.
    #[serde(default)]
    pull_request: Option<Value>,
}

/// GitHub describes a label as an object or as just a name.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Label {
    Object(Named),
    Name(String),
}

#[derive(Debug, Deserialize)]
struct Named {
    name: String,
}

#[derive(Debug, Deserialize)]
struct User {
    login: String,
}

impl Issue {
    fn label_names(&self) -> Vec<String> {
        let name = |label: &Label| match label {
            Label::Object(Named { name }) | Label::Name(name) => name.clone(),
        };
        self.labels.iter().map(name).collect()
    }

    fn into_task(self, repository: &RepositoryName) -> Task {
        let labels = self.label_names();
        let task_id = format!("{repository}#{}", self.number);
        Task {
            id: task_id.clone(),
            task_id,
            project: Some(repository.to_string()),
            title: self.title,
            description: cut_inline(&without_marks(&self.body.unwrap_or_default())),
            status: Some(status_of(&self.state, &labels)),
            task_type: self.kind.map(|kind| kind.name),
            assignee: self.assignee.map(|user| user.login),
            priority: priority_of(&labels),
            labels,
            story_points: None,
            epic_link: None,
            team: None,
            created: self.created_at,
            updated: self.updated_at,
            url: Some(self.html_url),
            repository_url: None,
            team_channel: None,
            attachments: Vec::new(),
            more_attachments: 0,
        }
    }
}

impl Github {
    pub(crate) async fn read_issue(&self, issue: &IssueReference) -> Result<Task, ActionError> {
        // A missing one is reported at once, since it was rarely just created.
        let found = self.issue(issue, |_| false).await?;
        // Of the whole text: a task has its beginning.
        let attachments = self.files_linked_in(found.body.as_deref().unwrap_or_default());
        Ok(found.into_task(&issue.repository).with_attachments(attachments))
    }

    async fn issue(
        &self,
        issue: &IssueReference,
        is_early: fn(&Failure) -> bool,
    ) -> Result<Issue, ActionError> {
        let request = self.client.get(
            "/repos/{owner}/{name}/issues/{number}",
            &[issue.repository.owner(), issue.repository.name(), &issue.number.to_string()],
        );
        let answer = self.send_about(issue, request, is_early).await.optional()?;
        answer.ok_or_else(|| not_there(format!("issue {issue}")))?.json()
    }

    /// An issue and its number of comments; `None` if it does not exist.
    pub(crate) async fn inspect_issue(
        &self,
        issue: &IssueReference,
    ) -> Result<Option<InspectedTask>, ActionError> {
        let request = self.client.get(
            "/repos/{owner}/{name}/issues/{number}",
            &[issue.repository.owner(), issue.repository.name(), &issue.number.to_string()],
        );
        let Some(answer) = self.send_about(issue, request, is_early).await.optional()? else {
            return Ok(None);
        };
        let found: Issue = answer.json()?;
        let (comments, withdrawn) = (found.comments, found.state == "closed");
        let task = found.into_task(&issue.repository);
        Ok(Some(InspectedTask { task, comments, additions: 0, withdrawn }))
    }

    pub(crate) async fn rewrite_issue(
        &self,
        issue: &IssueReference,
        new: &NewTask,
        mark: &Mark,
    ) -> Result<(), ActionError> {
        let title = cut_line(&new.title, limits::TITLE);
        let title = &title;
        let send = async |text: String| {
            let body = json!({"title": title, "body": with_mark(&text, mark)});
            self.send_about(issue, self.patch(issue).json(&body), is_early).await
        };
        let answer =
            send_fitting(&text_of(new), limits::MARKED, limits::is_too_long, send).await.optional()?;
        answer.ok_or_else(|| not_there(format!("issue {issue}")))?;
        Ok(())
    }

    /// GitHub lets only administrators delete issues.
    pub(crate) async fn close_as_not_planned(&self, issue: &IssueReference) -> Result<(), ActionError> {
        let request = self.patch(issue).json(&json!({"state": "closed", "state_reason": "not_planned"}));
        self.send_about(issue, request, is_early).await.optional()?;
        Ok(())
    }

    fn patch(&self, issue: &IssueReference) -> Request<'_> {
        self.client.patch(
            "/repos/{owner}/{name}/issues/{number}",
            &[issue.repository.owner(), issue.repository.name(), &issue.number.to_string()],
        )
    }

    pub(crate) async fn make_issue(&self, new: &NewTask, mark: &Mark) -> Result<Task, ActionError> {
        let repository = repository_of(&new.project)?;
        let mut labels = new.labels.clone();
        if !new.task_type.eq_ignore_ascii_case("task") {
            labels.push(new.task_type.to_lowercase());
        }
        let body = text_of(new);
        let title = cut_line(&new.title, limits::TITLE);
        let values = [repository.owner(), repository.name()];
        let (title, labels) = (&title, &labels);
        let send = async |text: String| {
            let body = json!({"title": title, "body": with_mark(&text, mark), "labels": labels});
            let request = self.client.post("/repos/{owner}/{name}/issues", &values);
            self.send(&repository, request.json(&body)).await
        };
        let answer = send_fitting(&body, limits::MARKED, limits::is_too_long, send).await.optional()?;
        let issue: Issue =
            answer.ok_or_else(|| not_there(format!("repository {repository} with issues")))?.json()?;
        Ok(issue.into_task(&repository))
    }

    pub(crate) async fn find_marked_issue(
        &self,
        project: &str,
        mark: &Mark,
    ) -> Result<Option<Task>, ActionError> {
        let repository = repository_of(project)?;
        let (repository, since) = (&repository, since(mark));
        let since = since.as_str();
        let load = |page: usize| async move {
            let narrow = [("state", "all"), ("since", since), ("direction", "asc")];
            self.issues_page(repository, page, narrow).await
        };
        let marked = |issue: &Issue| carries(issue.body.as_deref().unwrap_or_default(), mark);
        let pages = || Pages::of(format!("GitHub's issues of {repository}"));
        let Some(mut found) = pages().find(1, load, marked).await? else { return Ok(None) };
        if !self.is_ours(found.user.as_ref()).await? {
            let ours = |issue: &Issue| marked(issue) && self.is_known_to_be_ours(issue.user.as_ref());
            match pages().find(1, load, ours).await? {
                Some(own) => found = own,
                None => return Ok(None),
            }
        }
        Ok(Some(found.into_task(repository)))
    }

    pub(crate) async fn list_issues(&self, query: &TaskQuery) -> Result<Vec<Task>, ActionError> {
        let repository = repository_of(&query.project)?;
        let repository = &repository;
        let limit = query.limit.clamp(1, 100) as usize;
        let state = match &query.status {
            None => "all",
            Some(status) if closes(status) => "closed",
            Some(_) => "open",
        };
        let fits = &|task: &Task| match (&query.status, &task.status) {
            (Some(asked), Some(shown)) => state == "closed" || same_status(asked, shown),
            _ => true,
        };
        let load = |page: usize| async move {
            let issues =
                self.issues_page(repository, page, [("state", state), ("direction", "desc")]).await?;
            let tasks = issues.items.into_iter().map(|issue| issue.into_task(repository));
            Ok::<_, ActionError>(Page {
                items: tasks.filter(fits).collect(),
                next: issues.next,
                bytes: issues.bytes,
            })
        };
        Pages::of(format!("GitHub's issues of {repository}")).collect(1, limit, load).await
    }

    /// The issues on one page. Pull requests, which GitHub lists among them, are left out.
    async fn issues_page<const N: usize>(
        &self,
        repository: &RepositoryName,
        page: usize,
        narrow: [(&'static str, &str); N],
    ) -> Result<Page<Issue, usize>, ActionError> {
        let request =
            self.client.get("/repos/{owner}/{name}/issues", &[repository.owner(), repository.name()]);
        let request = request.query("sort", "created").query("per_page", PER_PAGE).query("page", page);
        let request = narrow.into_iter().fold(request, |request, (name, value)| request.query(name, value));
        let answer = self.send(repository, request).await.optional()?;
        let answer = answer.ok_or_else(|| not_there(format!("repository {repository} with issues")))?;
        let mut issues = numbered::<Issue>(&answer, page)?;
        issues.items.retain(|issue| issue.pull_request.is_none());
        Ok(issues)
    }

    pub(crate) async fn set_status(
        &self,
        reference: &IssueReference,
        status: &str,
    ) -> Result<StatusChange, ActionError> {
        let issue = self.issue(reference, is_early).await?;
        let labels = issue.label_names();
        let previous = status_of(&issue.state, &labels);
        let state = if closes(status) { "closed" } else { "open" };
        let label = (state == "open" && !same_status(status, "open")).then(|| label_of(status, &labels));
        // Add the new label before removing the old one: an interrupted change leaves both and can be repeated.
        if let Some(label) = label.as_ref().filter(|label| !labels.contains(label)) {
            self.label(reference, label).await?;
        }
        for old in labels.iter().filter(|old| is_status(old) && Some(*old) != label.as_ref()) {
            self.unlabel(reference, old).await?;
        }
        if issue.state != state {
            self.set_state(reference, state).await?;
        }
        let now: Vec<String> = label.into_iter().collect();
        Ok(StatusChange { previous, status: status_of(state, &now) })
    }

    async fn set_state(&self, issue: &IssueReference, state: &str) -> Result<(), ActionError> {
        let request = self.patch(issue).json(&json!({"state": state}));
        self.send_about(issue, request, is_early).await?;
        Ok(())
    }

    /// GitHub makes a label that the repository does not have yet.
    async fn label(&self, issue: &IssueReference, label: &str) -> Result<(), ActionError> {
        let request = self.client.post(
            "/repos/{owner}/{name}/issues/{number}/labels",
            &[issue.repository.owner(), issue.repository.name(), &issue.number.to_string()],
        );
        let request = request.json(&json!({"labels": [label]}));
        self.send_about(issue, request, is_early).await?;
        Ok(())
    }

    pub(crate) async fn unlabel(&self, issue: &IssueReference, label: &str) -> Result<(), ActionError> {
        let request = self.client.delete(
            "/repos/{owner}/{name}/issues/{number}/labels/{label}",
            &[issue.repository.owner(), issue.repository.name(), &issue.number.to_string(), label],
        );
        match self.send_about(issue, request, |_| false).await {
            Err(failure) if failure.says(404, "Label does not exist") => Ok(()),
            other => {
                other.optional()?.ok_or_else(|| not_there(format!("issue {issue}")))?;
                Ok(())
            }
        }
    }
}

/// An issue's text: the description, and the values that GitHub has no field for.
fn text_of(new: &NewTask) -> String {
    let mut body = new.description.clone();
    if let Some(epic) = &new.epic {
        body = format!("{body}\n\nPart of {epic}");
    }
    if let Some(points) = new.story_points {
        body = format!("{body}\n\nStory points: {points}");
    }
    body
}

fn repository_of(project: &str) -> Result<RepositoryName, ActionError> {
    project.parse().map_err(|error: domain::repository::InvalidName| ActionError::rejected(error.to_string()))
}

/// Whether a status is one that GitHub closes issues for.
fn closes(status: &str) -> bool {
    ["closed", "done"].iter().any(|closed| same_status(status, closed))
}
