//! Starting an execution: recorded first, then its state machine. What was recorded is never lost: the sweeper starts what is
//! still pending.

use crate::answer::Outcome;
use crate::route::Planned;
use aws_sdk_sfn::Client;
use aws_sdk_sfn::error::ProvideErrorMetadata;
use domain::routes::Concurrency;
use jiff::Timestamp;
use records::{Begun, ExecutionRecord, NewExecution, RecordsError, Table};
use tracing::Instrument;

/// Records executions and starts them.
#[derive(Debug)]
pub(crate) struct Starter {
    table: Table,
    step_functions: Client,
    state_machine_arn_prefix: String,
}

impl Starter {
    pub(crate) fn new(table: Table, step_functions: Client, state_machine_arn_prefix: String) -> Self {
        Self { table, step_functions, state_machine_arn_prefix }
    }

    /// Records the execution and starts it, once however often the same delivery arrives. Only a failed record is an error:
    /// it is what the sender's next attempt can mend.
    pub(crate) async fn start(&self, planned: Planned, now: Timestamp) -> Result<Outcome, RecordsError> {
        let Planned { workflow, kind, delivery, task_id, concurrency, input } = planned;
        let new = NewExecution::new(kind, delivery, workflow, task_id, input, now);
        let span = tracing::info_span!("start", execution = new.name, workflow = new.workflow);
        self.begin(new, concurrency, now).instrument(span).await
    }

    async fn begin(
        &self,
        new: NewExecution,
        concurrency: Concurrency,
        now: Timestamp,
    ) -> Result<Outcome, RecordsError> {
        let record = match self.table.begin(&new, concurrency).await? {
            Begun::Begun(record) => *record,
            Begun::Duplicate(record) => return Ok(Outcome::Duplicate { execution: record.name }),
            Begun::AlreadyAtWork { execution } => return Ok(Outcome::AlreadyAtWork { execution }),
        };
        let started = self.start_state_machine(&record, now).await;
        let (workflow, execution) = (record.workflow, record.name);
        match started {
            Ok(()) => Ok(Outcome::Started { workflow, execution }),
            Err(error) => {
                tracing::error!(%error, "the state machine was not started");
                Ok(Outcome::Pending { workflow, execution })
            }
        }
    }

    async fn start_state_machine(&self, record: &ExecutionRecord, now: Timestamp) -> Result<(), String> {
        let input = serde_json::to_string(&record.input).map_err(|error| error.to_string())?;
        let answer = self
            .step_functions
            .start_execution()
            .state_machine_arn(format!("{}{}", self.state_machine_arn_prefix, record.workflow))
            .name(&record.name)
            .input(input)
            .send()
            .await;
        let arn = match answer {
            Ok(started) => started.execution_arn,
            // Started before, by somebody who did not get as far as writing it down: the sweeper does.
            Err(error) if error.code() == Some("ExecutionAlreadyExists") => return Ok(()),
            Err(error) => {
                let code = error.code().unwrap_or("no answer in time");
                return Err(format!("{code}: {}", error.message().unwrap_or_default()));
            }
        };
        if let Err(error) = self.table.mark_started(&record.name, &arn, now).await {
            tracing::warn!(%error, "the start could not be written down yet");
        }
        Ok(())
    }
}
