//! Undo: starts the workflow that takes back what a run did.

use crate::authorize::{Authorization, Operation};
use crate::caller::Caller;
use crate::control::Control;
use crate::directory::Ticket;
use crate::plan::StartRequest;
use crate::start::StartResult;
use domain::execution::{ExecutionInput, UNDO_WORKFLOW};
use domain::routes::{Concurrency, InvalidInputs};
use domain::{Actor, EventName, Grant};
use records::{ExecutionRecord, RecordsError};
use serde_json::{Map, Value, json};

/// How many of a ticket's executions are searched for one to take back.
const LOOKED_THROUGH: usize = 20;

/// The result of a request to take back what was done on a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UndoResult {
    /// Its effects are being taken back, or will be when the sweeper starts the undo.
    Accepted {
        /// The name of the execution whose effects are taken back.
        execution: String,
    },
    /// A workflow is at work on the ticket; it must end or be stopped first.
    AtWork {
        /// The workflow's name.
        workflow: String,
    },
    /// Another execution claimed the ticket at the same moment.
    AlreadyAtWork {
        /// The other execution's name.
        execution: String,
    },
    /// No execution has done anything on the ticket.
    NothingDone,
    /// They may not; the reason is for them.
    Denied(String),
}

/// Why the undo workflow could not be started.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UndoError {
    /// There is no undo workflow, or it does not accept a run.
    #[error(transparent)]
    Inputs(#[from] InvalidInputs),
    /// The table does not answer.
    #[error(transparent)]
    Records(#[from] RecordsError),
}

impl Control {
    /// Starts the workflow that takes back what the newest finished execution of a ticket did; earlier undos do not count. The caller
    /// must be allowed to: the person who started the execution, or as `authorize` says.
    ///
    /// # Errors
    /// [`UndoError`] when the table does not answer or the undo workflow is not deployed.
    pub async fn undo(&self, caller: &Caller<'_>, ticket: &Ticket<'_>) -> Result<UndoResult, UndoError> {
        let task_id = ticket.task_id();
        if let Some(execution) = self.open_execution(task_id).await? {
            return Ok(UndoResult::AtWork { workflow: execution.workflow });
        }
        let executions = self.table.executions_of_task(task_id, None, LOOKED_THROUGH).await?;
        let newest = executions.into_iter().find(|execution| execution.workflow != UNDO_WORKFLOW);
        let Some((execution, run)) = newest.and_then(|newest| Some((newest.clone(), newest.arn?))) else {
            return Ok(UndoResult::NothingDone);
        };
        let operation = Operation::Undo { project: ticket.project(), starter: execution.actor.as_ref() };
        if let Authorization::Denied(reason) = self.authorize(caller, &operation).await? {
            return Ok(UndoResult::Denied(reason));
        }
        let project = Some(ticket.project().key.clone());
        let request = StartRequest {
            workflow: UNDO_WORKFLOW.to_owned(),
            trigger: caller.trigger.clone(),
            delivery: caller.delivery.to_owned(),
            task_id: Some(task_id.to_owned()),
            concurrency: Concurrency::OnePerTask,
            input: self.undo_input(&run, project, Some(caller.actor.clone())).await?,
        };
        Ok(match self.start(request).await? {
            StartResult::AlreadyAtWork { execution } => UndoResult::AlreadyAtWork { execution },
            StartResult::Started { .. } | StartResult::Pending { .. } | StartResult::Duplicate { .. } => {
                UndoResult::Accepted { execution: execution.name }
            }
        })
    }

    /// Takes back what a run left behind because its own rollback could not run; exactly once, even if requested repeatedly. The undo
    /// uses the project, ticket and actor of `execution`, and runs even while another execution is at work on the ticket.
    ///
    /// # Errors
    /// As [`Control::undo`].
    pub async fn undo_run(&self, run: &str, execution: &ExecutionRecord) -> Result<StartResult, UndoError> {
        let input = self.undo_input(run, execution.project.clone(), execution.actor.clone()).await?;
        let request = StartRequest {
            workflow: UNDO_WORKFLOW.to_owned(),
            trigger: EventName::API_RUN,
            delivery: format!("undo {run}"),
            task_id: execution.task_id.clone(),
            concurrency: Concurrency::Any,
            input,
        };
        Ok(self.start(request).await?)
    }

    async fn undo_input(
        &self,
        run: &str,
        project: Option<String>,
        actor: Option<Actor>,
    ) -> Result<ExecutionInput, UndoError> {
        let routes = self.table.routes(self.clock.now()).await?;
        let given: Map<String, Value> = [("run".to_owned(), json!(run))].into_iter().collect();
        let inputs = routes.check_inputs(UNDO_WORKFLOW, &given, &Map::new())?;
        Ok(ExecutionInput::new(inputs, project, actor).granted(Grant::Undo))
    }
}
