//! Stops an execution at a person's request.

use crate::handle::Events;
use aws_sdk_sfn::error::ProvideErrorMetadata;
use domain::ActionError;

/// The error with which a stopped execution ends.
const STOPPED: &str = "Stopped";

impl Events {
    /// Stops an open execution if its record has a stop request. Its external effects stay; `undo` takes them back.
    ///
    /// # Errors
    /// When the records or Step Functions do not answer.
    pub(crate) async fn stop_where_asked(&self, name: &str) -> Result<(), ActionError> {
        let Some(execution) = self.table.execution(name).await? else { return Ok(()) };
        let Some(by) = execution.stop_requested_by.filter(|_| !execution.outcome.is_final()) else {
            return Ok(());
        };
        // A pending one is stopped after its start is recorded.
        let Some(arn) = execution.arn else { return Ok(()) };
        let stopped = self
            .step_functions
            .stop_execution()
            .execution_arn(arn)
            .error(STOPPED)
            .cause(format!("{by} stopped it."))
            .send()
            .await;
        match stopped {
            Ok(_) => {
                tracing::info!(execution = name, by, "stopped at a person's request");
                Ok(())
            }
            Err(error) if error.code() == Some("ExecutionDoesNotExist") => Ok(()),
            Err(error) => {
                let said = error.message().unwrap_or("timed out");
                Err(ActionError::unavailable(format!("the execution was not stopped: {said}")))
            }
        }
    }
}
