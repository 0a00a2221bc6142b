//! Open questions: shows who has said yes, reminds people of unanswered ones, and ends those whose time is over.

use crate::feedback::PATIENCE;
use crate::handle::Events;
use control::keep_votes_that_count;
use domain::plugins::{Mark, Message, MessageBody, MessageButton, REST_OF_QUESTION, SentMessage};
use domain::text::literal;
use domain::{ActionError, PluginType};
use jiff::SignedDuration;
use providers::with_patience;
use records::{ShownPlace, Waiter};

/// How many questions one sweep checks, the oldest first, in pages.
const AT_A_TIME: usize = 100;
const PAGES: usize = 10;

impl Events {
    /// Reminds people in the chat of questions that are overdue for an answer. A reminder is claimed first, so that
    /// nobody is reminded twice.
    ///
    /// # Errors
    /// When the records do not answer. A message that cannot be sent is logged, and people are reminded the next time.
    pub(crate) async fn remind_where_due(&self) -> Result<(), ActionError> {
        let mut position = None;
        for _ in 0..PAGES {
            let page = self.table.list_approvals(position.as_deref(), AT_A_TIME).await?;
            for waiter in page.items {
                if let Err(error) = self.remind(&waiter).await {
                    tracing::warn!(execution = waiter.execution, %error, "nobody was reminded of its question");
                }
            }
            position = page.next;
            if position.is_none() {
                break;
            }
        }
        Ok(())
    }

    async fn remind(&self, waiter: &Waiter) -> Result<(), ActionError> {
        let now = self.clock.now();
        if self.end_if_timed_out(waiter).await? {
            return Ok(());
        }
        let counted = self.counted(waiter).await?;
        if counted.votes.len() < waiter.votes.len() {
            self.forget_votes(waiter, &counted).await?;
        }
        let Some(seconds) = waiter.terms.remind_seconds.and_then(|seconds| i64::try_from(seconds).ok())
        else {
            return Ok(());
        };
        let last = waiter.reminded_at.unwrap_or(waiter.since);
        if now.duration_since(last) < SignedDuration::from_secs(seconds) {
            return Ok(());
        }
        let Some(execution) = self.table.execution(&waiter.execution).await? else { return Ok(()) };
        if execution.outcome.is_final() {
            return Ok(());
        }
        let configuration = self.table.configuration(now).await?;
        let project = execution.project.as_deref().and_then(|key| configuration.project(key));
        let project = project.filter(|project| project.providers.contains_key(&PluginType::Communication));
        let Some((project, channel)) = project.and_then(|project| Some((project, project.channel.clone()?)))
        else {
            return Ok(());
        };
        if !self.table.claim_reminder(waiter, now).await? {
            return Ok(());
        }
        let who = match waiter.approvers.as_slice() {
            [] => "every approver".to_owned(),
            named => named.join(", "),
        };
        let question = waiter.question.as_deref().unwrap_or_default();
        let about = execution.task_id.as_deref().unwrap_or(&execution.workflow);
        let votes = progress_of(&counted).map(|votes| format!(" · {votes}")).unwrap_or_default();
        let text = format!(
            "\u{23f0} **{}** still waits for an answer: **{}**{votes} · may be answered by {who} · `{}`",
            literal(about),
            literal(question),
            waiter.execution
        );
        // In the thread of the question, if there is one.
        let (channel, thread) = match &waiter.message {
            Some((channel, message)) => (channel.clone(), Some(message.clone())),
            None => (channel, None),
        };
        let mark = Mark { key: format!("{}/remind/{now}", waiter.key), at: now };
        let place =
            ShownPlace::Reminder { channel: channel.clone(), thread: thread.clone(), mark: mark.key.clone() };
        self.table.put_shown(waiter, &place, now).await?;
        let message =
            Message { channel, thread, body: MessageBody { text, buttons: Vec::new(), rest: None } };
        self.feedback.send_message(&configuration, project, &message, &mark).await?;
        self.show_if_decided(waiter, &place).await
    }

