//! A ticket's fields, as Linear gives them and as we do.

use domain::Task;
use domain::stored::cut_inline;
use serde::Deserialize;

/// What is asked of a ticket. Labels beyond fifty are not read: a query's complexity counts every one that there could be
/// (<https://linear.app/developers/rate-limiting>).
macro_rules! ticket_fields {
    () => {
        "id identifier title description url createdAt updatedAt estimate priorityLabel \
         team { key } state { name } assignee { displayName } parent { identifier } \
         labels(first: 50) { nodes { id name } }"
    };
}
pub(crate) use ticket_fields;

/// A list requested as a connection.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Connection<T> {
    pub(crate) nodes: Vec<T>,
    #[serde(default)]
    pub(crate) page_info: PageInfo,
}

/// Where a list continues.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PageInfo {
    #[serde(default)]
    has_next_page: bool,
    #[serde(default)]
    end_cursor: Option<String>,
}

impl PageInfo {
    pub(crate) fn next(self) -> Option<String> {
        self.end_cursor.filter(|_| self.has_next_page)
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Issue {
    pub(crate) id: String,
    pub(crate) identifier: String,
    title: String,
    #[serde(default)]
    pub(crate) description: Option<String>,
    url: String,
    #[serde(default)]
    created_at: Option<String>,
    #[serde(default)]
    updated_at: Option<String>,
    #[serde(default)]
    estimate: Option<f64>,
    #[serde(default)]
    priority_label: Option<String>,
    team: Team,
    state: Named,
    #[serde(default)]
    assignee: Option<Person>,
    #[serde(default)]
    parent: Option<Parent>,
    pub(crate) labels: Connection<Label>,
}

#[derive(Debug, Deserialize)]
struct Team {
    key: String,
}

#[derive(Debug, Deserialize)]
struct Named {
    name: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Person {
    display_name: String,
}

#[derive(Debug, Deserialize)]
struct Parent {
    identifier: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Label {
    pub(crate) id: String,
    pub(crate) name: String,
}

impl From<Issue> for Task {
    fn from(issue: Issue) -> Self {
        Self {
            task_id: issue.identifier.clone(),
            id: issue.identifier,
            project: Some(issue.team.key),
            title: issue.title,
            description: issue.description.as_deref().map(cut_inline).unwrap_or_default(),
            status: Some(issue.state.name),
            task_type: None,
            assignee: issue.assignee.map(|person| person.display_name),
            // Linear's value for a missing one.
            priority: issue.priority_label.filter(|priority| priority != "No priority"),
            labels: issue.labels.nodes.into_iter().map(|label| label.name).collect(),
            story_points: issue.estimate,
            epic_link: issue.parent.map(|parent| parent.identifier),
            team: None,
            created: issue.created_at,
            updated: issue.updated_at,
            url: Some(issue.url),
            repository_url: None,
            team_channel: None,
            attachments: Vec::new(),
            more_attachments: 0,
        }
    }
}
