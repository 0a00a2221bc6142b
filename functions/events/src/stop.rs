//! Stops an execution at a person's request.

use crate::ending::Ending;
use crate::handle::Events;
use aws_sdk_sfn::error::ProvideErrorMetadata;
use domain::ActionError;
use records::ExecutionRecord;

/// The error with which a stopped execution ends.
const STOPPED: &str = "Stopped";

impl Events {
    /// Stops an open execution if its record has a stop request. Its external effects stay; `undo` takes them back.
    ///
    /// # Errors
    /// When the records or Step Functions do not answer.
    pub(crate) async fn stop_where_asked(&self, name: &str) -> Result<(), ActionError> {
        match self.table.execution(name).await? {
            Some(execution) => self.stop_as_asked(&execution).await,
            None => Ok(()),
        }
    }

    /// The same, of an execution as it was read.
    ///
    /// # Errors
    /// As [`Events::stop_where_asked`].
    pub(crate) async fn stop_as_asked(&self, execution: &ExecutionRecord) -> Result<(), ActionError> {
        let name = &execution.name;
        let by = execution.stop_requested_by.clone();
        let Some(by) = by.filter(|_| !execution.outcome.is_final()) else {
            return Ok(());
        };
        let Some(arn) = execution.arn.clone() else { return self.stop_in_line(execution, &by).await };
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

    /// Ends an execution that waits in line. One that is about to start is stopped after its start is recorded.
    async fn stop_in_line(&self, execution: &ExecutionRecord, by: &str) -> Result<(), ActionError> {
        if !self.table.give_up_place(execution).await? {
            return Ok(());
        }
        let ending = Ending {
            status: "ABORTED".to_owned(),
            error: Some(STOPPED.to_owned()),
            cause: Some(format!("{by} stopped it.")),
            output: None,
            at: self.clock.now(),
        };
        self.close(&execution.name, &ending).await?;
        self.feedback.refresh(&execution.name, None).await.map(drop)
    }
}
