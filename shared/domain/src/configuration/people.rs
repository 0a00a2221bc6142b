//! People: who somebody is, whatever service they act in, and which roles they have. What they may do is decided by the crate
//! `control`.

use super::Configuration;
use crate::event::{Actor, Source};
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

impl Configuration {
    /// The actor with the configured person filled in, where one matches.
    pub fn identify(&self, mut actor: Actor) -> Actor {
        let matches = |user: &&User| {
            let id = match actor.source {
                Source::Jira => &user.jira,
                Source::Github => &user.github,
                Source::Slack => &user.slack,
                Source::Schedule => return false,
                Source::Api => return user.name == actor.id,
            };
            id.as_deref().is_some_and(|id| id.eq_ignore_ascii_case(&actor.id))
        };
        actor.person = self.users.iter().find(matches).map(|user| user.name.clone());
        actor
    }
}
