//! Records the end of an execution and closes everything it left open.

use crate::reason::{reason, undo_receipt};
use domain::ActionError;
use domain::execution::{Outcome, UNDO_WORKFLOW};
use jiff::Timestamp;
use records::{ExecutionEnd, FinishResult, RecordsError, StepEnd, StepStatus, Table};
use serde_json::Value;

/// An execution's end, as Step Functions reports it.
#[derive(Debug, Clone)]
pub(crate) struct Ending {
    pub(crate) status: String,
    pub(crate) error: Option<String>,
    pub(crate) cause: Option<String>,
    pub(crate) output: Option<Value>,
    pub(crate) at: Timestamp,
}

/// Settles open reservations at their worst case, ends open steps and then the execution. Idempotent. `None` if there is no
/// such execution.
pub(crate) async fn end(
    table: &Table,
    name: &str,
    ending: &Ending,
) -> Result<Option<FinishResult>, ActionError> {
    let Some(execution) = table.execution(name).await? else { return Ok(None) };
    let outcome = Outcome::from_status(&ending.status, ending.error.as_deref());
    for cost in table.settle_open(name, ending.at).await? {
        tracing::warn!(execution = name, reservation = cost.id, "settled at its worst case");
    }
    let undone = || undo_receipt(ending.output.as_ref()).filter(|_| execution.workflow == UNDO_WORKFLOW);
    let cause = reason(&ending.status, ending.error.as_deref(), ending.cause.as_deref()).or_else(undone);
    let unfinished = StepEnd {
        status: StepStatus::Failed,
        error: ending.error.clone(),
        cause: Some("the execution ended before this step did".to_owned()),
        at: ending.at,
    };
    table.close_open_steps(name, &unfinished).await?;
    let execution_end = ExecutionEnd {
        outcome,
        error: ending.error.clone(),
        cause,
        output: ending.output.clone(),
        at: ending.at,
    };
    match table.finish(name, &execution_end).await {
        Ok(finished) => Ok(Some(finished)),
        Err(RecordsError::Missing(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
