//! Starting, describing and ending executions.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::oneshot;

use crate::arn;
use crate::driver::Message;
use crate::engine::{Engine, Inner};
use crate::error::EngineError;
use crate::execution::{Answer, Claim, ExecutionState, Failure, Obstacle, Rejection, Seed};
use crate::limits::PAYLOAD_BYTES;
use crate::log::{ExecutionRow, LogError, NewExecution, Parent, Started};
use crate::state_machines::Target;
use crate::status_change::StatusChange;

/// What to start.
#[derive(Clone, Debug, Default)]
pub(crate) struct Start {
    pub(crate) state_machine_arn: String,
    /// Default: a random UUID.
    pub(crate) name: Option<String>,
    /// JSON text. Default: `{}`.
    pub(crate) input: Option<String>,
    pub(crate) parent: Option<Parent>,
}

/// The state of an execution, as `DescribeExecution` returns it.
#[derive(Clone, Debug, PartialEq)]
pub struct ExecutionDescription {
    /// The execution.
    pub execution_arn: String,
    /// One of `RUNNING`, `SUCCEEDED`, `FAILED`, `TIMED_OUT` and `ABORTED`.
    pub status: String,
    /// When it was started.
    pub started: Timestamp,
    /// When it ended.
    pub stopped: Option<Timestamp>,
    /// The input, as JSON text.
    pub input: String,
    /// The output, as JSON text, if it succeeded.
    pub output: Option<String>,
    /// The name of the error it failed with.
    pub error: Option<String>,
    /// The failure, if there was one.
    pub cause: Option<String>,
}

impl Engine {
    /// Starts an execution of the state machine, version or alias `state_machine_arn` and gives its ARN. Without `name` it gets a random
    /// one. A repeated start with the same name and input, while the execution runs, returns the same ARN.
    ///
    /// # Errors
    /// [`EngineError::StateMachineDoesNotExist`], [`EngineError::StateMachineDeleting`],
    /// [`EngineError::ExecutionAlreadyExists`], [`EngineError::ExecutionLimitExceeded`],
    /// [`EngineError::InvalidName`], [`EngineError::InvalidExecutionInput`] above 262,144 bytes of JSON, and
    /// [`EngineError::Log`].
    pub async fn start_execution(
        &self,
        state_machine_arn: &str,
        name: Option<&str>,
        input: &Value,
    ) -> Result<String, EngineError> {
        let start = Start {
            state_machine_arn: state_machine_arn.to_owned(),
            name: name.map(str::to_owned),
            input: Some(input.to_string()),
            parent: None,
        };
        Ok(self.inner.start(start).await?.arn)
    }

    /// Lets the failed, aborted or timed out execution `execution_arn` go on where it failed or was stopped. What
    /// succeeded is not done again, also inside a Parallel or Map; retries start over, and so does the machine's time
    /// limit. See <https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html>.
    ///
    /// # Errors
    /// [`EngineError::InvalidArn`], [`EngineError::ExecutionDoesNotExist`], [`EngineError::ExecutionNotRedrivable`] and
    /// [`EngineError::Log`].
    pub async fn redrive_execution(&self, execution_arn: &str) -> Result<(), EngineError> {
        self.inner.redrive(execution_arn, None).await.map(drop)
    }

    /// The state of an execution.
    ///
    /// # Errors
    /// [`EngineError::InvalidArn`], [`EngineError::ExecutionDoesNotExist`] and [`EngineError::Log`].
    pub async fn describe_execution(&self, execution_arn: &str) -> Result<ExecutionDescription, EngineError> {
        let row = self.inner.execution(execution_arn).await?;
        Ok(ExecutionDescription {
            execution_arn: row.arn,
            status: row.status,
            started: row.started,
            stopped: row.stopped,
            input: row.input,
            output: row.output,
            error: row.error,
            cause: row.cause,
        })
    }

    /// Hands back a task token with the task's result.
    ///
    /// # Errors
    /// [`EngineError::InvalidToken`], [`EngineError::TaskTimedOut`] when the task is over,
    /// [`EngineError::TaskDoesNotExist`] when its execution is forgotten, [`EngineError::InvalidOutput`] above 262,144 bytes of JSON, and [`EngineError::Log`].
    pub async fn send_task_success(&self, task_token: &str, output: &Value) -> Result<(), EngineError> {
        self.inner.answer_token(task_token, success(&output.to_string())?).await
    }

