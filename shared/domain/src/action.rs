//! The closed list of actions, each deployed as one function, and the plugin types that serve them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// What kind of service an action needs. The YAML key `plugin:` takes one of these, never a vendor's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PluginType {
    /// Trackers: Jira, GitHub Issues.
    TaskManagement,
    /// Code hosts: GitHub.
    VersionControl,
    /// Wikis: Confluence.
    Documentation,
    /// Chat: Slack.
    Communication,
    /// Language models: Claude.
    AiProvider,
    /// Metrics and alarms.
    Monitoring,
}

impl PluginType {
    /// Every plugin type, in the order people read them.
    pub const ALL: [Self; 6] = [
        Self::TaskManagement,
        Self::VersionControl,
        Self::Documentation,
        Self::Communication,
        Self::AiProvider,
        Self::Monitoring,
    ];

    /// The name that stands in YAML: `task_management`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TaskManagement => "task_management",
            Self::VersionControl => "version_control",
            Self::Documentation => "documentation",
            Self::Communication => "communication",
            Self::AiProvider => "ai_provider",
            Self::Monitoring => "monitoring",
        }
    }
}

impl fmt::Display for PluginType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// A configured model worker: it decides how the model is introduced to its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Agent {
    /// Analyses requirements, makes plans, epics and tickets.
    Planning,
    /// Implements single tickets.
    #[default]
    Development,
}

impl Agent {
    /// Every agent.
    pub const ALL: [Self; 2] = [Self::Planning, Self::Development];

    /// The name in YAML.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Planning => "planning",
            Self::Development => "development",
        }
    }
}

/// A name that is not in the closed list it was looked up in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` is not {kind}; accepted: {accepted}")]
pub struct UnknownName {
    /// What was given.
    pub name: String,
    /// What it should have been, with its article: `an action`.
    pub kind: &'static str,
    /// The accepted names, separated by commas.
    pub accepted: String,
}

impl FromStr for PluginType {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        Self::ALL.into_iter().find(|plugin| plugin.as_str() == name).ok_or_else(|| UnknownName {
            name: name.to_owned(),
            kind: "a plugin type",
            accepted: Self::ALL.map(Self::as_str).join(", "),
        })
    }
}

macro_rules! actions {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $plugin:expr;)*) => {
        /// One action: what a step calls and one function deployed. It has one name in three casings: `create_branch` in
        /// YAML and as file name, `CreateBranch` as type and state.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum ActionName {
            $($(#[$doc])* $variant,)*
        }

        impl ActionName {
            /// Every action, alphabetically within its plugin type.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name in YAML: `create_branch`.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The name as type and state: `CreateBranch`.
            pub fn pascal(self) -> &'static str {
                match self { $(Self::$variant => stringify!($variant),)* }
            }

            /// Whether the action parks its execution: the step ends when somebody answers its task token.
            pub fn parks(self) -> bool {
                matches!(self, Self::AwaitBudget | Self::AwaitEvent | Self::RequestApproval)
            }

            /// The plugin type that serves it; `None` for actions that only read our own records.
            pub fn plugin(self) -> Option<PluginType> {
                match self { $(Self::$variant => $plugin,)* }
            }
        }
    };
}

use PluginType::{AiProvider, Communication, Documentation, TaskManagement, VersionControl};

actions! {
    /// Adds a comment to a ticket.
    AddComment = "add_comment", Some(TaskManagement);
    /// Creates an epic in a project.
    CreateEpic = "create_epic", Some(TaskManagement);
    /// Creates a ticket in a project.
    CreateTask = "create_task", Some(TaskManagement);
    /// Lists the tickets of a project.
    GetProjectTasks = "get_project_tasks", Some(TaskManagement);
    /// Reads one ticket.
    GetTask = "get_task", Some(TaskManagement);
    /// Moves a ticket to another status.
    UpdateTaskStatus = "update_task_status", Some(TaskManagement);
    /// Counts languages, frameworks and file types of a repository.
    AnalyzeRepositoryStructure = "analyze_repository_structure", Some(VersionControl);
    /// Refuses an execution whose starter may not write to the repository.
    CheckActor = "check_actor", Some(VersionControl);
    /// Closes a pull request without merging it.
    ClosePullRequest = "close_pull_request", Some(VersionControl);
    /// Makes one commit of many files on a branch.
    CommitChanges = "commit_changes", Some(VersionControl);
    /// Creates a branch from a base branch.
    CreateBranch = "create_branch", Some(VersionControl);
    /// Opens a pull request.
    CreatePullRequest = "create_pull_request", Some(VersionControl);
    /// Deletes a branch.
    DeleteBranch = "delete_branch", Some(VersionControl);
    /// Reads a repository's metadata.
    GetRepositoryInfo = "get_repository_info", Some(VersionControl);
    /// Moves a branch back from a commit of ours to its parent, while nobody has built on it.
    RevertCommit = "revert_commit", Some(VersionControl);
    /// Sends a message to a channel or thread.
    SendMessage = "send_message", Some(Communication);
    /// Changes a message sent before.
    UpdateMessage = "update_message", Some(Communication);
    /// Creates a page from a template.
    CreatePageFromTemplate = "create_page_from_template", Some(Documentation);
    /// Deletes a page.
    DeletePage = "delete_page", Some(Documentation);
    /// Has a model describe the parts of a codebase that matter to a ticket.
    AnalyzeCodebase = "analyze_codebase", Some(AiProvider);
    /// Has a model write the edits that implement a ticket, with tests.
    GenerateCodeImplementation = "generate_code_implementation", Some(AiProvider);
    /// Has a model write documentation of a change.
    GenerateDocumentation = "generate_documentation", Some(AiProvider);
    /// Has a model plan the implementation of a ticket.
    GenerateImplementationPlan = "generate_implementation_plan", Some(AiProvider);
    /// Has a model answer a prompt with text.
    GenerateText = "generate_text", Some(AiProvider);
    /// Parks an execution on a task token until its limit is raised.
    AwaitBudget = "await_budget", None;
    /// Parks an execution on a task token until something happens outside.
    AwaitEvent = "await_event", None;
    /// Closes a run to new effects and lists what it did, newest first.
    ListEffects = "list_effects", None;
    /// Asks people a question and parks the execution on a task token until one of them answers.
    RequestApproval = "request_approval", None;
}

impl fmt::Display for ActionName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for ActionName {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        Self::ALL.iter().copied().find(|action| action.as_str() == name).ok_or_else(|| UnknownName {
            name: name.to_owned(),
            kind: "an action",
            accepted: Self::ALL.iter().map(|action| action.as_str()).collect::<Vec<_>>().join(", "),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_name_in_every_form() {
        for action in ActionName::ALL {
            assert_eq!(action.as_str().parse::<ActionName>().unwrap(), *action);
            assert_eq!(serde_json::to_value(action).unwrap(), action.as_str());
            let pascal: String =
                action.as_str().split('_').map(|word| word[..1].to_uppercase() + &word[1..]).collect();
            assert_eq!(pascal, action.pascal());
        }
    }
}
