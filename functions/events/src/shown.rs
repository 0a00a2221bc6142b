//! Shows the outcome of a question wherever it was shown: the message with its buttons, reminders, and direct messages. The
//! progress comment is derived from the records.
//!
//! Each place has a record until it shows the end. A decision only marks these as due, so that it waits for no chat; the table's stream has each
//! edited, and the sweeper finds missed ones.

use crate::feedback::PATIENCE;
use crate::handle::Events;
use control::{how, why};
use domain::ActionError;
use domain::ErrorKind;
use domain::configuration::Configuration;
use domain::execution::Outcome;
use domain::plugins::{Communication, Mark, MessageBody, SentMessage};
use domain::text::literal;
use jiff::{SignedDuration, Timestamp};
use providers::{chat_of, with_patience};
use records::{
    ExecutionRecord, Over, OverReason, Shown, ShownPlace, StepEnd, StepStatus, Timeliness, Topic, Waiter,
};
use std::sync::Arc;

/// How many questions one sweep checks, the oldest decision first, in pages.
const AT_A_TIME: usize = 100;
const PAGES: usize = 10;

/// A message is recorded before it is sent, so it may not be there yet; after this long, it was never sent.
const SENT_WITHIN: SignedDuration = SignedDuration::from_mins(2);

/// A step's time runs from before its question is recorded, so it is over up to this much earlier than the question says.
const LATE: SignedDuration = SignedDuration::from_secs(10);

/// An execution whose question was over so long ago may have ended with it; where it went on, it did so for longer.
const JUST_NOW: SignedDuration = SignedDuration::from_mins(1);

impl Events {
    /// Updates every place that shows a decided question.
    ///
    /// # Errors
    /// When the records do not answer.
    pub(crate) async fn show_everywhere(&self, waiter: &Waiter) -> Result<(), ActionError> {
        let now = self.clock.now();
        for shown in self.table.shown_of(waiter).await? {
            self.table.shown_is_due(&shown, now).await?;
        }
        Ok(())
    }

    /// Handles a place that was recorded, or became due: if the question is decided, it is edited. `place` is as
    /// in [`records::TableChange::Shown`].
    ///
    /// # Errors
    /// When the records or the chat do not answer. A chat that refuses, because the message is gone, is logged, and not asked again.
    pub(crate) async fn shown_changed(&self, topic: &str, place: &str) -> Result<(), ActionError> {
        let Some((key, _)) = place.rsplit_once('#') else { return Ok(()) };
        match self.table.waiter(topic, key).await? {
            Some(waiter) if waiter.is_settled() => self.show(&waiter).await,
            _ => Ok(()),
        }
    }

    /// Edits the places that do not show a question's outcome yet. One that fails does not keep the others from being edited.
    async fn show(&self, waiter: &Waiter) -> Result<(), ActionError> {
        let Some(verdict) = verdict(waiter) else { return Ok(()) };
        let mut result = Ok(());
        for shown in self.table.shown_of(waiter).await? {
            let edited = with_patience(PATIENCE, self.show_at(waiter, &shown, &verdict)).await;
            result = result.and(match edited {
                Ok(()) => Ok(()),
                Err(error) if !ErrorKind::RETRIED.contains(&error.kind) => {
                    tracing::warn!(execution = waiter.execution, %error, "a place cannot show what became of a question");
                    Ok(self.table.shows(&shown).await?)
                }
                Err(error) => Err(error),
            });
        }
        if result.is_ok() && self.table.shown_of(waiter).await?.is_empty() {
            self.table.is_shown_everywhere(waiter).await?;
        }
        result
    }

    async fn show_at(&self, waiter: &Waiter, shown: &Shown, verdict: &str) -> Result<(), ActionError> {
        let configuration = self.table.configuration(self.clock.now()).await?;
        let chat = self.chat_that_shows(&configuration, waiter, &shown.place).await?;
        let found = match &shown.place {
            ShownPlace::Message { channel, id } => {
                Some(SentMessage { channel: channel.clone(), id: id.clone(), url: None })
            }
            ShownPlace::Reminder { channel, thread, mark } => {
                chat.find_message(channel, thread.as_deref(), &marked(mark, shown)).await?
            }
            ShownPlace::Direct { account, mark, .. } => {
                let channel = chat.direct_messages(account).await?;
                chat.find_message(&channel, None, &marked(mark, shown)).await?
            }
        };
        let Some(sent) = found else {
            let age = self.clock.now().duration_since(shown.at);
            // The sweeper looks again.
            return match age >= SENT_WITHIN {
                true => Ok(self.table.shows(shown).await?),
                false => Ok(()),
            };
        };
        let question = waiter.question.as_deref().unwrap_or_default();
        let text = format!("**{}**\n\n{verdict} · `{}`", literal(question), waiter.execution);
        let mark = match &shown.place {
            ShownPlace::Message { .. } => None,
            ShownPlace::Reminder { mark, .. } | ShownPlace::Direct { mark, .. } => Some(marked(mark, shown)),
        };
        chat.update_message(&sent, &MessageBody { text, buttons: Vec::new(), rest: None }, mark.as_ref())
            .await?;
        Ok(self.table.shows(shown).await?)
    }

