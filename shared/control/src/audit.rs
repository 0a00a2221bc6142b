//! Audit records of people's requests and of events, written before they take effect.

use crate::authorize::Operation;
use crate::caller::Caller;
use crate::control::Control;
use domain::execution::UNDO_WORKFLOW;
use domain::{Actor, EventName, SourceName};
use records::{AuditKind, AuditRecord, Choice, ExecutionRecord, RecordsError, Waiter};
use sha2::{Digest, Sha256};

impl Control {
    /// Records the cause of an execution before its state machine starts: once, however often the start is tried.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer; then nothing may be started.
    pub(crate) async fn audit_start(&self, execution: &ExecutionRecord) -> Result<(), RecordsError> {
        let kind = match (execution.workflow.as_str(), &execution.continues) {
            (UNDO_WORKFLOW, _) => AuditKind::Undo,
            (_, Some(_)) => AuditKind::Redrive,
            (_, None) => AuditKind::Trigger,
        };
        let (name, who) = (&execution.name, execution.actor.as_ref());
        let by = execution.trigger.to_string();
        let begun = AuditRecord::new(kind, name, execution.begun_at, who, &by, &execution.delivery);
        let what = match (kind, &execution.continues) {
            (AuditKind::Redrive, Some(continued)) => format!("continue {continued}"),
            _ => format!("start {}", execution.workflow),
        };
        self.table.audit(&AuditRecord { what, about: Some(name.clone()), ..begun }).await
    }

    /// Records an answer, before it is given.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer; then nothing may be answered.
    pub(crate) async fn audit_answer(
        &self,
        caller: &Caller<'_>,
        waiter: &Waiter,
        approved: bool,
    ) -> Result<(), RecordsError> {
        let what = if approved { "approve" } else { "deny" };
        let step = digest(&[&waiter.key, waiter.question.as_deref().unwrap_or_default()]);
        let what = format!("{what} the question {step}");
        self.audit_of(caller, AuditKind::Approval, what, Some(waiter.execution.clone())).await
    }

    /// Records somebody's decision about an execution that a limit stopped, before it counts.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer; then nothing may be changed.
    pub(crate) async fn audit_money(
        &self,
        caller: &Caller<'_>,
        execution: &str,
        choice: Choice,
    ) -> Result<(), RecordsError> {
        let (kind, what) = match choice {
            Choice::Add { amount, shared: false } => {
                (AuditKind::Limit, format!("add {amount} to the limit of a ticket"))
            }
            Choice::Add { amount, shared: true } => {
                (AuditKind::Limit, format!("add {amount} to limits that others share"))
            }
            Choice::Draft => (AuditKind::Stop, "end with a draft".to_owned()),
            Choice::RollBack => (AuditKind::Undo, "roll back".to_owned()),
        };
        self.audit_of(caller, kind, what, Some(execution.to_owned())).await
    }

    /// Records a request to stop an execution, before it is made.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer; then nothing may be stopped.
    pub(crate) async fn audit_stop(&self, caller: &Caller<'_>, execution: &str) -> Result<(), RecordsError> {
        self.audit_of(caller, AuditKind::Stop, "stop".to_owned(), Some(execution.to_owned())).await
    }

    /// Records that somebody was not allowed to do something. Requests to the API have a record with their status already, and what
    /// somebody may not see is not a refusal.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub(crate) async fn audit_denial(
        &self,
        caller: &Caller<'_>,
        operation: &Operation<'_>,
    ) -> Result<(), RecordsError> {
        match operation.changes() {
            Some(what) if caller.trigger.source() != SourceName::API => {
                self.audit_of(caller, AuditKind::Refusal, what.to_owned(), None).await
            }
            _ => Ok(()),
        }
    }

    /// Records that an event of somebody starts nothing, because they may not or it is not accepted.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn audit_refusal(
        &self,
        who: Option<&Actor>,
        trigger: &EventName,
        delivery: &str,
    ) -> Result<(), RecordsError> {
        let (by, at) = (trigger.to_string(), self.clock.now());
        let id = digest(&["refusal", &by, delivery]);
        let refused = AuditRecord::new(AuditKind::Refusal, &id, at, who, &by, delivery);
        self.table.audit(&AuditRecord { what: "start".to_owned(), ..refused }).await
    }

    /// Records a caller's operation before it is performed.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer; then nothing may be done.
    pub(crate) async fn audit_of(
        &self,
        caller: &Caller<'_>,
        kind: AuditKind,
        what: String,
        about: Option<String>,
    ) -> Result<(), RecordsError> {
        let (by, at) = (caller.trigger.to_string(), self.clock.now());
        let id = digest(&[&what, &by, caller.delivery, about.as_deref().unwrap_or_default()]);
        let record = AuditRecord::new(kind, &id, at, Some(caller.actor), &by, caller.delivery);
        self.table.audit(&AuditRecord { what, about, ..record }).await
    }
}

/// IDs of deliveries and keys of steps can be as long as their senders make them.
fn digest(parts: &[&str]) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(part.len().to_be_bytes());
        digest.update(part);
    }
    digest.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}
