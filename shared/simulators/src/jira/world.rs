//! The `jira` section of a world file.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::attachment::Attachment;

/// A Jira Cloud site as it is when a simulation starts.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct World {
    /// Name of the secret with the fields `email` and `api_token`, of the account in `bot`.
    pub secret: String,
    /// `accountId` of the user whose token callers show; author of everything done through the API.
    pub bot: String,
    /// People of the site.
    pub users: Vec<User>,
    /// What the bot may do in every project, as `EDIT_ISSUES`; what a member of a team may when absent.
    #[serde(default = "permissions")]
    pub permissions: Vec<String>,
    /// How long, in seconds, what is created through the API stays unseen by searches, which Jira answers from an index:
    /// <https://developer.atlassian.com/cloud/jira/platform/search-and-reconcile/>.
    #[serde(default = "search_lag_seconds")]
    pub search_lag_seconds: u32,
    /// The names of the types of links between tickets.
    #[serde(default = "link_types")]
    pub link_types: Vec<String>,
    /// Custom fields of the site.
    #[serde(default)]
    pub fields: Vec<Field>,
    /// Projects with their workflow.
    pub projects: Vec<Project>,
    /// Tickets that exist from the start.
    #[serde(default)]
    pub tickets: Vec<Ticket>,
}

fn search_lag_seconds() -> u32 {
    120
}

fn link_types() -> Vec<String> {
    ["Blocks", "Cloners", "Duplicate", "Relates"].map(str::to_owned).to_vec()
}

fn permissions() -> Vec<String> {
    [
        "ADD_COMMENTS",
        "ASSIGNABLE_USER",
        "ASSIGN_ISSUES",
        "BROWSE_PROJECTS",
        "CREATE_ISSUES",
        "DELETE_ISSUES",
        "EDIT_ISSUES",
        "EDIT_OWN_COMMENTS",
        "LINK_ISSUES",
        "TRANSITION_ISSUES",
    ]
    .map(str::to_owned)
    .to_vec()
}

/// A person, or an app's account.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// Short name by which the rest of the world file calls this person.
    pub name: String,
    /// Jira's `accountId`.
    pub account_id: String,
    /// Name that people see.
    pub display_name: String,
    /// Address; absent for a person who hides it.
    #[serde(default)]
    pub email: Option<String>,
    /// Names of the groups this person is in.
    #[serde(default)]
    pub groups: Vec<String>,
}

/// A custom field.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Such as `customfield_10001`.
    pub id: String,
    /// Name that people see.
    pub name: String,
    /// Type of its value in the API: `number`, `string`, `array`, `option` or `any`.
    pub r#type: String,
}

/// A project with its statuses.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Project {
    /// Such as `SHOP`.
    pub key: String,
    /// Name that people see.
    pub name: String,
    /// Names of its issue types, such as `Story`; `Epic` is one level up, `Sub-task` one down.
    pub issue_types: Vec<String>,
    /// Its statuses; a new ticket starts in the first.
    pub statuses: Vec<Status>,
    /// Its transitions. Without any, every status leads to every other by a transition named as its target.
    #[serde(default)]
    pub transitions: Vec<Transition>,
}

/// One status of a workflow.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Status {
    /// Name that people see, such as `In Progress`.
    pub name: String,
    /// Which of Jira's three categories it counts to.
    pub category: StatusCategory,
}

/// Jira's categories of statuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StatusCategory {
    /// Not begun.
    New,
    /// Under way.
    Indeterminate,
    /// Finished.
    Done,
}

/// A permitted change of status.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transition {
    /// Name that people see, such as `Start work`.
    pub name: String,
    /// Statuses it leaves; empty for any.
    #[serde(default)]
    pub from: Vec<String>,
    /// Status it leads to.
    pub to: String,
}

/// A ticket.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ticket {
    /// Such as `SHOP-1`; the part before the hyphen names its project.
    pub key: String,
    /// Issue type; the project's first when absent.
    #[serde(default)]
    pub r#type: Option<String>,
    /// One line.
    pub summary: String,
    /// Text with blank lines between paragraphs, or a whole Atlassian Document.
    #[serde(default)]
    pub description: Option<Value>,
    /// Status; the project's first when absent.
    #[serde(default)]
    pub status: Option<String>,
    /// Such as `High`; `Medium` when absent.
    #[serde(default)]
    pub priority: Option<String>,
    /// Labels.
    #[serde(default)]
    pub labels: Vec<String>,
    /// Short name of a user.
    #[serde(default)]
    pub assignee: Option<String>,
    /// Short name of a user; the first user when absent.
    #[serde(default)]
    pub reporter: Option<String>,
    /// Key of the epic or parent ticket.
    #[serde(default)]
    pub parent: Option<String>,
    /// Values of custom fields, by id.
    #[serde(default)]
    pub fields: BTreeMap<String, Value>,
    /// Comments, oldest first.
    #[serde(default)]
    pub comments: Vec<Comment>,
    /// Files.
    #[serde(default)]
    pub attachments: Vec<Attachment>,
}

/// A comment.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Comment {
    /// Short name of a user.
    pub author: String,
    /// Text, in which `[~accountid:…]` is a mention.
    pub body: String,
}
