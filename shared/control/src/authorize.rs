//! Decides who may do what. This is the only place that does.

mod membership;
mod operation;

pub use operation::Operation;

use crate::authority::Authority;
use crate::caller::Caller;
use crate::control::Control;
use domain::configuration::{Configuration, Role};
use domain::{Actor, SourceName};
use membership::{is_member, is_or_belongs_to, user};
use records::RecordsError;
use std::collections::BTreeSet;

/// Whether someone may perform an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authorization {
    /// They may.
    Allowed,
    /// They may not; the reason is a message for them.
    Denied(String),
    /// Only the code host knows: they may if they may push to the project's repository. The state with which every state machine
    /// begins asks it.
    AskProvider,
}

/// Whether `actor` may perform `operation`, according to the configuration. The actor must have been identified by
/// [`Configuration::identify`]. Without an actor, only operations open to everyone are allowed.
pub fn authorize(
    configuration: &Configuration,
    operation: &Operation<'_>,
    actor: Option<&Actor>,
) -> Authorization {
    decide(configuration, operation, actor, &Authority::Roles, false)
}

/// [`authorize`] for somebody whose credentials say more about them than who they are.
pub(crate) fn authorize_with(
    configuration: &Configuration,
    operation: &Operation<'_>,
    actor: Option<&Actor>,
    authority: &Authority,
) -> Authorization {
    decide(configuration, operation, actor, authority, false)
}

impl Control {
    /// Whether the caller may perform `operation`, according to the configuration and what the code host recently said about them.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn authorize(
        &self,
        caller: &Caller<'_>,
        operation: &Operation<'_>,
    ) -> Result<Authorization, RecordsError> {
        let (configuration, actor) = (caller.directory.configuration(), caller.actor);
        let decided = authorize_with(configuration, operation, Some(actor), caller.authority);
        let decided = match (&decided, operation.project()) {
            (Authorization::Denied(_), Some(project)) if operation.counts_writers() => {
                let now = self.clock.now();
                let is_writer = self.table.is_writer(&actor.account(), &project.key, now).await?;
                decide(configuration, operation, Some(actor), caller.authority, is_writer)
            }
            _ => decided,
        };
        if let Authorization::Denied(_) = decided {
            self.audit_denial(caller, operation).await?;
        }
        Ok(decided)
    }

    /// Why the caller may not perform an operation; `None` if they may, or if only the code host knows.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub(crate) async fn denial(
        &self,
        caller: &Caller<'_>,
        operation: &Operation<'_>,
    ) -> Result<Option<String>, RecordsError> {
        Ok(match self.authorize(caller, operation).await? {
            Authorization::Denied(reason) => Some(reason),
            Authorization::Allowed | Authorization::AskProvider => None,
        })
    }
}

/// Decides by the table; `is_writer` says that the code host lately called the actor a writer of the operation's repository.
pub(crate) fn decide(
    configuration: &Configuration,
    operation: &Operation<'_>,
    actor: Option<&Actor>,
    authority: &Authority,
    is_writer: bool,
) -> Authorization {
    if actor.is_some_and(|actor| operation.is_own_abdication(actor)) {
        let reason = "you cannot remove your own admin role; ask another admin";
        return Authorization::Denied(reason.to_owned());
    }
    if operation.is_open() || *authority == Authority::Installation && !operation.is_somebodys_word() {
        return Authorization::Allowed;
    }
    let Some(actor) = actor else {
        let reason = "the event does not say who caused it, so nobody can be authorized";
        return Authorization::Denied(reason.to_owned());
    };
    let shown = actor.display_name.as_ref().or(actor.person.as_ref()).unwrap_or(&actor.id);
    if let Authority::Scoped(scope) = authority {
        let key = operation.project().map(|project| project.key.as_str());
        if operation.is_for_people() || !scope.includes(operation.roles(), key) {
            return Authorization::Denied(operation.denial(&format!("this token of {shown}")));
        }
    }
    if matches!(operation, Operation::JoinAccounts) {
        return Authorization::Allowed;
    }
    if operation.excludes(actor) {
        return Authorization::Denied(format!(
            "{shown} asked for the work, and may not answer this question about it themselves"
        ));
    }
    let is_start = matches!(operation, Operation::Start { .. } | Operation::Redrive { .. });
    let is_schedule = matches!(operation, Operation::Start { .. }) && actor.source == SourceName::SCHEDULE;
    let is_starter = operation.starter().is_some_and(|starter| starter.is(actor));
    let has_role = match operation.approvers() {
        [] => roles(configuration, operation, actor, is_writer)
            .iter()
            .any(|role| operation.roles().contains(role)),
        named => named.iter().any(|name| is_or_belongs_to(configuration, actor, name)),
    };
    if is_schedule || is_starter || has_role {
        return Authorization::Allowed;
    }
    if is_start && operation.counts_writers() {
        return Authorization::AskProvider;
    }
    Authorization::Denied(operation.denial(shown))
}

/// The actor's roles in the operation's project.
fn roles(
    configuration: &Configuration,
    operation: &Operation<'_>,
    actor: &Actor,
    is_writer: bool,
) -> BTreeSet<Role> {
    let key = operation.project().map(|project| project.key.as_str());
    let user = user(configuration, actor);
    let mut roles: BTreeSet<Role> = user.into_iter().flat_map(|user| user.roles.in_project(key)).collect();
    let may_trigger = operation.may_trigger().iter().any(|group| is_member(configuration, actor, group));
    if may_trigger || is_writer {
        roles.insert(Role::Developer);
    }
    roles
}

#[cfg(test)]
mod tests;
