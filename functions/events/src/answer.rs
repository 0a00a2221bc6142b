//! Answers task tokens: people's answers, events that happened, and limits that have room again. Webhooks and actions
//! only record what they know; this is the only place that resumes a parked execution.

use crate::handle::Events;
use aws_sdk_sfn::error::ProvideErrorMetadata;
use domain::ActionError;
use domain::plugins::{MessageBody, SentMessage};
use records::{Answer, Limits, StepEnd, StepStatus, Timeliness, Topic, Waiter};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

/// The error of a step whose question was declined.
const DECLINED: &str = "Declined";

/// The message to a waiting step.
enum Message {
    Success(Value),
    Failure { error: &'static str, cause: String },
}

impl Events {
    /// Handles a step that began to wait or was answered; what it waits for may already have happened.
    ///
    /// # Errors
    /// When the records or Step Functions do not answer.
    pub(crate) async fn waiter_changed(&self, topic: &str, key: &str) -> Result<(), ActionError> {
        let Some(waiter) = self.table.waiter(topic, key).await? else { return Ok(()) };
        if let Some(answer) = waiter.answer.clone() {
            return self.answered(waiter, &answer).await;
        }
        match topic.strip_prefix("event/") {
            Some(event) => self.tell_if_happened(event, waiter).await,
            None => Ok(()),
        }
    }

    /// Delivers the answers to an execution's questions whose delivery failed before.
    ///
    /// # Errors
    /// As [`Events::waiter_changed`].
    pub(crate) async fn tell_answers(&self, execution: &str) -> Result<(), ActionError> {
        for waiter in self.table.waiters(&Topic::Approval(execution.to_owned())).await? {
            if let Some(answer) = waiter.answer.clone() {
                self.answered(waiter, &answer).await?;
            }
        }
        Ok(())
    }

    /// Resumes every step that waits for an event that happened.
    ///
    /// # Errors
    /// As [`Events::waiter_changed`].
    pub(crate) async fn happened(&self, key: &str) -> Result<(), ActionError> {
        for waiter in self.table.waiters_for_event(key).await? {
            self.tell_if_happened(key, waiter).await?;
        }
        Ok(())
    }

    /// Resumes the executions whose limits have room for their next model call.
    ///
    /// # Errors
    /// As [`Events::waiter_changed`].
    pub(crate) async fn resume_where_room(&self) -> Result<(), ActionError> {
        let waiters = self.table.waiters(&Topic::Budget).await?;
        if waiters.is_empty() {
            return Ok(());
        }
        let now = self.clock.now();
        let configuration = self.table.configuration(now).await?;
        let budgets = &configuration.budgets;
        let limits = Limits { per_task: budgets.per_task(), per_month: budgets.per_user_month() };
        for waiter in waiters {
            let room = match self.table.refusal(&waiter.execution).await? {
                Some(refusal) => self.table.has_room(&refusal, limits, now).await?,
                None => true,
            };
            if room {
                self.tell(&waiter, Message::Success(json!({"resumed": true}))).await?;
                self.table.forget_waiter(&waiter).await?;
            }
        }
        Ok(())
    }

    async fn tell_if_happened(&self, event: &str, waiter: Waiter) -> Result<(), ActionError> {
        let Some(mut occurrence) = self.table.occurrence(event).await? else { return Ok(()) };
        let execution = self.table.execution(&waiter.execution).await?;
        // An event from before the execution began is not the one it waits for.
        if execution.as_ref().is_some_and(|execution| occurrence.at < execution.begun_at) {
            return Ok(());
        }
        let project = execution.as_ref().and_then(|execution| execution.project.as_deref());
        self.complete(&mut occurrence.fields, project, occurrence.at).await?;
        self.tell(&waiter, Message::Success(Value::Object(occurrence.fields))).await?;
        Ok(self.table.forget_waiter(&waiter).await?)
    }

