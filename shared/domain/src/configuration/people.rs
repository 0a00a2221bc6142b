//! People: who somebody is, whatever service they act in, and what they may do.

use super::{Configuration, Project, REPOSITORY_WRITERS};
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

/// Why an actor may not trigger, or that only the provider can tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Permission {
    /// A group they belong to is admitted.
    Granted,
    /// Only repository writers are admitted: the workflow's first step asks the provider.
    AskProvider,
    /// Not admitted, with the reason for people.
    Denied(String),
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

    /// Whether the actor is one of `approvers`: names of people, or of groups they belong to. Where none are named, everybody
    /// with the role approver or admin is.
    pub fn may_approve(&self, approvers: &[String], actor: &Actor) -> bool {
        let Some(user) = actor.person.as_ref().and_then(|name| self.users.iter().find(|u| u.name == *name))
        else {
            return false;
        };
        let named = |name: &String| {
            *name == user.name || self.groups.get(name).is_some_and(|members| members.contains(&user.name))
        };
        match approvers {
            [] => user.roles.contains(&Role::Approver) || user.roles.contains(&Role::Admin),
            approvers => approvers.iter().any(named),
        }
    }

    /// Whether the actor may stop and undo executions of the project: whoever a group admits to start them, and every known
    /// person with the role developer or admin. Repository writers who are not under `users` are unknown here.
    pub fn may_steer(&self, project: &Project, actor: &Actor) -> bool {
        let has_role = |user: &User| {
            Some(&user.name) == actor.person.as_ref()
                && (user.roles.contains(&Role::Developer) || user.roles.contains(&Role::Admin))
        };
        self.may_trigger(project, actor) == Permission::Granted || self.users.iter().any(has_role)
    }

    /// Whether the actor may start executions of the project, as far as the configuration can tell.
    pub fn may_trigger(&self, project: &Project, actor: &Actor) -> Permission {
        let person = actor.person.as_deref();
        let in_group = |group: &String| {
            self.groups
                .get(group)
                .is_some_and(|members| person.is_some_and(|name| members.iter().any(|m| m == name)))
        };
        if project.may_trigger.iter().any(in_group) {
            return Permission::Granted;
        }
        if project.may_trigger.iter().any(|group| group == REPOSITORY_WRITERS) {
            return Permission::AskProvider;
        }
        Permission::Denied(format!(
            "{} may not start work on {}; members of {} may",
            actor.display_name.as_deref().unwrap_or(&actor.id),
            project.key,
            project.may_trigger.join(", ")
        ))
    }
}
