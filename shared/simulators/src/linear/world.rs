//! The `linear` section of a world file.

use serde::Deserialize;

use crate::attachment::Attachment;

/// A Linear workspace as it is when a simulation starts.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct World {
    /// Name of the secret with the field `api_key`, of the account in `bot`.
    pub secret: String,
    /// Name of the user whose key callers show; author of everything done through the API.
    pub bot: String,
    /// The part of the workspace's address after `https://linear.app/`.
    pub url_key: String,
    /// People of the workspace.
    pub users: Vec<User>,
    /// Teams.
    pub teams: Vec<Team>,
    /// Labels of the workspace, which every team has.
    #[serde(default)]
    pub labels: Vec<String>,
    /// Issues that exist from the start.
    #[serde(default)]
    pub issues: Vec<Issue>,
}

/// A person, or an account of a machine.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// The UUID.
    pub id: String,
    /// The shown name, which the rest of the world file uses for this person.
    pub name: String,
    /// The whole name.
    pub full_name: String,
    /// Whether this person may change the whole workspace.
    #[serde(default)]
    pub admin: bool,
}

/// A team.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Team {
    /// Such as `ENG`.
    pub key: String,
    /// Name that people see.
    pub name: String,
    /// Its workflow states; a new issue starts in the first.
    pub states: Vec<State>,
    /// Labels that only this team has.
    #[serde(default)]
    pub labels: Vec<String>,
}

/// A state of a team's workflow.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// Name that people see, such as `In Progress`.
    pub name: String,
    /// Its category: `triage`, `backlog`, `unstarted`, `started`, `completed` or `canceled`.
    pub r#type: String,
}

/// An issue.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Issue {
    /// Such as `ENG-1`; the part before the hyphen names its team.
    pub key: String,
    /// Keys that it had in other teams.
    #[serde(default)]
    pub former_keys: Vec<String>,
    /// One line.
    pub title: String,
    /// Markdown.
    #[serde(default)]
    pub description: Option<String>,
    /// Name of a state; the team's first when absent.
    #[serde(default)]
    pub state: Option<String>,
    /// Names of labels.
    #[serde(default)]
    pub labels: Vec<String>,
    /// 0 for none, then 1 (urgent) to 4 (low).
    #[serde(default)]
    pub priority: u8,
    /// Points.
    #[serde(default)]
    pub estimate: Option<u32>,
    /// Key of the issue that it is a part of.
    #[serde(default)]
    pub parent: Option<String>,
    /// Name of a person.
    #[serde(default)]
    pub assignee: Option<String>,
    /// Name of a person; the first of the workspace when absent.
    #[serde(default)]
    pub creator: Option<String>,
    /// The comments on it.
    #[serde(default)]
    pub comments: Vec<Comment>,
    /// Files that people put into the description, which links them.
    #[serde(default)]
    pub attachments: Vec<Attachment>,
}

/// A comment.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Comment {
    /// Name of a person.
    pub author: String,
    /// Markdown.
    pub body: String,
}
