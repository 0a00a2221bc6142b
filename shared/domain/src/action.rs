//! Names of actions, and the plugin types that serve them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

/// The kind of service that an action needs. The YAML key `plugin:` takes one of these, never a vendor's name.
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
    /// Language models: Claude, OpenAI.
    AiProvider,
    /// Metrics and alarms.
    Monitoring,
}

impl PluginType {
    /// Every plugin type, in display order.
    pub const ALL: [Self; 6] = [
        Self::TaskManagement,
        Self::VersionControl,
        Self::Documentation,
        Self::Communication,
        Self::AiProvider,
        Self::Monitoring,
    ];

    /// The name in YAML: `task_management`.
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

/// A name that is not in a closed list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` is not {kind}; accepted: {accepted}")]
pub struct UnknownName {
    /// The given name.
    pub name: String,
    /// The expected kind, with its article: `an action`.
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

/// The name of an action: what a step calls, deployed as one function. It has one name in three casings: `create_branch` in YAML and
/// as file name, `CreateBranch` as type and state. Up to 64 lower-case letters, digits and `_`, starting with a letter.
///
/// Which actions there are, only the crate `actions` knows.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct ActionId(Cow<'static, str>);

impl ActionId {
    /// The most characters a name has.
    pub const LONGEST: usize = 64;

    /// An ID from a literal. It is not checked here; the crate `actions` tests the names in its list.
    pub const fn literal(name: &'static str) -> Self {
        Self(Cow::Borrowed(name))
    }

    /// The name in YAML: `create_branch`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name as type and state: `CreateBranch`.
    pub fn pascal(&self) -> String {
        let capitalized = |word: &str| {
            let mut letters = word.chars();
            letters
                .next()
                .map(|first| first.to_ascii_uppercase())
                .into_iter()
                .chain(letters)
                .collect::<String>()
        };
        self.0.split('_').map(capitalized).collect()
    }
}

impl fmt::Display for ActionId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// A text that is not a valid action name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a valid action name; accepted: a letter followed by up to 63 of a-z, 0-9 and _")]
pub struct InvalidActionId(pub String);

impl TryFrom<String> for ActionId {
    type Error = InvalidActionId;

    fn try_from(name: String) -> Result<Self, InvalidActionId> {
        let legal = name.len() <= Self::LONGEST
            && name.starts_with(|first: char| first.is_ascii_lowercase())
            && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
        if legal { Ok(Self(Cow::Owned(name))) } else { Err(InvalidActionId(name)) }
    }
}

impl FromStr for ActionId {
    type Err = InvalidActionId;

    fn from_str(name: &str) -> Result<Self, InvalidActionId> {
        name.to_owned().try_into()
    }
}

impl From<ActionId> for String {
    fn from(id: ActionId) -> Self {
        id.0.into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_name_in_every_form() {
        let action: ActionId = "create_pull_request".parse().unwrap();
        assert_eq!((action.as_str(), action.pascal().as_str()), ("create_pull_request", "CreatePullRequest"));
        assert_eq!(action, ActionId::literal("create_pull_request"));
        assert_eq!(serde_json::to_value(&action).unwrap(), "create_pull_request");
        assert_eq!(serde_json::from_str::<ActionId>("\"create_pull_request\"").unwrap(), action);
    }

    #[test]
    fn other_texts_are_no_names() {
        for name in ["", "CreateBranch", "1st", "_x", "a-b", "ä", &"a".repeat(65)] {
            assert!(name.parse::<ActionId>().is_err(), "{name}");
        }
    }
}