    /// Hands back a task token with an error name and a cause.
    ///
    /// # Errors
    /// [`EngineError::InvalidToken`], [`EngineError::TaskTimedOut`] when the task is over, and [`EngineError::Log`].
    pub async fn send_task_failure(
        &self,
        task_token: &str,
        error: &str,
        cause: &str,
    ) -> Result<(), EngineError> {
        self.inner.answer_token(task_token, Answer::Failure(Failure::new(error, cause))).await
    }
}

/// The answer that hands back `output`, a JSON text.
pub(crate) fn success(output: &str) -> Result<Answer, EngineError> {
    json_within_quota(output).map(Answer::Success).map_err(EngineError::InvalidOutput)
}

fn json_within_quota(text: &str) -> Result<Value, String> {
    if text.len() > PAYLOAD_BYTES {
        return Err(format!("the text has {} bytes, and at most {PAYLOAD_BYTES} are allowed", text.len()));
    }
    serde_json::from_str(text).map_err(|error| format!("the text is not JSON: {error}"))
}

impl Inner {
    /// Starts an execution, durably, and lets it advance.
    pub(crate) async fn start(self: &Arc<Self>, start: Start) -> Result<ExecutionRow, EngineError> {
        loop {
            let new = self.new_execution(start.clone()).await?;
            let engine = Arc::clone(self);
            // The caller may disconnect at any moment; the logged execution must advance anyway.
            let begun = tokio::spawn(async move { engine.begin(new).await });
            // Without one, the state machine has another revision by now.
            if let Some(row) = begun.await.map_err(|_| LogError::Closed)?? {
                return Ok(row);
            }
        }
    }

    /// The execution to start, if it may be.
    async fn new_execution(&self, start: Start) -> Result<NewExecution, EngineError> {
        let Start { state_machine_arn, name, input, parent } = start;
        let Target { machine, revision, qualifiers } = self.target(&state_machine_arn).await?;
        if machine.deleting {
            return Err(EngineError::StateMachineDeleting(machine.arn));
        }
        let name = name.unwrap_or_else(|| uuid::Uuid::new_v4().to_string());
        if !arn::is_legal_name(&name) {
            return Err(EngineError::InvalidName(name));
        }
        let input = input.unwrap_or_else(|| "{}".to_owned());
        let value = json_within_quota(&input).map_err(EngineError::InvalidExecutionInput)?;
        // A definition that an older version accepted must fail here, and not inside a started execution.
        self.program_of(&revision)?;
        Ok(NewExecution {
            arn: self.place.execution(&machine.name, &name),
            name,
            state_machine_arn: machine.arn,
            qualifiers,
            revision: revision.id,
            input,
            seed: Seed(rand::random()),
            parent,
            start: ExecutionState::start(value, self.now()),
        })
    }

    /// Starts an execution, or finds it; `None` if its revision is forgotten.
    async fn begin(self: &Arc<Self>, new: NewExecution) -> Result<Option<ExecutionRow>, EngineError> {
        let execution_arn = new.arn.clone();
        match self.log.start_execution(new, self.most_running).await? {
            Started::New(row) => {
                self.announce(&row);
                self.wake(row.key);
                Ok(Some(row))
            }
            Started::Same(row) => Ok(Some(row)),
            Started::Superseded => Ok(None),
            Started::Taken => Err(EngineError::ExecutionAlreadyExists(execution_arn)),
            Started::TooMany => Err(EngineError::ExecutionLimitExceeded(self.most_running)),
        }
    }

    /// The execution with this ARN.
    pub(crate) async fn execution(&self, execution_arn: &str) -> Result<ExecutionRow, EngineError> {
        if !arn::is_execution(execution_arn) {
            return Err(EngineError::InvalidArn(execution_arn.to_owned()));
        }
        let row = self.log.execution(execution_arn.to_owned()).await?;
        row.ok_or_else(|| EngineError::ExecutionDoesNotExist(execution_arn.to_owned()))
    }

    /// Stops an execution and returns when it ended. One that has already ended is left unchanged.
    pub(crate) async fn stop(
        self: &Arc<Self>,
        execution_arn: &str,
        failure: Failure,
    ) -> Result<Timestamp, EngineError> {
        let row = self.execution(execution_arn).await?;
        if let Some(stopped) = row.stopped {
            return Ok(stopped);
        }
        let (reply, answer) = oneshot::channel();
        self.deliver(row.key, Message::Stop { failure, reply: Some(reply) });
        Ok(answer.await.map_err(|_| LogError::Closed)?)
    }