    async fn chat_that_shows(
        &self,
        configuration: &Configuration,
        waiter: &Waiter,
        place: &ShownPlace,
    ) -> Result<Arc<dyn Communication>, ActionError> {
        let name = match place {
            ShownPlace::Direct { chat, .. } => chat_of(configuration, None, Some(chat.as_str())),
            ShownPlace::Message { .. } | ShownPlace::Reminder { .. } => {
                let execution = self.table.execution(&waiter.execution).await?;
                let key = execution.and_then(|execution| execution.project);
                chat_of(configuration, key.as_deref().and_then(|key| configuration.project(key)), None)
            }
        };
        let name =
            name.ok_or_else(|| ActionError::rejected("no chat provider is configured under plugins"))?;
        self.feedback.providers.chat_named(configuration, &name).await
    }

    /// Edits a place again if the question was decided while something else was shown there.
    ///
    /// # Errors
    /// When the records do not answer.
    pub(crate) async fn show_if_decided(
        &self,
        waiter: &Waiter,
        place: &ShownPlace,
    ) -> Result<(), ActionError> {
        let now = self.table.waiter(&waiter.topic, &waiter.key).await?;
        if now.is_some_and(|now| now.answer.is_some() || now.over.is_some()) {
            self.table.put_shown(waiter, place, self.clock.now()).await?;
        }
        Ok(())
    }

    /// Finishes work on decided questions after a crash: tells their steps, and edits the places that show them. Failures are logged; the
    /// next sweep tries again.
    ///
    /// # Errors
    /// When the records do not answer.
    pub(crate) async fn finish_decided(&self) -> Result<(), ActionError> {
        let mut position = None;
        for _ in 0..PAGES {
            let page = self.table.list_decided(position.as_deref(), AT_A_TIME).await?;
            for waiter in page.items {
                let finished = match waiter.is_settled() {
                    true => self.show(&waiter).await,
                    false => self.waiter_changed(&waiter.topic, &waiter.key).await,
                };
                if let Err(error) = finished {
                    tracing::warn!(execution = waiter.execution, %error, "a decision is not shown everywhere yet");
                }
            }
            position = page.next;
            if position.is_none() {
                break;
            }
        }
        Ok(())
    }

    /// Records that the questions of an execution that has ended are asked no more. Gives one that nobody answered in time.
    ///
    /// # Errors
    /// When the records do not answer.
    pub(crate) async fn end_questions(
        &self,
        execution: &ExecutionRecord,
        outcome: Outcome,
    ) -> Result<Option<String>, ActionError> {
        let now = self.clock.now();
        let ended = ended(execution, outcome, now);
        let mut unanswered = None;
        for waiter in self.table.waiters(&Topic::Approval(execution.name.clone())).await? {
            if let Some(over) = &waiter.over
                && over.why == OverReason::TimedOut
                && now.duration_since(over.at) <= JUST_NOW
            {
                unanswered = waiter.question.clone();
            }
            if waiter.answer.is_none() && waiter.over.is_none() {
                // Where nothing goes on without an answer, the execution ends with the time to answer.
                let is_late = |until: &Timestamp| outcome != Outcome::Stopped && *until <= now + LATE;
                let over = match waiter.until.filter(is_late) {
                    Some(until) => Over { why: OverReason::TimedOut, at: until.min(now) },
                    None => ended.clone(),
                };
                if over.why == OverReason::TimedOut {
                    unanswered = waiter.question.clone();
                }
                self.table.end_question(&waiter, &over).await?;
            }
        }
        Ok(unanswered)
    }

