//! Lists and shows executions.

use crate::control::Control;
use records::{ExecutionRecord, ExecutionView, RecordsError};

impl Control {
    /// The newest executions of a ticket, by its canonical name, or of all; at most `limit` (up to [`records::LIST_LIMIT`]).
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn executions(
        &self,
        task_id: Option<&str>,
        limit: usize,
    ) -> Result<Vec<ExecutionRecord>, RecordsError> {
        match task_id {
            Some(task_id) => self.table.executions_of_task(task_id, None, limit).await,
            None => self.table.recent_executions(self.clock.now(), limit).await,
        }
    }

    /// The execution with this name, with its steps and costs, if it exists.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn execution(&self, name: &str) -> Result<Option<ExecutionView>, RecordsError> {
        self.table.execution_view(name).await
    }

    /// The open execution on a ticket.
    pub(crate) async fn open_execution(
        &self,
        task_id: &str,
    ) -> Result<Option<ExecutionRecord>, RecordsError> {
        let Some(task) = self.table.task(task_id).await? else { return Ok(None) };
        let Some(name) = task.open_execution else { return Ok(None) };
        self.table.execution(&name).await
    }
}
