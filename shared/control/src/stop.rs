//! Requests that an execution stop. This only records the request; `events`, which sees the change in the table's stream, stops it.

use crate::authorize::Operation;
use crate::caller::Caller;
use crate::control::Control;
use crate::directory::Ticket;
use domain::configuration::Project;
use records::{CommandTarget, ExecutionRecord, RecordsError};

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
    /// Records a request to stop the execution on a ticket that the caller could see when they asked. Its external effects stay. A
    /// delivery stops one execution: sent again, it is about the same.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn stop(&self, caller: &Caller<'_>, ticket: &Ticket<'_>) -> Result<StopResult, RecordsError> {
        let open = self.open_execution(ticket.task_id()).await?;
        let open = open.filter(|execution| caller.could_see(execution.begun_at));
        let found = CommandTarget {
            execution: open.map(|execution| execution.name),
            question: None,
            at: self.clock.now(),
        };
        let bound = self.table.bind(&caller.trigger.source(), caller.delivery, "stop", found).await?;
        let execution = match bound.execution {
            Some(name) => self.table.execution(&name).await?,
            None => None,
        };
        if let Some(execution) = execution {
            return self.stop_in(caller, ticket.project(), execution).await;
        }
        // Whether anything is at work is told to whoever could stop it.
        let starter = self.latest_starter(ticket.task_id()).await?;
        let operation = Operation::Stop { project: ticket.project(), starter: starter.as_ref() };
        Ok(self.denial(caller, &operation).await?.map_or(StopResult::NothingAtWork, StopResult::Denied))
    }

    /// The same of one execution.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn stop_execution(
        &self,
        caller: &Caller<'_>,
        execution: ExecutionRecord,
    ) -> Result<StopResult, RecordsError> {
        let key = execution.project.clone().unwrap_or_default();
        match caller.directory.configuration().project(&key) {
            Some(project) => self.stop_in(caller, project, execution).await,
            None => Ok(StopResult::Denied(format!(
                "the project `{key}` of `{}` is no longer configured",
                execution.name
            ))),
        }
    }

    async fn stop_in(
        &self,
        caller: &Caller<'_>,
        project: &Project,
        execution: ExecutionRecord,
    ) -> Result<StopResult, RecordsError> {
        let operation = Operation::Stop { project, starter: execution.actor.as_ref() };
        if let Some(reason) = self.denial(caller, &operation).await? {
            return Ok(StopResult::Denied(reason));
        }
        self.audit_stop(caller, &execution.name).await?;
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