    /// Shows who has said yes so far under the question, whose buttons stay. A chat that does not respond blocks nothing.
    ///
    /// # Errors
    /// When the records do not answer.
    pub(crate) async fn show_votes(&self, waiter: &Waiter) -> Result<(), ActionError> {
        let Some((channel, id)) = &waiter.message else { return Ok(()) };
        let waiter = &self.counted(waiter).await?;
        let text = with_votes(waiter);
        let button = |label: &str, action: &str| MessageButton {
            label: label.to_owned(),
            action: action.to_owned(),
            value: format!("{} {}", waiter.execution, waiter.key),
            url: None,
        };
        let buttons = vec![button("Approve", "approve"), button("Deny", "deny")];
        let body = MessageBody { text, buttons, rest: Some(REST_OF_QUESTION.to_owned()) };
        let sent = SentMessage { channel: channel.clone(), id: id.clone(), url: None };
        let replaced = self.feedback.replace_message(&waiter.execution, &sent, &body);
        if let Err(error) = with_patience(PATIENCE, replaced).await {
            tracing::warn!(execution = waiter.execution, %error, "the question does not show who approved");
        }
        // The last vote may have been shown before.
        let place = ShownPlace::Message { channel: channel.clone(), id: id.clone() };
        self.show_if_decided(waiter, &place).await
    }

    /// A question with only the votes that count now.
    async fn counted(&self, waiter: &Waiter) -> Result<Waiter, ActionError> {
        let mut counted = waiter.clone();
        if !counted.votes.is_empty() {
            let configuration = self.table.configuration(self.clock.now()).await?;
            keep_votes_that_count(&self.table, &configuration, &mut counted).await?;
        }
        Ok(counted)
    }

    /// Shows a question without the votes that no longer count, and then forgets these, so that it is shown once. Its ticket follows with the
    /// change of the record.
    async fn forget_votes(&self, waiter: &Waiter, counted: &Waiter) -> Result<(), ActionError> {
        self.show_votes(counted).await?;
        if !self.table.replace_votes(waiter, &counted.votes).await?
            && let Some(now) = self.table.waiter(&waiter.topic, &waiter.key).await?
        {
            // Somebody voted at the same moment, which may have been shown before.
            self.show_votes(&now).await?;
        }
        Ok(())
    }
}

/// The question with who has said yes so far. That comes before the details: a chat cuts what is too long at its end.
fn with_votes(waiter: &Waiter) -> String {
    let question = waiter.question.as_deref().unwrap_or_default();
    let details = waiter.details.as_ref().map(|details| format!("\n\n{details}")).unwrap_or_default();
    let progress = progress_of(waiter).unwrap_or_default();
    format!("**{}**\n\n{progress} · `{}`{details}", literal(question), waiter.execution)
}

/// How many of the needed approvals there are, and by whom; `None` if one is enough.
fn progress_of(waiter: &Waiter) -> Option<String> {
    if waiter.terms.needed() <= 1 {
        return None;
    }
    let by: Vec<_> = waiter.votes.iter().map(|vote| literal(&vote.by)).collect();
    let who = if by.is_empty() { String::new() } else { format!(" ({})", by.join(", ")) };
    Some(format!("approved by {} of {}{who}", by.len(), waiter.terms.needed()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn who_has_said_yes_comes_before_long_details() {
        let waiter = json!({
            "topic": "approval run", "key": "run/Ask", "execution": "run", "token": "t", "since": "2026-11-29T07:00:00.000000Z",
            "question": "May *it* go?", "details": "All of it.", "approvers": [], "terms": {"count": 2},
        });
        let waiter: Waiter = serde_json::from_value(waiter).unwrap();
        assert_eq!(with_votes(&waiter), "**May \\*it\\* go?**\n\napproved by 0 of 2 · `run`\n\nAll of it.");
    }
}