    /// Records that nobody answered a question in time, if its step continued by itself.
    ///
    /// # Errors
    /// When the records do not answer.
    pub(crate) async fn end_if_timed_out(&self, waiter: &Waiter) -> Result<bool, ActionError> {
        let now = self.clock.now();
        let Some(until) = waiter.until.filter(|until| *until <= now) else { return Ok(false) };
        let over = Over { why: OverReason::TimedOut, at: until };
        if !self.table.end_question(waiter, &over).await? {
            return Ok(false);
        }
        let cause = Some("nobody answered in time".to_owned());
        let end =
            StepEnd { status: StepStatus::Failed, error: Some("States.Timeout".to_owned()), cause, at: now };
        self.goes_on(waiter, end).await?;
        Ok(true)
    }
}

/// That the execution which asked has ended.
pub(crate) fn ended(execution: &ExecutionRecord, outcome: Outcome, at: Timestamp) -> Over {
    let why = match (&execution.stop_requested_by, outcome) {
        (Some(by), Outcome::Stopped) => OverReason::Stopped(by.clone()),
        _ => OverReason::Ended,
    };
    Over { why, at }
}

/// Why a question is asked no more, in Markdown.
pub(crate) fn asked_no_more(over: &Over) -> String {
    let symbol = match over.why {
        OverReason::TimedOut => "⌛",
        OverReason::Stopped(_) => "🛑",
        OverReason::Ended => "⏹️",
    };
    format!("{symbol} This question is closed: {}", literal(&why(over)))
}

/// The mark of what was sent about a question.
fn marked(key: &str, shown: &Shown) -> Mark {
    Mark { key: key.to_owned(), at: shown.since }
}

/// The outcome of a question, in Markdown; `None` while unknown.
pub(crate) fn verdict(waiter: &Waiter) -> Option<String> {
    if let Some(over) = &waiter.over {
        return Some(asked_no_more(over));
    }
    let (answer, told) = waiter.answer.as_ref().zip(waiter.told)?;
    let (by, how) = (literal(&answer.by), literal(&how(answer, &waiter.votes)));
    let verdict = match (told, answer.approved) {
        (Timeliness::TooLate, _) => {
            return Some(format!("⌛ {by} answered too late, {how}; the step was no longer waiting"));
        }
        (Timeliness::InTime, true) => format!("✅ Approved by {by}, {how}"),
        (Timeliness::InTime, false) => format!("⛔ Declined by {by}, {how}"),
    };
    let comment = answer.comment.as_deref().map(|comment| format!(": {}", literal(comment)));
    Some(format!("{verdict}{}", comment.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn waiter(more: serde_json::Value) -> Waiter {
        let mut waiter = json!({
            "topic": "approval/e", "key": "run/Ask", "execution": "e", "token": "t", "since": "2026-11-22T11:00:00Z",
        });
        waiter.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value(waiter).unwrap()
    }

    fn answer(approved: bool) -> String {
        json!({
            "approved": approved, "by": "ada", "via": "slack", "at": "2026-11-22T12:00:00Z", "comment": "*now*",
        })
        .to_string()
    }

    #[test]
    fn it_says_who_decided_what_where_and_when() {
        let cases = [
            (json!({"answer": answer(true)}), None),
            (
                json!({"answer": answer(true), "told": "in_time"}),
                Some("✅ Approved by ada, via slack at 2026-11-22 12:00 UTC: \\*now\\*"),
            ),
            (
                json!({"answer": answer(false), "told": "in_time"}),
                Some("⛔ Declined by ada, via slack at 2026-11-22 12:00 UTC: \\*now\\*"),
            ),
            (
                json!({"answer": answer(true), "told": "too_late"}),
                Some(
                    "⌛ ada answered too late, via slack at 2026-11-22 12:00 UTC; the step was no longer waiting",
                ),
            ),
            (
                json!({"over": json!({"why": {"stopped": "bob"}, "at": "2026-11-22T12:00:00Z"}).to_string()}),
                Some("🛑 This question is closed: bob stopped the work before anybody answered"),
            ),
            (
                json!({"over": json!({"why": "timed_out", "at": "2026-11-22T12:00:00Z"}).to_string()}),
                Some("⌛ This question is closed: nobody answered in time, by 2026-11-22 12:00 UTC"),
            ),
        ];
        for (more, expected) in cases {
            let said = verdict(&waiter(more.clone()));
            assert_eq!(said.as_deref(), expected, "{more}");
        }
    }
}