    async fn answered(&self, waiter: Waiter, answer: &Answer) -> Result<(), ActionError> {
        if waiter.told.is_some() {
            return Ok(());
        }
        let message = match answer.approved {
            true => Message::Success(json!({
                "by": answer.by,
                "via": answer.via,
                "at": answer.at.to_string(),
                "comment": answer.comment,
            })),
            false => {
                let comment =
                    answer.comment.as_deref().map(|comment| format!(": {comment}")).unwrap_or_default();
                Message::Failure { error: DECLINED, cause: format!("{} declined{comment}", answer.by) }
            }
        };
        let told = self.tell(&waiter, message).await?;
        self.show_answer(&waiter, answer, told).await;
        Ok(self.table.mark_told(&waiter, told).await?)
    }

    /// Answers the state machine, records the step's end, and marks the execution as running.
    async fn tell(&self, waiter: &Waiter, message: Message) -> Result<Timeliness, ActionError> {
        let token = waiter.token.expose_secret();
        let (status, error, cause) = match &message {
            Message::Success(_) => (StepStatus::Succeeded, None, None),
            Message::Failure { error, cause } => {
                (StepStatus::Failed, Some((*error).to_owned()), Some(cause.clone()))
            }
        };
        let refused = match message {
            Message::Success(output) => {
                let sent =
                    self.step_functions.send_task_success().task_token(token).output(output.to_string());
                sent.send().await.err().map(|error| code(&error))
            }
            Message::Failure { error, cause } => {
                let sent =
                    self.step_functions.send_task_failure().task_token(token).error(error).cause(cause);
                sent.send().await.err().map(|error| code(&error))
            }
        };
        match refused.as_deref() {
            None => {}
            Some("TaskTimedOut" | "TaskDoesNotExist" | "InvalidToken") => {
                tracing::info!(
                    execution = waiter.execution,
                    topic = waiter.topic,
                    "nothing waits for this answer anymore"
                );
                return Ok(Timeliness::TooLate);
            }
            Some(code) => {
                return Err(ActionError::unavailable(format!(
                    "the answer did not reach the waiting step: {code}"
                )));
            }
        }
        let now = self.clock.now();
        self.table.mark_running(&waiter.execution, now).await?;
        let run = self.table.execution(&waiter.execution).await?.and_then(|execution| execution.arn);
        if let Some(state) = run.and_then(|run| Some(waiter.key.strip_prefix(&run)?.trim_start_matches('/')))
        {
            let end = StepEnd { status, error, cause, at: now };
            self.table.finish_step(&waiter.execution, state, &end).await?;
        }
        Ok(Timeliness::InTime)
    }

    /// Removes the buttons and shows who answered. A chat that does not respond does not block the answer.
    async fn show_answer(&self, waiter: &Waiter, answer: &Answer, told: Timeliness) {
        let Some((channel, id)) = &waiter.message else { return };
        let question = waiter.question.as_deref().unwrap_or_default();
        let verdict = match (told, answer.approved) {
            (Timeliness::TooLate, _) => {
                format!("⌛ {} answered too late; the step is no longer waiting", answer.by)
            }
            (Timeliness::InTime, true) => format!("✅ Approved by {}", answer.by),
            (Timeliness::InTime, false) => format!("⛔ Declined by {}", answer.by),
        };
        let comment = answer.comment.as_deref().map(|comment| format!(": {comment}")).unwrap_or_default();
        let text = format!("**{question}**\n\n{verdict}{comment} · `{}`", waiter.execution);
        let sent = SentMessage { channel: channel.clone(), id: id.clone(), url: None };
        let body = MessageBody { text, buttons: Vec::new() };
        if let Err(error) = self.feedback.replace_message(&waiter.execution, &sent, &body).await {
            tracing::warn!(execution = waiter.execution, %error, "the question still shows its buttons");
        }
    }
}

fn code<E: ProvideErrorMetadata>(error: &E) -> String {
    error.code().unwrap_or("timed out").to_owned()
}
