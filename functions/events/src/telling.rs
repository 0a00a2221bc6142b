//! Tells a waiting step how to continue. Any invocation that finds an undelivered decision may deliver it: Step Functions refuses the second answer to a
//! token, and the records say what that means.

use crate::handle::Events;
use aws_sdk_sfn::config::retry::RetryConfig;
use aws_sdk_sfn::error::ProvideErrorMetadata;
use domain::ActionError;
use jiff::Timestamp;
use records::{ExecutionRecord, StepEnd, StepStatus, Telling, Timeliness, Waiter};
use secrecy::ExposeSecret;
use serde_json::Value;

/// The message to a waiting step.
pub(crate) enum Message {
    /// It continues with this; the note says why, for people.
    Success(Value, Option<String>),
    Failure {
        error: &'static str,
        cause: String,
    },
}

impl Events {
    /// Delivers people's decision to a waiting step as a success; the note says why, for people.
    ///
    /// # Errors
    /// When the records or Step Functions do not answer.
    pub(crate) async fn tell_success(
        &self,
        waiter: &Waiter,
        output: Value,
        note: Option<String>,
    ) -> Result<Timeliness, ActionError> {
        self.tell_decided(waiter, Message::Success(output, note)).await
    }

    /// Delivers people's decision to a waiting step as a failure.
    ///
    /// # Errors
    /// When the records or Step Functions do not answer.
    pub(crate) async fn tell_failure(
        &self,
        waiter: &Waiter,
        error: &'static str,
        cause: String,
    ) -> Result<Timeliness, ActionError> {
        self.tell_decided(waiter, Message::Failure { error, cause }).await
    }

    /// Delivers a recorded decision to a step. An earlier attempt may have ended at any point, including between delivering it and
    /// recording that: Step Functions refuses the second answer to a token, and the records decide what that means.
    pub(crate) async fn tell_decided(
        &self,
        waiter: &Waiter,
        message: Message,
    ) -> Result<Timeliness, ActionError> {
        let telling = self.table.begin_telling(waiter, self.clock.now()).await?;
        let end = message.step_end(self.clock.now());
        match (self.send(waiter, message).await?, telling) {
            (Timeliness::InTime, _) => {
                self.goes_on(waiter, end).await?;
                Ok(Timeliness::InTime)
            }
            (Timeliness::TooLate, Telling::First) => Ok(Timeliness::TooLate),
            (Timeliness::TooLate, Telling::Again(since)) => {
                let execution = self.table.execution(&waiter.execution).await?;
                let had_ended = execution
                    .as_ref()
                    .and_then(|execution| execution.ended_at)
                    .is_some_and(|ended_at| ended_at <= since);
                if had_ended || waiter.until.is_some_and(|until| until <= since) {
                    return Ok(Timeliness::TooLate);
                }
                // It was delivered then. Its record may be missing, or the step may wait for something else by now.
                let asks_still = execution.is_some_and(|execution| {
                    execution.question.is_some() && execution.question == waiter.question
                });
                if asks_still {
                    self.goes_on(waiter, end).await?;
                } else if self.step_is_open(waiter).await? {
                    self.step_ended(waiter, end).await?;
                }
                Ok(Timeliness::InTime)
            }
        }
    }

    /// Answers the state machine, records the step's end, and marks the execution as running.
    pub(crate) async fn tell(&self, waiter: &Waiter, message: Message) -> Result<Timeliness, ActionError> {
        let end = message.step_end(self.clock.now());
        let told = self.send(waiter, message).await?;
        if told == Timeliness::InTime {
            self.goes_on(waiter, end).await?;
        }
        Ok(told)
    }

    /// Answers the state machine. The call is not retried if the response is lost: the second one would be refused, and nobody
    /// would know that the first counted.
    async fn send(&self, waiter: &Waiter, message: Message) -> Result<Timeliness, ActionError> {
        let token = waiter.token.expose_secret();
        let once = aws_sdk_sfn::config::Builder::new().retry_config(RetryConfig::disabled());
        let refused = match message {
            Message::Success(output, _) => {
                let sent =
                    self.step_functions.send_task_success().task_token(token).output(output.to_string());
                sent.customize().config_override(once).send().await.err().map(|error| code(&error))
            }
            Message::Failure { error, cause } => {
                let sent =
                    self.step_functions.send_task_failure().task_token(token).error(error).cause(cause);
                sent.customize().config_override(once).send().await.err().map(|error| code(&error))
            }
        };
        match refused.as_deref() {
            None => Ok(Timeliness::InTime),
            Some("TaskTimedOut" | "TaskDoesNotExist" | "InvalidToken") => {
                tracing::info!(
                    execution = waiter.execution,
                    topic = waiter.topic,
                    "nothing waits for this answer anymore"
                );
                Ok(Timeliness::TooLate)
            }
            Some(code) => {
                Err(ActionError::unavailable(format!("the answer did not reach the waiting step: {code}")))
            }
        }
    }

    /// Records that a step no longer waits: the execution continues, and the step ended.
    ///
    /// # Errors
    /// When the records do not answer.
    pub(crate) async fn goes_on(&self, waiter: &Waiter, end: StepEnd) -> Result<(), ActionError> {
        self.table.mark_running(&waiter.execution, end.at).await?;
        self.step_ended(waiter, end).await
    }

    async fn step_ended(&self, waiter: &Waiter, end: StepEnd) -> Result<(), ActionError> {
        let execution = self.table.execution(&waiter.execution).await?;
        if let Some(execution) = &execution {
            self.table.rejoin_line(execution).await?;
        }
        if let Some(state) = execution.as_ref().and_then(|execution| state_of(execution, waiter)) {
            self.table.finish_step(&waiter.execution, state, &end).await?;
        }
        Ok(())
    }

    async fn step_is_open(&self, waiter: &Waiter) -> Result<bool, ActionError> {
        let Some(execution) = self.table.execution(&waiter.execution).await? else { return Ok(false) };
        let Some(state) = state_of(&execution, waiter) else { return Ok(false) };
        let steps = self.table.steps(&execution.name).await?;
        Ok(steps.iter().any(|step| step.state == state && step.status == StepStatus::Running))
    }
}

/// The state in which a step of an execution waits.
fn state_of<'w>(execution: &ExecutionRecord, waiter: &'w Waiter) -> Option<&'w str> {
    Some(waiter.key.strip_prefix(execution.run()?)?.trim_start_matches('/'))
}

impl Message {
    /// How the step ends after this decision.
    fn step_end(&self, at: Timestamp) -> StepEnd {
        let (status, error, cause) = match self {
            Self::Success(_, note) => (StepStatus::Succeeded, None, note.clone()),
            Self::Failure { error, cause } => {
                (StepStatus::Failed, Some((*error).to_owned()), Some(cause.clone()))
            }
        };
        StepEnd { status, error, cause, at }
    }
}

fn code<E: ProvideErrorMetadata>(error: &E) -> String {
    error.code().unwrap_or("timed out").to_owned()
}
