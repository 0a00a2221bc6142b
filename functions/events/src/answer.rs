//! Answers task tokens: with people's answers, awaited events, and limits that have room again. Webhooks and actions
//! only record what they know; this is the only place that resumes a parked execution.

use crate::handle::Events;
use crate::telling::Message;
use control::how;
use domain::event::common::WORDS_WAITING;
use domain::{ActionError, EventKey};
use records::{
    Answer, ExecutionRecord, Limits, Meeting, Occurrence, StrangerWords, Timeliness, Topic, Waiter,
};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The error of a step whose question was declined.
const DECLINED: &str = "Declined";

/// The output field of a wait with the name of the event that ended it.
const EVENT: &str = "event";

/// How many waiting executions one sweep checks; the next sweep checks the others.
const AT_A_TIME: usize = 500;

impl Events {
    /// Handles a step that began to wait or was answered; the awaited event may already have happened. The comment is the caller's, so that nothing
    /// waits for it.
    ///
    /// # Errors
    /// When the records or Step Functions do not answer.
    pub(crate) async fn waiter_changed(&self, topic: &str, key: &str) -> Result<(), ActionError> {
        let Some(waiter) = self.table.waiter(topic, key).await? else { return Ok(()) };
        let is_about_money = topic == Topic::Budget.to_string();
        match &waiter.answer {
            Some(answer) if is_about_money => return self.carry_out(&waiter, answer).await,
            Some(answer) => return self.answered(&waiter, answer).await,
            None if waiter.over.is_some() => return self.show_everywhere(&waiter).await,
            None => {}
        }
        if (waiter.is_question() || is_about_money)
            && let Some(execution) = self.table.execution(&waiter.execution).await?
            && execution.outcome.is_final()
        {
            // It was asked while the execution was being stopped.
            return match is_about_money {
                true => self.end_questions_about_money(&execution, execution.outcome).await,
                false => self.end_questions(&execution, execution.outcome).await.map(drop),
            };
        }
        if topic != Topic::Provider.to_string() {
            self.leave_line(&waiter).await?;
        }
        self.notify_of_waiter(&waiter).await?;
        if is_about_money {
            return self.ask_for_money(&waiter).await;
        }
        if !waiter.votes.is_empty() {
            self.show_votes(&waiter).await?;
        }
        if topic == Topic::Capacity.to_string() {
            return Box::pin(self.joined_line(&waiter)).await;
        }
        match topic.strip_prefix("event/") {
            Some(event) if is_about_words(event) => self.tell_if_words_wait(waiter).await,
            Some(event) => self.tell_if_happened(event, waiter).await,
            None => Ok(()),
        }
    }

    /// Lets others go to work while an execution waits for people, an event or money.
    async fn leave_line(&self, waiter: &Waiter) -> Result<(), ActionError> {
        let Some(execution) = self.table.execution(&waiter.execution).await? else { return Ok(()) };
        self.table.leave_line(&execution).await?;
        self.start_next(&execution).await
    }

    /// Delivers pending answers and events to an execution's waiting steps. One that
    /// fails does not hold up the others.
    ///
    /// # Errors
    /// The first failure of [`Events::waiter_changed`].
    pub(crate) async fn tell_waiters(&self, execution: &str) -> Result<(), ActionError> {
        let asked = self.table.waiters(&Topic::Approval(execution.to_owned())).await?;
        let asked = asked.into_iter().map(|waiter| (waiter.topic, waiter.key));
        let waits: BTreeSet<_> = self.table.waits_of(execution).await?.into_iter().chain(asked).collect();
        let mut result = Ok(());
        for (topic, key) in waits {
            let told = self.waiter_changed(&topic, &key).await;
            result = result.and(told);
        }
        result
    }

    /// Resumes every step that waits for this event. One that fails does not hold up the others.
    ///
    /// # Errors
    /// The first failure of [`Events::waiter_changed`].
    pub(crate) async fn happened(&self, key: &str) -> Result<(), ActionError> {
        let mut result = Ok(());
        for waiter in self.table.waiters_for_event(key).await? {
            let told = self.tell_if_happened(key, waiter).await;
            result = result.and(told);
        }
        result
    }

