//! Starts an execution: records it, then starts its state machine. A recorded execution is never lost: the sweeper starts pending
//! ones.

use crate::control::Control;
use crate::plan::StartRequest;
use aws_sdk_sfn::error::ProvideErrorMetadata;
use domain::routes::Concurrency;
use records::{BeginResult, ExecutionRecord, NewExecution, RecordsError};
use tracing::Instrument;

/// The result of a request to start an execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StartResult {
    /// Its state machine was started.
    Started {
        /// The workflow's name.
        workflow: String,
        /// The execution's name.
        execution: String,
    },
    /// It is recorded, but its state machine could not be started yet; the sweeper will start it.
    Pending {
        /// The workflow's name.
        workflow: String,
        /// The execution's name.
        execution: String,
        /// Why it could not be started.
        reason: String,
    },
    /// It is recorded, and starts when others that are at work have ended.
    InLine {
        /// The workflow's name.
        workflow: String,
        /// The execution's name.
        execution: String,
        /// How many wait before it: at most one more than [`records::MOST_COUNTED`], however many do. [`crate::ahead`] says it in words.
        before: usize,
    },
    /// The same delivery already started this execution.
    Duplicate {
        /// The execution's name.
        execution: String,
    },
    /// Another execution is at work on the ticket; nothing was started.
    AlreadyAtWork {
        /// The other execution's name.
        execution: String,
    },
}

/// A state machine that was not started.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{state_machine}` was not started: {reason}")]
pub struct StartError {
    /// The state machine's ARN.
    pub state_machine: String,
    /// Step Functions' message, or that it did not answer.
    pub reason: String,
}

impl Control {
    /// Records an execution and starts its state machine, exactly once per delivery. After it is recorded, a failure to start it is
    /// [`StartResult::Pending`] rather than an error.
    ///
    /// # Errors
    /// [`RecordsError`] when it cannot be recorded; the request may be repeated.
    pub async fn start(&self, request: StartRequest) -> Result<StartResult, RecordsError> {
        let (new, concurrency) = self.new_execution(request);
        self.start_new(&new, concurrency).await
    }

    /// Like [`Control::start`]. A redrive of an execution that can no longer be continued is [`StartResult::AlreadyAtWork`].
    ///
    /// # Errors
    /// As [`Control::start`].
    pub(crate) async fn start_new(
        &self,
        new: &NewExecution,
        concurrency: Concurrency,
    ) -> Result<StartResult, RecordsError> {
        let span = tracing::info_span!("start", execution = new.name, workflow = new.workflow);
        let begin_and_start = async {
            let record = match self.begin(new, concurrency).await? {
                Ok(record) => record,
                Err(result) => return Ok(result),
            };
            if let Err(before) = self.take_place(&record).await? {
                let (workflow, execution) = (record.workflow, record.name);
                return Ok(StartResult::InLine { workflow, execution, before });
            }
            let started = self.start_recorded(&record).await;
            let (workflow, execution) = (record.workflow, record.name);
            Ok(match started {
                Ok(()) => StartResult::Started { workflow, execution },
                Err(error) => {
                    tracing::error!(%error, "the state machine was not started");
                    StartResult::Pending { workflow, execution, reason: error.to_string() }
                }
            })
        };
        begin_and_start.instrument(span).await
    }

    /// Records an execution, exactly once per delivery, for `events` to start: its event needs something from a provider first.
    ///
    /// # Errors
    /// As [`Control::start`].
    pub async fn record(&self, request: StartRequest) -> Result<StartResult, RecordsError> {
        let (new, concurrency) = self.new_execution(request);
        Ok(match self.begin(&new, concurrency).await? {
            Ok(ExecutionRecord { name: execution, workflow, .. }) => {
                let reason = "its event is completed first".to_owned();
                StartResult::Pending { workflow, execution, reason }
            }
            Err(result) => result,
        })
    }

    pub(crate) fn new_execution(&self, request: StartRequest) -> (NewExecution, Concurrency) {
        let StartRequest { workflow, trigger, delivery, task_id, concurrency, input } = request;
        let new = NewExecution::new(trigger, delivery, workflow, task_id, input, self.clock.now());
        (new, concurrency)
    }

    async fn begin(
        &self,
        new: &NewExecution,
        concurrency: Concurrency,
    ) -> Result<Result<ExecutionRecord, StartResult>, RecordsError> {
        Ok(match self.table.begin(new, concurrency).await? {
            BeginResult::Begun(record) => Ok(*record),
            BeginResult::Duplicate(record) => Err(StartResult::Duplicate { execution: record.name }),
            BeginResult::AlreadyAtWork { execution } => Err(StartResult::AlreadyAtWork { execution }),
            BeginResult::NotContinued(record) => {
                let execution = record.continued_by.unwrap_or(record.name);
                Err(StartResult::AlreadyAtWork { execution })
            }
        })
    }

    /// Starts the state machine of an execution that is recorded as pending, with its recorded input. Does not start it again if it
    /// was already started.
    ///
    /// # Errors
    /// [`StartError`] when Step Functions does not answer or refuses.
    pub async fn start_recorded(&self, execution: &ExecutionRecord) -> Result<(), StartError> {
        let state_machine = self.state_machine_arn(&execution.workflow);
        let failed = |reason| StartError { state_machine: state_machine.clone(), reason };
        self.audit_start(execution)
            .await
            .map_err(|error| failed(format!("it is not in the audit: {error}")))?;
        let input = serde_json::to_string(&execution.input)
            .map_err(|error| failed(format!("the input cannot be serialized: {error}")))?;
        let answer = self
            .step_functions
            .start_execution()
            .state_machine_arn(&state_machine)
            .name(&execution.name)
            .input(input)
            .send()
            .await;
        let arn = match answer {
            Ok(started) => started.execution_arn,
            // Started earlier, but the start was not recorded.
            Err(error) if error.code() == Some("ExecutionAlreadyExists") => self.execution_arn(execution),
            Err(error) => {
                let code = error.code().unwrap_or("timed out");
                let said = error.message().unwrap_or_default();
                return Err(failed(format!("{code}: {said}")));
            }
        };
        if let Err(error) = self.table.mark_started(&execution.name, &arn, self.clock.now()).await {
            tracing::warn!(execution = execution.name, %error, "the start is not recorded yet; the sweeper records it");
        }
        Ok(())
    }

    /// The ARN that an execution has after it starts.
    pub fn execution_arn(&self, execution: &ExecutionRecord) -> String {
        let state_machine = self.state_machine_arn(&execution.workflow);
        format!("{}:{}", state_machine.replacen(":stateMachine:", ":execution:", 1), execution.name)
    }

    fn state_machine_arn(&self, workflow: &str) -> String {
        format!("{}{workflow}", self.state_machine_arn_prefix)
    }
}