    /// Lets an execution that did not succeed go on where it failed or was stopped, and returns when it did so first with
    /// this `client_token`.
    pub(crate) async fn redrive(
        self: &Arc<Self>,
        execution_arn: &str,
        client_token: Option<String>,
    ) -> Result<Timestamp, EngineError> {
        let row = self.execution(execution_arn).await?;
        let refused = |obstacle: Obstacle| {
            EngineError::ExecutionNotRedrivable(execution_arn.to_owned(), obstacle.to_string())
        };
        if self.is_going(&row.state_machine_arn).await? {
            return Err(refused(Obstacle::Deleting));
        }
        let (reply, answer) = oneshot::channel();
        self.deliver(row.key, Message::Redrive { client_token, reply });
        answer.await.map_err(|_| LogError::Closed)?.map_err(refused)
    }

    /// Why an execution cannot be redriven now, if it cannot.
    pub(crate) async fn obstacle(&self, row: &ExecutionRow) -> Result<Option<Obstacle>, EngineError> {
        if self.is_going(&row.state_machine_arn).await? {
            return Ok(Some(Obstacle::Deleting));
        }
        let events = self.log.last_event(row.key).await?;
        Ok(Obstacle::find(&row.status, events, row.started, row.stopped, self.now()))
    }

    /// Whether a state machine is deleted or about to be.
    async fn is_going(&self, state_machine_arn: &str) -> Result<bool, EngineError> {
        let machine = self.log.state_machine(state_machine_arn.to_owned()).await?;
        Ok(machine.is_none_or(|machine| machine.deleting))
    }

    /// Hands back a task token.
    pub(crate) async fn answer_token(
        self: &Arc<Self>,
        token: &str,
        answer: Answer,
    ) -> Result<(), EngineError> {
        let invalid = || EngineError::InvalidToken("the task token was never issued".to_owned());
        let claim = Claim::parse(token).ok_or_else(invalid)?;
        if self.log.execution_by_key(claim.key).await?.is_none() {
            return Err(EngineError::TaskDoesNotExist);
        }
        let (reply, result) = oneshot::channel();
        self.deliver(claim.key, Message::Token { claim, answer, reply });
        match result.await.map_err(|_| LogError::Closed)? {
            Ok(()) => Ok(()),
            Err(Rejection::Invalid) => Err(invalid()),
            Err(Rejection::TaskOver) => Err(EngineError::TaskTimedOut),
        }
    }

    /// Publishes the status of an execution.
    pub(crate) fn announce(&self, row: &ExecutionRow) {
        let mut id = [0; 16];
        id.copy_from_slice(&row.seed.derive(&row.status, row.redrives)[..16]);
        let id = uuid::Builder::from_random_bytes(id).into_uuid();
        // Without subscribers there is nothing to send.
        let _ = self.changes.send(StatusChange::of(row, id, &self.place.region, &self.place.account));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{FunctionError, Invoke, Settings, SystemClock};

    /// Is never called.
    struct NoFunctions;

    #[async_trait::async_trait]
    impl Invoke for NoFunctions {
        async fn invoke(&self, function: &str, _: Value) -> Result<Value, FunctionError> {
            Err(FunctionError::not_found(function))
        }
    }

    #[tokio::test]
    async fn what_is_forgotten_while_an_execution_starts_is_not_started() {
        let engine =
            Engine::in_memory(Arc::new(SystemClock), Arc::new(NoFunctions), Settings::default()).unwrap();
        let definition = |end: &str| {
            json!({"QueryLanguage": "JSONata", "StartAt": end, "States": { end: { "Type": "Succeed" } }})
                .to_string()
        };
        let arn = engine.put_state_machine("short", &definition("Old")).await.unwrap();
        let start = Start { state_machine_arn: arn, ..Start::default() };
        let old = engine.inner.new_execution(start.clone()).await.unwrap();
        engine.put_state_machine("short", &definition("New")).await.unwrap();
        engine.forget_old().await.unwrap();
        assert!(engine.inner.begin(old.clone()).await.unwrap().is_none());
        let row = engine.inner.start(start).await.unwrap();
        assert_ne!(row.revision, old.revision);
    }
}