    /// Resumes the executions whose limits have room for their next model call.
    ///
    /// # Errors
    /// As [`Events::waiter_changed`].
    pub(crate) async fn resume_where_room(&self) -> Result<(), ActionError> {
        let waiters = self.table.waiters_in_turn(&Topic::Budget, AT_A_TIME).await?;
        if waiters.is_empty() {
            return Ok(());
        }
        let now = self.clock.now();
        let configuration = self.table.configuration(now).await?;
        let limits = Limits::from(&configuration.budgets);
        let refusals = self.table.refusals(waiters.iter().map(|waiter| &*waiter.execution)).await?;
        let mut room = self.table.room(limits, now);
        for waiter in waiters {
            let done = match (&waiter.answer, refusals.get(&waiter.execution)) {
                (Some(answer), _) => self.carry_out(&waiter, answer).await,
                (None, Some(refusal)) if !room.take(refusal).await? => {
                    self.end_in_silence(&configuration, &waiter).await
                }
                (None, _) => self.resume_with_room(&waiter).await,
            };
            // One that cannot be resumed now does not hold up the others.
            if let Err(error) = done {
                tracing::warn!(execution = waiter.execution, %error, "it was not resumed");
            }
        }
        Ok(())
    }

    /// Resumes the executions that wait for a provider which takes calls again, the longest waiting first.
    ///
    /// # Errors
    /// As [`Events::waiter_changed`].
    pub(crate) async fn resume_where_open(&self) -> Result<(), ActionError> {
        let now = self.clock.now();
        let mut waiters = self.table.waiters_in_turn(&Topic::Provider, AT_A_TIME).await?;
        waiters.retain(|waiter| waiter.until.is_none_or(|until| until <= now));
        waiters.sort_by_key(|waiter| waiter.since);
        for waiter in waiters {
            // One that cannot be resumed now does not hold up the others; the next sweep tries again.
            if let Err(error) = self.resume(&waiter).await {
                tracing::warn!(execution = waiter.execution, %error, "it was not resumed");
            }
        }
        Ok(())
    }

    async fn resume_with_room(&self, waiter: &Waiter) -> Result<(), ActionError> {
        self.resume(waiter).await?;
        self.show_instead(waiter, "\u{2705} There is room again, and it continues").await;
        Ok(())
    }

    /// Lets a step check again whether it may continue.
    ///
    /// # Errors
    /// When the records or Step Functions do not answer.
    pub(crate) async fn resume(&self, waiter: &Waiter) -> Result<(), ActionError> {
        self.tell(waiter, Message::Success(json!({"resumed": true}), None)).await?;
        Ok(self.table.forget_waiter(waiter).await?)
    }

    /// Resumes the steps that wait for words to the agents of a ticket, where some wait.
    ///
    /// # Errors
    /// The first failure of [`Events::waiter_changed`].
    pub(crate) async fn words_came(&self, task_id: &str) -> Result<(), ActionError> {
        let mut result = Ok(());
        for waiter in self.table.waiters_for_event(EventKey::words_waiting(task_id).as_str()).await? {
            let told = self.tell_if_words_wait(waiter).await;
            result = result.and(told);
        }
        result
    }

    /// Resumes a step while words wait for the agents of its execution's ticket. The words stay in the inbox: the step that continues takes them
    /// in. Words of people who may not start work cause none.
    async fn tell_if_words_wait(&self, waiter: Waiter) -> Result<(), ActionError> {
        let execution = self.table.execution(&waiter.execution).await?;
        let Some(task_id) = execution.and_then(|execution| execution.task_id) else { return Ok(()) };
        if waiter.topic != Topic::Event(EventKey::words_waiting(&task_id)).to_string() {
            return Ok(());
        }
        let inbox = self.table.inbox(&task_id).await?.next();
        if !inbox.words.iter().any(|waiting| waiting.word.may_trigger) {
            return Ok(());
        }
        self.tell(&waiter, Message::Success(json!({EVENT: WORDS_WAITING, "task_id": task_id}), None)).await?;
        Ok(self.table.forget_waiter(&waiter).await?)
    }

