//! Stopping an execution. The wish is only recorded; `events`, which sees the change in the table's stream, stops it.

use crate::authorize::{Authorization, Operation, authorize};
use crate::caller::Caller;
use crate::control::Control;
use crate::directory::Ticket;
use records::RecordsError;

/// What became of a request to stop the work on a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StopResult {
    /// It is recorded, and the execution is about to be stopped.
    Requested {
        /// The workflow that is at work.
        workflow: String,
    },
    /// Nothing is at work on the ticket.
    NothingAtWork,
    /// The execution has just ended by itself.
    Ended {
        /// The workflow that was at work.
        workflow: String,
    },
    /// They may not; the reason is for them.
    Denied(String),
}

impl Control {
    /// Records that the execution at work on a ticket is to be stopped. What it did outside stays.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn stop(&self, caller: &Caller<'_>, ticket: &Ticket<'_>) -> Result<StopResult, RecordsError> {
        let Some(execution) = self.open_execution(ticket.task_id()).await? else {
            return Ok(StopResult::NothingAtWork);
        };
        let operation = Operation::Stop { project: ticket.project(), starter: execution.actor.as_ref() };
        if let Authorization::Denied(reason) =
            authorize(caller.directory.configuration(), &operation, Some(caller.actor))
        {
            return Ok(StopResult::Denied(reason));
        }
        let workflow = execution.workflow;
        Ok(match self.table.request_stop(&execution.name, caller.name()).await? {
            true => {
                tracing::info!(execution = execution.name, "a person asked to stop it");
                StopResult::Requested { workflow }
            }
            false => StopResult::Ended { workflow },
        })
    }
}
