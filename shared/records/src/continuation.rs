//! Executions that continue each other: a redrive performs the rest of a run whose execution failed or was stopped.
//!
//! Each execution names its successor, so that the newest of a run is found from any of them. Only one can follow another.

use crate::error::RecordsError;
use crate::execution_record::ExecutionRecord;
use crate::table::Table;
use jiff::SignedDuration;

/// How long after a run began it can be continued. A redrive may last a year, as any execution, and must find all that was done before:
/// the journal is kept for 400 days.
pub const CONTINUED_WITHIN: SignedDuration = SignedDuration::from_hours(24 * 30);

impl Table {
    /// The executions that continue each other in one run, from the one with this name to the newest. Empty if there is no such
    /// execution.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn continued(&self, name: &str) -> Result<Vec<ExecutionRecord>, RecordsError> {
        let mut executions: Vec<ExecutionRecord> = Vec::new();
        let mut next = Some(name.to_owned());
        while let Some(name) = next {
            let execution = self.execution(&name).await?;
            next = execution.as_ref().and_then(|execution| execution.continued_by.clone());
            executions.extend(execution);
        }
        Ok(executions)
    }

    /// Every execution of the run that an execution belongs to, oldest first.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn executions_of_run(
        &self,
        execution: &ExecutionRecord,
    ) -> Result<Vec<ExecutionRecord>, RecordsError> {
        self.continued(execution.began_as()).await
    }
}
