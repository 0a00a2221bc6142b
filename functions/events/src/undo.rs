//! The shipped `undo` workflow, run where a rollback was due and could not run.

use crate::ending::Ending;
use crate::handle::Events;
use domain::execution::ExecutionInput;
use domain::routes::Concurrency;
use domain::{ActionError, EventKind};
use records::{Begun, ExecutionRecord, NewExecution};
use serde_json::{Map, Value, json};

/// The workflow that takes a run's effects back.
const UNDO: &str = "undo";

impl Events {
    /// Starts `undo` for an execution whose own rollback did not take place: it failed, or the execution ended where no `Catch`
    /// is heard. A failure to start it is logged.
    pub(crate) async fn undo_where_due(&self, execution: &ExecutionRecord, ending: &Ending) {
        if execution.workflow == UNDO {
            return;
        }
        match self.undo(execution, ending).await {
            Ok(false) => {}
            Ok(true) => tracing::warn!(
                execution = execution.name,
                "its rollback could not run, so `undo` was started"
            ),
            Err(error) => {
                tracing::error!(execution = execution.name, %error, "its rollback could not run, nor `undo`")
            }
        }
    }

    async fn undo(&self, execution: &ExecutionRecord, ending: &Ending) -> Result<bool, ActionError> {
        let Some(run) = self.run_of(execution) else { return Ok(false) };
        let due = match (ending.status.as_str(), ending.error.as_deref()) {
            (_, Some("RollbackFailed")) => true,
            ("TIMED_OUT", _) | ("FAILED", Some("States.Runtime" | "States.DataLimitExceeded")) => {
                self.rolls_back(&run).await?
            }
            _ => false,
        };
        let left = |effect: &records::Effect| effect.inverse.is_some() && effect.undone_at.is_none();
        if !due || !self.table.effects_of(&run).await?.iter().any(left) {
            return Ok(false);
        }
        let now = self.clock.now();
        let routes = self.table.routes(now).await?;
        let given = Map::from_iter([("run".to_owned(), json!(run))]);
        let inputs = routes
            .check_inputs(UNDO, &given, &Map::new())
            .map_err(|error| ActionError::rejected(error.to_string()))?;
        let delivery = format!("undo {run}");
        let input = ExecutionInput::new(inputs, execution.project.clone(), execution.actor.clone());
        let task_id = execution.task_id.clone();
        let new = NewExecution::new(EventKind::ApiRun, delivery, UNDO.to_owned(), task_id, input, now);
        if let Begun::Begun(record) = self.table.begin(&new, Concurrency::Any).await? {
            let arn = self.start_state_machine(&record).await?;
            self.table.mark_started(&record.name, &arn, now).await?;
            return Ok(true);
        }
        Ok(false)
    }

    fn run_of(&self, execution: &ExecutionRecord) -> Option<String> {
        let parent = execution.input.parent.as_ref().map(|parent| parent.run.clone());
        parent.or_else(|| execution.arn.clone())
    }

    /// Whether the execution's state machine has a rollback at all.
    async fn rolls_back(&self, arn: &str) -> Result<bool, ActionError> {
        let machine = self
            .step_functions
            .describe_state_machine_for_execution()
            .execution_arn(arn)
            .send()
            .await
            .map_err(|error| {
                ActionError::unavailable(format!("the state machine cannot be read: {error}"))
            })?;
        let definition: Value = serde_json::from_str(&machine.definition).unwrap_or_default();
        Ok(definition["States"]["Rollback"].is_object())
    }
}
