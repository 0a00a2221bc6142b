//! People: who somebody is, whatever service they act in, and which roles they have. What they may do is decided by the crate
//! `control`.

use super::Configuration;
use crate::event::{Actor, SourceName};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A person and what they are called in each service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// Our name for them; limits, groups and costs use it.
    pub name: String,
    /// Their GitHub login.
    #[serde(default)]
    pub github: Option<String>,
    /// Their Slack member id.
    #[serde(default)]
    pub slack: Option<String>,
    /// Their Jira account id.
    #[serde(default)]
    pub jira: Option<String>,
    /// What they may do.
    #[serde(default)]
    pub roles: BTreeSet<Role>,
}

/// What a person may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Look.
    Viewer,
    /// Start and steer executions.
    Developer,
    /// Answer approvals.
    Approver,
    /// Change the configuration.
    Admin,
}

impl User {
    /// What they are called where `source` is; `None` where that is not known.
    pub fn account_at(&self, source: &SourceName) -> Option<&str> {
        match source.as_str() {
            "github" => self.github.as_deref(),
            "jira" => self.jira.as_deref(),
            "slack" => self.slack.as_deref(),
            _ => None,
        }
    }
}

impl Configuration {
    /// The actor with the configured person filled in, where one matches.
    pub fn identify(&self, mut actor: Actor) -> Actor {
        let is_them = |user: &&User| {
            if actor.source == SourceName::API {
                return user.name == actor.id;
            }
            user.account_at(&actor.source).is_some_and(|id| id.eq_ignore_ascii_case(&actor.id))
        };
        actor.person = self.users.iter().find(is_them).map(|user| user.name.clone());
        actor
    }
}
