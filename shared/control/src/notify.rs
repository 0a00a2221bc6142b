//! Choices of direct messages.

use crate::caller::Caller;
use crate::control::Control;
use domain::configuration::{Configuration, Notice};
use records::{NotifyChoice, RecordsError};
use std::collections::BTreeSet;

/// A person's choice of direct messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotifyResult {
    /// This.
    Notices {
        /// The chosen subjects.
        notices: BTreeSet<Notice>,
        /// Whether they chose it themselves; otherwise the configuration says so.
        is_chosen: bool,
    },
    /// The caller is not a known person; the reason is for them.
    Denied(String),
}

impl Control {
    /// The caller's choice of direct messages.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn notices(&self, caller: &Caller<'_>) -> Result<NotifyResult, RecordsError> {
        let Some(person) = &caller.actor.person else { return Ok(unknown(caller)) };
        let chosen = self.table.notify_choice(person).await?;
        let is_chosen = chosen.is_some();
        let notices = chosen.unwrap_or_else(|| caller.directory.configuration().notify.clone());
        Ok(NotifyResult::Notices { notices, is_chosen })
    }

    /// Records the caller's choice of direct messages; `None` uses the configuration's choice.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn choose_notices(
        &self,
        caller: &Caller<'_>,
        notices: Option<BTreeSet<Notice>>,
    ) -> Result<NotifyResult, RecordsError> {
        let Some(person) = &caller.actor.person else { return Ok(unknown(caller)) };
        self.table.put_notify_choice(person, &NotifyChoice { notices, at: self.clock.now() }).await?;
        self.notices(caller).await
    }

    /// Whether a person, by their name under `users`, gets direct messages about a subject.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn is_told(
        &self,
        configuration: &Configuration,
        person: &str,
        notice: Notice,
    ) -> Result<bool, RecordsError> {
        let chosen = self.table.notify_choice(person).await?;
        Ok(chosen.as_ref().unwrap_or(&configuration.notify).contains(&notice))
    }
}

fn unknown(caller: &Caller<'_>) -> NotifyResult {
    NotifyResult::Denied(format!(
        "the account {} does not belong to a person under `users`; `link` joins it to an account that does",
        caller.name()
    ))
}
