//! Runs the shipped `undo` workflow if a rollback was due but could not run, and records which effects of executions are left.

use crate::ending::Ending;
use crate::handle::Events;
use crate::look::Look;
use control::{StartResult, UndoError};
use domain::ActionError;
use domain::execution::{Outcome, UNDO_WORKFLOW, execution_of};
use records::{EffectRecord, ExecutionRecord};
use serde_json::Value;

impl Events {
    /// Starts `undo` for an execution whose own rollback failed, which ended in a way that `Catch` cannot handle, or which people chose to
    /// have taken back when a limit stopped it. A failure to start it is logged.
    pub(crate) async fn undo_where_due(&self, execution: &ExecutionRecord, ending: &Ending) {
        if execution.workflow == UNDO_WORKFLOW {
            return;
        }
        match self.undo(execution, ending).await {
            Ok(false) => {}
            Ok(true) => tracing::warn!(
                execution = execution.name,
                "its rollback could not run, or people wanted it taken back, so `undo` was started"
            ),
            Err(error) => {
                tracing::error!(execution = execution.name, %error, "neither its rollback nor `undo` could run")
            }
        }
    }

    async fn undo(&self, execution: &ExecutionRecord, ending: &Ending) -> Result<bool, ActionError> {
        let (Some(run), Some(arn)) = (execution.run(), &execution.arn) else { return Ok(false) };
        let due = match (ending.status.as_str(), ending.error.as_deref()) {
            (_, Some("RollbackFailed")) => true,
            ("TIMED_OUT", _) | ("FAILED", Some("States.Runtime" | "States.DataLimitExceeded")) => {
                rolls_back(&self.definition(arn).await?)
            }
            ("FAILED", Some("States.QueryEvaluationError")) => {
                let definition = self.definition(arn).await?;
                rolls_back(&definition) && was_in_a_state_without_catch(&definition, ending.cause.as_deref())
            }
            ("ABORTED", _) => self.is_to_be_taken_back(&execution.name).await?,
            _ => false,
        };
        if !due {
            return Ok(false);
        }
        // A function that still acts may leave an effect; the undo waits for it.
        let now = self.clock.now();
        let may_leave = |effect: &EffectRecord| effect.is_left() || effect.is_leased(now);
        if !self.table.journal_of(run).await?.iter().any(may_leave) {
            return Ok(false);
        }
        match self.control.undo_run(run, execution).await {
            Ok(StartResult::Started { .. } | StartResult::Pending { .. } | StartResult::InLine { .. }) => {
                self.forget_choices(&execution.name).await?;
                Ok(true)
            }
            Ok(StartResult::Duplicate { .. } | StartResult::AlreadyAtWork { .. }) => Ok(false),
            Err(UndoError::Inputs(invalid)) => Err(ActionError::rejected(invalid.to_string())),
            Err(UndoError::Records(error)) => Err(error.into()),
        }
    }

    /// Records the effects left by an ended execution; after an undo, those left by the execution that it took back, which then
    /// says so where people look. For an execution that is a whole run, it returns whether any are left, to be recorded with its end.
    /// As long as a function may still act and nothing else is left, this is unknown and not recorded.
    ///
    /// # Errors
    /// When the table does not answer.
    pub(crate) async fn note_what_is_left(
        &self,
        look: &Look,
        outcome: Outcome,
    ) -> Result<Option<bool>, ActionError> {
        let execution = &look.view.execution;
        if execution.workflow != UNDO_WORKFLOW {
            if execution.run().is_none() {
                return Ok(None);
            }
            let journal = look.journal(&self.table).await?;
            let left = journal.iter().any(EffectRecord::is_left);
            // Nobody can undo what is recorded to have left nothing.
            if !left && journal.iter().any(|effect| effect.is_leased(look.at)) {
                return Ok(None);
            }
            if execution.is_whole_run() {
                return Ok(Some(left));
            }
            for one in self.table.executions_of_run(execution).await? {
                self.table.note_effects_left(&one.name, left).await?;
            }
            return Ok(None);
        }
        let Some(named) = execution.input.inputs.get("run").and_then(Value::as_str) else { return Ok(None) };
        let Some(record) = self.table.execution(execution_of(named)).await? else { return Ok(None) };
        let Some(run) = record.run() else { return Ok(None) };
        let left = self.leaves_effects(run).await?;
        // Executions that continue each other have one journal, so all were taken back.
        for undone in self.table.executions_of_run(&record).await? {
            self.table.note_effects_left(&undone.name, left).await?;
            if outcome == Outcome::Succeeded {
                self.table.note_undone(&undone.name, &execution.name).await?;
            }
            self.refresh_logged(&undone.name, None).await;
        }
        Ok(None)
    }

    async fn leaves_effects(&self, run: &str) -> Result<bool, ActionError> {
        Ok(self.table.journal_of(run).await?.iter().any(EffectRecord::is_left))
    }

    /// The state machine as it was when the execution began.
    async fn definition(&self, arn: &str) -> Result<Value, ActionError> {
        let machine = self
            .step_functions
            .describe_state_machine_for_execution()
            .execution_arn(arn)
            .send()
            .await
            .map_err(|error| {
                ActionError::unavailable(format!("the state machine cannot be read: {error}"))
            })?;
        Ok(serde_json::from_str(&machine.definition).unwrap_or_default())
    }
}

/// Whether a state machine has a rollback at all.
fn rolls_back(definition: &Value) -> bool {
    definition["States"]["Rollback"].is_object()
}

/// Whether the cause names a state that calls nothing, such as a condition: its errors cannot be caught, so nobody decided against a rollback.
/// [Step Functions](https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html) catches errors of the other types.
fn was_in_a_state_without_catch(definition: &Value, cause: Option<&str>) -> bool {
    let named = cause.and_then(|cause| cause.strip_prefix("An error occurred while executing the state '"));
    let Some((state, _)) = named.and_then(|named| named.split_once("' (entered at the event id #")) else {
        return false;
    };
    let kind = definition["States"][state]["Type"].as_str();
    kind.is_some_and(|kind| !["Task", "Parallel", "Map"].contains(&kind))
}
