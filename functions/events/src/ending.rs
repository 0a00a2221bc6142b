//! Records the end of an execution and closes everything it left open.

use crate::reason::{reason, undo_receipt};
use domain::execution::{Outcome, UNDO_WORKFLOW};
use jiff::Timestamp;
use records::{ExecutionEnd, ExecutionView, FinishResult, RecordsError, StepEnd, StepStatus, Table};
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

/// Settles open reservations at their worst case, ends open steps and then the execution. Idempotent. If it succeeded, only what it was seen to
/// have open is closed: then no function is still at work. `effects_left` is as in [`Table::finish_known`]; `called` is what the code host calls a
/// pull request.
pub(crate) async fn end(
    table: &Table,
    view: &ExecutionView,
    ending: &Ending,
    effects_left: Option<bool>,
    called: &str,
) -> Result<FinishResult, RecordsError> {
    let execution = &view.execution;
    let name = execution.name.as_str();
    let outcome = Outcome::from_status(&ending.status, ending.error.as_deref());
    let may_open_more = may_open_more(outcome);
    if view.reserves || may_open_more {
        for cost in table.settle_open(name, ending.at).await? {
            tracing::warn!(execution = name, reservation = cost.id, "settled at its worst case");
        }
    }
    let undone =
        || undo_receipt(ending.output.as_ref(), called).filter(|_| execution.workflow == UNDO_WORKFLOW);
    let cause = reason(&ending.status, ending.error.as_deref(), ending.cause.as_deref(), called);
    let cause = cause.or_else(undone);
    if has_open_step(view) || may_open_more {
        let unfinished = StepEnd {
            status: StepStatus::Failed,
            error: ending.error.clone(),
            cause: Some("the execution ended before this step did".to_owned()),
            at: ending.at,
        };
        table.close_open_steps(name, &unfinished).await?;
    }
    let execution_end = ExecutionEnd {
        outcome,
        error: ending.error.clone(),
        cause,
        output: ending.output.clone(),
        at: ending.at,
    };
    table.finish_known(execution.clone(), &execution_end, effects_left, &view.at_work).await
}

/// Whether a function of an execution that ended so may still start steps, reserve money or ask questions, even after it was looked at: it
/// was stopped or came too late, or another branch failed.
pub(crate) fn may_open_more(outcome: Outcome) -> bool {
    outcome != Outcome::Succeeded
}

/// Whether [`end`] changes more of an execution than its own record.
pub(crate) fn leaves_open(view: &ExecutionView) -> bool {
    view.reserves || has_open_step(view)
}

fn has_open_step(view: &ExecutionView) -> bool {
    view.steps.iter().any(|step| step.status == StepStatus::Running)
}