    /// Resumes a step with the oldest event of the key since its run began, other than what started the run and what met an earlier
    /// step of the run: nothing resumes on its own trigger, and a loop does not spin on one event.
    async fn tell_if_happened(&self, event: &str, waiter: Waiter) -> Result<(), ActionError> {
        let execution = self.table.execution(&waiter.execution).await?;
        // A redrive shares the events that its run's first execution received.
        let began = match execution.as_ref().filter(|execution| execution.continues.is_some()) {
            Some(redrive) => self.table.execution(redrive.began_as()).await?,
            None => execution.clone(),
        };
        for occurrence in self.table.occurrences(event).await? {
            if began.as_ref().is_some_and(|began| !may_meet(began, event, &occurrence)) {
                continue;
            }
            let meeting = self.table.meet(&waiter, event, &occurrence, self.clock.now()).await?;
            if meeting == Meeting::Refused {
                continue;
            }
            if let (Some(by), Some(execution)) = (&occurrence.stranger, &execution) {
                // Recorded first, so that no push overlooks the words that the step receives.
                let ticket = execution.task_id.as_deref().unwrap_or_else(|| execution.began_as());
                let place = kind_of(event).to_owned();
                let words = StrangerWords { by: by.clone(), place, at: self.clock.now() };
                self.table.note_outside_words(ticket, &words).await?;
            }
            let project = execution.as_ref().and_then(|execution| execution.project.as_deref());
            let mut fields = occurrence.fields.clone();
            fields.insert(EVENT.to_owned(), kind_of(event).into());
            self.complete(&mut fields, project, occurrence.at).await?;
            let told = self.tell(&waiter, Message::Success(Value::Object(fields), None)).await?;
            // After an earlier match, the step may already have been told.
            if (told, meeting) == (Timeliness::TooLate, Meeting::First) {
                self.table.part(&waiter, event, &occurrence).await?;
            }
            return Ok(self.table.forget_waiter(&waiter).await?);
        }
        Ok(())
    }

    async fn answered(&self, waiter: &Waiter, answer: &Answer) -> Result<(), ActionError> {
        if waiter.told.is_some() {
            // A place that shows it may have been recorded since.
            return self.show_everywhere(waiter).await;
        }
        let message = match answer.approved {
            true => {
                let output = json!({
                    "by": answer.by,
                    "via": answer.via,
                    "at": answer.at.to_string(),
                    "comment": answer.comment,
                });
                let note = format!("approved by {}, {}", answer.by, how(answer, &waiter.votes));
                Message::Success(output, Some(note))
            }
            false => {
                let comment =
                    answer.comment.as_deref().map(|comment| format!(": {comment}")).unwrap_or_default();
                Message::Failure { error: DECLINED, cause: format!("{} declined{comment}", answer.by) }
            }
        };
        let told = self.tell_decided(waiter, message).await?;
        self.table.mark_told(waiter, told).await?;
        self.show_everywhere(waiter).await
    }
}

/// Whether an event can be one that the run waits for: it happened since the run began, and did not start it. `execution` began the run.
fn may_meet(execution: &ExecutionRecord, event: &str, occurrence: &Occurrence) -> bool {
    let is_trigger =
        execution.trigger.as_str() == kind_of(event) && execution.delivery == occurrence.delivery;
    occurrence.at >= execution.begun_at && !is_trigger
}

/// The name of an event, by its key's text.
fn kind_of(event: &str) -> &str {
    event.split('/').next().unwrap_or_default()
}

fn is_about_words(event: &str) -> bool {
    kind_of(event) == WORDS_WAITING.as_str()
}
