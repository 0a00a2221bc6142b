//! The sweeper: compares open executions whose check is due with Step Functions, because status events are best effort.

use crate::ending::Ending;
use crate::handle::{Events, about};
use crate::look::Look;
use aws_sdk_sfn::error::ProvideErrorMetadata;
use aws_sdk_sfn::operation::describe_execution::DescribeExecutionOutput;
use domain::ActionError;
use domain::execution::Outcome;
use jiff::{SignedDuration, Timestamp};
use records::ExecutionRecord;
use tracing::Instrument;

/// How many executions are looked for at a time.
const AT_A_TIME: usize = 100;

/// How often one sweep looks for more; the next one checks the rest. Ten thousand parked executions mean 170 checks a minute.
const PAGES: usize = 5;

/// After this long, an execution that could not be started fails.
const GIVE_UP_AFTER: SignedDuration = SignedDuration::from_hours(24);

/// An execution that need not wait is started within this time after it is recorded.
const SLOW_START: SignedDuration = SignedDuration::from_mins(1);

impl Events {
    /// Checks every open execution whose check is due. Failures are logged and retried by the next sweep.
    pub(crate) async fn sweep(&self) -> Result<(), ActionError> {
        let now = self.clock.now();
        if let Err(error) = self.resume_where_room().await {
            tracing::error!(%error, "executions waiting for a raised limit could not be checked");
        }
        if let Err(error) = self.remind_where_due().await {
            tracing::error!(%error, "nobody could be reminded of questions");
        }
        if let Err(error) = self.finish_decided().await {
            tracing::error!(%error, "what became of questions could not be shown");
        }
        if let Err(error) = self.send_waiting_replies().await {
            tracing::error!(%error, "replies that could not be sent could not be tried again");
        }
        if let Err(error) = self.learn_own_accounts().await {
            tracing::error!(%error, "the bot's own accounts could not be looked up");
        }
        if let Err(error) = self.resume_where_open().await {
            tracing::error!(%error, "executions waiting for a provider could not be resumed");
        }
        if let Err(error) = Box::pin(self.let_pass_where_room()).await {
            tracing::error!(%error, "executions waiting for reviewers could not be let pass");
        }
        if let Err(error) = self.ask_where_due().await {
            tracing::error!(%error, "providers could not be asked about events");
        }
        if let Err(error) = Box::pin(self.close_where_due()).await {
            tracing::error!(%error, "sockets could not be looked at");
        }
        for _ in 0..PAGES {
            let due = self.table.open_due(now, AT_A_TIME).await?;
            for execution in &due {
                if let Err(error) = self.check(execution, now).instrument(about(&execution.name)).await {
                    tracing::error!(execution = execution.name, %error, "an open execution could not be checked");
                    self.table.postpone_check(execution, now).await?;
                }
            }
            if due.len() < AT_A_TIME {
                break;
            }
        }
        for project in &self.table.configuration(now).await?.projects {
            if let Err(error) = self.control.start_next(&project.key, now - SLOW_START).await {
                tracing::error!(project = project.key, %error, "executions in line could not be started");
            }
        }
        Ok(())
    }

    async fn check(&self, execution: &ExecutionRecord, now: Timestamp) -> Result<(), ActionError> {
        let arn = execution.arn.clone().unwrap_or_else(|| self.control.execution_arn(execution));
        match self.describe(&arn).await? {
            None if execution.outcome == Outcome::Pending => self.start(execution, now).await,
            None => {
                let cause = "Step Functions no longer knows it.".to_owned();
                self.ended(execution, failed("Lost", cause, now)).await
            }
            Some(found) => match found.status().as_str() {
                "RUNNING" | "PENDING_REDRIVE" => {
                    self.table.mark_started(&execution.name, &arn, now).await?;
                    self.table.postpone_check(execution, now).await?;
                    self.stop_where_asked(&execution.name).await?;
                    self.tell_waiters(&execution.name).await?;
                    if let Some(task_id) = &execution.task_id {
                        self.complete_words(task_id).await?;
                    }
                    self.refresh_logged(&execution.name, None).await;
                    Ok(())
                }
                _ => {
                    // Its start was never reported; its journal is found by the ARN.
                    if execution.outcome == Outcome::Pending {
                        self.table.mark_started(&execution.name, &arn, now).await?;
                    }
                    self.ended(execution, ending_of(&found, now)).await
                }
            },
        }
    }

    /// Starts an execution that was recorded but never started, with its recorded input.
    async fn start(&self, execution: &ExecutionRecord, now: Timestamp) -> Result<(), ActionError> {
        let execution = &self.with_remarks(execution).await?;
        if self.end_where_nothing_is_asked(execution).await? {
            self.refresh_logged(&execution.name, None).await;
            return Ok(());
        }
        if self.control.take_place(execution).await?.is_err() {
            self.table.postpone_check(execution, now).await?;
            self.stop_where_asked(&execution.name).await?;
            self.refresh_logged(&execution.name, None).await;
            return Ok(());
        }
        match self.control.start_recorded(execution).await {
            Ok(()) => {
                tracing::info!(execution = execution.name, "started a pending execution");
                self.table.postpone_check(execution, now).await?;
                Ok(())
            }
            Err(error) if now.duration_since(execution.begun_at) < GIVE_UP_AFTER => {
                Err(ActionError::unavailable(error.to_string()))
            }
            Err(error) => {
                let cause = format!("It could not be started within a day: {error}");
                self.ended(execution, failed("NotStarted", cause, now)).await
            }
        }
    }

    async fn ended(&self, execution: &ExecutionRecord, ending: Ending) -> Result<(), ActionError> {
        tracing::info!(execution = execution.name, status = ending.status, "recorded an end that was missed");
        let look = Look::take(&self.table, &execution.name, self.clock.now()).await?;
        let Some(look) = look else { return Ok(()) };
        let look = Box::pin(self.conclude(look, &ending)).await?;
        self.feedback.refresh(&execution.name, Some(&look)).await?;
        self.sign_evidence(&execution.name, Some(&look)).await
    }

    /// `None` if Step Functions has no such execution.
    async fn describe(&self, arn: &str) -> Result<Option<DescribeExecutionOutput>, ActionError> {
        match self.step_functions.describe_execution().execution_arn(arn).send().await {
            Ok(found) => Ok(Some(found)),
            Err(error) if error.code() == Some("ExecutionDoesNotExist") => Ok(None),
            Err(error) => {
                let said = error.message().unwrap_or("timed out");
                Err(ActionError::unavailable(format!("Step Functions did not answer: {said}")))
            }
        }
    }
}

fn ending_of(found: &DescribeExecutionOutput, now: Timestamp) -> Ending {
    let ended_at =
        found.stop_date().and_then(|date| Timestamp::from_millisecond(date.to_millis().ok()?).ok());
    Ending {
        status: found.status().as_str().to_owned(),
        error: found.error().map(str::to_owned),
        cause: found.cause().map(str::to_owned),
        output: found.output().and_then(|output| serde_json::from_str(output).ok()),
        at: ended_at.unwrap_or(now),
    }
}

fn failed(error: &str, cause: String, at: Timestamp) -> Ending {
    Ending { status: "FAILED".into(), error: Some(error.into()), cause: Some(cause), output: None, at }
}
