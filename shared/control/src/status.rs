//! How executions are doing.

use crate::control::Control;
use records::{ExecutionRecord, ExecutionView, RecordsError};

impl Control {
    /// The newest executions, at most `limit` (up to [`records::LIST_LIMIT`]): of one ticket by its canonical name, or of all.
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

    /// One execution by its name, with its steps and costs; `None` when there is none.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn execution(&self, name: &str) -> Result<Option<ExecutionView>, RecordsError> {
        self.table.execution_view(name).await
    }

    /// The execution at work on a ticket.
    pub(crate) async fn open_execution(
        &self,
        task_id: &str,
    ) -> Result<Option<ExecutionRecord>, RecordsError> {
        let Some(task) = self.table.task(task_id).await? else { return Ok(None) };
        let Some(name) = task.open_execution else { return Ok(None) };
        self.table.execution(&name).await
    }
}
