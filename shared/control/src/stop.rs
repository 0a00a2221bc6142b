//! Requests that an execution stop. This only records the request; `events`, which sees the change in the table's stream, stops it.

use crate::authorize::{Authorization, Operation};
use crate::caller::Caller;
use crate::control::Control;
use crate::directory::Ticket;
use records::RecordsError;

/// The result of a request to stop the work on a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StopResult {
    /// It is recorded, and the execution is about to be stopped.
    Requested {
        /// The running workflow.
        workflow: String,
    },
    /// Nothing is running on the ticket.
    NothingAtWork,
    /// The execution has just ended on its own.
    Ended {
        /// The workflow that was running.
        workflow: String,
    },
    /// They may not; the reason is for them.
    Denied(String),
}

impl Control {
    /// Records a request to stop the execution on a ticket. Its external effects stay.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn stop(&self, caller: &Caller<'_>, ticket: &Ticket<'_>) -> Result<StopResult, RecordsError> {
        let Some(execution) = self.open_execution(ticket.task_id()).await? else {
            return Ok(StopResult::NothingAtWork);
        };
        let operation = Operation::Stop { project: ticket.project(), starter: execution.actor.as_ref() };
        if let Authorization::Denied(reason) = self.authorize(caller, &operation).await? {
            return Ok(StopResult::Denied(reason));
        }
        let workflow = execution.workflow;
        Ok(match self.table.request_stop(&execution.name, caller.name()).await? {
            true => {
                tracing::info!(execution = execution.name, "stop requested");
                StopResult::Requested { workflow }
            }
            false => StopResult::Ended { workflow },
        })
    }
}
